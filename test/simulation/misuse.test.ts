/** What does not belong into a simulation, and what would end the process. */
import { EventEmitter } from 'node:events';
import * as assert from 'uvu/assert';
import {
  createTask,
  getRunningLoop,
  KeyboardInterrupt,
  run,
  SystemExit,
  sleep,
  toThread,
} from '../../src/index.ts';
import { Scheduler } from '../../src/simulation/clock/scheduler.ts';
import { SimulationError, simulate, type World } from '../../src/testing.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';

/** The message of a simulation with one host that fails, and that it takes no time. */
async function messageOf(main: () => Promise<unknown>, patch = false): Promise<string> {
  const { message } = await rejects(
    simulate(
      async (world) => {
        await world.ended(world.host('db', main));
      },
      { patch },
    ),
    SimulationError,
  );
  return message;
}

behaviour('simulate fails, and reports the seed,', (it) => {
  const CASES: [what: string, main: () => Promise<unknown>, message: RegExp][] = [
    [
      'for an unhandled rejection',
      async () => {
        void Promise.reject(new TypeError('lost'));
        await sleep(1);
      },
      /^unhandled rejection, with seed 1.*\nTypeError: lost/,
    ],
    [
      'for an error in a Node callback',
      async () => {
        process.nextTick(() => new EventEmitter().emit('error', new TypeError('lost')));
        await sleep(1);
      },
      /^db: uncaught exception, with seed 1.*\nTypeError: lost/,
    ],
    [
      'for process.exit()',
      async () => {
        await sleep(1);
        process.exit(3);
      },
      /^db: process\.exit\(\), with seed 1, 1\.0.*\nRuntimeError: process\.exit\(3\) would end the simulation/,
    ],
    [
      'for a SystemExit',
      async () => {
        throw new SystemExit(3);
      },
      /^db failed, with seed 1.*\nSystemExit: 3/,
    ],
    [
      'for a KeyboardInterrupt in a callback',
      async () => {
        getRunningLoop().callSoon(() => {
          throw new KeyboardInterrupt();
        });
        await sleep(1);
      },
      /^db failed, with seed 1.*\nKeyboardInterrupt/,
    ],
    [
      'for a run() inside a host',
      async () => {
        await run(async () => {});
      },
      /^db failed.*\nRuntimeError: asyncio\.run\(\) cannot be called from a running event loop/,
    ],
    [
      'for a simulation inside a host',
      async () => {
        await simulate(async () => {});
      },
      /^db failed.*\nRuntimeError: simulate\(\) cannot be called from a running event loop/,
    ],
    [
      'for a thread, which is real',
      async () => {
        await toThread(() => 42);
      },
      /db\.main waits for .*\n {2}Node waits for MessagePort: a simulation does not wait for anything real/,
    ],
    [
      'for a timer, which is real',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 500));
      },
      /Node waits for Timeout: a simulation does not wait for anything real; for timers, see the option patch/,
    ],
  ];
  for (const [what, main, message] of CASES)
    it(what, async () => {
      const listeners = process.listenerCount('uncaughtException');
      assert.match(await messageOf(main), message);
      // The next one is none the worse for it.
      await simulate(async (world) => {
        await world.ended(world.host('db', () => sleep(1)));
      });
      assert.is(process.listenerCount('uncaughtException'), listeners);
    });

  it('for a host that never waits, after many steps at one instant', async () => {
    const { mostAtOnce } = Scheduler;
    assert.is(mostAtOnce, 1_000_000);
    let steps = 0;
    const main = (most: number) => async (): Promise<void> => {
      for (steps = 0; steps < most; steps += 1) await sleep(0);
    };
    Scheduler.mostAtOnce = 1000;
    try {
      assert.match(
        await messageOf(main(2000)),
        /^the clock has stood still for 1000 steps.*(\n.*)*db\.main waits for sleep, until the next turn/,
      );
      assert.ok(steps < 2000);
      await simulate(async (world) => {
        for (let n = 0; n < 5; n += 1) {
          await world.ended(world.host(`db${n}`, main(400)));
          await sleep(1);
        }
      });
    } finally {
      Scheduler.mostAtOnce = mostAtOnce;
    }
  });

  for (const first of [undefined, 'found first'])
    it(`if a task of the simulation ends the process when it is cancelled: ${first ?? 'alone'}`, async () => {
      const error = await rejects(
        simulate(async () => {
          createTask(async () => {
            try {
              await sleep(100);
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: it is what is tested
              throw new SystemExit(3);
            }
          });
          await sleep(1);
          if (first !== undefined) throw new TypeError(first);
        }),
        SimulationError,
      );
      const what = first === undefined ? 'SystemExit: 3' : 'TypeError: found first';
      assert.match(error.message, `the simulation failed, with seed 1, 1.000000 s`);
      assert.match(error.message, what);
    });

  it('if the second run with the seed took another path', async () => {
    let runs = 0;
    const error = await rejects(
      simulate(async (world) => {
        runs += 1;
        world.note(`run ${runs}, ${'x'.repeat(runs)}`);
        throw new TypeError('wrong');
      }),
      SimulationError,
    );
    assert.match(error.message, /another run the second time: the program depends on something/);
    assert.match(error.message, /from here on:\n.*: run 1, x\n.*: run 2, xx\n/);
  });
});

behaviour('A simulation that waits for something real', (it) => {
  const never = (): Promise<unknown> => new Promise(() => {});

  it('fails if the main function of the simulation does, and never continues', async () => {
    const { message } = await rejects(simulate(never), SimulationError);
    assert.match(message, /^nothing can happen any more, with seed 1, /);
    assert.match(
      message,
      /Task-\d+ waits for a promise that asyncio-ts did not create\n {2}A simulation does not wait for anything real/,
    );
    assert.is((await simulate(() => sleep(1))).time, 1);
  });

  it('fails if a task of its own never ends', async () => {
    const { message } = await rejects(
      simulate(async () => {
        createTask(never, { name: 'left' });
        await sleep(1);
      }),
      SimulationError,
    );
    assert.match(message, /left .*waits for a promise that asyncio-ts did not create/);
  });

  it('fails with its first error even if that does not end it', async () => {
    const { message } = await rejects(
      simulate(async (world) => {
        world.host('db', async () => {
          throw new TypeError('wrong');
        });
        await never();
      }),
      SimulationError,
    );
    assert.match(message, /^db failed, with seed 1.*\nTypeError: wrong/);
  });

  it('fails if it ignores its cancel', async () => {
    const { message } = await rejects(
      simulate(
        async (world) => {
          world.host('db', async () => {
            throw new TypeError('wrong');
          });
          for (;;) {
            try {
              await sleep(1);
            } catch {
              // It goes on.
            }
          }
        },
        { limit: 100 },
      ),
      SimulationError,
    );
    assert.match(message, /^db failed, with seed 1.*\nTypeError: wrong/);
  });
});

behaviour("Node's own ticks in a simulation", (it) => {
  /** Says on whose loop code runs. */
  const where = (world: World): string =>
    world.hosts.find((host) => host.state === 'up' && host.loop === getRunningLoop())?.name ??
    'none';

  it('belong to the host that requested them, however many there are', async () => {
    const seen: string[] = [];
    for (let seed = 0; seed < 5; seed += 1)
      await simulate(
        async (world) => {
          for (const name of ['a', 'b', 'c'])
            world.host(name, async () => {
              for (let n = 0; n < 5; n += 1) {
                await sleep(0);
                await new Promise<void>((resolve) => {
                  const down = (left: number): void => {
                    if (where(world) !== name) seen.push(`${name} on ${where(world)}`);
                    if (left === 0) resolve();
                    else if (left % 5 === 0) setImmediate(down, left - 1);
                    else process.nextTick(down, left - 1);
                  };
                  down(12);
                });
                if (where(world) !== name) seen.push(`${name} on ${where(world)}`);
              }
            });
          await sleep(1);
        },
        { seed },
      );
    assert.equal(seen, []);
  });

  it('do not stop the clock if they never end', async () => {
    let turns = 0;
    await simulate(async (world) => {
      let isOver = false;
      world.host('a', async () => {
        while (!isOver) {
          turns += 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      await sleep(10);
      isOver = true;
      await sleep(1);
    });
    assert.ok(turns > 10);
  });

  it('are restored after it', async () => {
    const { nextTick } = process;
    const { setImmediate: immediate } = globalThis;
    for (const patch of [false, true]) {
      await simulate(() => sleep(1), { patch });
      assert.is(process.nextTick, nextTick);
      assert.is(globalThis.setImmediate, immediate);
    }
  });
});

/** A promise of no loop, and what fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

behaviour('A host of a simulation', (it) => {
  it('continues by itself if another host resolves its promise', async () => {
    const seen: unknown[] = [];
    await simulate(async (world) => {
      const { opened, open } = gate();
      const host = world.host('a', async () => {
        await opened;
        seen.push(getRunningLoop() === host.loop);
        await sleep(1);
        seen.push(getRunningLoop() === host.loop);
      });
      await sleep(1);
      open();
      await world.ended(host);
    });
    assert.equal(seen, [true, true]);
  });

  it('ends at its next await after a crash', async () => {
    const seen: string[] = [];
    // From the first cancel of a process on, those of others are looked at.
    for (let n = 0; n < 2; n += 1)
      await simulate(async (world) => {
        const { opened, open } = gate();
        const host = world.host('a', async () => {
          await opened;
          seen.push('goes on');
          await sleep(1);
          seen.push('still goes on');
        });
        await sleep(1);
        host.crash();
        open();
        await sleep(10);
      });
    assert.equal(seen, ['goes on', 'goes on']);
  });
});
