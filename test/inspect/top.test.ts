import * as assert from 'uvu/assert';
import { linesOf } from '../../src/cli/live/top.ts';
import * as asyncio from '../../src/index.ts';
import { ratesSoFar } from '../../src/inspect/watched/rates.ts';
import { watchLoops } from '../../src/inspect/watched/watch-loops.ts';
import { socketpair } from '../../src/socket.ts';
import { behaviour, type Options } from '../support/behaviour.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { Program } from '../support/program.ts';
import { ANY_PORT } from './support/any-port.ts';

/** Several starts of Node. */
const CHILDREN: Options = { seconds: 60 };

behaviour('asyncio-ts top', (it) => {
  it(
    'prints one round if its output is not a terminal',
    async () => {
      await using program = Program.typescript('test/inspect/children/busy.ts', [], ANY_PORT);
      await program.shows(/busy/);
      await using looker = Program.command(['top', String(program.pid)]);

      assert.is((await looker.ends()).status, 0, looker.stderr);

      const [head = '', tasks = '', traffic = '', , title, ...rows] = looker.stdout.split('\n');
      assert.match(
        head,
        new RegExp(`^Process ${program.pid}, Node v\\d.*, up \\d+ s, \\d+ % busy$`),
      );
      assert.match(
        tasks,
        /^\d+ tasks, 7 servers and connections, \d+ turns\/s, the longest \d+\.\d ms$/,
      );
      assert.match(traffic, /^received \d+ messages\/s, \d+ B\/s; sent \d+ messages\/s, \d+ B\/s$/);
      assert.match(title ?? '', /%TIME +LONGEST +STEPS\/s +TASK OR CALLBACK/);
      assert.match(rows.join('\n'), / worker-1 \(work\)\n/);
      assert.not.ok(looker.stdout.includes('\x1b'));
    },
    CHILDREN,
  );

  for (const [args, message] of [
    [[], 'top needs a process ID'],
    [['1', '2'], 'unexpected argument for top: 2'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, async () => {
      await using looker = Program.command(['top', ...args]);
      assert.is((await looker.ends()).status, 2);
      assert.match(looker.stderr, message);
    });

  it('fits the screen', () => {
    const spent = Array.from({ length: 40 }, (_, at) => ({
      name: `task ${at} ${'x'.repeat(200)}`,
      task: true,
      steps: at,
      seconds: at / 100,
      longest: 0.5,
    }));
    const traffic = { times: 12_345_678, bytes: 98_765_432_109 };
    const rates = {
      pid: 4711,
      thread: 1,
      node: 'v24.0.0',
      uptime: 1e7,
      seconds: 1,
      busy: 1,
      turns: 1e7,
      longestTurn: 12,
      read: traffic,
      write: traffic,
      tasks: 1e6,
      ready: 0,
      open: 1e6,
      spent,
    };

    const lines = linesOf([rates, rates], { columns: 80, rows: 24 });

    assert.is(lines.length, 24);
    assert.ok(lines.every((line) => line.length <= 80));
    assert.match(lines[8] ?? '', /^ +39\.0 +500\.0 ms +39 +1\/task 39 x/);
  });
});

loopBehaviour('The counts of asyncio-ts top', (it) => {
  it('leave a loop in debug mode as it was', async (loop) => {
    loop.setDebug(true);
    const { watch } = loop._turns;
    const watcher = { step: () => {}, traffic: () => {} };
    const other = { ...watcher };
    const [stop, stopOther] = [watchLoops(watcher), watchLoops(other)];
    watchLoops(watcher);
    assert.is.not(loop._turns.watch, watch);
    stop();
    assert.is.not(loop._turns.watch, watch);
    stopOther();
    assert.is(loop._turns.watch, watch);
  });

  for (const debug of [true, false])
    it(`continue if debug mode is switched ${debug ? 'on' : 'off'} meanwhile`, async (loop, {
      logged,
    }) => {
      loop.setDebug(!debug);
      const steps: unknown[] = [];
      const stop = watchLoops({ step: (subject) => void steps.push(subject), traffic: () => {} });

      loop.setDebug(debug);
      loop.slowCallbackDuration = 0;
      await asyncio.sleep(0);
      await asyncio.sleep(0);
      stop();
      assert.ok(steps.length > 0);
      const { length } = logged;
      await asyncio.sleep(0);
      await asyncio.sleep(0);

      assert.is(logged.length > length, debug);
      loop.setDebug(false);
    });

  it.resting('continue if a loop starts to run', async (loop) => {
    const steps: unknown[] = [];
    const stop = watchLoops({ step: (subject) => void steps.push(subject), traffic: () => {} });

    await loop.runUntilComplete(async () => {
      for (let turns = 0; turns < 3; turns += 1) await asyncio.sleep(0);
    });
    stop();

    assert.ok(steps.length > 0);
    assert.is(loop._turns.watch, undefined);
  });

  it('cover the time since the last request', async (loop) => {
    const before = loop._turns.watch;
    ratesSoFar();
    const task = asyncio.createTask(
      async () => {
        for (let at = 0; at < 5; at += 1) await asyncio.sleep(0);
      },
      { name: 'one' },
    );
    await task;
    const turn = loop._turns.turn;
    await asyncio.sleep(0);

    const rates = ratesSoFar();

    assert.is(rates.spent.find(({ name }) => name.startsWith('one '))?.steps, 6);
    assert.ok(rates.turns > 5 && rates.turns <= turn + 1);
    assert.equal(ratesSoFar().spent, []);
    assert.is.not(loop._turns.watch, before);
  });

  for (const { name } of DRIVERS)
    it(
      `include messages and bytes (${name})`,
      async (loop) => {
        const [one, two] = socketpair(undefined, undefined, undefined, { driver: name });
        one.setblocking(false);
        two.setblocking(false);
        ratesSoFar();
        await loop.sockSendall(one, Buffer.alloc(100));
        await loop.sockSendall(one, Buffer.alloc(50));
        let received = 0;
        while (received < 150) received += (await loop.sockRecv(two, 1000)).length;

        const { read, write } = ratesSoFar();

        assert.equal(write, { times: 2, bytes: 150 });
        assert.is(read.bytes, 150);
        assert.ok(read.times === 1 || read.times === 2);
        one.close();
        two.close();
      },
      { clock: 'real' },
    );
});
