import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext } from 'node:vm';
import * as assert from 'uvu/assert';
import {
  asyncgen,
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  Lock,
  type Loop,
  sleep,
  TimeoutError,
  taskGroup,
  timeout,
  waitFor,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

/** A call with a limit of its own, as a user writes it. */
async function get(seconds: number, limit: number): Promise<string> {
  try {
    return await timeout(limit, async () => {
      await sleep(seconds);
      return 'in time';
    });
  } catch (error) {
    if (error instanceof TimeoutError) return 'too late';
    throw error;
  }
}

const nameOf = (error: unknown): string => (error as Error).name;

loopBehaviour('A limit in one branch of a task', (it) => {
  it('does not affect other branches', async () => {
    assert.equal(await Promise.all([get(5, 1), get(3, 10)]), ['too late', 'in time']);
  });

  it('does not affect code next to it that is awaited later', async () => {
    const beside = sleep(3, 'beside');
    const other = (async () => await beside)();

    assert.is(await get(5, 1), 'too late');
    assert.is(await other, 'beside');
  });

  const limits = {
    waitFor: () => waitFor(sleep(5), 1),
    'a signal': () => {
      const controller = new AbortController();
      createTask(async () => {
        await sleep(1);
        controller.abort(new TimeoutError());
      });
      return waitFor(sleep(5), 10, { signal: controller.signal });
    },
    'a task group that fails': () =>
      taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw new RangeError('failed');
        });
        await sleep(5);
      }),
    'Lock.acquire with a signal': async () => {
      const lock = new Lock();
      await lock.acquire();
      const controller = new AbortController();
      createTask(async () => {
        await sleep(1);
        controller.abort(new TimeoutError());
      });
      await lock.acquire({ signal: controller.signal });
    },
  };
  for (const [name, limit] of Object.entries(limits))
    it(`does not affect other branches: ${name}`, async (loop) => {
      const begin = loop.time();
      const beside = async (): Promise<string> => {
        await sleep(3);
        return 'in time';
      };
      const limited = async (): Promise<unknown> => await limit();

      const [error, result] = await Promise.all([limited().catch(nameOf), beside()]);

      assert.match(String(error), /^(TimeoutError|ExceptionGroup)$/);
      assert.is(result, 'in time');
      assert.is(loop.time() - begin, 3);
      assert.is(currentTask()?.cancelling(), 0);
    });

  it('counts its own cancel if one cancel reaches two limits', async () => {
    assert.equal(await Promise.all([get(5, 1), get(5, 1), get(5, 1)]), [
      'too late',
      'too late',
      'too late',
    ]);
    assert.is(currentTask()?.cancelling(), 0);
  });

  it('passes on a cancel of the task to all branches', async () => {
    const log: string[] = [];
    const branch = async (name: string, limit: number): Promise<void> => {
      try {
        await timeout(limit, () => sleep(10));
      } catch (error) {
        log.push(`${name} ${nameOf(error)}`);
        throw error;
      }
    };
    const task = createTask(() => Promise.all([branch('a', 5), branch('b', 6)]));
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(0);

    assert.equal(log, ['a CancelledError', 'b CancelledError']);
  });

  it('returns a call that is not awaited to the task when its body has ended', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      await timeout(5, async () => {
        void sleep(100).catch((error: unknown) => void log.push(nameOf(error)));
        void (async () => {
          try {
            await sleep(100);
          } catch (error) {
            log.push(nameOf(error));
          }
        })();
      });
      await sleep(100);
    });
    await sleep(10);
    assert.equal(log, []);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(0);

    assert.equal(log, ['CancelledError']);
  });
});

loopBehaviour('A cancel that a combinator keeps', (it) => {
  it('ends a loop of Promise.allSettled', async () => {
    const task = createTask(async () => {
      for (;;) await Promise.allSettled([sleep(1)]);
    });
    await sleep(2.5);

    task.cancel();

    await rejects(task, CancelledError);
  });

  const work = async (): Promise<void> => await sleep(1);
  const swallows = async (): Promise<void> => {
    try {
      await sleep(1);
    } catch {}
  };
  async function* produce(): AsyncGenerator<number> {
    for (;;) {
      await sleep(1);
      yield 1;
    }
  }
  const read = async (from: AsyncIterable<number>): Promise<void> => {
    for await (const _ of from);
  };
  const loops: [string, (loop: Loop) => Promise<unknown>][] = [
    ['an async function', () => Promise.allSettled([work()])],
    ['several of one function', () => Promise.allSettled([work(), work(), work()])],
    ['one that swallows the cancel', () => Promise.allSettled([swallows()])],
    ['Promise.allSettled', () => Promise.allSettled([Promise.allSettled([work()])])],
    ['a future', (loop) => Promise.allSettled([loop.createFuture()])],
    ['a limit', () => Promise.allSettled([timeout(5, work)])],
    [
      'a lock',
      async () => {
        const lock = new Lock();
        await lock.acquire();
        await Promise.allSettled([(async () => await lock.acquire())()]);
      },
    ],
    ['calls, returned by a function', async () => Promise.allSettled([work()])],
    ['a handler that swallows it', () => Promise.allSettled([sleep(1).catch(() => {})])],
    ['a callback', () => Promise.allSettled([sleep(1).then(() => {})])],
    ['a finally()', () => Promise.allSettled([sleep(1).finally(() => {})])],
    ['a handler of a future', (loop) => Promise.allSettled([loop.createFuture().catch(() => {})])],
    ['a handler of a call', () => Promise.allSettled([work().catch(() => {})])],
    [
      'two handlers',
      () => Promise.allSettled([sleep(1).catch(() => {}), sleep(1).catch(() => {})]),
    ],
    ['a generator', () => Promise.allSettled([read(produce())])],
    ['a generator of asyncgen()', () => Promise.allSettled([read(asyncgen(produce)())])],
  ];
  for (const [name, round] of loops)
    it(`ends a loop that swallows every cancel: of ${name}`, async (loop) => {
      const task = createTask(async () => {
        for (;;) await round(loop);
      });
      await sleep(2.2);

      task.cancel();

      await rejects(task, CancelledError);
    });

  it('is not withdrawn by another branch that calls uncancel()', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      void (async () => {
        await Promise.allSettled([sleep(1)]);
        try {
          await sleep(1);
          log.push('not cancelled');
        } catch (error) {
          log.push(nameOf(error));
        }
      })();
      try {
        await sleep(1);
      } catch {
        log.push(`left: ${currentTask()?.uncancel()}`);
      }
      await sleep(2);
    });
    await sleep(0);

    task.cancel();
    await task;

    assert.equal(log, ['left: 0', 'CancelledError']);
  });

  it('is withdrawn by the code from which it was hidden', async () => {
    const task = createTask(async () => {
      await Promise.allSettled([sleep(1)]);
      currentTask()?.uncancel();
      await sleep(1);
      return 'goes on';
    });
    await sleep(0);

    task.cancel();

    assert.is(await task, 'goes on');
  });

  it('ends a loop of Promise.any that catches its error', async () => {
    const task = createTask(async () => {
      for (;;)
        try {
          await Promise.any([work()]);
        } catch (error) {
          if (!(error instanceof AggregateError)) throw error;
        }
    });
    await sleep(2.2);

    task.cancel();

    await rejects(task, CancelledError);
  });

  it('ends a loop of Promise.any of another realm', async () => {
    const any = runInNewContext('(promises) => Promise.any(promises)') as (
      promises: Promise<void>[],
    ) => Promise<void>;
    const task = createTask(async () => {
      await any([work()]);
    });
    await sleep(0);

    task.cancel();

    await rejects(task, CancelledError);
    assert.is(task.cancelled(), true);
  });

  it('ends a loop of Promise.allSettled while an AsyncLocalStorage is used', async () => {
    const storage = new AsyncLocalStorage<string>();
    const task = storage.run('store', () =>
      createTask(async () => {
        for (let turn = 0; turn < 5; turn += 1) await Promise.allSettled([sleep(1)]);
        throw new Error('it was not cancelled');
      }),
    );
    await sleep(0.5);

    task.cancel();

    await rejects(task, CancelledError);
    storage.disable();
  });

  it('ends a loop of Promise.allSettled in another realm', async () => {
    const endless = runInNewContext(
      'async (work) => { for (;;) await Promise.allSettled([work()]); }',
    ) as (work: () => PromiseLike<void>) => Promise<void>;
    const task = createTask(() => endless(() => sleep(1)));
    await sleep(0.5);

    task.cancel();

    await rejects(task, CancelledError);
  });

  it('is thrown at the next await of a combinator when all its branches have ended', async (loop) => {
    const log: string[] = [];
    const cleansUp = async (): Promise<void> => {
      try {
        await sleep(10);
      } finally {
        await sleep(1);
        log.push('is clean');
      }
    };
    const task = createTask(async () => {
      await Promise.allSettled([sleep(10)]);
      try {
        await Promise.allSettled([cleansUp(), cleansUp()]);
        log.push('not reached');
      } finally {
        log.push(`ends at ${loop.time() - begin}`);
        await sleep(1);
        log.push('cleaned up');
      }
    });
    const begin = loop.time();
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['is clean', 'is clean', 'ends at 2', 'cleaned up']);
  });

  it('does not affect foreign promises that are awaited in the meantime', async () => {
    const { promise, resolve } = foreign<string>();
    const log: string[] = [];
    const task = createTask(async () => {
      await Promise.allSettled([sleep(10)]);
      log.push(await promise);
      await sleep(1);
      log.push('not reached');
    });
    await sleep(1);

    task.cancel();
    await sleep(1);
    resolve('result');
    await rejects(task, CancelledError);

    assert.equal(log, ['result']);
  });

  it('is thrown at the next await, once', async () => {
    const log: string[] = [];
    const work = async (): Promise<void> => {
      try {
        await sleep(10);
      } finally {
        await sleep(1);
        log.push('work cleaned up');
      }
    };
    const task = createTask(async () => {
      const [outcome] = await Promise.allSettled([work()]);
      log.push(String(outcome?.status));
      try {
        await sleep(10);
      } finally {
        await sleep(1);
        log.push('task cleaned up');
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['work cleaned up', 'rejected', 'task cleaned up']);
  });

  it('makes a task that awaits nothing more end as cancelled', async () => {
    const task = createTask(() => Promise.allSettled([sleep(10)]));
    await sleep(1);

    task.cancel();

    await rejects(task, CancelledError);
    assert.ok(task.cancelled());
  });

  const awaitsNothingMore = (): (() => Promise<void>) => async () => {
    await Promise.allSettled([sleep(10)]);
  };
  const bodies: Record<string, () => Promise<void>> = {
    'an anonymous function': awaitsNothingMore(),
    'a bound method': new (class {
      async work(): Promise<void> {
        await awaitsNothingMore()();
      }
    })().work.bind(undefined),
  };
  for (const [what, body] of Object.entries(bodies))
    it(`makes a task whose body is a coroutine of ${what} end as cancelled`, async () => {
      const task = createTask(coroutine(body)());
      await sleep(1);

      task.cancel();

      await rejects(task, CancelledError);
    });

  const combinators: [string, (waits: Promise<void>[]) => Promise<unknown>][] = [
    ['Promise.allSettled', (waits) => Promise.allSettled(waits)],
    ['Promise.any', (waits) => Promise.any(waits)],
  ];
  for (const [name, combinator] of combinators) {
    it(`makes a timeout around ${name} throw its error`, async (loop) => {
      const begin = loop.time();

      await rejects(
        timeout(1, () => combinator([sleep(10), sleep(20)])),
        TimeoutError,
      );

      assert.is(loop.time() - begin, 1);
      assert.is(currentTask()?.cancelling(), 0);
      await sleep(1);
    });

    it(`ends a task whose body is ${name}`, async () => {
      const task = createTask(() => combinator([sleep(10)]));
      await sleep(1);
      task.cancel();
      await rejects(task, CancelledError);
      assert.ok(task.cancelled());
    });
  }

  it('is seen by each calling function if combinators are nested', async () => {
    const log: string[] = [];
    const level = async (name: string, inner: () => Promise<unknown>): Promise<void> => {
      await Promise.allSettled([inner()]);
      try {
        await sleep(10);
        log.push(`${name} was not cancelled`);
      } catch (error) {
        log.push(name);
        throw error;
      }
    };
    const task = createTask(() => level('outer', () => level('inner', () => sleep(10))));
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['inner', 'outer']);
  });

  it('is thrown to the code that has not seen it, whatever other branches await', async (loop) => {
    const log: string[] = [];
    const cleansUp = async (): Promise<void> => {
      try {
        await sleep(10);
      } finally {
        const done = loop.createFuture<void>();
        loop.callLater(1, () => done.setResult());
        await done;
        log.push('cleaned up');
      }
    };
    const task = createTask(async () => {
      try {
        await Promise.any([sleep(10), cleansUp()]);
      } finally {
        await sleep(1);
        log.push('not reached');
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['cleaned up']);
  });

  const together: [string, (waits: Promise<void>[]) => Promise<unknown>][] = [
    ['Promise.all', (waits) => Promise.all(waits)],
    ['Promise.allSettled', (waits) => Promise.allSettled(waits)],
  ];
  for (const [name, combinator] of together)
    it(`is thrown in each branch of one function, under ${name}`, async (loop) => {
      const log: string[] = [];
      const branch = async (): Promise<void> => {
        await Promise.allSettled([sleep(10)]);
        await new Promise<void>((resolve) => loop.callLater(1, resolve));
        try {
          await sleep(10);
        } catch (error) {
          log.push(nameOf(error));
          throw error;
        }
      };
      const task = createTask(() => combinator([branch(), branch(), branch()]));
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);
      await sleep(2);

      assert.equal(log, ['CancelledError', 'CancelledError', 'CancelledError']);
    });

  it('is thrown to the code that waited, even if it first calls other functions', async () => {
    const log: string[] = [];
    const flush = async (): Promise<void> => {
      try {
        await sleep(10);
      } catch (error) {
        log.push(`flush ${nameOf(error)}`);
      }
    };
    const task = createTask(async () => {
      await Promise.allSettled([sleep(10)]);
      void flush();
      await sleep(10);
      log.push('not reached');
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['flush CancelledError']);
  });

  it('is thrown once if another branch is cancelled in the meantime', async () => {
    const log: string[] = [];
    const keeps = async (): Promise<void> => {
      try {
        await Promise.allSettled([sleep(10)]);
        await sleep(0);
      } finally {
        await sleep(1);
        log.push('is clean');
      }
    };
    const beside = async (): Promise<void> => await sleep(10);
    const task = createTask(async () => {
      await Promise.allSettled([keeps(), beside()]);
      await sleep(10);
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['is clean']);
  });

  it('does not interrupt the clean-up of another call of the same function that has seen it', async () => {
    const log: string[] = [];
    const work = async (n: number): Promise<void> => {
      if (n === 1) await Promise.allSettled([sleep(10)]);
      try {
        await sleep(10);
      } finally {
        await sleep(1);
        log.push(`${n} is clean`);
      }
    };
    const task = createTask(async () => {
      void work(1);
      void work(2);
      await sleep(10);
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(20);

    assert.ok(log.includes('2 is clean'));
  });

  it('is not thrown to the task if a call that is not awaited has missed it', async () => {
    const task = createTask(async () => {
      void (async () => {
        await Promise.allSettled([sleep(10)]);
      })();
      try {
        await sleep(10);
        return 'not reached';
      } catch {
        return 'refused';
      }
    });
    await sleep(1);

    task.cancel();

    assert.is(await task, 'refused');
  });

  it('ends waits for futures that the same code starts before its next await', async (loop) => {
    const task = createTask(async () => {
      await Promise.allSettled([loop.createFuture()]);
      await Promise.allSettled([loop.createFuture(), loop.createFuture()]);
      await sleep(10);
    });
    await sleep(1);

    task.cancel();

    await rejects(task, CancelledError);
  });

  for (const [name, keeper] of Object.entries({
    'Promise.allSettled': async () => {
      await Promise.allSettled([sleep(10)]);
    },
    'Promise.allSettled of clean-up': async () => {
      const cleansUp = async (): Promise<void> => {
        try {
          await sleep(10);
        } finally {
          await sleep(2);
        }
      };
      await Promise.allSettled([cleansUp()]);
    },
    'Promise.any': () => Promise.any([sleep(10)]).catch(() => {}),
  }))
    it(`is thrown in a branch that a limit has abandoned: ${name}`, async () => {
      const log: string[] = [];
      const branch = async (): Promise<void> => {
        try {
          await keeper();
          await sleep(0);
          log.push('goes on');
        } catch (error) {
          log.push(nameOf(error));
        }
      };

      await rejects(
        timeout(1, () => Promise.all([branch(), sleep(10)])),
        TimeoutError,
      );
      await sleep(5);

      assert.equal(log, ['CancelledError']);
    });

  it('is not thrown again if another branch has thrown it to the same code', async () => {
    const log: string[] = [];
    const settled = async (): Promise<unknown> => await Promise.allSettled([sleep(10)]);
    const task = createTask(async () => {
      try {
        await Promise.all([settled(), sleep(20)]);
      } catch (error) {
        log.push(nameOf(error));
        await sleep(1);
        log.push('cleaned up');
        throw error;
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['CancelledError', 'cleaned up']);
  });

  it('is thrown in a branch that looks like one that has seen it, a level below', async () => {
    type Work = 'sleep' | 'keep' | Work[];
    const log: string[] = [];
    const run = async (work: Work): Promise<void> => {
      if (work === 'sleep') await sleep(10);
      else if (work === 'keep') {
        await Promise.allSettled([sleep(10)]);
        await sleep(10);
        log.push('goes on');
      } else await Promise.all(work.map(run));
    };
    const task = createTask(() => run([[['sleep', 'sleep'], 'keep']]));
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(20);

    assert.equal(log, []);
  });

  it('is not thrown if the called function has caught it', async () => {
    const work = async (): Promise<string> => {
      try {
        await sleep(10);
        return 'whole';
      } catch {
        return 'partial';
      }
    };
    const task = createTask(async () => {
      const result = await work();
      await sleep(1);
      return result;
    });
    await sleep(1);

    task.cancel();

    assert.is(await task, 'partial');
  });
});

loopBehaviour('Task.signal', (it) => {
  it('is a new one when all cancels have been withdrawn', async () => {
    const task = currentTask();
    const before = task?.signal;
    const caught = createTask(async () => {
      const own = currentTask();
      const first = own?.signal;
      try {
        await sleep(10);
      } catch {
        own?.uncancel();
      }
      return [first?.aborted, own?.signal.aborted];
    });
    await sleep(1);
    caught.cancel();

    assert.equal(await caught, [true, false]);
    assert.is(task?.signal, before);
  });

  it('is aborted by a limit in its body, and in no other branch', async () => {
    const beside = currentTask()?.signal;
    let inside: AbortSignal | undefined;

    await rejects(
      timeout(1, async (limit) => {
        inside = currentTask()?.signal;
        assert.is(limit.signal, inside);
        await sleep(10);
      }),
      TimeoutError,
    );

    assert.ok(inside?.aborted);
    assert.instance(inside?.reason, CancelledError);
    assert.not(beside?.aborted);
    assert.not(currentTask()?.signal.aborted);
  });

  it('does not withdraw a cancel when it is only read', async () => {
    const { promise, resolve } = foreign();
    const log: string[] = [];
    const task = createTask(async () => {
      const signal = currentTask()?.signal;
      signal?.addEventListener('abort', () => void log.push(nameOf(signal.reason)));
      await promise;
      await sleep(1);
      log.push('not reached');
    });
    await sleep(1);

    task.cancel();
    assert.instance(task.signal.reason, CancelledError);
    resolve();
    await rejects(task, CancelledError);

    assert.equal(log, ['CancelledError']);
  });

  it('has its reason thrown once, also by a combined signal', async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      const signal = AbortSignal.any([currentTask()?.signal as AbortSignal]);
      try {
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      } finally {
        await sleep(1);
        log.push('cleaned up');
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['cleaned up']);
  });
});

/** A promise that a signal rejects with its reason, as that of `fetch()`. */
function fetched(signal = currentTask()?.signal as AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

loopBehaviour('A cancel that comes through a signal', (it) => {
  const calls: Record<string, () => Promise<unknown>> = {
    'of a promise': fetched,
    'of a chain': () => fetched().then(() => {}),
    'of a race': () => Promise.race([fetched(), sleep(10)]),
    'of two in one': () => Promise.all([fetched(), fetched()]),
    'of a call': async () => await fetched(),
    'of a call that handles it': async () => {
      await fetched().catch(() => {});
    },
    'of a call that catches it': async () => {
      try {
        return await fetched();
      } catch {
        return 'partial';
      }
    },
    'of a call that cleans up': async () => {
      try {
        await fetched();
      } finally {
        await sleep(0.1);
      }
    },
  };
  for (const [name, call] of Object.entries(calls))
    for (const combinator of ['allSettled', 'any'] as const)
      it(`is thrown at the next await, once, if ${combinator} has swallowed it, ${name}`, async () => {
        const log: string[] = [];
        const task = createTask(async () => {
          try {
            if (combinator === 'allSettled') await Promise.allSettled([call()]);
            else await Promise.any([call()]).catch(() => {});
            await sleep(1);
            log.push('not reached');
          } finally {
            await sleep(1);
            log.push('cleaned up');
          }
        });
        await sleep(1);

        task.cancel();
        await rejects(task, CancelledError);

        assert.equal(log, ['cleaned up']);
      });

  it('ends a limit whose body has no further await if allSettled has swallowed it', async () => {
    await rejects(
      timeout(1, (limit) => Promise.allSettled([fetched(limit.signal)])),
      TimeoutError,
    );
  });

  it('is not hidden from a task by a call that is not awaited', async (loop) => {
    const log: string[] = [];
    const task = createTask(async () => {
      void fetched().catch(() => {});
      await new Promise<void>((resolve) => void loop.callLater(5, resolve));
      await sleep(1);
      log.push('not reached');
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, []);
  });

  it('is thrown once in the body, even a little later than in a call that is not awaited', async (loop) => {
    const log: string[] = [];
    const clean = async (fetching: Promise<unknown>, who: string): Promise<void> => {
      try {
        await fetching;
      } finally {
        await sleep(1);
        await new Promise<void>((resolve) => void loop.callLater(1, resolve));
        await sleep(1);
        log.push(who);
      }
    };
    const task = createTask(async () => {
      void clean(fetched(), 'call');
      const later = fetched()
        .then(() => {})
        .then(() => {})
        .then(() => {});
      try {
        await later;
      } finally {
        await clean(Promise.resolve(), 'body');
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);
    await sleep(1);

    assert.equal(log, ['call', 'body']);
  });
});

loopBehaviour('A cancel of a task that waits for a foreign promise', (it) => {
  const calls: Record<string, () => unknown> = {
    'a call that nobody awaits': () => void sleep(10).then(() => {}),
    'an async call that nobody awaits': () => void (async () => await sleep(10))(),
    'one that cleans up': () =>
      void (async () => {
        try {
          await sleep(10);
        } finally {
          await sleep(1);
        }
      })(),
    'the loser of a race': () => Promise.race([sleep(0), (async () => await sleep(10))()]),
  };
  for (const [name, beside] of Object.entries(calls))
    it(`is thrown at its next await, once, next to ${name}`, async (loop) => {
      const log: string[] = [];
      const task = createTask(async () => {
        await beside();
        await new Promise<void>((resolve) => void loop.callLater(5, resolve));
        try {
          await sleep(1);
          log.push('not reached');
        } finally {
          await sleep(1);
          log.push('cleaned up');
        }
      });
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);

      assert.equal(log, ['cleaned up']);
    });

  for (const [name, beside] of Object.entries(calls))
    it(`is thrown at its next await if the promise is settled in the same step, next to ${name}`, async (loop) => {
      const log: string[] = [];
      const { promise, resolve } = foreign();
      const task = createTask(async () => {
        await beside();
        await promise;
        await sleep(1);
        log.push('not reached');
      });

      loop.callLater(5, () => {
        task.cancel();
        resolve();
      });
      await rejects(task, CancelledError);

      assert.equal(log, []);
    });

  const losing: Record<string, () => unknown> = {
    'a call whose clean-up lasts longer': () =>
      void (async () => {
        try {
          await sleep(10);
        } finally {
          await sleep(10);
        }
      })(),
    'a race that has ended, of sleep() itself': () => Promise.race([sleep(0), sleep(10)]),
  };
  for (const [name, beside] of Object.entries(losing))
    it(`is not thrown next to ${name}: this is documented`, async (loop) => {
      const log: string[] = [];
      const task = createTask(async () => {
        await beside();
        await new Promise<void>((resolve) => void loop.callLater(5, resolve));
        await sleep(1);
        log.push('reached');
      });
      await sleep(1);

      task.cancel();
      await task;

      assert.equal(log, ['reached']);
    });

  for (const abandon of [true, false])
    it(`is not thrown in a limit with { abandon: ${abandon} }, next to a branch that sees it: this is documented`, async (loop) => {
      const log: string[] = [];
      const work = async (): Promise<void> => {
        await new Promise<void>((resolve) => void loop.callLater(5, resolve));
        try {
          await sleep(1);
          log.push('reached');
        } catch (error) {
          log.push(nameOf(error));
        }
      };
      const task = createTask(async () => {
        await Promise.all([timeout(20, work, { abandon }), sleep(10)]);
      });
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);
      await sleep(10);

      assert.equal(log, ['reached']);
    });

  it('is thrown at its next await, even if it first starts a call that is not awaited', async (loop) => {
    const log: string[] = [];
    const { promise, resolve } = foreign();
    const task = createTask(async () => {
      await promise;
      void (async () => await sleep(1))();
      await sleep(1);
      log.push('not reached');
    });

    loop.callLater(5, () => {
      task.cancel();
      resolve();
    });
    await rejects(task, CancelledError);

    assert.equal(log, []);
  });

  it('is thrown once, around a limit that has expired and waits for its body', async (loop) => {
    const log: string[] = [];
    const task = createTask(async () => {
      assert.is(currentTask()?.signal.aborted, false);
      await timeout(
        1,
        async () => {
          for (let waits = 0; waits < 2; waits += 1)
            await new Promise<void>((resolve) => void loop.callLater(5, resolve));
          log.push('body ended');
        },
        { abandon: false },
      );
      await sleep(1);
      log.push('not reached');
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['body ended']);
  });

  it('does not interrupt the clean-up of a body that got it through a foreign promise', async () => {
    const log: string[] = [];
    const later = (call: () => PromiseLike<unknown>): Promise<unknown> =>
      new Promise((resolve, reject) => {
        call().then(
          (result) => resolve(result),
          (error) => reject(error),
        );
      });
    const task = createTask(async () => {
      try {
        await later(async () => await sleep(10));
      } finally {
        await sleep(1);
        log.push('cleaned up');
        await sleep(1);
        log.push('whole');
      }
    });
    await sleep(1);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['cleaned up', 'whole']);
  });
});
