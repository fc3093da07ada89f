import { setTimeout } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  Event,
  Future,
  isException,
  Lock,
  type Loop,
  SystemExit,
  sleep,
  type Task,
  wrapPromise,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { showsAwaits } from '../../support/shows-awaits.ts';

/** Waits for a cancel, notes that it came, and passes it on. */
async function noting(log: string[], name: string, wait: PromiseLike<unknown>): Promise<void> {
  try {
    await wait;
    log.push(`${name} goes on`);
  } catch (error) {
    log.push(`${name} ${error instanceof CancelledError ? 'cancelled' : error}`);
    throw error;
  }
}

loopBehaviour('Task.cancel', (it) => {
  it(
    'throws a CancelledError where the task waits',
    async (loop) => {
      const begin = loop.time();
      const task = createTask(() => sleep(10, 12));

      loop.callSoon(() => task.cancel());
      await rejects(task, CancelledError);

      assert.ok(task.done());
      assert.ok(task.cancelled());
      assert.not(task.cancel());
      assert.is(loop.time(), begin);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel'] },
  );

  it(
    'takes effect at an await that only takes a turn',
    async (_loop, { settle }) => {
      const log: string[] = [];
      const task = createTask(async () => {
        await noting(log, 'first', sleep(0));
        log.push('not reached');
      });

      await sleep(0);
      task.cancel();
      await rejects(task, CancelledError);
      await settle();

      assert.equal(log, ['first cancelled']);
      assert.ok(task.cancelled());
      assert.not(task.cancel());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_yield'] },
  );

  it('keeps a body that has not started from starting', async () => {
    const log: string[] = [];
    const task = createTask(async () => void log.push('begun'));

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, []);
    assert.ok(task.cancelled());
  });

  it(
    'cancels the future that the task waits for',
    async (loop, { settle }) => {
      const future = loop.createFuture();
      const task = createTask(async () => await future);
      await settle();

      const asked = task.cancel();

      assert.ok(asked);
      assert.ok(future.cancelled());
      assert.not(task.done());
      await rejects(task, CancelledError);
      assert.equal(task._awaited(), []);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_cancel_waiter_future'] },
  );

  it(
    'also happens to a task whose future is cancelled',
    async (loop, { settle }) => {
      const future = loop.createFuture();
      const task = createTask(async () => await future);
      await settle();

      future.cancel();
      await rejects(task, CancelledError);

      assert.ok(task.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_inner_future'] },
  );

  it('adds nothing for a task whose future is cancelled at the same time', async (loop, {
    settle,
  }) => {
    const future = loop.createFuture();
    const log: string[] = [];
    const task = createTask(async () => {
      await noting(log, 'future', future).catch(() => {});
      await noting(log, 'clean-up', sleep(1));
    });
    await settle();

    future.cancel();
    task.cancel();
    await task;

    assert.equal(log, ['future cancelled', 'clean-up goes on']);
  });

  it(
    'ends a task that passes on the cancel, even if its future is cancelled at the same time',
    async (loop, { settle }) => {
      const future = loop.createFuture();
      const task = createTask(async () => await future);
      await settle();

      future.cancel();
      task.cancel();
      await rejects(task, CancelledError);

      assert.ok(task.done());
      assert.ok(future.cancelled());
      assert.ok(task.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_both_task_and_inner_future'] },
  );

  it(
    'lets the body catch the error, and return',
    async (loop, { settle }) => {
      const [future1, future2] = [loop.createFuture<void>(), loop.createFuture<void>()];
      const task = createTask(async () => {
        await future1;
        return future2.catch(() => 42);
      });
      await settle();
      assert.equal(task._awaited(), [future1]);
      future1.setResult();
      await settle();
      assert.equal(task._awaited(), [future2]);

      task.cancel();

      assert.ok(future2.cancelled());
      assert.is(await task, 42);
      assert.not(task.cancelled());
      assert.is(task.cancelling(), 1);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_task_catching'] },
  );

  it(
    'lets the body ignore the error, and wait for something else',
    async (loop, { settle }) => {
      const [future1, future2] = [loop.createFuture<void>(), loop.createFuture<number>()];
      const task = createTask(async () => {
        await future1.catch(() => {});
        return await future2;
      });
      await settle();

      task.cancel();
      await settle();
      assert.equal(task._awaited(), [future2]);
      future2.setResult(42);

      assert.is(await task, 42);
      assert.ok(future1.cancelled());
      assert.not(task.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_task_ignoring'] },
  );

  it(
    'throws at the next await when the task cancels itself',
    async (loop) => {
      const begin = loop.time();
      const log: string[] = [];
      const task: Task<number> = createTask(async () => {
        log.push(`asked: ${task.cancel()}`);
        await sleep(100);
        return 12;
      });

      await rejects(task, CancelledError);

      assert.equal(log, ['asked: true']);
      assert.ok(task.cancelled());
      assert.not(task._mustCancel);
      assert.not(task.cancel());
      assert.is(loop.time(), begin);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_current_task'] },
  );

  it(
    'makes a task that returns without another await end as cancelled, and drops the result',
    async () => {
      const task: Task<number> = createTask(async () => {
        task.cancel('late');
        return 12;
      });

      await rejects(task, CancelledError, { message: 'late' });

      assert.ok(task.cancelled());
      assert.not(task._mustCancel);
      assert.not(task.cancel());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_at_end'] },
  );

  it('does not replace the error of a body that fails without another await', async () => {
    const task: Task<void> = createTask(async () => {
      task.cancel();
      throw new RangeError('first');
    });

    await rejects(task, RangeError, { message: 'first' });

    assert.not(task.cancelled());
  });

  it('is not lost at the await of a future that is done', async (loop) => {
    const future = loop.createFuture<string>();
    future.setResult('done');
    const log: string[] = [];
    const task: Task<void> = createTask(async () => {
      task.cancel();
      log.push(await future);
      await sleep(0);
      log.push('not reached');
    });

    await rejects(task, CancelledError);

    assert.equal(log, ['done']);
  });

  it('counts the second time, and changes nothing', async (_loop, { settle }) => {
    const task = createTask(() => sleep(10));
    await settle();

    const asked = [task.cancel('one'), task.cancel('two')];

    assert.equal(asked, [true, true]);
    assert.is(task.cancelling(), 2);
    await rejects(task, CancelledError, { message: 'one' });
  });

  it('throws the cancel into a task whose future is done, and drops the result', async (loop) => {
    const future = loop.createFuture<string>();
    const log: string[] = [];
    const task = createTask(() => noting(log, 'task', future));
    await sleep(0);

    future.setResult('lost');
    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['task cancelled']);
    assert.not(future.cancelled());
  });

  it('replaces the error of a future that failed in the same turn', async (loop, { settle }) => {
    const future = loop.createFuture();
    const task = createTask(async () => await future);
    await settle();

    future.setException(new RangeError('hidden'));
    task.cancel();

    await rejects(task, CancelledError);
  });

  it('makes a task that throws its own CancelledError end as cancelled', async () => {
    const task = createTask(async () => {
      throw new CancelledError('my own');
    });

    await rejects(task, CancelledError, { message: 'my own' });

    assert.ok(task.cancelled());
    assert.is(task.cancelling(), 0);
  });

  it(
    'throws an error that shows where the task waited',
    async (_loop, { settle }) => {
      const nested = coroutine(async function nested() {
        await sleep(10);
      });
      const task = createTask(nested());
      await settle();

      task.cancel();
      showsAwaits(await rejects(task, CancelledError), ['nested', 'await sleep(10)']);
    },
    {
      cpython: [
        'test_tasks.py::BaseTaskTests::test_cancel_traceback_for_future_result',
        'test_tasks.py::BaseTaskTests::test_cancel_traceback_for_future_exception',
      ],
    },
  );

  it('is not an Exception for the body', async (_loop, { settle }) => {
    let caught: unknown;
    const task = createTask(() => sleep(1).catch((error: unknown) => (caught = error)));
    await settle();

    task.cancel();
    await task;

    assert.instance(caught, CancelledError);
    assert.not(isException(caught));
  });
});

loopBehaviour('Task.cancel with a message', (it) => {
  for (const begun of [true, false])
    it(
      `is in the error until that is read, the task ${begun ? '' : 'not '}started`,
      async (_loop, { settle }) => {
        const task = createTask(() => sleep(10));
        if (begun) await settle();
        task.cancel('my message');
        await settle();

        const messages = [1, 2].map(() => {
          try {
            return task.result();
          } catch (error) {
            return (error as Error).message;
          }
        });

        assert.equal(messages, ['my message', '']);
      },
      {
        cpython: [
          'test_tasks.py::BaseTaskTests::test_cancel_with_message_then_future_result',
          'test_tasks.py::BaseTaskTests::test_task_cancel_message_getter',
        ],
      },
    );

  it(
    'is in the error that exception() throws',
    async (_loop, { settle }) => {
      for (const message of ['my message', undefined, '']) {
        const task = createTask(() => sleep(10));
        await settle();
        task.cancel(message);
        await settle();

        const outer = createTask(async () => task.exception());

        await rejects(outer, CancelledError, { message: message ?? '' });
      }
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_with_message_then_future_exception'] },
  );

  it(
    'is in the error if the task has not started',
    async (_loop, { settle }) => {
      const task = createTask(() => sleep(10));

      task.cancel('my message');
      await settle();

      const error = await rejects(
        createTask(async () => task.exception()),
        CancelledError,
        { message: 'my message' },
      );
      assert.is(error.cause, undefined);
    },
    {
      cpython: ['test_tasks.py::BaseTaskTests::test_cancel_with_message_before_starting_task'],
    },
  );

  it(
    'is thrown to an awaiting task as the same error, which may be the cause of another one',
    async (loop, { settle }) => {
      const inner = createTask(() => sleep(10));
      const outer = createTask(async () => {
        try {
          await inner;
        } catch (cause) {
          throw new RangeError('cancelled', { cause });
        }
      });
      await settle();

      loop.callSoon(() => inner.cancel('msg'));
      const error = await rejects(outer, RangeError, { message: 'cancelled' });

      assert.instance(error.cause, CancelledError);
      assert.is((error.cause as Error).message, 'msg');
      assert.is((error.cause as Error).cause, undefined);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancellation_exception_context'] },
  );

  it('passes one error from the innermost await to the outermost task', async (_loop, {
    settle,
  }) => {
    const errors: unknown[] = [];
    const note = (error: unknown): never => {
      errors.push(error);
      throw error;
    };
    const innermost = createTask(() => sleep(10).catch(note));
    const inner = createTask(() => innermost.catch(note));
    const outer = createTask(() => inner.catch(note));
    await settle();

    outer.cancel('all the way');
    await outer.catch((error) => errors.push(error));

    assert.is(new Set(errors).size, 1);
    assert.is(errors.length, 4);
    assert.is((errors[0] as Error).message, 'all the way');
  });
});

loopBehaviour('Task.cancel of what a task awaits', (it) => {
  it(
    'reaches the future under several coroutines',
    async (loop, { settle }) => {
      const waiter = loop.createFuture();
      const log: string[] = [];
      const inner = coroutine(() => noting(log, 'inner', waiter));
      const outer = coroutine(() => noting(log, 'outer', inner()).catch(() => {}));
      const task = createTask(outer());
      await settle();

      task.cancel();
      await task;

      assert.equal(log, ['inner cancelled', 'outer cancelled']);
      assert.ok(waiter.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_yield_future_passes_cancel'] },
  );

  it('reaches the future under several plain async functions', async (loop, { settle }) => {
    const waiter = loop.createFuture();
    const inner = async (): Promise<unknown> => await waiter;
    const middle = async (): Promise<unknown> => await inner();
    const task = createTask(async () => await middle());
    await settle();

    task.cancel();
    await rejects(task, CancelledError);

    assert.ok(waiter.cancelled());
  });

  it('reaches what a body returns that is not an async function', async (loop, { settle }) => {
    const begin = loop.time();
    const gates = [() => sleep(1), () => new Event().wait(), () => loop.createFuture()] as const;
    for (const gate of gates as readonly (() => Promise<unknown>)[]) {
      const task = createTask(coroutine(gate)());
      await settle();

      task.cancel();
      await rejects(task, CancelledError);
    }
    assert.is(loop.time(), begin);
  });

  it('is immediate in a for await of an array, whose awaits V8 does not report', async (loop, {
    settle,
  }) => {
    const naps: string[] = [];
    const task = createTask(async () => {
      for await (const nap of [sleep(1, 'first'), sleep(2, 'second')]) {
        naps.push(nap);
        await sleep(0);
      }
    });
    await settle();
    const begin = loop.time();

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(naps, []);
    assert.is(loop.time(), begin);
  });

  it('reaches tasks, coroutines and locks in a for await of an array', async (loop, { settle }) => {
    const nap = coroutine(() => sleep(1));
    const lock = new Lock();
    await lock.acquire();
    const begin = loop.time();
    for (const make of [() => createTask(nap()), nap, () => lock.acquire()]) {
      const task = createTask(async () => {
        for await (const _ of [make()]) assert.unreachable('it was not cancelled');
      });
      await settle();

      task.cancel();
      await rejects(task, CancelledError);
    }
    assert.is(loop.time(), begin);
  });

  it(
    'reaches the task that it waits for',
    async (loop) => {
      const future = loop.createFuture();
      const nested = createTask(async () => await future);
      const task: Task<void> = createTask(async () => {
        await sleep(0);
        task.cancel();
        await nested;
      });

      await rejects(task, CancelledError);

      assert.ok(task.cancelled());
      assert.ok(nested.cancelled());
      assert.ok(future.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancel_awaited_task'] },
  );

  it('is ignored if the awaited task refuses it, and returns its result', async (_loop, {
    settle,
  }) => {
    const inner = createTask(() => sleep(10).catch(() => 'refused'));
    const outer = createTask(async () => `inner ${await inner}`);
    await settle();

    outer.cancel();

    assert.is(await outer, 'inner refused');
    assert.not(outer.cancelled());
    assert.is(outer.cancelling(), 1);
  });

  it(
    'interrupts its sleep',
    async (loop) => {
      const begin = loop.time();
      const sleeper = createTask(() => sleep(5000));
      loop.callLater(0.125, () => sleeper.cancel());

      const said = await sleeper.then(
        () => 'slept in',
        (error: unknown) => (error instanceof CancelledError ? 'cancelled' : error),
      );

      assert.is(said, 'cancelled');
      assert.is(loop.time() - begin, 0.125);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_cancel_sleeping_task'] },
  );

  it('reaches all under Promise.all', async (loop, { settle }) => {
    const futures = [loop.createFuture(), loop.createFuture()];
    const log: string[] = [];
    const branch = (): Promise<void> => noting(log, 'branch', sleep(10));
    const task = createTask(() => noting(log, 'task', Promise.all([...futures, branch()])));
    await settle();

    task.cancel();
    await rejects(task, CancelledError);
    await settle();

    assert.equal(log, ['branch cancelled', 'task cancelled']);
    assert.equal(
      futures.map((future) => future.cancelled()),
      [true, true],
    );
  });

  it('reaches branches of Promise.all whose wait is over but which have not continued', async (loop) => {
    const [done, open] = [loop.createFuture<string>(), loop.createFuture<string>()];
    const log: string[] = [];
    const both = (): Promise<unknown> =>
      Promise.allSettled([noting(log, 'done', done), noting(log, 'open', open)]);
    const task = createTask(both);
    await sleep(0);

    done.setResult('lost');
    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['done cancelled', 'open cancelled']);
  });

  it('is not lost in the loser of a race', async (loop) => {
    const [winner, loser] = [loop.createFuture<void>(), loop.createFuture<void>()];
    const next = loop.createFuture<void>();
    const log: string[] = [];
    const task = createTask(async () => {
      await Promise.race([winner, loser]);
      await noting(log, 'next', next);
    });
    await sleep(0);
    winner.setResult();
    await sleep(0);
    await sleep(0);

    next.setResult();
    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, ['next cancelled']);
  });

  it('is thrown at the next await of this library after a foreign promise', async () => {
    const outside = foreign();
    const log: string[] = [];
    const task = createTask(async () => {
      await outside.promise;
      log.push('foreign done');
      await noting(log, 'sleep', sleep(10));
    });
    await sleep(0);

    task.cancel();
    await sleep(1);
    assert.equal(log, []);
    outside.resolve();
    await rejects(task, CancelledError);

    assert.equal(log, ['foreign done', 'sleep cancelled']);
  });

  it('ends the await of a wrapped promise at once', async (loop) => {
    const begin = loop.time();
    const task = createTask(async () => await wrapPromise(new Promise(() => {})));
    await sleep(0);

    task.cancel();
    await rejects(task, CancelledError);

    assert.is(loop.time(), begin);
  });

  it('does not cancel a future that the task only observes', async (loop, { settle }) => {
    const [listened, awaited] = [loop.createFuture(), loop.createFuture()];
    const task = createTask(async () => {
      listened.addDoneCallback(() => {});
      await awaited;
    });
    await settle();

    task.cancel();
    await rejects(task, CancelledError);

    assert.not(listened.done());
  });

  it('calls cancel() of a future of another class', async (loop, { settle }) => {
    class Stubborn extends Future<string> {
      override cancel(): boolean {
        return false;
      }
    }
    const future = new Stubborn({ loop });
    const task = createTask(async () => await future);
    await settle();

    task.cancel();
    await settle();
    assert.not(task.done());
    future.setResult('late');

    await rejects(task, CancelledError);
  });
});

loopBehaviour('Task.cancel around the end of a wait', (it) => {
  const DONE_IN = 4;

  for (const cancelIn of [0, 1, 2, 3, 4, 5, 6, 7, 8])
    it(`loses nothing in turn ${cancelIn}, with the future done in turn ${DONE_IN}`, async (loop) => {
      const future = loop.createFuture<string>();
      const log: string[] = [];
      const task = createTask(async () => {
        await noting(log, 'future', future);
        await noting(log, 'turn', sleep(0));
        return 'result';
      });

      inTurn(loop, DONE_IN, () => future.cancelled() || future.setResult('value'));
      let asked = false;
      inTurn(loop, cancelIn, () => (asked = task.cancel()));
      const outcome = await task.catch((error: unknown) => (error as Error).name);
      await sleep(1);

      assert.equal([log, outcome, asked, future.cancelled()], EXPECTED[cancelIn]);
      assert.is(asked, task.cancelled());
    });

  /** What CPython does: test/parity/cancel-around-completion.txt. */
  const EXPECTED: unknown[][] = [
    [[], 'CancelledError', true, false],
    [['future cancelled'], 'CancelledError', true, true],
    [['future cancelled'], 'CancelledError', true, true],
    [['future cancelled'], 'CancelledError', true, true],
    [['future cancelled'], 'CancelledError', true, false],
    [['future goes on', 'turn cancelled'], 'CancelledError', true, false],
    [['future goes on', 'turn goes on'], 'result', false, false],
    [['future goes on', 'turn goes on'], 'result', false, false],
    [['future goes on', 'turn goes on'], 'result', false, false],
  ];

  /** Calls `callback` when `turns` turns have passed; 0: now. */
  function inTurn(loop: Loop, turns: number, callback: () => unknown): void {
    if (turns === 0) callback();
    else loop.callSoon(() => inTurn(loop, turns - 1, callback));
  }
});

loopBehaviour('Task.cancelling', (it) => {
  it(
    'counts the cancels, and shows in the printed form',
    async () => {
      const task = createTask(() => sleep(10));
      assert.is(task.cancelling(), 0);
      assert.not.match(String(task), ' cancelling ');

      const first = task.cancel();

      assert.ok(first);
      assert.is(task.cancelling(), 1);
      assert.match(String(task), '<Task cancelling ');
      assert.ok(task.cancel());
      assert.is(task.cancelling(), 2);
      await rejects(task, CancelledError);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_cancelling'] },
  );
});

loopBehaviour('Task.uncancel', (it) => {
  it(
    'makes a body that caught the cancel uncancelled',
    async () => {
      const task = createTask(async () => {
        try {
          await sleep(10);
        } catch (error) {
          assert.instance(error, CancelledError);
          currentTask()?.uncancel();
          await sleep(10);
        }
      });
      await sleep(0.01);

      task.cancel();
      await sleep(0.01);

      assert.not.match(String(task), ' cancelling ');
      assert.is(task.cancelling(), 0);
      assert.not(task.cancelled());
      task.cancel();
      assert.is(task.cancelling(), 1);
      await rejects(task, CancelledError);
      assert.is(task.uncancel(), 0);
      assert.ok(task.cancelled());
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_uncancel_basic'] },
  );

  it('stops at zero', async () => {
    const task = createTask(async () => {});

    assert.is(task.uncancel(), 0);
    assert.is(task.cancelling(), 0);
    await task;
  });

  it('withdraws a cancel that was not delivered yet', async () => {
    const log: string[] = [];
    const early = createTask(() => noting(log, 'early', sleep(1)));
    const turning = createTask(() => noting(log, 'turning', sleep(0)));

    early.cancel();
    early.uncancel();
    await sleep(0);
    turning.cancel();
    turning.uncancel();
    await Promise.all([early, turning]);

    assert.equal(log, ['turning goes on', 'early goes on']);
  });

  it(
    'withdraws a cancel that comes when the future is already done',
    async (loop, { settle }) => {
      const future = loop.createFuture<void>();
      const task = createTask(async () => {
        await future;
        return 42;
      });
      await settle();
      future.setResult();

      task.cancel();
      assert.is(task.cancelling(), 1);
      assert.is(task.uncancel(), 0);

      assert.is(await task, 42);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_uncancel_resets_must_cancel'] },
  );

  it('withdraws only with the last cancel', async () => {
    const task = createTask(() => sleep(1));

    task.cancel();
    task.cancel();

    assert.is(task.uncancel(), 1);
    await rejects(task, CancelledError);
  });

  it('does not withdraw a cancel that has reached a future', async (_loop, { settle }) => {
    const task = createTask(() => sleep(1));
    await settle();

    task.cancel();
    task.uncancel();

    await rejects(task, CancelledError);
  });

  const blocks: [what: string, seconds: number, limit: number, said: boolean[]][] = [
    ['timed out', 10, 0.1, [true, false, true]],
    ['was in time', 0, 10, [false, true, true]],
  ];
  for (const [what, seconds, limit, said] of blocks)
    it(
      `lets the code after a structured block run if it ${what}`,
      async () => {
        const task = createTask(() => requestWithTimeout(seconds, limit));

        assert.equal(await task, said);

        assert.is(task.cancelling(), 0);
      },
      { cpython: ['test_tasks.py::BaseTaskTests::test_uncancel_structured_blocks'] },
    );

  /** What `timeout()` does: [did it time out, did the block end, was the code after it reached] */
  async function requestWithTimeout(seconds: number, limit: number): Promise<boolean[]> {
    const task = currentTask() as Task<unknown>;
    let [timedOut, blockEnded] = [false, false];
    const handle = task.getLoop().callLater(limit, () => {
      timedOut = true;
      task.cancel();
    });
    try {
      await sleep(seconds);
      blockEnded = true;
    } catch (error) {
      if (!(timedOut && task.uncancel() === 0 && error instanceof CancelledError)) throw error;
    } finally {
      handle.cancel();
    }
    await sleep(0);
    return [timedOut, blockEnded, true];
  }
});

loopBehaviour('Task.signal', (it) => {
  it('is aborted by a cancel, with the error as the reason', async (_loop, { settle }) => {
    const task = createTask(() => sleep(10));
    const { signal } = task;
    await settle();

    assert.not(signal.aborted);
    task.cancel('enough');

    assert.ok(signal.aborted);
    assert.instance(signal.reason, CancelledError);
    assert.is(signal.reason.message, 'enough');
    await rejects(task, CancelledError);
  });

  it('is the same for the life of the task, and already aborted after a cancel', async () => {
    const task = createTask(() => sleep(10));
    task.cancel('before');

    const { signal } = task;

    assert.is(task.signal, signal);
    assert.ok(signal.aborted);
    await rejects(task, CancelledError, { message: 'before' });
  });

  it('interrupts a foreign call that accepts a signal', async (loop) => {
    const begin = loop.time();
    const task: Task<void> = createTask(() => abortable(task.signal));
    await sleep(0);

    task.cancel('enough');
    await rejects(task, CancelledError, { message: 'enough' });

    assert.ok(task.cancelled());
    assert.is(loop.time(), begin);
  });

  it("makes a task that passes on Node's AbortError end as cancelled", async () => {
    const task: Task<void> = createTask(() =>
      setTimeout(10_000, undefined, { signal: task.signal }),
    );
    await sleep(0);

    task.cancel('enough');
    await rejects(task, CancelledError, { message: 'enough' });

    assert.ok(task.cancelled());
  });

  const calls: [how: string, call: (signal: AbortSignal) => Promise<void>][] = [
    ['by the reason', abortable],
    [
      'by throwIfAborted()',
      async (signal) => {
        await new Promise(setImmediate);
        await new Promise(setImmediate);
        signal.throwIfAborted();
      },
    ],
  ];
  for (const [how, call] of calls)
    it(`delivers the cancel once, ${how}: the clean-up may wait`, async () => {
      const log: string[] = [];
      const task: Task<void> = createTask(async () => {
        try {
          await noting(log, 'call', call(task.signal));
        } finally {
          await noting(log, 'clean-up', sleep(1));
        }
      });
      await sleep(0);

      task.cancel();
      await rejects(task, CancelledError);

      assert.equal(log, ['call cancelled', 'clean-up goes on']);
    });

  it('throws nothing of its own while the task is not cancelled', async () => {
    const task = createTask(async () => {});

    task.signal.throwIfAborted();

    assert.is(task.signal.reason, undefined);
    await task;
  });

  it('leaves the cancel to the next await if the reason is not read', async () => {
    const outside = foreign();
    const log: string[] = [];
    const task: Task<void> = createTask(async () => {
      task.signal.addEventListener('abort', () => log.push('told'));
      await outside.promise;
      await noting(log, 'sleep', sleep(1));
    });
    await sleep(0);

    task.cancel();
    outside.resolve();
    await rejects(task, CancelledError);

    assert.equal(log, ['told', 'sleep cancelled']);
  });

  it('is not aborted when the task ends by itself', async () => {
    const task = createTask(() => sleep(1));
    const { signal } = task;

    await task;
    task.cancel();

    assert.not(signal.aborted);
  });

  /** As `fetch()`: waits for ever, and rejects with the reason of its signal. */
  function abortable(signal: AbortSignal): Promise<void> {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }
});

loopBehaviour('Task that throws SystemExit when it is cancelled', (it) => {
  it.resting(
    'makes the task fail, and ends the run',
    async (loop) => {
      const exit = new SystemExit();
      const task = loop.createTask(async () => {
        try {
          await sleep(10);
        } catch {
          throw exit;
        }
      });
      await loop.runUntilComplete(() => sleep(0));

      task.cancel();
      assert.not(task.done());
      const error = await rejects(loop.runForever(), SystemExit);

      assert.is(error, exit);
      assert.ok(task.done());
      assert.not(task.cancelled());
      assert.is(task.exception(), exit);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_baseexception_during_cancel'] },
  );
});
