import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import { AGENT_VERSION } from '../../src/inspect/snapshot/data.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { freshPath } from '../support/drivers.ts';
import { freePort, Program, root } from '../support/program.ts';
import { until } from '../support/until.ts';

const CHILDREN: Options = { seconds: 40 };
const PROGRAM = 'test/inspect/children/stuck.ts';
const LOOKER = 'test/inspect/children/looker.ts';

const lines = readFileSync(path.join(root, PROGRAM), 'utf8').split('\n');
const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

/** A program whose inspector opens on a port of its own. */
async function started(...args: string[]): Promise<Program> {
  const env = { NODE_OPTIONS: `--inspect-port=${await freePort()}` };
  const program = Program.typescript(PROGRAM, args, { env });
  await program.shows(/stuck/);
  return program;
}

const isOpen = (program: Program): boolean => listeningAt(program.pid).size > 0;

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

behaviour('Inspecting a program in a busy loop', (it) => {
  it(
    'fails, shows where it is, and leaves it as it was',
    async () => {
      const file = freshPath();
      await using program = await started(file);

      const commands = ['ps', 'top', 'inspect'].map((name) => [name, String(program.pid)]);
      const trace = ['trace', String(program.pid), '-o', freshPath()];
      await Promise.all(
        [...commands, trace].map(async (command) => {
          await using looker = Program.command(command);
          assert.equal(await looker.ends(60), { status: 1, signal: null });
          assert.is(looker.stdout, '');
          const [headline, ...frames] = looker.stderr.trimEnd().split('\n');
          const pid = program.pid;
          assert.is(headline, `asyncio-ts: process ${pid} does not respond: it is busy`);
          assert.ok(frames.length <= 5, looker.stderr);
          const places = [
            `at spin .*${PROGRAM}:\\d+`,
            `at work .*${PROGRAM}:${lineOf('spin(file)')}`,
          ];
          assert.match(frames.join('\n'), new RegExp(places.join('[^]*')));
        }),
      );

      assert.ok(!program.stdout.includes('free'));
      writeFileSync(file, '');
      await program.shows(/free/);
      await until(() => !isOpen(program));
      await using ps = Program.command(['ps', String(program.pid)]);
      assert.equal(await ps.ends(), { status: 0, signal: null }, ps.stderr);
      assert.match(ps.stdout, /sleep -> work/);
      await until(() => !isOpen(program));
    },
    CHILDREN,
  );

  for (const [command, signal, status] of [
    ['ps', 'SIGINT', 130],
    ['pstree', 'SIGTERM', 143],
    ['top', 'SIGINT', 130],
    ['inspect', 'SIGTERM', 143],
    ['trace', 'SIGINT', 130],
  ] as const)
    it(
      `stops immediately on ${signal}: ${command}`,
      async () => {
        const file = freshPath();
        await using program = await started(file);
        const output = command === 'trace' ? ['-o', freshPath()] : [];
        await using looker = Program.command([command, String(program.pid), ...output]);
        await until(() => isOpen(program));
        const children = readFileSync(`/proc/${looker.pid}/task/${looker.pid}/children`, 'utf8');
        looker.signal(signal);
        assert.equal(await looker.ends(60), { status, signal: null });
        // It did not wait for an answer: then it would say that there is none.
        assert.equal([looker.stdout, looker.stderr], ['', '']);
        assert.match(children, /^\d+ $/);
        assert.ok(!isThere(Number(children)));

        writeFileSync(file, '');
        await program.shows(/free/);
        await until(() => !isOpen(program));
      },
      CHILDREN,
    );

  it(
    'also fails through a path',
    async () => {
      const [file, where] = [freshPath(), freshPath()];
      await using _program = await started(file, where);
      await using ps = Program.command(['ps', where]);
      assert.equal(await ps.ends(60), { status: 1, signal: null });
      assert.is(ps.stderr, `asyncio-ts: the program at ${where} does not respond\n`);
    },
    CHILDREN,
  );

  it(
    'fails if it is stopped after the command has connected to it',
    async () => {
      const env = { NODE_OPTIONS: '--experimental-websocket' };
      await using program = await started();
      await using looker = Program.typescript(LOOKER, [String(program.pid)], {
        env,
        hasInput: true,
      });
      await looker.shows(/attached/);
      program.signal('SIGSTOP');
      looker.endInput();
      assert.equal(await looker.ends(60), { status: 0, signal: null });
      const outcome = `Failure: process ${program.pid} does not respond`;
      assert.is(looker.stdout, `attached\n${outcome}\n`);
    },
    CHILDREN,
  );

  it(
    'fails through a path if it does not respond any more',
    async () => {
      const path = freshPath();
      let answers = 0;
      const server = createServer((client) => {
        client.on('error', () => {});
        client.on('data', () => {
          answers += 1;
          if (answers === 1) client.write(`{"text":"${AGENT_VERSION}"}\n`);
        });
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      await using ps = Program.command(['ps', path]);
      assert.equal(await ps.ends(60), { status: 1, signal: null });
      assert.is(ps.stderr, `asyncio-ts: the program at ${path} does not respond\n`);
      server.close();
    },
    CHILDREN,
  );

  it(
    'shows the other threads if only a worker thread without a loop is busy or blocked',
    async () => {
      await using program = await started();
      await using ps = Program.command(['ps', String(program.pid)]);
      assert.equal(await ps.ends(60), { status: 0, signal: null }, ps.stderr);
      assert.match(ps.stdout, /sleep -> work/);
      await until(() => !isOpen(program));
    },
    CHILDREN,
  );
});
