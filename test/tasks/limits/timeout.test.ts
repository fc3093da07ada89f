import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  getRunningLoop,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  type Task,
  Timeout,
  TimeoutError,
  taskGroup,
  timeout,
  timeoutAt,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_timeouts.py::TimeoutTests::';

class Boom extends Error {}

/** The limit that a body got. */
interface Seen {
  limit?: Timeout;
}

/** A body that notes its limit, and then does `work`. */
function noting(seen: Seen, work: () => PromiseLike<unknown>): (limit: Timeout) => Promise<void> {
  return async (limit) => {
    seen.limit = limit;
    await work();
  };
}

function self(): Task<unknown> {
  return currentTask() as Task<unknown>;
}

loopBehaviour('timeout', (it) => {
  it(
    'cancels its body when the time is up',
    async (loop) => {
      const seen: Seen = {};
      const log: string[] = [];
      const end = loop.time() + 0.01;
      const body = noting(seen, async () => {
        try {
          await sleep(10);
        } catch (error) {
          log.push((error as Error).name);
          throw error;
        }
      });

      await rejects(timeout(0.01, body), TimeoutError);

      assert.equal(log, ['CancelledError']);
      assert.ok(seen.limit?.expired());
      assert.is(loop.time(), end);
    },
    { cpython: [`${BASE}test_timeout_basic`, `${BASE}test_waiter_cancelled`] },
  );

  it(
    'returns what its body returns in time',
    async (loop) => {
      const seen: Seen = {};

      const result = await timeout(10, async (limit) => {
        seen.limit = limit;
        return await sleep(0.01, 'in time');
      });

      assert.is(result, 'in time');
      assert.not(seen.limit?.expired());
      assert.ok((seen.limit?.when() as number) > loop.time());
    },
    { cpython: [`${BASE}test_timeout_not_called`] },
  );

  it(
    'has no limit if none is given',
    async () => {
      for (const limited of [timeout, timeoutAt]) {
        const seen: Seen = {};

        await limited(
          undefined,
          noting(seen, () => sleep(1e6)),
        );

        assert.not(seen.limit?.expired());
        assert.is(seen.limit?.when(), undefined);
      }
    },
    { cpython: [`${BASE}test_timeout_disabled`, `${BASE}test_timeout_at_disabled`] },
  );

  it('has no limit if the delay is infinite', async () => {
    assert.is(await timeout(Number.POSITIVE_INFINITY, () => sleep(1e6, 'done')), 'done');
  });

  for (const { delay, work, cpython } of [
    { delay: 0, work: 10, cpython: 'test_timeout_zero' },
    { delay: 0, work: 0, cpython: 'test_timeout_zero_sleep_zero' },
    { delay: -11, work: 0, cpython: 'test_timeout_in_the_past_sleep_zero' },
  ])
    it(
      `expires at the first wait after ${delay} seconds, a sleep(${work})`,
      async (loop) => {
        const seen: Seen = {};
        const begin = loop.time();

        await rejects(
          timeout(
            delay,
            noting(seen, () => sleep(work)),
          ),
          TimeoutError,
        );

        assert.ok(seen.limit?.expired());
        assert.is(seen.limit?.when(), begin + delay);
        assert.is(loop.time(), begin);
      },
      { cpython: [BASE + cpython] },
    );

  it('does not affect a body that does not wait', async () => {
    assert.is(await timeout(0, async () => 'at once'), 'at once');
    assert.is(self().cancelling(), 0);
    await sleep(0);
  });

  it(
    'passes on what its body throws, before the time is up and after',
    async () => {
      const early: Seen = {};
      const late: Seen = {};

      await rejects(
        timeout(
          0.01,
          noting(early, async () => {
            throw new Boom('early');
          }),
        ),
        Boom,
      );
      await rejects(
        timeout(
          0.01,
          noting(late, async () => {
            await sleep(1).catch(() => {
              throw new Boom('late');
            });
          }),
        ),
        Boom,
        { message: 'late' },
      );

      assert.not(early.limit?.expired());
      assert.ok(late.limit?.expired());
      assert.is(self().cancelling(), 0);
    },
    {
      cpython: [`${BASE}test_foreign_exception_passed`, `${BASE}test_foreign_exception_on_timeout`],
    },
  );

  it('passes on a KeyboardInterrupt', async () => {
    const running = timeout(1, async () => {
      throw new KeyboardInterrupt();
    });

    await rejects(running, KeyboardInterrupt);
  });

  it(
    'passes on a cancel that is not its own',
    async () => {
      const seen: Seen = {};
      const task = createTask(() =>
        timeout(
          10,
          noting(seen, async () => {
            self().cancel();
            await sleep(10);
          }),
        ),
      );

      await rejects(task, CancelledError);

      assert.not(seen.limit?.expired());
    },
    { cpython: [`${BASE}test_foreign_cancel_doesnt_timeout_if_not_expired`] },
  );

  it('passes on a cancel that comes when the time is up', async () => {
    const task = createTask(() =>
      timeout(1, async () => {
        try {
          await sleep(10);
        } catch (error) {
          task.cancel('from outside');
          throw error;
        }
      }),
    );

    await rejects(task, CancelledError);
  });

  it(
    'leaves its task uncancelled',
    async () => {
      const task = createTask(async () => {
        await rejects(
          timeout(0.001, () => sleep(10)),
          TimeoutError,
        );
        assert.is(self().cancelling(), 0);
        await sleep(0);
      });

      await task;

      assert.not(task.cancelled());
    },
    { cpython: [`${BASE}test_outer_task_is_not_cancelled`] },
  );

  it(
    'lets only the outermost of several with the same time throw the TimeoutError',
    async (loop) => {
      const [outer, inner]: [Seen, Seen] = [{}, {}];
      let innerError: unknown;
      const deadline = loop.time() + 0.01;

      const running = timeoutAt(
        deadline,
        noting(outer, async () => {
          try {
            await timeoutAt(
              deadline,
              noting(inner, () => sleep(10)),
            );
          } catch (error) {
            innerError = error;
            throw error;
          }
        }),
      );

      await rejects(running, TimeoutError);
      assert.instance(innerError, CancelledError);
      assert.ok(outer.limit?.expired() && inner.limit?.expired());
    },
    { cpython: [`${BASE}test_nested_timeouts`] },
  );

  it(
    'cancels an inner one that has not expired if the loop was busy',
    async () => {
      const running = timeout(0.002, async () => {
        const inner = timeout(0.1, async () => {
          busyFor(0.01);
          await sleep(1);
        });
        throw await rejects(inner, CancelledError);
      });

      await rejects(running, TimeoutError);
    },
    { cpython: [`${BASE}test_nested_timeouts_concurrent`], clock: 'real' },
  );

  it(
    'cancels what comes after an inner one if the loop was busy',
    async () => {
      let reached = false;
      const running = timeout(0.1, async () => {
        const inner = timeout(0.01, async () => {
          busyFor(0.03);
          await sleep(1);
        });
        await rejects(inner, TimeoutError);
        reached = true;
        await sleep(10);
      });

      await rejects(running, TimeoutError);
      assert.ok(reached);
    },
    { cpython: [`${BASE}test_nested_timeouts_loop_busy`], clock: 'real' },
  );

  it(
    'can be used in the clean-up of another',
    async () => {
      const running = timeout(0.01, async () => {
        try {
          await sleep(1);
        } finally {
          await rejects(
            timeout(0.01, () => sleep(10)),
            TimeoutError,
          );
        }
      });

      await rejects(running, TimeoutError);
    },
    { cpython: [`${BASE}test_nested_timeout_in_finally`] },
  );

  it(
    'works in a task that was cancelled before',
    async () => {
      const task = createTask(async () => {
        self().cancel();
        await sleep(1).catch(() => {});
        await rejects(
          timeout(0, () => sleep(1)),
          TimeoutError,
        );
        const again = timeout(1, async () => {
          self().cancel();
          await sleep(2);
        });
        await rejects(again, CancelledError);
      });

      await task;
    },
    {
      cpython: [
        `${BASE}test_timeout_after_cancellation`,
        `${BASE}test_cancel_in_timeout_after_cancellation`,
      ],
    },
  );

  it(
    'has the cancel as the cause',
    async () => {
      const error = await rejects(
        timeout(0, () => sleep(1)),
        TimeoutError,
      );

      assert.instance(error.cause, CancelledError);
    },
    { cpython: [`${BASE}test_timeout_exception_cause`] },
  );

  it(
    'throws the failures of a group in it instead of its own error',
    async () => {
      const running = timeout(0.01, () =>
        taskGroup(async (group) => {
          group.createTask(async () => {
            try {
              await sleep(2);
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: a crash in the clean-up is meant
              throw new RangeError('in the clean-up');
            }
          });
          await sleep(1);
        }),
      );

      const error = await rejects(running, ExceptionGroup);

      assert.equal(error.exceptions.map(String), ['RangeError: in the clean-up']);
      assert.is(error.cause, undefined);
    },
    { cpython: [`${BASE}test_timeout_taskgroup`] },
  );

  it(
    'throws what the clean-up of its body throws',
    async () => {
      const running = timeout(0.01, async () => {
        try {
          await sleep(1);
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: as Python's test does
          throw new RangeError('in the clean-up');
        }
      });

      const error = await rejects(running, RangeError);

      assert.is(error.cause, undefined);
    },
    { cpython: [`${BASE}test_foreign_exception_on_timeout_2`] },
  );

  it(
    'has the cancel as the cause if the body was already failing',
    async () => {
      const running = timeout(0.01, async () => {
        try {
          throw new RangeError('first');
        } finally {
          await sleep(1);
        }
      });

      const { cause } = await rejects(running, TimeoutError);

      assert.instance(cause, CancelledError);
      assert.is((cause as Error).cause, undefined);
    },
    { cpython: [`${BASE}test_timeout_exception_context`] },
  );

  it('interrupts what uses the signal of the task', async () => {
    const running = timeout(1, async () => {
      const { signal } = self();
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });

    await rejects(running, TimeoutError);
    await sleep(0);
  });

  it('refuses anything but a number of seconds and a function, at once', async () => {
    throws(() => timeout('1' as never, async () => {}), TypeError, {
      message: "delay must be a number of seconds or undefined, got '1'",
    });
    throws(() => timeout(Number.NaN, async () => {}), RangeError, {
      message: /Invalid delay: NaN/,
    });
    throws(() => timeoutAt(Number.NaN, async () => {}), RangeError, { message: /Invalid when/ });
    throws(() => timeout(1, 5 as never), TypeError, { message: 'a function was expected, got 5' });
  });

  it.resting('needs a running loop', () => {
    throws(() => timeout(1, async () => {}), RuntimeError, { message: /^no running event loop/ });
  });
});

loopBehaviour('timeoutAt', (it) => {
  it(
    'cancels its body at the given time',
    async (loop) => {
      const seen: Seen = {};
      const deadline = loop.time() + 0.01;

      await rejects(
        timeoutAt(
          deadline,
          noting(seen, () => sleep(10)),
        ),
        TimeoutError,
      );

      assert.ok(seen.limit?.expired());
      assert.is(seen.limit?.when(), deadline);
      assert.is(loop.time(), deadline);
    },
    { cpython: [`${BASE}test_timeout_at_basic`] },
  );
});

loopBehaviour('Timeout.reschedule', (it) => {
  it(
    'sets another time, or removes it',
    async (loop) => {
      const first = loop.time() + 10;
      const got = loop.createFuture<{ limit: Timeout }>();
      const task = createTask(() =>
        timeoutAt(first, async (limit) => {
          got.setResult({ limit });
          await sleep(50);
        }),
      );
      const { limit } = await got;

      assert.is(limit.when(), first);
      limit.reschedule(first + 20);
      assert.is(limit.when(), first + 20);
      limit.reschedule(undefined);
      assert.is(limit.when(), undefined);
      task.cancel();

      await rejects(task, CancelledError);
      assert.not(limit.expired());
    },
    { cpython: [`${BASE}test_reschedule`] },
  );

  it('counts from the time of the call', async (loop) => {
    const begin = loop.time();
    const running = timeout(1, async (limit) => {
      await sleep(0.5);
      limit.reschedule(begin + 3);
      await sleep(10);
    });

    await rejects(running, TimeoutError);

    assert.is(loop.time() - begin, 3);
  });

  it('to a time in the past expires in the next turn', async (loop) => {
    const begin = loop.time();
    const running = timeout(undefined, async (limit) => {
      limit.reschedule(begin - 1);
      await sleep(10);
    });

    await rejects(running, TimeoutError);

    assert.is(loop.time(), begin);
  });

  it(
    'is refused before the body, when the time is up, and after the body',
    async () => {
      const limit = new Timeout(getRunningLoop().time() + 1);
      const refusal = (message: string): void => {
        throws(() => limit.reschedule(7), RuntimeError, { message });
      };

      refusal('Timeout has not been entered');
      await limit.run(async () => {
        await rejects(sleep(2), CancelledError);
        refusal('Cannot change state of expiring Timeout');
      });
      refusal('Cannot change state of expired Timeout');

      const other = new Timeout(undefined);
      await other.run(async () => {});
      throws(() => other.reschedule(7), RuntimeError, {
        message: 'Cannot change state of finished Timeout',
      });
    },
    {
      cpython: [
        `${BASE}test_timeout_not_entered`,
        `${BASE}test_timeout_expiring`,
        `${BASE}test_timeout_expired`,
        `${BASE}test_timeout_finished`,
      ],
    },
  );
});

loopBehaviour('Timeout.run', (it) => {
  it(
    'runs one body only',
    async () => {
      const limit = new Timeout(undefined);
      const refused = { message: 'Timeout has already been entered' };

      await limit.run(async () => {
        await rejects(
          limit.run(async () => {}),
          RuntimeError,
          refused,
        );
      });

      await rejects(
        limit.run(async () => {}),
        RuntimeError,
        refused,
      );
    },
    { cpython: [`${BASE}test_timeout_already_entered`, `${BASE}test_timeout_double_enter`] },
  );

  it.resting(
    'needs a task',
    async (loop, scene) => {
      const limit = new Timeout(1);
      let error: unknown;
      loop.callSoon(async () => {
        error = await limit.run(async () => {}).catch((reason: unknown) => reason);
      });

      await loop.runUntilComplete(() => scene.settle());

      assert.is(String(error), 'RuntimeError: Timeout should be used inside a task');
      throws(() => limit.reschedule(1), RuntimeError, { message: /has not been entered/ });
    },
    { cpython: [`${BASE}test_timeout_without_task`] },
  );
});

loopBehaviour("Timeout's printed form", (it) => {
  it(
    'shows its state',
    async () => {
      const limit = new Timeout(getRunningLoop().time() + 10.12345);
      assert.is(String(limit), '<Timeout [created]>');
      await limit.run(async () => {
        assert.is(String(limit), '<Timeout [active] when=1010.123>');
      });
      assert.is(String(limit), '<Timeout [finished]>');

      await timeout(undefined, async (none) => {
        assert.is(String(none), '<Timeout [active] when=None>');
      });

      const seen: Seen = {};
      const late = noting(seen, () => sleep(10));
      await rejects(timeout(0.01, late), TimeoutError);
      assert.is(String(seen.limit), '<Timeout [expired]>');
    },
    {
      cpython: ['active', 'expired', 'finished', 'disabled'].map(
        (state) => `${BASE}test_repr_${state}`,
      ),
    },
  );
});

/** Holds the thread. */
function busyFor(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}
