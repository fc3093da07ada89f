import * as assert from 'uvu/assert';
import {
  CancelledError,
  Condition,
  createTask,
  Lock,
  newEventLoop,
  RuntimeError,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_locks.py::ConditionTests::';

/** A task that waits to be notified, notes it, and keeps the lock. */
function keeper(condition: Condition, name: string, log: string[]): Task<boolean> {
  return createTask(async () => {
    await condition.acquire();
    if (await condition.wait()) log.push(name);
    return true;
  });
}

/** A task that waits to be notified, notes it, and releases the lock. */
function waiter(condition: Condition, name: string, log: string[]): Task<void> {
  return createTask(() =>
    condition.with(async () => {
      await condition.wait();
      log.push(name);
    }),
  );
}

/** Tasks that take one of `items` each, as many as there are names. */
function takers(condition: Condition, items: number[], names: string[]): Task<number>[] {
  return names.map(() =>
    createTask(() =>
      condition.with(async () => {
        await condition.waitFor(() => items.length > 0);
        return items.shift() as number;
      }),
    ),
  );
}

loopBehaviour('Condition', (it) => {
  it(
    'prints whether its lock is held, and the number of waiters',
    async () => {
      const condition = new Condition();
      assert.match(
        String(condition),
        /^<asyncio\.locks\.Condition object at 0x[0-9a-f]+ \[unlocked\]>$/,
      );
      const tasks = [waiter(condition, '1', []), waiter(condition, '2', [])];
      await sleep(0);
      assert.match(String(condition), / \[unlocked, waiters:2\]>$/);

      await condition.acquire();
      assert.match(String(condition), / \[locked, waiters:2\]>$/);
      condition.notifyAll();
      condition.release();
      for (const task of tasks) await task;

      assert.match(String(condition), / \[unlocked\]>$/);
    },
    { cpython: [`${BASE}test_repr`] },
  );

  it(
    'can share a lock',
    async () => {
      const lock = new Lock();
      const condition = new Condition(lock);
      const seen: boolean[] = [];

      await condition.with(() => seen.push(lock.locked(), condition.locked()));
      seen.push(lock.locked(), condition.locked());
      await lock.with(() => seen.push(lock.locked(), condition.locked()));
      seen.push(lock.locked(), condition.locked());

      assert.equal(seen, [true, true, false, false, true, true, false, false]);
    },
    { cpython: [`${BASE}test_explicit_lock`] },
  );

  it.resting('refuses anything but a lock', () => {
    throws(() => new Condition(new Condition() as never), TypeError, {
      message: /^lock must be a Lock, got <asyncio\.locks\.Condition /,
    });
  });

  it.resting('waitFor refuses anything but a function', () => {
    throws(() => new Condition().waitFor(undefined as never), TypeError, {
      message: 'predicate must be a function, got None',
    });
  });

  it.resting(
    'belongs to the loop on which a task first waited, and so does its lock',
    async (loop) => {
      const lock = new Lock();
      const condition = new Condition(lock);
      await loop.runUntilComplete(async () => {
        await lock.acquire();
        const task = waiter(condition, 'first', []);
        await sleep(0);
        lock.release();
        await sleep(0);
        await condition.with(() => condition.notify());
        await task;
      });
      const other = newEventLoop();

      try {
        await other.runUntilComplete(async () => {
          await lock.acquire();
          const refused = { message: / is bound to a different event loop$/ };
          await rejects(new Condition(lock).acquire(), RuntimeError, refused);
          await rejects(condition.wait(), RuntimeError, refused);
          assert.ok(lock.locked());
        });
      } finally {
        other.close();
      }
    },
    { cpython: [`${BASE}test_ambiguous_loops`] },
  );
});

loopBehaviour('Condition.with', (it) => {
  it(
    'holds the lock while the body runs',
    async () => {
      const condition = new Condition();

      const given = await condition.with(() => condition.locked());

      assert.is(given, true);
      assert.not(condition.locked());
    },
    { cpython: [`${BASE}test_context_manager`] },
  );
});

loopBehaviour('Condition.wait', (it) => {
  it(
    'continues when it was notified and has the lock',
    async () => {
      const condition = new Condition();
      const log: string[] = [];
      const tasks = ['1', '2', '3'].map((name) => keeper(condition, name, log));
      await sleep(0);
      assert.not(condition.locked());

      assert.is(await condition.acquire(), true);
      condition.notify();
      await sleep(0);
      assert.equal(log, []);
      condition.release();
      await sleep(0);
      assert.equal(log, ['1']);
      condition.notify(2);
      await sleep(0);
      assert.equal(log, ['1']);
      for (const heard of [
        ['1', '2'],
        ['1', '2', '3'],
      ]) {
        condition.release();
        await sleep(0);
        assert.equal(log, heard);
        assert.ok(condition.locked());
      }

      assert.ok(tasks.every((task) => task.done() && task.result()));
    },
    { cpython: [`${BASE}test_wait`] },
  );

  it(
    'holds the lock again when it is cancelled',
    async (loop) => {
      const condition = new Condition();
      await condition.acquire();
      const task = createTask(condition.wait());

      loop.callSoon(() => task.cancel());
      await rejects(task, CancelledError);

      assert.match(String(condition), / \[locked\]>$/);
    },
    { cpython: [`${BASE}test_wait_cancel`] },
  );

  it(
    'holds the lock again when it is cancelled at the time of the release',
    async (loop) => {
      const condition = new Condition();
      await condition.acquire();
      const task = createTask(condition.wait());
      await sleep(0);
      assert.not(condition.locked());
      await condition.acquire();
      condition.notify();

      loop.callSoon(() => task.cancel());
      loop.callSoon(() => condition.release());
      await rejects(task, CancelledError);

      assert.ok(condition.locked());
    },
    { cpython: [`${BASE}test_wait_cancel_contested`] },
  );

  it(
    'throws a cancel that comes while it reacquires the lock',
    async () => {
      const condition = new Condition();
      const task = waiter(condition, 'waiter', []);
      await sleep(0);
      await condition.acquire();
      condition.notify();
      await sleep(0);

      task.cancel();
      await sleep(0);
      assert.not(task.done());
      condition.release();
      await sleep(0);

      assert.ok(task.cancelled());
      assert.not(condition.locked());
    },
    { cpython: [`${BASE}test_wait_cancel_after_notify`] },
  );

  it(
    'needs the lock',
    async () => {
      await rejects(new Condition().wait(), RuntimeError, {
        message: 'cannot wait on un-acquired lock',
      });
    },
    { cpython: [`${BASE}test_wait_unacquired`] },
  );

  it(
    'can time out, with the lock held',
    async (loop) => {
      const condition = new Condition();

      const task = createTask(() =>
        condition.with(async () => {
          await rejects(condition.wait(), CancelledError);
          assert.ok(condition.locked());
        }),
      );
      loop.callLater(0.5, () => task.cancel());
      await task;

      assert.not(condition.locked());
    },
    { cpython: [`${BASE}test_timeout_in_block`] },
  );

  it(
    'throws the error of the cancel as it is',
    async () => {
      const condition = new Condition();
      let thrown: unknown;
      const task = createTask(() =>
        condition.with(async () => {
          thrown = await rejects(condition.wait(), CancelledError);
          throw thrown;
        }),
      );
      await sleep(0);

      task.cancel('foo');

      assert.is(await rejects(task, CancelledError, { message: 'foo' }), thrown);
    },
    { cpython: ['test_locks.py::ConditionTests::test_cancelled_error_wakeup'] },
  );

  it(
    'throws the error of a cancel as it is that came while it acquired the lock',
    async () => {
      const condition = new Condition();
      let thrown: unknown;
      const task = createTask(() =>
        condition.with(async () => {
          thrown = await rejects(condition.wait(), CancelledError);
          throw thrown;
        }),
      );
      await sleep(0);
      await condition.acquire();
      condition.notify();
      await sleep(0);

      task.cancel('foo');
      condition.release();

      assert.is(await rejects(task, CancelledError, { message: 'foo' }), thrown);
    },
    { cpython: ['test_locks.py::ConditionTests::test_cancelled_error_re_aquire'] },
  );

  it(
    'passes on a notification when it is cancelled at the same time',
    async () => {
      const condition = new Condition();
      const items: number[] = [];
      const [first, second] = takers(condition, items, ['first', 'second']);
      await sleep(0);

      await condition.with(() => {
        items.push(1);
        condition.notify(1);
        first?.cancel();
      });

      assert.is(await second, 1);
      assert.ok(first?.cancelled());
    },
    { cpython: ['test_locks.py::ConditionTests::test_cancelled_wakeup'] },
  );

  it(
    'passes on a notification when it is cancelled while it acquires the lock',
    async () => {
      const condition = new Condition();
      const items: number[] = [];
      const [first, second] = takers(condition, items, ['first', 'second']);
      await sleep(0);

      await condition.with(async () => {
        items.push(1);
        condition.notify(1);
        await sleep(0);
        first?.cancel();
      });

      assert.is(await second, 1);
      assert.ok(first?.cancelled());
    },
    { cpython: ['test_locks.py::ConditionTests::test_cancelled_wakeup_relock'] },
  );

  it('remembers the last of several cancels while it acquires the lock', async () => {
    const condition = new Condition();
    const task = waiter(condition, 'waiter', []);
    await sleep(0);
    await condition.acquire();

    for (const message of ['one', 'two', 'three']) {
      task.cancel(message);
      await sleep(0);
    }
    assert.not(task.done());
    condition.release();

    await rejects(task, CancelledError, { message: 'three' });
    assert.not(condition.locked());
  });
});

loopBehaviour('Condition.waitFor', (it) => {
  it(
    'continues when the predicate is true',
    async () => {
      const condition = new Condition();
      const log: string[] = [];
      let ready = false;
      const task = createTask(async () => {
        await condition.acquire();
        if (await condition.waitFor(() => ready)) log.push('ready');
        condition.release();
        return true;
      });
      await sleep(0);
      assert.equal(log, []);

      await condition.with(() => condition.notify());
      await sleep(0);
      assert.equal(log, []);
      ready = true;
      await condition.with(() => condition.notify());
      await sleep(0);

      assert.equal(log, ['ready']);
      assert.ok(task.result());
    },
    { cpython: [`${BASE}test_wait_for`] },
  );

  it(
    'returns what the predicate returns, and needs the lock only to wait',
    async () => {
      const condition = new Condition();

      assert.equal(await condition.waitFor(() => [1, 2, 3]), [1, 2, 3]);
      await rejects(
        condition.waitFor(() => false),
        RuntimeError,
      );
    },
    { cpython: [`${BASE}test_wait_for_unacquired`] },
  );

  it('throws what the predicate throws', async () => {
    const condition = new Condition();
    const error = new Error('boom');

    const failed = condition.with(() =>
      condition.waitFor(() => {
        throw error;
      }),
    );

    assert.is(await rejects(failed, Error), error);
    assert.not(condition.locked());
  });
});

loopBehaviour('Condition.notify', (it) => {
  it(
    'wakes n tasks, in the order of waiting',
    async () => {
      const condition = new Condition();
      const log: string[] = [];
      const tasks = ['1', '2', '3'].map((name) => waiter(condition, name, log));
      await sleep(0);

      await condition.with(() => condition.notify(1));
      await sleep(0);
      assert.equal(log, ['1']);
      await condition.with(() => {
        condition.notify(1);
        condition.notify(2048);
      });
      for (const task of tasks) await task;

      assert.equal(log, ['1', '2', '3']);
    },
    { cpython: [`${BASE}test_notify`] },
  );

  it.resting(
    'needs the lock',
    () => {
      throws(() => new Condition().notify(), RuntimeError, {
        message: 'cannot notify on un-acquired lock',
      });
    },
    { cpython: [`${BASE}test_notify_unacquired`] },
  );
});

loopBehaviour('Condition.notifyAll', (it) => {
  it(
    'wakes all tasks',
    async () => {
      const condition = new Condition();
      const log: string[] = [];
      const tasks = ['1', '2'].map((name) => waiter(condition, name, log));
      await sleep(0);

      await condition.with(() => condition.notifyAll());
      for (const task of tasks) await task;

      assert.equal(log, ['1', '2']);
    },
    { cpython: [`${BASE}test_notify_all`] },
  );

  it.resting(
    'needs the lock',
    () => {
      throws(() => new Condition().notifyAll(), RuntimeError, {
        message: 'cannot notify on un-acquired lock',
      });
    },
    { cpython: [`${BASE}test_notify_all_unacquired`] },
  );
});
