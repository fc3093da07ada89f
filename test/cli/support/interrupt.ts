import type { Program } from '../../support/program.ts';

/** Types code that prints `begun`, then presses Ctrl-C, and waits until the REPL reports that. */
export async function interrupt(repl: Program, code: string): Promise<void> {
  repl.type(`${code}\n`);
  await repl.shows(/begun\n/);
  repl.signal('SIGINT');
  await repl.shows(/KeyboardInterrupt\n/);
}
