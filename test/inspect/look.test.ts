import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { listeningAt } from '../../src/cli/process/node-process.ts';
import type { Snapshot } from '../../src/inspect/snapshot/data.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { freshPath } from '../support/drivers.ts';
import { freePort, Program, root } from '../support/program.ts';
import { until } from '../support/until.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };
const PROGRAM = 'test/inspect/children/waiting.ts';

const lines = readFileSync(path.join(root, PROGRAM), 'utf8').split('\n');

/** `file:line` of the line of the program that has `text`. */
function placeOf(text: string): string {
  const at = lines.findIndex((line) => line.includes(text));
  assert.not.equal(at, -1, text);
  return `${PROGRAM}:${at + 1}`;
}

/** A program whose tasks wait. It is looked at by one command after another. */
let waiting: Program | undefined;

/** Runs a command on a program whose tasks wait. */
async function look(
  command: string,
  ...rest: string[]
): Promise<{ status: number | null; stdout: string; stderr: string; pid: number }> {
  waiting ??= Program.typescript(PROGRAM, [], ANY_PORT).unref();
  const program = waiting;
  await program.shows(/waiting/);
  const before = listeningAt(program.pid);
  await using looker = Program.command([command, String(program.pid), ...rest]);
  const { status } = await looker.ends();
  // The program has no other port: the inspector is closed again.
  await until(() => listeningAt(program.pid).size === before.size);
  return { status, stdout: looker.stdout, stderr: looker.stderr, pid: program.pid };
}

behaviour('asyncio-ts ps, pstree and why', (it) => {
  it(
    'show the tasks of a program that was started without options, as Python does',
    async () => {
      const { status, stdout, stderr, pid } = await look('ps');

      assert.equal([status, stderr], [0, '']);
      const [head, rule, ...rows] = stdout.trimEnd().split('\n');
      assert.match(
        head ?? '',
        /^tid +task id +task name +coroutine stack +awaiter chain +awaiter name +awaiter id/,
      );
      assert.match(rule ?? '', /^-{180}$/);
      const cells = rows.map((row) => row.trimEnd().split(/ {2,}/));
      const main = ['Task-1', 'taskGroup -> main', '0x0'];
      assert.equal(cells[0], [String(pid), '0x1', ...main]);
      assert.equal(
        cells.slice(1).map(([, , name, stack, chain, awaiter]) => [name, stack, chain, awaiter]),
        [
          ['worker', 'Queue.get -> nextJob -> work'],
          ['one', 'Lock.acquire -> lock'],
          ['other', 'Lock.acquire -> lock'],
          ['twice', 'Lock.acquire -> twice'],
          ['branches', 'Queue.get -> nextJob -> both, sleep -> both'],
        ].map((cell) => [...cell, 'taskGroup -> main', 'Task-1']),
      );
    },
    CHILDREN,
  );

  it(
    'show them as a tree, with the line of every function',
    async () => {
      const { status, stdout } = await look('pstree');

      assert.is(status, 0);
      assert.equal(stdout.trimEnd().split('\n').slice(0, 8), [
        '└── (T) Task-1',
        `    └──  main ${placeOf('await asyncio.taskGroup')}`,
        '        └──  taskGroup',
        '            ├── (T) worker',
        `            │   └──  work ${placeOf('await nextJob();')}`,
        `            │       └──  nextJob ${placeOf('await queue.get()')}`,
        '            │           └──  Queue.get',
        '            ├── (T) one',
      ]);
    },
    CHILDREN,
  );

  it(
    'explain why a task does not continue, and that it is a deadlock',
    async () => {
      const { stdout } = await look('why', 'one');
      const shown = stdout
        .replace(/0x[0-9a-f]+/g, '0x1')
        .replace(/, for at least [\d.]+ s/g, '')
        .trimEnd()
        .split('\n');
      const words =
        'waits for Lock.acquire on <asyncio.locks.Lock object at 0x1 [locked, waiters:1]>, 0 before it';
      assert.equal(shown, [
        `one (<anonymous>) ${words}`,
        `    at lock (${placeOf('await other.acquire()')})`,
        `  other (<anonymous>) ${words}`,
        `      at lock (${placeOf('await other.acquire()')})`,
        '    one (<anonymous>): see above',
        'This is a deadlock: one → other → one wait for one another.',
      ]);
      assert.match((await look('why', 'twice')).stdout, /deadlock: twice waits for itself\.\n$/);
      const unknown = await look('why', 'nobody');
      assert.equal(
        [unknown.status, unknown.stderr],
        [1, 'asyncio-ts: no such task: nobody (see ps for a list of tasks)\n'],
      );
    },
    CHILDREN,
  );

  it(
    'also print everything other than tasks with --all',
    async () => {
      await using program = Program.typescript('test/inspect/children/rest.ts', [], ANY_PORT);
      await program.shows(/ready/);
      for (const command of ['ps', 'pstree']) {
        await using looker = Program.command([command, String(program.pid), '--all']);
        assert.equal(await looker.ends(), { status: 0, signal: null });
        const [tasks = '', ...sections] = looker.stdout.trimEnd().split('\n\n');
        assert.match(tasks, /Task-1/);
        assert.equal(
          sections.map((section) =>
            section
              .replace(/^\d+: /, 'PID: ')
              .replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
              .replace(/<(\w+) .*>/g, '<$1>')
              .replace(/idle=[\d.]+/g, 'idle=T')
              .replace(/in \d+\.\d s/, 'in T')
              .split('\n'),
          ),
          [
            [
              'PID: servers and connections',
              '  <Server> connections=1',
              ...[1, 2].map(
                () =>
                  '  <_SelectorSocketTransport> peername=HOST:PORT sockname=HOST:PORT received=6 sent=6 idle=T unsent=0 paused=false',
              ),
            ],
            ['PID: timers', '  in T: later()'],
            ['PID: executors', '  <ThreadPoolExecutor>, at most 3 threads'],
            ['PID: failures that were not retrieved', '  RangeError: lost\\x0a: <Task>'],
          ],
        );
      }
      const plain = await look('ps', '--all');
      assert.match(plain.stdout, /: no servers and connections\n/);
    },
    CHILDREN,
  );

  it(
    'print everything as JSON',
    async () => {
      const { stdout } = await look('ps', '--json');
      const [snapshot] = JSON.parse(stdout) as Snapshot[];
      assert.is(snapshot?.version, 1);
      assert.is(snapshot?.loops[0]?.tasks.length, 6);
    },
    CHILDREN,
  );

  it(
    'say in one line why they cannot inspect a process',
    async () => {
      const failures: [args: string[], complaint: RegExp][] = [
        [['ps', '4194304'], /^asyncio-ts: no such process: 4194304\n$/],
        [
          ['ps', '1'],
          /^asyncio-ts: (not allowed to look into process 1|process 1 is not a Node program)/,
        ],
      ];
      for (const [args, complaint] of failures) {
        await using looker = Program.command(args);
        assert.equal(await looker.ends(), { status: 1, signal: null });
        assert.match(looker.stderr, complaint);
      }
    },
    CHILDREN,
  );

  it(
    'report that there is no process if it ends meanwhile, or is a zombie',
    async () => {
      const ends = `process.on('SIGUSR1', () => process.exit()); setTimeout(() => {}, 1e6);`;
      await using parent = Program.shell(
        `"$0" -e "${ends}; console.log('ready', process.pid)" & exec sleep 1000`,
      );
      const [, pid] = await parent.shows(/ready (\d+)/);
      for (let times = 0; times < 2; times += 1) {
        await using looker = Program.command(['ps', String(pid)]);
        assert.equal(await looker.ends(), { status: 1, signal: null });
        assert.is(looker.stderr, `asyncio-ts: no such process: ${pid}\n`);
      }
    },
    CHILDREN,
  );

  it(
    'leave a stopped process alone',
    async () => {
      await using program = Program.typescript(PROGRAM, [], ANY_PORT);
      await program.shows(/waiting/);
      program.signal('SIGSTOP');
      await until(() => /^State:\tT/m.test(readFileSync(`/proc/${program.pid}/status`, 'utf8')));
      await using looker = Program.command(['ps', String(program.pid)]);
      assert.equal(await looker.ends(), { status: 1, signal: null });
      assert.is(looker.stderr, `asyncio-ts: process ${program.pid} is stopped\n`);
      program.signal('SIGCONT');
      process.kill(program.pid, 'SIGINT');
      await program.ends();
      assert.not.match(program.stderr, /Debugger/);
    },
    CHILDREN,
  );

  it(
    'show the tasks of worker threads',
    async () => {
      await using program = Program.node('test/inspect/children/threads.mjs', [], ANY_PORT);
      await program.shows(/waiting/);
      await using looker = Program.command(['ps', String(program.pid)]);
      await looker.ends();
      const rows = looker.stdout.trimEnd().split('\n').slice(2);
      assert.equal(
        rows.map((row) => row.trimEnd().split(/ {2,}/)),
        [
          [`${program.pid}`, '0x1', 'Task-1', 'sleep -> wait -> <anonymous>', '0x0'],
          [`${program.pid}/1`, '0x1', 'Task-1', 'sleep -> wait', '0x0'],
        ],
      );
    },
    CHILDREN,
  );

  it(
    'inspect a program through the path on which it listens',
    async () => {
      const path = freshPath();
      const env = { ASYNCIO_INSPECT: `${path}-{pid}` };
      await using program = Program.typescript(PROGRAM, [], { env });
      await program.shows(/waiting/);
      const own = `${path}-${program.pid}`;
      // The program says that it waits before what listens is loaded.
      await until(() => existsSync(own));
      assert.is(statSync(own).mode & 0o777, 0o600);
      await using looker = Program.command(['why', own, 'twice']);
      assert.equal(await looker.ends(), { status: 0, signal: null });
      assert.match(looker.stdout, /^twice \(twice\) waits for Lock\.acquire/);
      assert.is(program.stderr, '', 'there is no debugger');
      await using nobody = Program.command(['ps', path]);
      assert.equal(await nobody.ends(), { status: 1, signal: null });
      assert.is(nobody.stderr, `asyncio-ts: no program listens at ${path} (ENOENT)\n`);
    },
    CHILDREN,
  );

  for (const host of ['127.0.0.1:', '0.0.0.0:', '[::1]:', '[::]:', ''])
    it(
      `leave an inspector open that was already open: ${host}${host ? 'PORT' : '0'}`,
      async () => {
        const port = host === '' ? 0 : await freePort();
        const env = { NODE_OPTIONS: `--inspect=${host}${port}` };
        await using program = Program.typescript('test/inspect/children/server.ts', [], { env });
        await program.shows(/listening/);
        const before = listeningAt(program.pid, port);
        await using looker = Program.command(['ps', String(program.pid)]);
        assert.equal(await looker.ends(), { status: 0, signal: null });
        // A connection to the server would have a task.
        assert.is(looker.stdout.trimEnd().split('\n').length, 3);
        assert.equal(listeningAt(program.pid, port), before);
        assert.is(before.size, 2);
      },
      CHILDREN,
    );

  for (const host of ['', '[::1]:'])
    it(
      `do not connect to the program’s own ports: the inspector opens on ${host}0`,
      async () => {
        const env = { NODE_OPTIONS: `--inspect-port=${host}0` };
        await using program = Program.typescript('test/inspect/children/server.ts', [], { env });
        await program.shows(/listening/);
        await using looker = Program.command(['ps', String(program.pid)]);
        await looker.ends();
        // A connection would have a task.
        assert.is(looker.stdout.trimEnd().split('\n').length, 3, looker.stderr);
        assert.not.match(program.stderr, /exception/);
      },
      CHILDREN,
    );

  it(
    'report that the program does not use the library, and leave it alone',
    async () => {
      await using program = Program.node('test/inspect/children/plain.mjs', [], ANY_PORT);
      await program.shows(/ready/);
      await using looker = Program.command(['ps', String(program.pid)]);
      assert.equal(await looker.ends(), { status: 1, signal: null });
      assert.is(looker.stderr, `asyncio-ts: process ${program.pid} does not run asyncio-ts\n`);
      await until(() => listeningAt(program.pid).size === 0);
    },
    CHILDREN,
  );
});
