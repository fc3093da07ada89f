import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  Lock,
  type Loop,
  moveOnAfter,
  shielded,
  sleep,
  type Task,
  TimeoutError,
  taskGroup,
  timeout,
  timeoutAt,
  waitFor,
} from '../../../src/index.ts';
import { run } from '../../../src/runners/runner.ts';
import { LeftBehindError } from '../../../src/testing/run-checked.ts';
import { runVirtual } from '../../../src/testing/run-virtual.ts';
import { behaviour } from '../../support/behaviour.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

class Enough extends Error {}

type Body<T> = () => Promise<T>;

/** Each limit, of one second; what it throws when that is over. */
const limits: Record<string, (loop: Loop, body: Body<unknown>, abandon?: false) => unknown> = {
  timeout: (_loop, body, abandon) => timeout(1, body, { abandon }),
  timeoutAt: (loop, body, abandon) => timeoutAt(loop.time() + 1, body, { abandon }),
  waitFor: (_loop, body, abandon) => waitFor(body, 1, { abandon }),
  'a signal': (loop, body, abandon) => {
    const controller = new AbortController();
    loop.callLater(1, () => controller.abort(new Enough()));
    return waitFor(body, undefined, { signal: controller.signal, abandon });
  },
};

loopBehaviour('The error of a limit that goes on without its body', (it) => {
  const framesOf = (error: unknown): string[] =>
    String((error as Error).stack)
      .split('\n')
      .filter((line) => /^\s*at /.test(line));

  for (const [name, limit] of Object.entries(limits).filter(([each]) => each !== 'a signal'))
    it(`has a cause without frames of the library: ${name}`, async (loop) => {
      const error = await rejects(
        limit(loop, () => foreign().promise) as Promise<unknown>,
        TimeoutError,
      );

      assert.instance(error.cause, CancelledError);
      for (const frame of [...framesOf(error), ...framesOf(error.cause)])
        assert.match(frame, /limit\.test|rejects\.ts|loop-behaviour|index \d/);
    });

  it('has no frame if no async function awaits it, and neither does its report', async (_loop, {
    reports,
  }) => {
    const { promise, resolve } = foreign();
    await moveOnAfter(1, async () => {
      await promise;
      await rejects(sleep(0), CancelledError);
      return timeout(0, () => foreign().promise).then(() => {});
    });
    resolve();
    await sleep(1);

    const error = reports[0]?.exception as Error;
    assert.instance(error, TimeoutError);
    assert.equal([framesOf(error), framesOf(error.cause)], [[], []]);
  });
});

for (const [name, limited] of Object.entries(limits))
  loopBehaviour(`${name}, around a foreign promise`, (it) => {
    const limitError = name === 'a signal' ? Enough : TimeoutError;

    it('is on time', async (loop) => {
      const begin = loop.time();
      const { promise, resolve } = foreign<string>();

      await rejects(Promise.resolve(limited(loop, () => promise)), limitError);

      assert.is(loop.time() - begin, 1);
      assert.is(currentTask()?.cancelling(), 0);
      await sleep(1);
      resolve('late');
      await sleep(1);
    });

    it('is on time even if another branch of the body waits for this library', async (loop) => {
      const begin = loop.time();
      const { promise } = foreign<string>();
      const body = async (): Promise<unknown> => {
        void (async () => {
          await sleep(100);
        })();
        await Promise.race([sleep(0.5), sleep(100)]);
        return await promise;
      };

      await rejects(Promise.resolve(limited(loop, body)), limitError);

      assert.is(loop.time() - begin, 1);
    });

    it('makes the next await of the abandoned body throw, so that its clean-up runs', async (loop) => {
      const log: string[] = [];
      const { promise, resolve } = foreign<string>();
      const body = async (): Promise<void> => {
        try {
          await promise;
          log.push(`signal ${signal?.aborted}`);
          await sleep(1);
          log.push('not reached');
        } catch (error) {
          log.push((error as Error).name);
          throw error;
        } finally {
          await sleep(1);
          log.push('cleaned up');
        }
      };
      let signal: AbortSignal | undefined;
      await rejects(
        Promise.resolve(
          limited(loop, () => {
            signal = currentTask()?.signal;
            return body();
          }),
        ),
        limitError,
      );
      await sleep(1);

      resolve('late');
      await sleep(2);

      assert.equal(log, ['signal true', 'CancelledError', 'cleaned up']);
    });

    it('reports what an abandoned body throws', async (loop, { reports }) => {
      const { promise, reject } = foreign<string>();
      await rejects(Promise.resolve(limited(loop, () => promise)), limitError);

      reject(new RangeError('afterwards'));
      await sleep(1);

      assert.is(reports.length, 1);
      assert.match(String(reports[0]?.message), /failed after it was abandoned/);
      assert.instance(reports[0]?.exception, RangeError);
    });

    it('waits for the body with { abandon: false }', async (loop) => {
      const begin = loop.time();
      const { promise, resolve } = foreign<string>();
      loop.callLater(3, () => resolve('late'));

      assert.is(await limited(loop, () => promise, false), 'late');
      assert.is(loop.time() - begin, 3);
      assert.is(currentTask()?.cancelling(), 0);
    });

    it('waits for clean-up in the body, whatever that awaits', async (loop) => {
      const begin = loop.time();
      const { promise, resolve } = foreign<string>();
      loop.callLater(4, () => resolve('released'));
      const log: string[] = [];
      const body = async (): Promise<void> => {
        try {
          await sleep(100);
        } finally {
          await sleep(1);
          log.push(await promise);
        }
      };

      await rejects(Promise.resolve(limited(loop, body)), limitError);

      assert.equal(log, ['released']);
      assert.is(loop.time() - begin, 4);
    });

    it("gives a body that was interrupted by the limit's signal time to end", async (loop) => {
      const log: string[] = [];
      const body = async (): Promise<void> => {
        const signal = currentTask()?.signal as AbortSignal;
        try {
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        } finally {
          await sleep(1);
          log.push('cleaned up');
        }
      };

      await rejects(Promise.resolve(limited(loop, body)), limitError);

      assert.equal(log, ['cleaned up']);
    });

    it('passes on an earlier cancel of the task', async (loop) => {
      const { promise, resolve } = foreign<string>();
      const task = createTask(async () => await limited(loop, () => promise));
      await sleep(0.5);
      task.cancel();
      await sleep(1);

      await rejects(task, CancelledError);
      resolve('late');
      await sleep(1);
    });
  });

loopBehaviour('A limit around another one', (it) => {
  it('is on time, whatever the inner one waits for', async (loop) => {
    const begin = loop.time();
    const { promise } = foreign<string>();

    await rejects(
      timeout(1, () => timeout(5, () => promise)),
      TimeoutError,
    );

    assert.is(loop.time() - begin, 1);
  });

  it('continues after the inner one has abandoned its body', async (loop) => {
    const begin = loop.time();
    const { promise } = foreign<string>();

    const outcome = await timeout(5, async () => {
      const inner = await moveOnAfter(1, () => promise);
      await sleep(1);
      return inner;
    });

    assert.equal(outcome, { expired: true, value: undefined });
    assert.is(loop.time() - begin, 2);
  });

  it('is on time around a group whose body waits for a foreign promise', async (loop) => {
    const begin = loop.time();
    const { promise, resolve } = foreign<string>();
    const ended: string[] = [];

    await rejects(
      timeout(1, () =>
        taskGroup(async (group) => {
          group.createTask(async () => {
            try {
              await sleep(10);
            } finally {
              ended.push('task');
            }
          });
          await promise;
        }),
      ),
      TimeoutError,
    );

    assert.is(loop.time() - begin, 1);
    resolve('late');
    await sleep(1);
    assert.equal(ended, ['task']);
  });

  const inners: Record<string, (loop: Loop, promise: Promise<unknown>) => PromiseLike<unknown>> = {
    'timeout()': (_, promise) => timeout(5, () => promise),
    'timeoutAt()': (loop, promise) => timeoutAt(loop.time() + 5, () => promise),
    'moveOnAfter()': (_, promise) => moveOnAfter(5, () => promise),
    'waitFor()': (_, promise) => waitFor(() => promise, 5),
    'two limits': (_, promise) => timeout(7, () => timeout(5, () => promise)),
    'two limits of one moment': (_, promise) => timeout(1, () => timeout(1, () => promise)),
    'a function and a limit': async (_, promise) => await timeout(5, async () => await promise),
  };
  for (const [name, inner] of Object.entries(inners))
    it(`makes its body clean up at once if that waits for ${name} around a foreign promise`, async (loop) => {
      const begin = loop.time();
      const log: string[] = [];

      await rejects(
        timeout(1, async () => {
          try {
            await inner(loop, foreign().promise);
          } catch (error) {
            log.push((error as Error).name);
            throw error;
          } finally {
            await sleep(1);
            log.push('cleaned up');
          }
        }),
        TimeoutError,
      );

      assert.equal(log, ['CancelledError', 'cleaned up']);
      assert.is(loop.time() - begin, 2);
      assert.is(currentTask()?.cancelling(), 0);
    });

  it('cancels both branches, one of which waits for a limit', async (loop) => {
    const begin = loop.time();
    const log: string[] = [];
    const branch = async (name: string, wait: () => PromiseLike<unknown>): Promise<void> => {
      try {
        await wait();
      } finally {
        await sleep(1);
        log.push(name);
      }
    };

    await rejects(
      timeout(1, () =>
        Promise.allSettled([
          branch('ours', () => sleep(9)),
          branch('limit', () => timeout(5, () => foreign().promise)),
        ]),
      ),
      TimeoutError,
    );

    assert.equal(log.sort(), ['limit', 'ours']);
    assert.is(loop.time() - begin, 3);
  });

  it('waits for a shield in its body, whatever that waits for', async (loop) => {
    const begin = loop.time();
    const log: string[] = [];

    await rejects(
      timeout(1, async () => {
        await shielded(9, async () => {
          const { promise, resolve } = foreign();
          loop.callLater(3, resolve);
          await promise;
          log.push('cleaned up');
        });
        await sleep(1);
        log.push('not reached');
      }),
      TimeoutError,
    );

    assert.equal(log, ['cleaned up']);
    assert.is(loop.time() - begin, 3);
  });

  it("waits for a shield only until the shield's limit", async (loop) => {
    const begin = loop.time();
    await rejects(
      timeout(1, async () => {
        await shielded(2, () => foreign().promise);
        await sleep(9);
      }),
      TimeoutError,
    );

    assert.is(loop.time() - begin, 2);
  });
});

loopBehaviour('The branches of a body that is abandoned', (it) => {
  /** Waits for a foreign promise, and then for ours; logs what becomes of it. */
  const branch = async (name: string, other: Promise<void>, log: string[]): Promise<void> => {
    try {
      await other;
      await sleep(0);
      log.push(`${name} goes on`);
    } finally {
      await sleep(0.1);
      log.push(`${name} cleans up`);
    }
  };
  const another = async (...given: Parameters<typeof branch>): Promise<void> => {
    await branch(...given);
  };
  type Start = (branches: (() => Promise<void>)[]) => unknown;
  const ways: Record<string, Start> = {
    'Promise.all()': (branches) => Promise.all(branches.map((start) => start())),
    'Promise.allSettled()': (branches) => Promise.allSettled(branches.map((start) => start())),
    'Promise.race()': (branches) => Promise.race(branches.map((start) => start())),
    'limits of their own': (branches) => Promise.all(branches.map((start) => timeout(50, start))),
    'calls that nobody awaits': async ([first, ...others]) => {
      for (const start of others) void start();
      await first?.();
    },
  };
  for (const [name, start] of Object.entries(ways))
    for (const together of [true, false])
      it(`are all cancelled at their next await: ${name}, ${together ? 'at once' : 'one by one'}`, async () => {
        const log: string[] = [];
        const others = [1, 2, 3].map(() => foreign());
        const branches = others.map(({ promise }, at) => {
          const run = at === 2 ? another : branch;
          return async () => await run(String(at), promise, log);
        });
        await rejects(
          timeout(1, async () => await start(branches)),
          TimeoutError,
        );

        for (const { resolve } of others) {
          resolve();
          if (!together) await sleep(1);
        }
        await sleep(1);

        assert.equal(log.sort(), ['0 cleans up', '1 cleans up', '2 cleans up']);
      });

  const waits: Record<string, (work: Body<void>) => Promise<unknown>> = {
    'an await': async (work) => await work(),
    'a promise that is returned': async (work) => work(),
    'a callback': (work) => work().then((done) => done),
    'new Promise()': (work) => new Promise((resolve, reject) => work().then(resolve, reject)),
    'Promise.all()': async (work) => await Promise.all([work(), work()]),
    'a limit': async (work) => await timeout(50, work),
    'a lock': async (work) => await new Lock().with(work),
    'a group': async (work) => await taskGroup(work),
  };
  for (const [name, wait] of Object.entries(waits))
    it(`do not interrupt the clean-up of any calling function: ${name}`, async () => {
      const log: string[] = [];
      const { promise, resolve } = foreign();
      const body = async (): Promise<void> => {
        try {
          await wait(() => branch('the branch', promise, log));
        } finally {
          await sleep(0.1);
          await sleep(0.1);
          log.push('the body cleans up');
        }
      };
      await rejects(timeout(1, body), TimeoutError);

      resolve();
      await sleep(1);

      assert.equal([...new Set(log)].sort(), ['the body cleans up', 'the branch cleans up']);
    });

  const nexts: Record<string, Body<unknown>> = {
    'a limit': async () => await timeout(50, () => sleep(9)),
    'a limit around a foreign promise': async () => await timeout(50, () => foreign().promise),
    'a limit around both': async () =>
      await timeout(50, async () => {
        await foreignTurn();
        await sleep(9);
      }),
    'two limits': async () => await timeout(60, () => timeout(50, () => sleep(9))),
    'moveOnAfter()': async () => await moveOnAfter(50, () => sleep(9)),
    'waitFor()': async () => await waitFor(foreign().promise, 50),
    'a signal': async () => await sleep(9, undefined, { signal: new AbortController().signal }),
    'a group': async () => await taskGroup((group) => void group.createTask(() => sleep(9))),
    'the body of a group': async () => await taskGroup(() => sleep(9)),
  };
  for (const [name, next] of Object.entries(nexts))
    for (const before of ['nothing', 'a branch that has seen it'])
      it(`are cancelled once if they open a limit next: ${name}, after ${before}`, async (loop) => {
        const log: string[] = [];
        const [other, first] = [foreign(), foreign()];
        const body = async (): Promise<void> => {
          try {
            await other.promise;
            await next();
            log.push('not reached');
          } catch (error) {
            log.push((error as Error).name);
          } finally {
            await sleep(0.1);
            await sleep(0.1);
            log.push('cleaned up');
          }
        };
        await rejects(
          timeout(1, () => Promise.all([body(), first.promise.then(async () => await sleep(9))])),
          TimeoutError,
        );
        const begin = loop.time();

        if (before !== 'nothing') first.resolve();
        await sleep(0);
        other.resolve();
        await sleep(1);

        assert.equal(log, ['CancelledError', 'cleaned up']);
        assert.is(loop.time() - begin, 1);
      });

  it('are not cancelled again if a signal has already thrown the cancel there', async () => {
    const log: string[] = [];
    const work = async (signal: AbortSignal, name: string): Promise<void> => {
      try {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', async () => {
            await foreignTurn();
            reject(signal.reason);
          });
        });
      } finally {
        await sleep(0.1);
        log.push(name);
      }
    };
    await rejects(
      timeout(1, ({ signal }) => Promise.all([work(signal, 'one'), work(signal, 'two')])),
      TimeoutError,
    );

    await sleep(1);

    assert.equal(log, ['one', 'two']);
  });
});

/** A turn of Node's own loop, and some. */
const foreignTurn = async (): Promise<void> => {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
};

behaviour('A body that is abandoned', (it) => {
  it('is named by runVirtual', async () => {
    const error = await rejects(
      runVirtual(async () => {
        await rejects(
          timeout(1, () => new Promise(() => {})),
          TimeoutError,
        );
      }),
      LeftBehindError,
    );

    assert.match(
      error.message,
      /Task-\d+: the body of timeout\(\) was abandoned 0\.0 s ago and still waits for a promise that asyncio-ts did not create/,
    );
  });

  it('does not hold a lock forever', async () => {
    await run(async () => {
      const lock = new Lock();
      const { promise, resolve } = foreign<string>();
      await rejects(
        timeout(0.001, () => lock.with(() => promise)),
        TimeoutError,
      );
      resolve('late');
      await lock.acquire();
      lock.release();
    });
  });
});

/** A promise that a signal rejects with its reason, as that of `fetch()`. */
function fetched(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

loopBehaviour('A limit beside other cancels', (it) => {
  it('is on time even if its body has seen an earlier cancel', async (loop) => {
    const task = currentTask() as Task<unknown>;
    const { promise, resolve } = foreign();
    loop.callLater(0.1, () => void task.cancel());
    await rejects(
      timeout(1, async () => {
        await rejects(sleep(60), CancelledError);
        task.uncancel();
        await promise;
      }),
      TimeoutError,
    );

    assert.is(loop.time(), 1001);
    resolve();
  });

  it('does not hide from an abandoned body that it was abandoned', async (loop) => {
    const { promise, resolve } = foreign();
    const seen: string[] = [];
    await rejects(
      timeout(2, async () => {
        try {
          await timeout(
            1,
            async () => {
              await promise;
              await sleep(1);
            },
            { abandon: false },
          );
        } catch (error) {
          seen.push((error as Error).name);
        }
      }),
      TimeoutError,
    );
    resolve();
    await sleep(1);

    assert.equal(seen, ['CancelledError']);
    assert.is(loop.time(), 1003);
  });

  for (const beside of [false, true])
    it(`does not hide it from a body that has not seen it if the limit expires at once, ${beside ? 'after' : 'without'} a branch that has seen it`, async (loop) => {
      const later = (seconds: number): Promise<void> =>
        new Promise((resolve) => void loop.callLater(seconds, resolve));
      const seen: string[] = [];
      const expires = async (): Promise<void> => {
        try {
          await timeout(0, () => sleep(0));
        } catch (error) {
          seen.push((error as Error).name);
        }
      };
      const sees = async (): Promise<void> => {
        await later(2);
        await rejects(sleep(1), CancelledError);
      };
      const work = async (): Promise<void> => {
        await later(3);
        await expires();
        await expires();
      };
      await moveOnAfter(1, () => Promise.all(beside ? [sees(), work()] : [work()]));
      await sleep(5);

      // As in asyncio, where only a cancel that the task has seen, or its own, counts as older than the limit.
      assert.equal(seen, ['CancelledError', 'TimeoutError']);
    });

  it('gives an abandoned body a signal that is aborted', async () => {
    const { promise, resolve } = foreign();
    let isAborted: boolean | undefined;
    await rejects(
      timeout(1, async () => {
        await promise;
        isAborted = currentTask()?.signal.aborted;
      }),
      TimeoutError,
    );
    resolve();
    await sleep(0);

    assert.is(isAborted, true);
  });

  it('does not invalidate the signal of another branch', async (loop) => {
    const branch = async (): Promise<void> => {
      await timeout(2, async (limit) => await fetched(limit.signal));
    };
    const other = async (): Promise<void> => {
      await rejects(
        timeout(1, () => sleep(60)),
        TimeoutError,
      );
    };
    await Promise.all([rejects(branch(), TimeoutError), other()]);

    assert.is(loop.time(), 1002);
  });

  it('waits for clean-up on a foreign promise if its signal has thrown the cancel', async (loop) => {
    const log: string[] = [];
    await rejects(
      timeout(1, (outer) =>
        timeout(60, async () => {
          try {
            await fetched(outer.signal);
          } finally {
            await new Promise<void>((resolve) => void loop.callLater(3, resolve));
            await sleep(1);
            log.push('clean');
          }
        }),
      ),
      TimeoutError,
    );

    assert.equal(log, ['clean']);
    assert.is(loop.time(), 1005);
  });

  it('throws even if a call in it is in an abandoned body that has ended', async (loop) => {
    const later = (seconds: number): Promise<void> =>
      new Promise((resolve) => void loop.callLater(seconds, resolve));
    const work = async (seconds: number): Promise<void> => {
      await later(seconds);
      await sleep(1);
    };
    await rejects(
      timeout(
        2,
        async () => {
          void moveOnAfter(1, () => Promise.all([work(5), work(6)])).then(() => {});
          await later(7);
          await sleep(1);
        },
        { abandon: false },
      ),
      TimeoutError,
    );

    assert.is(loop.time(), 1007);
  });

  it('stays cancelled by an outer limit that expires earlier', async () => {
    let seen: unknown;
    const call = async (): Promise<void> => {
      try {
        await timeout(1, async () => {
          try {
            await sleep(60);
          } finally {
            await sleep(60);
          }
        });
      } catch (error) {
        seen = error;
      }
    };
    await rejects(
      timeout(2, async () => {
        void call();
        await sleep(60);
      }),
      TimeoutError,
    );
    await sleep(0);

    assert.instance(seen, CancelledError);
  });

  it('does not interrupt the clean-up of a call if a shield has held back a cancel', async () => {
    let isClean = false;
    const call = async (): Promise<void> => {
      try {
        await sleep(60);
      } finally {
        await sleep(1);
        isClean = true;
      }
    };
    const task = createTask(async () => {
      try {
        await shielded(1, async (limit) => {
          void call();
          await fetched(limit.signal);
        });
      } finally {
        await sleep(0);
      }
    });
    await sleep(0);
    task.cancel();
    await rejects(task, CancelledError);
    await sleep(2);

    assert.is(isClean, true);
  });
});
