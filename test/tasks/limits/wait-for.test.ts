import * as assert from 'uvu/assert';
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  type Future,
  RuntimeError,
  shield,
  sleep,
  type Task,
  TimeoutError,
  wait,
  waitFor,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_waitfor.py::AsyncioWaitForTest::';

/** Takes 0.2 seconds, whatever cancels come. */
class SlowTask {
  exited = false;

  async run(time: () => number): Promise<void> {
    const end = time() + 0.2;
    while (time() < end) await sleep(end - time()).catch(() => {});
    this.exited = true;
  }
}

class Boom extends Error {}

loopBehaviour('waitFor', (it) => {
  it(
    'returns a result that comes in time',
    async (loop) => {
      const future = loop.createFuture<string>();
      loop.callLater(0.1, () => future.setResult('ok'));

      assert.is(await waitFor(future, 0.2), 'ok');
      assert.is(await waitFor(async () => 'done', undefined), 'done');
    },
    { cpython: [`${BASE}test_wait_for_race_condition`, `${BASE}test_wait_for_blocking`] },
  );

  it('accepts coroutines, functions, futures and promises', async (loop) => {
    const call = coroutine(async function call() {
      return 1;
    });
    const future = loop.createFuture<number>();
    future.setResult(3);

    assert.is(await waitFor(call(), 1), 1);
    assert.is(await waitFor(async () => 2, 1), 2);
    assert.is(await waitFor(future, 1), 3);
    assert.is(await waitFor(Promise.resolve(4), 1), 4);
  });

  it(
    'cancels what is not done in time',
    async (loop) => {
      let running = false;
      const end = loop.time() + 0.1;
      const task = createTask(async () => {
        running = true;
        try {
          await sleep(1000);
        } finally {
          running = false;
        }
      });

      await rejects(waitFor(task, 0.1), TimeoutError);

      assert.ok(task.cancelled());
      assert.not(running);
      assert.is(loop.time(), end);
    },
    { cpython: [`${BASE}test_wait_for`] },
  );

  it(
    'waits until what it cancels has ended',
    async () => {
      const log: string[] = [];
      const inner = async (): Promise<void> => {
        try {
          await sleep(10);
        } catch (error) {
          await sleep(0.1);
          log.push('cleaned up');
          throw error;
        }
      };

      const error = await rejects(waitFor(createTask(inner), 0.1), TimeoutError);
      await rejects(waitFor(inner, 0.1), TimeoutError);

      assert.instance(error.cause, CancelledError);
      assert.equal(log, ['cleaned up', 'cleaned up']);
    },
    { cpython: [`${BASE}test_wait_for_waits_for_task_cancellation`] },
  );

  it(
    'also does so with no time at all',
    async () => {
      let cleanedUp = false;
      const task = createTask(async () => {
        try {
          await sleep(10);
        } catch (error) {
          await sleep(0.1);
          cleanedUp = true;
          throw error;
        }
      });
      await sleep(0.1);

      const error = await rejects(waitFor(task, 0), TimeoutError);

      assert.instance(error.cause, CancelledError);
      assert.ok(cleanedUp);
    },
    { cpython: [`${BASE}test_wait_for_waits_for_task_cancellation_w_timeout_0`] },
  );

  it(
    'returns a result that comes despite the cancel',
    async () => {
      const inner = async (): Promise<number> => {
        await rejects(sleep(1), CancelledError);
        return 1;
      };

      assert.is(await waitFor(inner, 0.01), 1);
      assert.is(await waitFor(createTask(inner), 0.01), 1);
      assert.is(currentTask()?.cancelling(), 0);
    },
    { cpython: [`${BASE}test_wait_for_cancellation_race_condition`] },
  );

  it(
    'throws what the body throws instead of the cancel',
    async () => {
      const inner = async (): Promise<void> => {
        await sleep(0.2).catch(() => {
          throw new Boom('in answer');
        });
      };

      await rejects(waitFor(createTask(inner), 0.0001), Boom);
      await rejects(waitFor(inner, 0.0001), Boom);
    },
    { cpython: [`${BASE}test_wait_for_reraises_exception_during_cancellation`] },
  );

  it(
    'waits for a task that is slow to end when it is cancelled itself',
    async (loop) => {
      const slow = new SlowTask();
      const waiting = createTask(waitFor(() => slow.run(() => loop.time()), 0.4));
      await sleep(0);
      waiting.cancel();

      await wait([waiting]);

      assert.ok(slow.exited);
    },
    { cpython: [`${BASE}test_asyncio_wait_for_cancelled`] },
  );

  it(
    'waits for a task that is slow to end when the time is up',
    async (loop) => {
      const slow = new SlowTask();

      await waitFor(() => slow.run(() => loop.time()), 0.1);

      assert.ok(slow.exited);
    },
    { cpython: [`${BASE}test_asyncio_wait_for_timeout`] },
  );

  it(
    'can be cancelled before it starts',
    async () => {
      const inner = createTask(() => sleep(0.3, 42));
      const task = createTask(waitFor(inner, 0.1));
      task.cancel();

      await rejects(task, CancelledError);

      assert.is(await inner, 42);
    },
    { cpython: [`${BASE}test_wait_for_self_cancellation`] },
  );

  it('passes on a cancel to a task that refuses it, and returns its result', async () => {
    let cancels = 0;
    const count = (): Promise<void> => {
      cancels += 1;
      return sleep(0.3);
    };
    const inner = createTask(async () => {
      await sleep(0.3).catch(() => count().catch(count));
      return 42;
    });
    const task = createTask(waitFor(inner, 0.1));
    await sleep(0.2);
    task.cancel();

    assert.is(await task, 42);
    assert.is(cancels, 2);
  });

  it(
    'passes on a cancel that comes in the turn in which it is done',
    async () => {
      let reached = false;
      const inner = createTask(async () => 'done');
      const task = createTask(async () => {
        await waitFor(inner, 100);
        await sleep(1);
        reached = true;
      });
      assert.not(task.done());
      await sleep(0);
      task.cancel();

      await rejects(task, CancelledError);

      assert.is(await inner, 'done');
      assert.not(reached);
    },
    { cpython: [`${BASE}test_wait_for_issue86296`] },
  );

  it(
    'returns what a body returns after catching the cancel',
    async () => {
      const inner = async (): Promise<number> => {
        try {
          return await sleep(10, 1);
        } catch (error) {
          assert.instance(error, CancelledError);
          return 42;
        }
      };

      assert.is(await waitFor(inner, 0.1), 42);
    },
    { cpython: [`${BASE}test_wait_for_cancel_suppressed`] },
  );

  for (const seconds of [undefined, 60])
    it(
      `passes on a cancel, with ${seconds ?? 'no'} seconds`,
      async (loop) => {
        const task = createTask(async () => {
          await loop.createFuture();
        });
        const waiting = createTask(waitFor(task, seconds));
        loop.callSoon(() => waiting.cancel());

        await rejects(waiting, CancelledError);

        assert.ok(task.cancelled());
      },
      { cpython: [`${BASE}test_cancel_${seconds === undefined ? 'blocking_' : ''}wait_for`] },
    );

  it(
    'returns the result of what is already done, with no time at all',
    async (loop) => {
      const future = loop.createFuture<string>();
      future.setResult('done');

      assert.is(await waitFor(future, 0), 'done');
      assert.is(await waitFor(future, -1), 'done');
    },
    { cpython: [`${BASE}test_wait_for_timeout_less_then_0_or_0_future_done`] },
  );

  it(
    'starts no coroutine with no time at all',
    async () => {
      let begun = false;
      const begin = async (): Promise<void> => {
        begun = true;
      };

      await rejects(waitFor(coroutine(begin)(), 0), TimeoutError);
      await rejects(waitFor(begin, 0), TimeoutError);

      assert.not(begun);
    },
    { cpython: [`${BASE}test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started`] },
  );

  it(
    'cancels what is not done, with no time at all',
    async (loop) => {
      for (const seconds of [0, -1]) {
        const started: Future<void> = loop.createFuture();
        let running = true;
        const task: Task<void> = createTask(async () => {
          started.setResult();
          try {
            await sleep(10);
          } finally {
            running = false;
          }
        });
        await started;

        await rejects(waitFor(task, seconds), TimeoutError);

        assert.ok(task.cancelled());
        assert.not(running);
      }
    },
    { cpython: [`${BASE}test_wait_for_timeout_less_then_0_or_0`] },
  );

  it('throws the cancel of what it waits for', async (loop) => {
    const future = loop.createFuture<void>();
    loop.callSoon(() => future.cancel('by somebody'));

    await rejects(waitFor(future, 1), CancelledError, { message: 'by somebody' });
  });

  it('throws a cancel that comes together with the result', async (loop) => {
    const future = loop.createFuture<string>();
    const waiting = createTask(waitFor(future, 1));
    await sleep(0);
    future.setResult('R');
    waiting.cancel();

    await rejects(waiting, CancelledError);
  });

  it('interrupts the wait for a foreign promise', async (loop) => {
    const begin = loop.time();

    await rejects(waitFor(new Promise(() => {}), 1), TimeoutError);

    assert.is(loop.time() - begin, 1);
  });

  it('refuses what cannot be awaited, and anything but a number, at once', async () => {
    throws(() => waitFor(5 as never, 1), TypeError, { message: /awaitable is required, got 5/ });
    throws(() => waitFor(async () => {}, '1' as never), TypeError, { message: /^timeout must be/ });
    throws(() => waitFor(async () => {}, Number.NaN), RangeError, { message: /Invalid timeout/ });
  });

  it.resting('needs a running loop', async () => {
    await rejects(
      waitFor(async () => {}, 1),
      RuntimeError,
    );
  });
});

loopBehaviour('waitFor of a shield', (it) => {
  const SHIELDED = 'test_waitfor.py::WaitForShieldTests::';

  it(
    'waits as long as it takes if there is no limit',
    async () => {
      const task = createTask(() => sleep(0.1, 'done'));

      await waitFor(shield(task), undefined);

      assert.ok(task.done());
      assert.is(await task, 'done');
    },
    { cpython: [`${SHIELDED}test_none_timeout`] },
  );

  for (const [name, seconds] of [
    ['shielded', 0.01],
    ['zero', 0],
  ] as const)
    it(
      `leaves the task running after ${seconds} seconds`,
      async () => {
        const task = createTask(() => sleep(0.1, 'done'));

        const outer = shield(task);
        await rejects(waitFor(outer, seconds), TimeoutError);

        assert.ok(outer.cancelled());
        assert.not(task.done());
        assert.is(await task, 'done');
      },
      { cpython: [`${SHIELDED}test_${name}_timeout`] },
    );
});
