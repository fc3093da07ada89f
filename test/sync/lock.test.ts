import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  iscoroutine,
  Lock,
  newEventLoop,
  RuntimeError,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_locks.py::LockTests::';

/** A task that acquires `lock`, notes it, and keeps the lock. */
function acquirer(lock: Lock, name: string, log: string[]): Task<boolean> {
  return createTask(async () => {
    const given = await lock.acquire();
    log.push(name);
    return given;
  });
}

/** A task that holds `lock` for a moment, and notes it. */
function holder(lock: Lock, name: string, log: string[]): Task<void> {
  return createTask(() => lock.with(() => void log.push(name)));
}

loopBehaviour('Lock', (it) => {
  it.resting('can be created without a running loop', () => {
    assert.not(new Lock().locked());
  });

  it(
    'prints whether it is locked, and the number of waiters',
    async () => {
      const lock = new Lock();
      assert.match(String(lock), /^<asyncio\.locks\.Lock object at 0x[0-9a-f]+ \[unlocked\]>$/);

      await lock.acquire();
      assert.match(String(lock), / \[locked\]>$/);
      const [first, second] = [createTask(lock.acquire()), createTask(lock.acquire())];
      await sleep(0);
      assert.match(String(lock), / \[locked, waiters:2\]>$/);
      lock.release();
      assert.match(String(lock), / \[unlocked, waiters:2\]>$/);

      await first;
      lock.release();
      await second;
    },
    { cpython: [`${BASE}test_repr`] },
  );

  it('prints with an identity of its own, which does not change', async () => {
    const [one, other] = [new Lock(), new Lock()];

    assert.is.not(String(one), String(other));
    assert.is(String(one), String(one));
  });

  it.resting('belongs to the loop on which a task first waited', async (loop) => {
    const lock = new Lock();
    const contend = async (): Promise<void> => {
      await lock.acquire();
      const waiter = createTask(lock.acquire());
      await sleep(0);
      lock.release();
      await waiter;
    };
    await loop.runUntilComplete(contend);
    const other = newEventLoop();

    try {
      const error = await rejects(other.runUntilComplete(lock.acquire()), RuntimeError);

      assert.match(error.message, /^<asyncio\.locks\.Lock object at .*\[locked\]> is bound to a/);
      assert.match(error.message, / is bound to a different event loop$/);
      lock.release();
      assert.ok(await other.runUntilComplete(lock.acquire()));
    } finally {
      other.close();
    }
  });
});

loopBehaviour('Lock.acquire', (it) => {
  it(
    'gives the lock to tasks in the order of their calls, a turn after its release',
    async () => {
      const lock = new Lock();
      const log: string[] = [];
      assert.is(await lock.acquire(), true);
      const tasks = [acquirer(lock, '1', log), acquirer(lock, '2', log)];
      await sleep(0);
      assert.equal(log, []);

      lock.release();
      await sleep(0);
      assert.equal(log, ['1']);
      await sleep(0);
      assert.equal(log, ['1']);
      tasks.push(acquirer(lock, '3', log));
      lock.release();
      await sleep(0);
      assert.equal(log, ['1', '2']);
      lock.release();
      await sleep(0);

      assert.equal(log, ['1', '2', '3']);
      assert.ok(tasks.every((task) => task.done() && task.result()));
    },
    { cpython: [`${BASE}test_acquire`] },
  );

  it('takes no turn if the lock is free', async (loop) => {
    const lock = new Lock();
    let turned = false;
    loop.callSoon(() => {
      turned = true;
    });

    await lock.acquire();

    assert.not(turned);
    await sleep(0);
  });

  it('acquires nothing before it is awaited', async () => {
    const lock = new Lock();

    const call = lock.acquire();

    assert.ok(iscoroutine(call));
    assert.is(String(call), '<coroutine object Lock.acquire>');
    assert.not(lock.locked());
    await call;
    assert.ok(lock.locked());
  });

  it('cannot be awaited twice', async () => {
    const lock = new Lock();
    const call = lock.acquire();
    await call;

    await rejects(call, RuntimeError, { message: 'cannot reuse already awaited coroutine' });
  });

  it('acquires when it is awaited, and continues at once if it is free', async () => {
    const lock = new Lock();
    const log: unknown[] = [];
    const acquire = async (): Promise<void> => {
      await lock.acquire();
      log.push('acquired');
    };
    const acquiring = acquire();
    log.push(lock.locked());
    queueMicrotask(() => log.push('a later microtask'));
    await acquiring;
    await sleep(0);
    assert.equal(log, [true, 'acquired', 'a later microtask']);
  });

  it('can be used with `then()`, once', async () => {
    const lock = new Lock();
    const call = lock.acquire();
    assert.equal(await Promise.all([call.then((given) => [given]), 1]), [[true], 1]);
    await rejects(
      call.finally(() => {}),
      RuntimeError,
      { message: 'cannot reuse already awaited coroutine' },
    );
  });

  it('starts when it is yielded, or awaited in an array', async () => {
    const lock = new Lock();
    const log: unknown[] = [];
    async function* yielding(): AsyncGenerator<boolean> {
      yield lock.acquire() as unknown as boolean;
    }
    for await (const given of yielding()) log.push(given);
    lock.release();
    for await (const given of [lock.acquire()]) log.push(given);
    lock.release();
    assert.equal(log, [true, true]);

    await lock.acquire();
    const waiting = createTask(async () => {
      for await (const given of [lock.acquire()]) log.push(given);
    });
    await sleep(0);
    assert.match(String(lock), /waiters:1/);
    waiting.cancel();
    await rejects(waiting, CancelledError);
    assert.match(String(lock), /\[locked\]>$/);
    lock.release();
  });

  it('is a promise for Promise.resolve(), whose outcome stays the same however often it is awaited', async () => {
    const lock = new Lock();
    const call = lock.acquire();
    const promise = Promise.resolve(call);
    await sleep(0);
    assert.not(lock.locked());
    assert.equal([await promise, await promise], [true, true]);
    assert.ok(lock.locked());
  });

  it('does not start when it is printed', async () => {
    const lock = new Lock();
    const call = lock.acquire();
    assert.is(inspect(call), '<coroutine object Lock.acquire>');
    await sleep(0);
    assert.not(lock.locked());
    await call;
  });

  it('lets no task overtake between a release and the turn of the next one', async () => {
    const lock = new Lock();
    const log: string[] = [];
    await lock.acquire();
    const waiter = acquirer(lock, 'waiter', log);
    await sleep(0);

    lock.release();
    assert.not(lock.locked());
    const late = acquirer(lock, 'late', log);
    await waiter;
    lock.release();
    await late;

    assert.equal(log, ['waiter', 'late']);
  });

  it(
    'keeps no place in the queue when the waiting task is cancelled',
    async (loop) => {
      const lock = new Lock();
      await lock.acquire();
      const task = createTask(lock.acquire());

      loop.callSoon(() => task.cancel());
      await rejects(task, CancelledError);

      assert.match(String(lock), / \[locked\]>$/);
    },
    { cpython: [`${BASE}test_acquire_cancel`] },
  );

  it(
    'is passed on by a task that is cancelled at the time of the release',
    async () => {
      const lock = new Lock();
      const log: string[] = [];
      await lock.acquire();
      const [b, c] = [holder(lock, 'b', log), holder(lock, 'c', log)];
      await sleep(0);

      lock.release();
      b.cancel();
      await sleep(0);
      assert.not(lock.locked());
      assert.ok(b.cancelled());
      await c;

      assert.equal(log, ['c']);
    },
    { cpython: [`${BASE}test_cancel_race`] },
  );

  it(
    'is acquired once if one task is cancelled and the lock is released',
    async (loop) => {
      const lock = new Lock();
      const log: string[] = [];
      await lock.acquire();
      const [t1, t2, t3] = ['1', '2', '3'].map((name) => acquirer(lock, name, log)) as [
        Task<boolean>,
        Task<boolean>,
        Task<boolean>,
      ];
      await sleep(0);

      loop.callSoon(() => {
        t1.cancel();
        lock.release();
      });
      await rejects(t1, CancelledError);

      assert.equal(log, ['2']);
      assert.ok(t2.done());
      t3.cancel();
      await sleep(0);
      assert.ok(t3.cancelled());
    },
    { cpython: [`${BASE}test_cancel_release_race`] },
  );

  it(
    'is acquired by a new task when all waiting ones are cancelled',
    async () => {
      const lock = new Lock();
      await lock.acquire();
      const cancelled = createTask(lock.acquire());
      await sleep(0);

      const late = createTask(lock.acquire());
      cancelled.cancel();
      lock.release();
      await sleep(0);

      assert.ok(lock.locked());
      assert.ok(cancelled.cancelled());
      await late;
    },
    { cpython: [`${BASE}test_finished_waiter_cancelled`] },
  );

  it('does not acquire the lock if its task is cancelled before it starts', async () => {
    const lock = new Lock();
    const task = createTask(lock.acquire());

    task.cancel();
    await rejects(task, CancelledError);

    assert.not(lock.locked());
  });

  it('gives the lock to a woken task whose cancel is withdrawn', async () => {
    const lock = new Lock();
    await lock.acquire();
    const task = createTask(lock.acquire());
    await sleep(0);

    lock.release();
    task.cancel();
    task.uncancel();

    assert.ok(await task);
    assert.ok(lock.locked());
  });

  it('throws the message of the cancel', async () => {
    const lock = new Lock();
    await lock.acquire();
    const [waiting, woken] = [createTask(lock.acquire()), createTask(lock.acquire())];
    await sleep(0);

    waiting.cancel('waiting');
    await rejects(waiting, CancelledError, { message: 'waiting' });
    lock.release();
    woken.cancel('woken');

    await rejects(woken, CancelledError, { message: 'woken' });
    assert.not(lock.locked());
  });

  it('can be awaited several times in one Promise.all()', async () => {
    const [one, other] = [new Lock(), new Lock()];
    await Promise.all([one.acquire(), other.acquire()]);
    const task = createTask(async () => {
      await Promise.all([one.acquire(), other.acquire()]);
    });
    await sleep(0);

    task.cancel();
    await rejects(task, CancelledError);

    assert.match(String(one), / \[locked\]>$/);
    assert.match(String(other), / \[locked\]>$/);
  });
});

loopBehaviour('Lock.release', (it) => {
  it.resting(
    'refuses if the lock is not held',
    () => {
      throws(() => new Lock().release(), RuntimeError, { message: 'Lock is not acquired.' });
    },
    { cpython: [`${BASE}test_release_not_acquired`] },
  );

  it(
    'unlocks',
    async () => {
      const lock = new Lock();
      await lock.acquire();

      lock.release();

      assert.not(lock.locked());
    },
    { cpython: [`${BASE}test_release_no_waiters`] },
  );
});

loopBehaviour('Lock.with', (it) => {
  it(
    'holds the lock while the body runs',
    async () => {
      const lock = new Lock();

      const given = await lock.with(async () => {
        await sleep(0);
        return lock.locked();
      });

      assert.is(given, true);
      assert.not(lock.locked());
    },
    { cpython: [`${BASE}test_context_manager`] },
  );

  it('releases when the body fails', async () => {
    const lock = new Lock();
    const error = new Error('boom');

    const failed = lock.with(() => {
      throw error;
    });

    assert.is(await rejects(failed, Error), error);
    assert.not(lock.locked());
  });

  it('does not call the body when the wait is cancelled', async () => {
    const lock = new Lock();
    const log: string[] = [];
    await lock.acquire();
    const task = holder(lock, 'body', log);
    await sleep(0);

    task.cancel();
    await rejects(task, CancelledError);

    assert.equal(log, []);
    assert.ok(lock.locked());
  });
});
