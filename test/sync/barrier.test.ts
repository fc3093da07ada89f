import * as assert from 'uvu/assert';
import {
  Barrier,
  BrokenBarrierError,
  CancelledError,
  createTask,
  gather,
  isException,
  RuntimeError,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_locks.py::BarrierTests::';
/** How many parties most barriers here have. */
const N = 5;

/** So many tasks of one function, as CPython's tests make them. */
function makeTasks<T>(count: number, body: () => Promise<T>): Task<T>[] {
  return Array.from({ length: count }, () => createTask(body));
}

/** Awaits all of `tasks`. */
async function all<T>(tasks: Task<T>[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task);
  return results;
}

/** What stands between the brackets of the printed form. */
function form(barrier: Barrier): string | undefined {
  return /\[(.*)\]>$/.exec(String(barrier))?.[1];
}

/** Nobody is in it, and it fills again. */
function isAtRest(barrier: Barrier): void {
  assert.is(form(barrier), `filling, waiters:0/${barrier.parties}`);
  assert.is(barrier.nWaiting, 0);
  assert.not(barrier.broken);
}

/** Waits at `barrier`; did it break? */
async function breaks(barrier: Barrier): Promise<boolean> {
  try {
    await barrier.wait();
    return false;
  } catch (error) {
    if (!(error instanceof BrokenBarrierError)) throw error;
    return true;
  }
}

loopBehaviour('Barrier', (it) => {
  it(
    'prints its state, and how many parties wait',
    async () => {
      const barrier = new Barrier(N);
      assert.match(
        String(barrier),
        /^<asyncio\.locks\.Barrier object at 0x[0-9a-f]+ \[filling, waiters:0\/5\]>$/,
      );
      const tasks: Task<boolean>[] = [];
      const come = async (count: number): Promise<void> => {
        tasks.push(...makeTasks(count, () => breaks(barrier)));
        await sleep(0);
      };

      await come(2);
      assert.is(form(barrier), 'filling, waiters:2/5');
      await come(3);
      assert.is(form(barrier), 'draining, waiters:0/5');
      await come(2);
      await barrier.reset();
      assert.is(form(barrier), 'resetting, waiters:0/5');
      await come(2);
      await barrier.abort();
      assert.is(form(barrier), 'broken');

      assert.ok(barrier.broken);
      await all(tasks);
    },
    { cpython: [`${BASE}test_repr`] },
  );

  it.resting(
    'needs at least one party',
    () => {
      for (const wrong of [0, -4])
        throws(() => new Barrier(wrong), RangeError, { message: 'parties must be > 0' });
      throws(() => new Barrier(1.5), RangeError, {
        message: 'parties must be an integer >= 1, got 1.5',
      });
      throws(() => new Barrier('2' as never), TypeError, {
        message: "parties must be a number, got '2'",
      });
      assert.is(new Barrier(N).parties, N);
    },
    { cpython: [`${BASE}test_barrier_parties`] },
  );
});

loopBehaviour('Barrier.wait', (it) => {
  it(
    'gives each party its own number',
    async () => {
      const barrier = new Barrier(3);

      const indexes = await all(makeTasks(3, () => barrier.wait()));

      assert.equal(indexes.sort(), [0, 1, 2]);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_context_manager`] },
  );

  it(
    'does not wait if there is only one party',
    async () => {
      const barrier = new Barrier(1);

      assert.is(await barrier.wait(), 0);

      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_one_task`] },
  );

  it(
    'starts again for each round',
    async () => {
      const barrier = new Barrier(1);
      const tasks: Task<number>[] = [];

      for (let round = 0; round < 2; round += 1) {
        tasks.push(createTask(barrier.wait()));
        await sleep(0);
        assert.is(barrier.nWaiting, 0);
      }

      assert.equal(
        tasks.map((task) => task.result()),
        [0, 0],
      );
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_one_task_twice`] },
  );

  it(
    'waits for the last party',
    async () => {
      const barrier = new Barrier(3);
      const tasks: Task<number>[] = [];

      for (const waiting of [1, 2]) {
        tasks.push(createTask(barrier.wait()));
        await sleep(0);
        assert.is(barrier.nWaiting, waiting);
        assert.is(form(barrier), `filling, waiters:${waiting}/3`);
      }
      tasks.push(createTask(barrier.wait()));
      await all(tasks);

      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_task_by_task`] },
  );

  it(
    'can be used again by tasks that have passed it',
    async () => {
      const barrier = new Barrier(N);
      const results: boolean[] = [];

      await all(
        makeTasks(N, async () => {
          await barrier.wait();
          results.push(true);
          await barrier.wait();
          results.push(false);
        }),
      );

      assert.is(results.length, 2 * N);
      assert.is(results.filter((first) => first).length, N);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_tasks_wait_twice`] },
  );

  it(
    'gives the numbers again in the second round',
    async () => {
      const barrier = new Barrier(N);

      const indexes = await all(
        makeTasks(N, async () => {
          await barrier.wait();
          return await barrier.wait();
        }),
      );

      assert.equal(indexes.sort(), [0, 1, 2, 3, 4]);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_tasks_check_return_value`] },
  );

  it(
    'drains until the last task has left',
    async () => {
      const barrier = new Barrier(N);

      const seen: boolean[] = [];
      await all(
        makeTasks(N, async () => {
          await barrier.wait();
          seen.push(String(barrier).includes('draining'));
        }),
      );

      assert.equal(seen, [true, true, true, true, false]);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_draining_state`] },
  );

  it(
    'holds up tasks that arrive while it drains',
    async () => {
      const barrier = new Barrier(N);
      const others = new Barrier(N - 2);
      let again = 2;

      // Ends only if exactly three tasks wait at the other barrier.
      const tasks = makeTasks(N, async () => {
        await barrier.wait();
        if (again > 0) again -= 1;
        else await others.wait();
        await barrier.wait();
      });
      await all(tasks);

      isAtRest(barrier);
      isAtRest(others);
    },
    { cpython: [`${BASE}test_blocking_tasks_while_draining`] },
  );

  it(
    'gives the place of a cancelled task to another one',
    async () => {
      const barrier = new Barrier(3);
      const t1 = createTask(barrier.wait());
      const tasks = [createTask(barrier.wait())];
      await sleep(0);
      assert.is(barrier.nWaiting, 2);

      t1.cancel();
      await sleep(0);
      assert.is(barrier.nWaiting, 1);
      await rejects(t1, CancelledError);
      tasks.push(createTask(barrier.wait()));
      await sleep(0);
      assert.is(barrier.nWaiting, 2);
      tasks.push(createTask(barrier.wait()));

      assert.is((await all(tasks)).length, 3);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_filling_tasks_cancel_one`] },
  );
});

loopBehaviour('Barrier.reset', (it) => {
  it(
    'does nothing if no task waits',
    async () => {
      const barrier = new Barrier(1);

      const task = createTask(barrier.reset());
      await sleep(0);

      assert.ok(task.done());
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier`] },
  );

  it(
    'interrupts waiting tasks',
    async () => {
      const barrier = new Barrier(N);
      const tasks = makeTasks(N - 1, () => rejects(barrier.wait(), BrokenBarrierError));
      await sleep(0);

      createTask(barrier.reset());
      const errors = await all(tasks);

      assert.ok(errors.every(({ message }) => message === 'Abort or reset of barrier'));
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier_while_tasks_waiting`] },
  );

  it(
    'interrupts tasks that have not left yet',
    async () => {
      const barrier = new Barrier(N);
      let passed = 0;

      const broken = await all(
        makeTasks(N, async () => {
          if (await breaks(barrier)) return true;
          passed += 1;
          if (passed === N - 2) await barrier.reset();
          return false;
        }),
      );

      assert.is(broken.filter((each) => each).length, 2);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier_when_tasks_half_draining`] },
  );

  it(
    'can be filled by tasks that arrived while it drained',
    async () => {
      const barrier = new Barrier(N);
      const broken: string[] = [];
      let count = 0;

      await all(
        makeTasks(N, async () => {
          if (await breaks(barrier)) {
            broken.push('inside');
            await barrier.wait();
            return;
          }
          count += 1;
          if (count > 2) {
            await barrier.reset();
            await barrier.wait();
          } else if (await breaks(barrier)) broken.push('outside');
        }),
      );

      assert.equal(broken, ['inside', 'inside']);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier_when_tasks_half_draining_half_blocking`] },
  );

  it(
    'lets tasks wait again that it has interrupted',
    async () => {
      const barrier = new Barrier(N);
      const log: string[] = [];
      const tasks = makeTasks(N - 1, async () => {
        if (await breaks(barrier)) log.push('broken');
        await barrier.wait();
        log.push('passed');
      });

      createTask(barrier.reset());
      await sleep(0);
      tasks.push(createTask(async () => void log.push(String(await barrier.wait()))));
      await all(tasks);

      assert.equal(
        log.filter((each) => each === 'broken'),
        ['broken', 'broken', 'broken', 'broken'],
      );
      assert.is(log.length, 2 * N - 1);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier_while_tasks_waiting_and_waiting_again`] },
  );

  it(
    'does not interrupt tasks that are held up',
    async () => {
      const barrier = new Barrier(N);
      const broken: boolean[] = [];
      let count = 0;

      await all(
        makeTasks(N, async () => {
          await barrier.wait();
          count += 1;
          if (count === N) {
            await barrier.reset();
            await barrier.wait();
          } else broken.push(await breaks(barrier));
          await barrier.wait();
        }),
      );

      assert.equal(broken, [false, false, false, false]);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_reset_barrier_while_tasks_draining`] },
  );
});

loopBehaviour('Barrier.abort', (it) => {
  it(
    'breaks it for tasks that arrive later',
    async () => {
      const barrier = new Barrier(1);

      createTask(barrier.abort());
      await sleep(0);

      assert.is(barrier.nWaiting, 0);
      assert.ok(barrier.broken);
      await rejects(barrier.wait(), BrokenBarrierError, { message: 'Barrier aborted' });
    },
    { cpython: [`${BASE}test_abort_barrier`] },
  );

  it(
    'interrupts tasks that have not left yet, and those that are held up',
    async () => {
      const barrier = new Barrier(N);
      const broken: string[] = [];
      let count = 0;

      await all(
        makeTasks(N, async () => {
          if (await breaks(barrier)) {
            broken.push('inside');
            return;
          }
          count += 1;
          if (count > 2) await barrier.abort();
          else if (await breaks(barrier)) broken.push('outside');
        }),
      );

      assert.equal(broken.sort(), ['inside', 'inside', 'outside', 'outside']);
      assert.is(form(barrier), 'broken');
      assert.is(barrier.nWaiting, 0);
    },
    { cpython: [`${BASE}test_abort_barrier_when_tasks_half_draining_half_blocking`] },
  );

  it(
    'is how a failed task releases the others',
    async () => {
      const barrier = new Barrier(N);
      const log: string[] = [];

      await all(
        makeTasks(N, async () => {
          try {
            if ((await barrier.wait()) === 2) throw new TypeError('boom');
            await barrier.wait();
            log.push('passed');
          } catch (error) {
            if (error instanceof BrokenBarrierError) log.push('broken');
            else await barrier.abort();
          }
        }),
      );

      assert.equal(log, ['broken', 'broken', 'broken', 'broken']);
      assert.ok(barrier.broken);
      assert.is(barrier.nWaiting, 0);
    },
    { cpython: [`${BASE}test_abort_barrier_when_exception`] },
  );

  it(
    'is undone by a reset',
    async () => {
      const [barrier, meeting] = [new Barrier(N), new Barrier(N)];
      const log: string[] = [];

      await all(
        makeTasks(N, async () => {
          try {
            if ((await barrier.wait()) === 2) throw new TypeError('boom');
            await barrier.wait();
            log.push('passed');
          } catch (error) {
            if (error instanceof BrokenBarrierError) log.push('broken');
            else await barrier.abort();
          }
          if ((await meeting.wait()) === 2) await barrier.reset();
          await meeting.wait();
          await barrier.wait();
          log.push('at the end');
        }),
      );

      assert.equal(log.slice(0, 4), ['broken', 'broken', 'broken', 'broken']);
      assert.is(log.filter((each) => each === 'at the end').length, N);
      isAtRest(barrier);
    },
    { cpython: [`${BASE}test_abort_barrier_when_exception_then_resetting`] },
  );
});

loopBehaviour('Barrier', (it) => {
  it('gives each task its own number, even after a cancel', async () => {
    const barrier = new Barrier(4);
    const join = () => createTask(barrier.wait());
    for (let round = 0; round < 2; round += 1) {
      const waiting = [join(), join(), join()];
      await sleep(0);
      waiting[0]?.cancel();
      waiting[1]?.cancel();
      await sleep(0.1);
      const others = [join(), join(), join()];

      const numbers = await gather(waiting[2] as Task<number>, ...others);

      assert.equal(numbers.sort(), [0, 1, 2, 3]);
      isAtRest(barrier);
    }
  });
});

loopBehaviour('BrokenBarrierError', (it) => {
  it.resting('is a RuntimeError with its own name', () => {
    const error = new BrokenBarrierError('why');

    assert.instance(error, RuntimeError);
    assert.ok(isException(error));
    assert.is(String(error), 'BrokenBarrierError: why');
  });
});
