import { type ChildProcess, spawn } from 'node:child_process';
import { root, typescript } from './program.ts';

/** A test that timed out does not wait for these. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a child process ended, and what it said. */
export interface Ended {
  /** Or the signal that killed it. */
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a TypeScript file of the tests in its own process, and waits for its end.
 *
 * @param file - relative to the root of the project
 * @param options - `args`; `env`: added to this process's, without variables that would change the outcome
 */
export function runFile(
  file: string,
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<Ended> {
  const env = { ...process.env };
  for (const name of ['ASYNCIO_DEBUG', 'ASYNCIO_COLLECTOR', 'FORCE_COLOR']) delete env[name];
  return runCommand(process.execPath, [...typescript(file), ...(options.args ?? [])], {
    ...env,
    ...options.env,
  });
}

/** Runs a command at the root of the project; rejects if there is no such command. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.once('close', () => running.delete(child));
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ status: code ?? signal, stdout, stderr }));
  });
}
