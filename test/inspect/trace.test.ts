import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { traffic } from '../../src/base/traffic.ts';
import { taskCancelled, taskCreated, taskDone } from '../../src/core/reports/diagnostics.ts';
import * as asyncio from '../../src/index.ts';
import { answer } from '../../src/inspect/answer.ts';
import { stopCounting } from '../../src/inspect/watched/rates.ts';
import { socketpair } from '../../src/socket.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';
import { checkTrace, type TraceEvent } from './support/check-trace.ts';

const REAL = { clock: 'real' } as const;
/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };

const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function freshFile(): string {
  files += 1;
  return path.join(folder, `${files}.json`);
}

/** What is recorded of `body`. */
async function traceOf(body: () => Promise<unknown>): Promise<Trace> {
  const file = freshFile();
  {
    await using _trace = await asyncio.inspect.trace(file);
    await body();
  }
  return new Trace(file);
}

class Trace {
  readonly events: readonly TraceEvent[];

  constructor(file: string) {
    this.events = checkTrace(readFileSync(file, 'utf8'));
  }

  trackOf(name: string): TraceEvent[] {
    const life = this.events.find((event) => event.cat === 'task' && event.name === name);
    assert.ok(life, name);
    return this.events
      .filter(({ tid, ph }) => tid === life.tid && ph !== 'M')
      .sort((one, other) => (one.ts ?? 0) - (other.ts ?? 0));
  }

  /** The steps and waits of a task, in order. */
  stepsOf(name: string): string[] {
    return this.trackOf(name)
      .filter(({ cat, ph }) => ph === 'X' && cat !== 'task')
      .map((event) => event.name);
  }
}

const start = (name: string, body: () => Promise<unknown>): asyncio.Task<unknown> =>
  asyncio.createTask(body, { name });

loopBehaviour('A trace', (it) => {
  it(
    'contains the steps of tasks, and what each waits for in between',
    async () => {
      const lock = new asyncio.Lock();
      const trace = await traceOf(async () => {
        const one = start('one', async () => {
          await lock.acquire();
          await asyncio.sleep(0.001);
          lock.release();
        });
        const two = start('two', async () => await lock.with(async () => {}));
        const other = start('foreign', async () => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          await asyncio.sleep(0);
        });
        await asyncio.gather(one, two, other);
      });

      assert.equal(trace.stepsOf('one'), ['step', 'sleep', 'step']);
      assert.equal(trace.stepsOf('two'), ['step', 'Lock.acquire', 'step']);
      assert.equal(trace.stepsOf('foreign').slice(0, 2), [
        'step',
        'a promise that asyncio-ts did not create',
      ]);
      const wait = trace.trackOf('two').find(({ name }) => name === 'Lock.acquire');
      assert.match(String(wait?.args?.['for']), /^Lock\.acquire on <.*Lock.*>, 0 before it$/);
    },
    REAL,
  );

  it(
    'contains cancels as arrows, from the cancelling task to the cancelled one',
    async () => {
      const trace = await traceOf(async () => {
        const victim = start('victim', async () => await asyncio.sleep(100));
        await start('killer', async () => {
          await asyncio.sleep(0);
          victim.cancel();
        });
        await asyncio.wait([victim]);
      });

      const arrow = trace.trackOf('killer').find(({ ph }) => ph === 's');
      const tip = trace.trackOf('victim').find(({ ph }) => ph === 'f');
      assert.ok(arrow?.id);
      assert.is(tip?.id, arrow.id);
      assert.ok((tip?.ts ?? 0) >= (arrow.ts ?? 0));
    },
    REAL,
  );

  it(
    'contains slow steps and slow callbacks',
    async (loop) => {
      loop.slowCallbackDuration = 0.005;
      const compute = (): void => {
        const end = performance.now() + 6;
        while (performance.now() < end);
      };
      const trace = await traceOf(async () => {
        loop.callSoon(compute);
        await start('slow', async () => compute());
      });

      const slow = trace.events.filter(({ cat }) => cat === 'slow');
      assert.ok(slow.some(({ name }) => name === 'compute()'));
      assert.ok(trace.stepsOf('slow').includes('slow step'));
    },
    REAL,
  );

  for (const { name } of DRIVERS)
    it(
      `contains what sockets read and write (${name})`,
      async (loop) => {
        const [one, two] = socketpair(undefined, undefined, undefined, { driver: name });
        one.setblocking(false);
        two.setblocking(false);
        const trace = await traceOf(async () => {
          await start('writer', async () => await loop.sockSendall(one, Buffer.alloc(100)));
          await start('reader', async () => await loop.sockRecv(two, 1000));
        });

        const moved = trace.events.filter(({ cat }) => cat === 'socket');
        assert.equal(
          moved.map((event) => [event.ph, event.name, event.args?.['bytes']]),
          [
            ['i', 'write', 100],
            ['i', 'read', 100],
          ],
        );
        one.close();
        two.close();
      },
      REAL,
    );

  it(
    'costs nothing unless it runs',
    async (loop) => {
      // Another test may have counted, as for asyncio-ts top.
      stopCounting();
      const before = loop._turns.watch;
      const trace = await asyncio.inspect.trace(freshFile());
      assert.is.not(loop._turns.watch, before);
      trace.stop();
      trace.stop();

      assert.is(loop._turns.watch, before);
      assert.is(traffic.watch, undefined);
      for (const channel of [taskCreated, taskDone, taskCancelled])
        assert.not.ok(channel.hasSubscribers);
    },
    REAL,
  );

  it(
    'can be requested for longer than Node’s timers allow',
    async () => {
      const number = await answer('trace 3000000');
      await start('worker', async () => await asyncio.sleep(0.002));

      const traced = await answer(`traced ${number}`);
      assert.match(await answer(`piece ${traced}`), /"worker"/);
    },
    REAL,
  );

  it(
    'fails immediately if it cannot be written',
    async (loop) => {
      const file = path.join(folder, 'no', 'such', 'folder');
      const failure = await asyncio.inspect.trace(file).catch((error: unknown) => error);
      assert.instance(failure, asyncio.OSError);
      const refused = await asyncio.inspect.trace(1 as never).catch((error: unknown) => error);
      assert.instance(refused, TypeError);
      assert.is(loop._turns.watch, undefined);
    },
    REAL,
  );
});

behaviour('asyncio-ts trace', (it) => {
  it(
    'records a process for a while',
    async () => {
      await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
      await program.shows(/busy/);
      const file = freshFile();
      const args = ['trace', String(program.pid), '--seconds', '1.5', '-o', file];
      await using looker = Program.command(args);

      assert.is((await looker.ends()).status, 0, looker.stderr);

      assert.match(looker.stdout, `${file}: open it in https://ui.perfetto.dev`);
      const trace = new Trace(file);
      assert.ok(trace.stepsOf('worker-1').length > 5);
      assert.ok(trace.stepsOf('worker-1').includes('Queue.get'));
      assert.equal(trace.stepsOf('transfer-ann-bob'), []);
      assert.ok(trace.events.some(({ cat }) => cat === 'socket'));
      assert.ok(trace.events.every(({ pid }) => pid === program.pid));
    },
    CHILDREN,
  );

  it(
    'writes what was recorded so far on Ctrl-C',
    async () => {
      await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
      await program.shows(/busy/);
      const file = freshFile();
      const args = ['trace', String(program.pid), '--seconds', '1000', '-o', file];
      await using looker = Program.command(args);
      await looker.shows(/recording/);
      looker.signal('SIGINT');

      assert.is((await looker.ends()).status, 130);
      assert.ok(new Trace(file).events.length > 0);
    },
    CHILDREN,
  );

  it(
    'fails if the process exits, and leaves a file that can be read',
    async () => {
      await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
      await program.shows(/busy/);
      const file = freshFile();
      const args = ['trace', String(program.pid), '--seconds', '1000', '-o', file];
      await using looker = Program.command(args);
      await looker.shows(/recording/);
      program.signal('SIGKILL');

      assert.equal(await looker.ends(), { status: 1, signal: null });
      assert.is(looker.stderr, 'asyncio-ts: the process has ended\n');
      assert.equal(new Trace(file).events, []);
    },
    CHILDREN,
  );

  it(
    'keeps what it has of the other threads if one ends',
    async () => {
      const child = 'test/inspect/children/threads.mjs';
      await using program = Program.node(child, [], { ...ANY_PORT, hasInput: true });
      await program.shows(/waiting/);
      const file = freshFile();
      const args = ['trace', String(program.pid), '--seconds', '1000', '-o', file];
      await using looker = Program.command(args);
      await looker.shows(/recording/);
      program.type('end the worker\n');
      await program.shows(/ended/);
      looker.signal('SIGINT');

      assert.equal([(await looker.ends()).status, looker.stderr], [130, '']);
      assert.ok(new Trace(file).events.some(({ cat }) => cat === 'task'));
    },
    CHILDREN,
  );

  for (const [args, status, message] of [
    [['1', '--seconds', 'x'], 2, "--seconds must be a number of seconds >= 0, got 'x'"],
    [['1', '2'], 2, 'unexpected argument for trace: 2'],
    [['999999999'], 1, 'no such process: 999999999'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, async () => {
      await using looker = Program.command(['trace', ...args, '-o', freshFile()]);
      assert.is((await looker.ends()).status, status);
      assert.match(looker.stderr, message);
    });
});
