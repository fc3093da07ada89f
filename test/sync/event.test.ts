import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  Event,
  newEventLoop,
  RuntimeError,
  sleep,
  type Task,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const BASE = 'test_locks.py::EventTests::';

/** A task that waits for `event`, and notes what the wait gave. */
function waiter(event: Event, name: string, log: string[]): Task<void> {
  return createTask(async () => {
    log.push(`${name} ${await event.wait()}`);
  });
}

loopBehaviour('Event', (it) => {
  it(
    'prints whether it is set, and the number of waiters',
    async () => {
      const event = new Event();
      assert.match(String(event), /^<asyncio\.locks\.Event object at 0x[0-9a-f]+ \[unset\]>$/);
      const task = createTask(event.wait());
      await sleep(0);
      assert.match(String(event), / \[unset, waiters:1\]>$/);

      event.set();
      assert.match(String(event), / \[set, waiters:1\]>$/);
      await task;

      assert.match(String(event), / \[set\]>$/);
    },
    { cpython: [`${BASE}test_repr`] },
  );

  it.resting('belongs to the loop on which a task first waited', async (loop) => {
    const event = new Event();
    await loop.runUntilComplete(async () => {
      const task = waiter(event, 'first', []);
      await sleep(0);
      event.set();
      await task;
      event.clear();
    });
    const other = newEventLoop();

    try {
      await rejects(other.runUntilComplete(event.wait()), RuntimeError, {
        message: / \[unset\]> is bound to a different event loop$/,
      });
    } finally {
      other.close();
    }
  });
});

loopBehaviour('Event.wait', (it) => {
  it(
    'waits for the flag, and continues at once if it is set',
    async () => {
      const event = new Event();
      const log: string[] = [];
      const tasks = [waiter(event, '1', log), waiter(event, '2', log)];
      await sleep(0);
      assert.equal(log, []);

      tasks.push(waiter(event, '3', log));
      event.set();
      await sleep(0);

      assert.equal(log, ['3 true', '1 true', '2 true']);
      assert.ok(tasks.every((task) => task.done()));
    },
    { cpython: [`${BASE}test_wait`] },
  );

  it(
    'takes no turn if the flag is up',
    async (loop) => {
      const event = new Event();
      event.set();
      let turned = false;
      loop.callSoon(() => {
        turned = true;
      });

      assert.is(await event.wait(), true);

      assert.not(turned);
      await sleep(0);
    },
    { cpython: [`${BASE}test_wait_on_set`] },
  );

  it('checks the flag when its task starts', async () => {
    const event = new Event();
    event.set();
    const task = createTask(event.wait());

    event.clear();
    await sleep(0);

    assert.not(task.done());
    event.set();
    await task;
  });

  it(
    'keeps no place in the queue when the waiting task is cancelled',
    async (loop) => {
      const event = new Event();
      const task = createTask(event.wait());

      loop.callSoon(() => task.cancel());
      await rejects(task, CancelledError);

      assert.match(String(event), / \[unset\]>$/);
    },
    { cpython: [`${BASE}test_wait_cancel`] },
  );

  it('throws a cancel that comes between the set and the turn of the task', async () => {
    const event = new Event();
    const task = createTask(event.wait());
    await sleep(0);

    event.set();
    task.cancel();

    await rejects(task, CancelledError);
  });
});

loopBehaviour('Event.clear', (it) => {
  it.resting(
    'clears the flag',
    () => {
      const event = new Event();
      assert.not(event.isSet());
      event.set();
      assert.ok(event.isSet());

      event.clear();

      assert.not(event.isSet());
    },
    { cpython: [`${BASE}test_clear`] },
  );

  it(
    'does not hold back tasks that were woken while the flag was set',
    async () => {
      const event = new Event();
      const log: string[] = [];
      const task = waiter(event, 'waiter', log);
      await sleep(0);

      event.set();
      event.clear();
      assert.not(event.isSet());
      event.set();
      event.set();
      assert.match(String(event), / \[set, waiters:1\]>$/);
      await sleep(0);

      assert.equal(log, ['waiter true']);
      assert.match(String(event), / \[set\]>$/);
      assert.ok(task.done());
    },
    { cpython: [`${BASE}test_clear_with_waiters`] },
  );
});
