import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };
const COMMANDS = [['ps', '--json'], ['pstree']];

/** Starts a program whose tasks fill more than a pipe. */
async function started(): Promise<Program> {
  const program = Program.typescript('test/inspect/children/many.ts', [], ANY_PORT);
  await program.shows(/waiting/);
  return program;
}

const isOpen = (program: Program): boolean => listeningAt(program.pid).size > 0;

/** Waits until a looker has come and gone: Node says so, however short it was. */
const isLeft = (program: Program): Promise<unknown> =>
  program.shows(/^Debugger ending on /m, { from: 'stderr' });

/** The names of the tasks that an output has. */
const named = (output: string): Set<string> => new Set(output.match(/task-\d+ x{1000}\b/g));

behaviour('The output of a command that inspects a process', (it) => {
  for (const [command = '', ...options] of COMMANDS)
    it(
      `is complete for a slow reader, which does not block the process: ${[command, ...options].join(' ')}`,
      async () => {
        await using program = await started();
        await using looker = Program.command([command, String(program.pid), ...options]);
        const read = looker.ignore();
        await isLeft(program);
        // It has not ended.
        process.kill(looker.pid, 0);
        read();

        assert.equal(await looker.ends(), { status: 0, signal: null });

        assert.is(named(looker.stdout).size, 300);
        assert.ok(looker.stdout.endsWith('\n'));
        assert.is(looker.stderr, '');
      },
      CHILDREN,
    );

  it(
    'does not block Ctrl-C if it is not read',
    async () => {
      await using program = await started();
      await using looker = Program.command(['ps', String(program.pid)]);
      const read = looker.ignore();
      await isLeft(program);

      looker.signal('SIGINT');
      await until(() => looker.hasExited());
      read();

      assert.equal(await looker.ends(), { status: 130, signal: null });
    },
    CHILDREN,
  );

  it(
    'ends the command quietly if its reader has exited, and leaves nothing behind',
    async () => {
      await using program = await started();
      for (const [command = '', ...options] of [
        ...COMMANDS,
        ['top'],
        ['trace', '-o', '/dev/null'],
        ['inspect'],
      ]) {
        await using looker = Program.command([command, String(program.pid), ...options]);
        looker.closeOutput();

        assert.equal(await looker.ends(), { status: 141, signal: null }, command);

        assert.is(looker.stderr, '');
        await until(() => !isOpen(program));
      }
    },
    CHILDREN,
  );

  it(
    'fails with one line if it cannot be written',
    async () => {
      await using program = await started();
      await using looker = Program.shell(`"$0" dist/cli.js ps ${program.pid} > /dev/full`);

      assert.equal(await looker.ends(), { status: 1, signal: null });

      assert.is(looker.stderr, 'asyncio-ts: ENOSPC: no space left on device, write\n');
    },
    CHILDREN,
  );
});
