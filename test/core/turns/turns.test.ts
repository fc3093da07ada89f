import * as assert from 'uvu/assert';
import type { Host } from '../../../src/core/turns/host.ts';
import type { Runnable } from '../../../src/core/turns/ready-entry.ts';
import { Turns } from '../../../src/core/turns/turns.ts';
import { Loop } from '../../../src/index.ts';
import { behaviour } from '../../support/behaviour.ts';

/** A host whose turns are run by hand; what was asked of it is there to see. */
class HandHost implements Host {
  now = 0;
  immediates: (() => void)[] = [];
  alarms: { delay: number; callback: () => void }[] = [];
  alive = 0;
  /** What Node would have been told, as uncaught. */
  thrown: unknown[] = [];

  time = (): number => this.now;
  immediate = (callback: () => void): void => void this.immediates.push(callback);
  tick = (callback: () => void): void =>
    process.nextTick(() => {
      try {
        callback();
      } catch (error) {
        this.thrown.push(error);
      }
    });
  alarm = (delay: number, callback: () => void): (() => void) => {
    const alarm = { delay, callback };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  };
  keepAlive = (): (() => void) => {
    this.alive += 1;
    return () => {
      this.alive -= 1;
    };
  };

  /** One turn: what is asked for meanwhile is for the next one. */
  async turn(): Promise<void> {
    const batch = this.immediates;
    this.immediates = [];
    for (const callback of batch) {
      callback();
      // Microtasks and ticks, as Node runs them between two immediates.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Turns, as long as somebody wants one. */
  async turns(): Promise<void> {
    while (this.immediates.length > 0) await this.turn();
  }

  ring(): void {
    for (const { callback } of this.alarms.splice(0)) callback();
  }
}

function entry(log: string[], word: string, also: () => void = () => {}): Runnable {
  return {
    _run: () => {
      log.push(word);
      also();
    },
  };
}

/** How long `log` is after each of Node's turns, as long as somebody wants one. */
async function countsAfterTurns(host: HandHost, log: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  while (host.immediates.length > 0) {
    await host.turn();
    counts.push(log.length);
  }
  return counts;
}

/** Says a word a few microtasks from now. */
async function later(log: string[], word: string): Promise<void> {
  for (let n = 0; n < 5; n += 1) await undefined;
  log.push(word);
}

behaviour('Turns', (it) => {
  it('collects callbacks while it is stopped, and runs them in order once started', async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];

    turns.soon(entry(log, 'a'));
    turns.soon(entry(log, 'b'));
    assert.is(host.immediates.length, 0);
    turns.start(() => log.push('ended'));
    await host.turn();

    assert.equal(log, ['a', 'b']);
  });

  it('requests one turn of Node for everything that is added from outside, and none otherwise', async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];

    turns.start(() => {});
    assert.is(host.immediates.length, 0);
    for (const word of ['a', 'b', 'c']) turns.soon(entry(log, word));
    assert.is(host.immediates.length, 1);
    await host.turn();

    assert.equal(log, ['a', 'b', 'c']);
    assert.is(host.immediates.length, 0);
  });

  for (const count of [1, 2, 7, 8, 100])
    it(`runs the microtasks of each entry before the next one (${count} in a turn)`, async () => {
      const host = new HandHost();
      const turns = new Turns(host);
      const log: string[] = [];
      const expected: string[] = [];
      for (let n = 0; n < count; n += 1) {
        turns.soon(entry(log, `${n}`, () => void later(log, `${n} later`)));
        expected.push(`${n}`, `${n} later`);
      }

      turns.start(() => {});
      await host.turns();

      assert.equal(log, expected);
    });

  it("gives Node's loop its turn after sixteen entries, in one turn or in many", async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];
    const add = (left: number): void =>
      turns.soon(entry(log, `${left}`, () => left > 0 && add(left - 1)));

    add(39);
    turns.start(() => {});
    const counts = await countsAfterTurns(host, log);

    assert.equal(counts, [16, 32, 40]);
  });

  it("gives Node's loop its turn after a millisecond", async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];
    const add = (left: number): void =>
      turns.soon(
        entry(log, `${left}`, () => {
          host.now += 0.0006;
          if (left > 0) add(left - 1);
        }),
      );

    add(6);
    turns.start(() => {});
    const counts = await countsAfterTurns(host, log);

    assert.equal(counts, [3, 6, 7]);
  });

  it('continues after an entry that throws', async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];
    const thrower = entry(log, 'b', () => {
      throw new RangeError('not caught');
    });
    for (const one of [entry(log, 'a'), thrower, entry(log, 'c')]) turns.soon(one);
    turns.start(() => {});
    await host.turns();

    assert.equal(log, ['a', 'b', 'c']);
    assert.ok(host.thrown.length === 1 && host.thrown[0] instanceof RangeError);
  });

  it('keeps the process alive while it runs', async () => {
    const host = new HandHost();
    const turns = new Turns(host);

    turns.start(() => {});
    assert.is(host.alive, 1);
    turns.halt();

    assert.is(host.alive, 0);
  });

  it('runs what an entry adds in the next turn, after the timers that are due in this one', async () => {
    const host = new HandHost();
    const loop = new Loop({ host });
    const log: string[] = [];
    const run = loop.runForever();
    loop.callSoon(() => {
      log.push('a');
      loop.callLater(0, () => log.push('timer'));
      loop.callSoon(() => log.push('c'));
    });
    loop.callSoon(() => log.push('b'));
    loop.callLater(0, () => log.push('due'));

    await host.turns();

    assert.equal(log, ['a', 'b', 'due', 'c', 'timer']);
    await end(loop, host, run);
  });

  it('runs a due timer after everything that was queued when its turn began', async () => {
    const host = new HandHost();
    const loop = new Loop({ host });
    const log: string[] = [];
    const run = loop.runForever();

    loop.callLater(0, () => log.push('timer'));
    loop.callSoon(() => log.push('later in the same turn'));
    await host.turn();

    assert.equal(log, ['later in the same turn', 'timer']);
    await end(loop, host, run);
  });

  it(
    'waits for the first timer that was not cancelled',
    async () => {
      const host = new HandHost();
      const loop = new Loop({ host });
      loop.callLater(5, () => {}).cancel();
      loop.callLater(10, () => {});

      const run = loop.runForever();

      assert.equal(
        host.alarms.map(({ delay }) => delay),
        [10],
      );
      await end(loop, host, run);
    },
    { cpython: ['test_base_events.py::BaseEventLoopTests::test__run_once'] },
  );

  it("resets Node's timer for an earlier timer, and keeps it for a later one", async () => {
    const host = new HandHost();
    const loop = new Loop({ host });
    const run = loop.runForever();

    for (const delay of [10, 5, 7]) loop.callLater(delay, () => {});

    assert.equal(
      host.alarms.map(({ delay }) => delay),
      [5],
    );
    await end(loop, host, run);
  });

  it('runs timers of the same time in the order in which they were created', async () => {
    const host = new HandHost();
    const loop = new Loop({ host });
    const log: number[] = [];
    const run = loop.runForever();
    for (let n = 0; n < 20; n += 1) loop.callAt(3, () => log.push(n));
    loop.callAt(2, () => log.push(-1));

    host.now = 4;
    host.ring();
    await host.turns();

    assert.equal(log, [-1, ...Array.from({ length: 20 }, (_, n) => n)]);
    await end(loop, host, run);
  });

  it('runs nothing twice, and nothing from an earlier run', async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: string[] = [];
    turns.start(() => log.push('ended'));
    turns.soon(entry(log, 'a', () => turns.halt()));
    turns.soon(entry(log, 'b'));
    await host.turn();
    assert.equal(log, ['a', 'ended']);

    turns.start(() => {});
    await host.turn();

    assert.equal(log, ['a', 'ended', 'b']);
    await host.turn();
    assert.equal(log, ['a', 'ended', 'b']);
  });

  it('keeps its order for thousands of entries', async () => {
    const host = new HandHost();
    const turns = new Turns(host);
    const log: number[] = [];
    for (let n = 0; n < 3000; n += 1) turns.soon({ _run: () => void log.push(n) });
    turns.start(() => {});

    await host.turns();

    assert.equal(
      log,
      Array.from({ length: 3000 }, (_, n) => n),
    );
  });
});

/** Ends a run of a loop whose turns are run by hand. */
async function end(loop: Loop, host: HandHost, run: Promise<void>): Promise<void> {
  loop.stop();
  await host.turn();
  await run;
  loop.close();
}
