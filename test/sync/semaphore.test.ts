import * as assert from 'uvu/assert';
import {
  BoundedSemaphore,
  CancelledError,
  createTask,
  newEventLoop,
  RuntimeError,
  Semaphore,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_locks.py::SemaphoreTests::';

/** A task that takes a place, notes it, and keeps the place. */
function taker(semaphore: Semaphore, name: string, log: string[]): Task<boolean> {
  return createTask(async () => {
    await semaphore.acquire();
    log.push(name);
    return true;
  });
}

/** What stands between the brackets of the printed form. */
function form(semaphore: Semaphore): string | undefined {
  return /\[(.*)\]>$/.exec(String(semaphore))?.[1];
}

loopBehaviour('Semaphore', (it) => {
  it.resting(
    'may start at zero',
    () => {
      assert.ok(new Semaphore(0).locked());
    },
    { cpython: [`${BASE}test_initial_value_zero`] },
  );

  it.resting(
    'refuses a wrong initial value',
    () => {
      throws(() => new Semaphore(-1), RangeError, {
        message: 'Semaphore initial value must be >= 0',
      });
      for (const wrong of [1.5, Number.NaN])
        throws(() => new Semaphore(wrong), RangeError, {
          message:
            /^Semaphore initial value must be (?:a number|an integer >= 0, or Infinity), got /,
        });
      throws(() => new Semaphore('1' as never), TypeError, {
        message: "Semaphore initial value must be a number, got '1'",
      });
    },
    { cpython: [`${BASE}test_semaphore_value`] },
  );

  it('may have any initial value', async () => {
    const semaphore = new Semaphore(Number.POSITIVE_INFINITY);

    await semaphore.acquire();

    assert.not(semaphore.locked());
  });

  it(
    'prints its value, and the number of waiters',
    async () => {
      const semaphore = new Semaphore();
      assert.match(
        String(semaphore),
        /^<asyncio\.locks\.Semaphore object at 0x[0-9a-f]+ \[unlocked, value:1\]>$/,
      );

      await semaphore.acquire();
      assert.is(form(semaphore), 'locked');
      const tasks = [createTask(semaphore.acquire()), createTask(semaphore.acquire())];
      await sleep(0);
      assert.is(form(semaphore), 'locked, waiters:2');

      for (const task of tasks) {
        semaphore.release();
        await task;
      }
    },
    { cpython: [`${BASE}test_repr`] },
  );

  it.resting('belongs to the loop on which a task first waited', async (loop) => {
    const semaphore = new Semaphore(0);
    await loop.runUntilComplete(async () => {
      const task = createTask(semaphore.acquire());
      await sleep(0);
      semaphore.release();
      await task;
    });
    const other = newEventLoop();

    try {
      await rejects(other.runUntilComplete(semaphore.acquire()), RuntimeError, {
        message: / \[locked\]> is bound to a different event loop$/,
      });
    } finally {
      other.close();
    }
  });
});

loopBehaviour('Semaphore.acquire', (it) => {
  it(
    'acquires, or waits in the order of the calls',
    async () => {
      const semaphore = new Semaphore(3);
      const log: string[] = [];
      assert.is(await semaphore.acquire(), true);
      assert.is(await semaphore.acquire(), true);
      assert.not(semaphore.locked());
      const tasks = ['1', '2', '3'].map((name) => taker(semaphore, name, log));
      await sleep(0);
      assert.equal(log, ['1']);
      assert.is(form(semaphore), 'locked, waiters:2');

      tasks.push(taker(semaphore, '4', log));
      semaphore.release();
      semaphore.release();
      await sleep(0);

      assert.equal(log, ['1', '2', '3']);
      assert.is(form(semaphore), 'locked, waiters:1');
      semaphore.release();
      await tasks[3];
    },
    { cpython: [`${BASE}test_acquire`] },
  );

  it('takes nothing before it is awaited', async () => {
    const semaphore = new Semaphore(1);

    const call = semaphore.acquire();

    assert.not(semaphore.locked());
    await call;
    assert.ok(semaphore.locked());
  });

  it(
    'keeps no place in the queue when the waiting task is cancelled',
    async (loop) => {
      const semaphore = new Semaphore();
      await semaphore.acquire();
      const task = createTask(semaphore.acquire());

      loop.callSoon(() => task.cancel());
      await rejects(task, CancelledError);

      assert.is(form(semaphore), 'locked');
    },
    { cpython: [`${BASE}test_acquire_cancel`] },
  );

  it(
    'serves the first task that was not cancelled',
    async () => {
      const semaphore = new Semaphore(0);
      const tasks = [1, 2, 3, 4].map(() => createTask(semaphore.acquire()));
      const [t1, t2, t3, t4] = tasks as [Task<true>, Task<true>, Task<true>, Task<true>];
      await sleep(0);

      t1.cancel();
      t2.cancel();
      semaphore.release();
      await sleep(0);
      await sleep(0);

      assert.ok(t3.done());
      assert.not(t4.done());
      t4.cancel();
      await rejects(t4, CancelledError);
    },
    { cpython: [`${BASE}test_acquire_cancel_before_awoken`] },
  );

  it(
    'does not hang after a cancelled task',
    async () => {
      const semaphore = new Semaphore(0);
      const [t1, t2] = [createTask(semaphore.acquire()), createTask(semaphore.acquire())];
      await sleep(0);

      t1.cancel();
      semaphore.release();
      await sleep(0);
      await sleep(0);

      assert.ok(semaphore.locked());
      assert.ok(t2.done());
    },
    { cpython: [`${BASE}test_acquire_hang`] },
  );

  it(
    'releases what a woken task had when it was cancelled',
    async () => {
      const semaphore = new Semaphore(1);
      const t2Log: string[] = [];
      const t1 = createTask(async () => {
        await semaphore.with(() => sleep(0));
        t2.cancel();
      });
      const t2 = createTask(() => semaphore.with(() => void t2Log.push('in')));

      await t1;
      await rejects(t2, CancelledError);

      assert.equal(t2Log, []);
      assert.ok(await semaphore.acquire());
    },
    { cpython: [`${BASE}test_acquire_no_hang`] },
  );

  it(
    'alternates between tasks that acquire again',
    async () => {
      const semaphore = new Semaphore(1);
      const log: string[] = [];
      const twice = async (name: string): Promise<void> => {
        for (const round of [1, 2]) {
          await semaphore.acquire();
          log.push(`${name}_${round}`);
          await sleep(0.01);
          semaphore.release();
        }
      };

      const tasks = ['c1', 'c2', 'c3'].map((name) => createTask(() => twice(name)));
      for (const task of tasks) await task;

      assert.equal(log, ['c1_1', 'c2_1', 'c3_1', 'c1_2', 'c2_2', 'c3_2']);
    },
    { cpython: [`${BASE}test_acquire_fifo_order`] },
  );

  it(
    'puts a task that acquires again behind the waiting ones',
    async () => {
      const semaphore = new Semaphore(1);
      const log: string[] = [];
      const tasks = [taker(semaphore, '1', log)];
      tasks.push(
        createTask(async () => {
          await semaphore.acquire();
          log.push('2');
          semaphore.release();
          await semaphore.acquire();
          log.push('4');
          return true;
        }),
        taker(semaphore, '3', log),
      );
      await sleep(0);

      semaphore.release();
      semaphore.release();
      for (const task of tasks) await task;

      assert.equal(log, ['1', '2', '3', '4']);
    },
    { cpython: [`${BASE}test_acquire_fifo_order_2`] },
  );

  it(
    'skips a task that was cancelled a turn ago',
    async () => {
      const semaphore = new Semaphore(0);
      const log: string[] = [];
      const [t1, t2, t3] = ['1', '2', '3'].map((name) => taker(semaphore, name, log));
      await sleep(0);
      t1?.cancel();
      await sleep(0);

      semaphore.release();
      semaphore.release();
      await t2;
      await t3;

      assert.equal(log, ['2', '3']);
    },
    { cpython: [`${BASE}test_acquire_fifo_order_3`] },
  );

  it(
    'wakes all tasks that can acquire when one continues',
    async () => {
      const semaphore = new Semaphore(0);
      const log: string[] = [];
      const tasks = [
        createTask(async () => {
          await semaphore.acquire();
          assert.is(form(semaphore), 'locked, waiters:2');
          tasks.push(createTask(async () => void log.push('4')));
          log.push('1');
        }),
        createTask(async () => {
          for (let n = 0; n < 3; n += 1) semaphore.release();
          assert.ok(semaphore.locked());
          await semaphore.acquire();
          log.push('2');
        }),
        createTask(async () => {
          await semaphore.acquire();
          assert.ok(semaphore.locked());
          log.push('3');
        }),
      ];

      await sleep(0);
      assert.is(form(semaphore), 'locked, waiters:3');
      await sleep(0);
      for (const task of tasks) await task;

      assert.equal(log, ['1', '2', '3', '4']);
    },
    { cpython: ['test_locks.py::SemaphoreTests::test_acquire_fifo_order_4'] },
  );
});

loopBehaviour('Semaphore.release', (it) => {
  it(
    'releases it',
    async () => {
      const semaphore = new Semaphore();
      await semaphore.acquire();
      assert.ok(semaphore.locked());

      semaphore.release();

      assert.not(semaphore.locked());
    },
    { cpython: [`${BASE}test_release_no_waiters`] },
  );

  it.resting('may exceed the initial value', () => {
    const semaphore = new Semaphore(1);

    semaphore.release();

    assert.is(form(semaphore), 'unlocked, value:2');
  });
});

loopBehaviour('BoundedSemaphore.release', (it) => {
  it.resting(
    'refuses to exceed the initial value',
    () => {
      const semaphore = new BoundedSemaphore();

      throws(() => semaphore.release(), RangeError, {
        message: 'BoundedSemaphore released too many times',
      });
      assert.match(String(semaphore), /^<asyncio\.locks\.BoundedSemaphore object at .*value:1\]>$/);
    },
    { cpython: [`${BASE}test_release_not_acquired`] },
  );

  it('releases what was acquired', async () => {
    const semaphore = new BoundedSemaphore(2);
    await semaphore.acquire();

    semaphore.release();

    assert.is(form(semaphore), 'unlocked, value:2');
  });
});

loopBehaviour('Semaphore.with', (it) => {
  it('holds it while the body runs', async () => {
    const semaphore = new Semaphore(1);

    const given = await semaphore.with(() => semaphore.locked());

    assert.is(given, true);
    assert.not(semaphore.locked());
  });
});
