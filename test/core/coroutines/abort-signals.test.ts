import { EventEmitter } from 'node:events';
import * as assert from 'uvu/assert';
import { CancelledError } from '../../../src/base/errors/errors.ts';
import { coroutine } from '../../../src/core/coroutines/coroutine.ts';
import { createTask } from '../../../src/core/coroutines/ensure-future.ts';
import { allTasks, currentTask, type Task } from '../../../src/core/coroutines/task.ts';
import { run } from '../../../src/runners/runner.ts';
import { Barrier } from '../../../src/sync/barrier.ts';
import { Condition } from '../../../src/sync/condition.ts';
import { Event } from '../../../src/sync/event.ts';
import { Lock } from '../../../src/sync/lock.ts';
import { Queue } from '../../../src/sync/queues/queue.ts';
import { Semaphore } from '../../../src/sync/semaphore.ts';
import { fromEvent } from '../../../src/tasks/from-event.ts';
import { gather } from '../../../src/tasks/groups/gather.ts';
import { taskGroup } from '../../../src/tasks/groups/task-group.ts';
import { waitFor } from '../../../src/tasks/limits/wait-for.ts';
import { sleep } from '../../../src/tasks/sleep.ts';
import { behaviour } from '../../support/behaviour.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

class Enough extends Error {}

/** The ways to wait under a signal, each for ever without it. */
const waits: Record<string, (signal: AbortSignal) => PromiseLike<unknown>> = {
  sleep: (signal) => sleep(1000, undefined, { signal }),
  waitFor: (signal) => waitFor(sleep(1000), undefined, { signal }),
  'waitFor of a function': (signal) => waitFor(() => sleep(1000), 1000, { signal }),
  gather: (signal) => gather(sleep(1000), () => sleep(1000), { signal }),
  fromEvent: (signal) => fromEvent(new EventEmitter(), 'never', { signal }),
  'Queue.get': (signal) => new Queue().get({ signal }),
  'Queue.put': (signal) => {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return queue.put(2, { signal });
  },
  'Queue.join': (signal) => {
    const queue = new Queue<number>();
    queue.putNowait(1);
    return queue.join({ signal });
  },
  'Lock.acquire': (signal) => held(new Lock()).acquire({ signal }),
  'Lock.with': (signal) => held(new Lock()).with(() => {}, { signal }),
  'Semaphore.acquire': (signal) => new Semaphore(0).acquire({ signal }),
  'Event.wait': (signal) => new Event().wait({ signal }),
  'Condition.acquire': (signal) => new Condition(held(new Lock())).acquire({ signal }),
  'Condition.wait': (signal) => held(new Condition()).wait({ signal }),
  'Condition.waitFor': (signal) => held(new Condition()).waitFor(() => false, { signal }),
  'Barrier.wait': (signal) => new Barrier(2).wait({ signal }),
};

/** One that is held. */
function held<T extends Lock | Condition>(lock: T): T {
  // Nobody has it: it is taken at once.
  void lock.acquire().then(() => {});
  return lock;
}

for (const [name, wait] of Object.entries(waits))
  loopBehaviour(`${name} with a signal`, (it) => {
    it('throws the reason when the signal is aborted, and leaves the task uncancelled', async (loop) => {
      const controller = new AbortController();
      loop.callLater(1, () => controller.abort(new Enough('enough')));

      await rejects(Promise.resolve(wait(controller.signal)), Enough);

      assert.is(loop.time(), 1001);
      assert.is(currentTask()?.cancelling(), 0);
      await sleep(0);
    });

    it('throws it at once if the signal is already aborted', async (loop) => {
      const signal = AbortSignal.abort(new Enough('before'));

      await rejects(Promise.resolve(wait(signal)), Enough);

      assert.is(loop.time(), 1000);
    });

    it("throws the platform's default if no reason was given", async (loop) => {
      const controller = new AbortController();
      loop.callLater(1, () => controller.abort());

      const error = await rejects(Promise.resolve(wait(controller.signal)), DOMException);

      assert.is(error.name, 'AbortError');
    });

    it('throws a cancel as usual, and forgets the signal', async () => {
      const controller = new AbortController();
      const task = createTask(async () => await wait(controller.signal));
      await sleep(1);

      task.cancel();

      await rejects(task, CancelledError);
      controller.abort(new Enough('late'));
      await sleep(0);
    });

    it('refuses anything but a signal, at once', async () => {
      const half = { aborted: false, addEventListener: () => {} };
      for (const wrong of [1, {}, new AbortController(), half])
        throws(() => wait(wrong as AbortSignal), TypeError, { message: /must be an AbortSignal/ });
    });
  });

loopBehaviour('A signal', (it) => {
  it('does not affect what is done', async () => {
    const controller = new AbortController();
    const queue = new Queue<string>();
    queue.putNowait('item');

    const { signal } = controller;
    const results = [
      await sleep(1, 'slept', { signal }),
      await waitFor(async () => 'waited', 1, { signal }),
      await gather(async () => 'gathered', { signal }),
      await queue.get({ signal }),
    ];
    controller.abort();
    await sleep(0);

    assert.equal(results, ['slept', 'waited', ['gathered'], 'item']);
  });

  it("may be the task's own signal: then the cancel is thrown", async () => {
    const task = createTask(async () => {
      await waitFor(sleep(10), undefined, { signal: currentTask()?.signal });
    });
    await sleep(1);

    task.cancel();

    await rejects(task, CancelledError);
    assert.is(task.cancelling(), 1);
  });

  it('loses no queue item that arrives in the turn of the abort', async () => {
    const controller = new AbortController();
    const queue = new Queue<number>();
    const task = createTask(async () => await queue.get({ signal: controller.signal }));
    await sleep(0);

    queue.putNowait(1);
    controller.abort(new Enough());

    const taken = await task.catch(() => 'aborted');
    assert.equal([taken, queue.qsize()], ['aborted', 1]);
  });

  it('leaves the lock to others when it interrupts the wait', async () => {
    const controller = new AbortController();
    const lock = new Lock();
    await lock.acquire();
    const first = createTask(async () => await lock.acquire({ signal: controller.signal }));
    const second = createTask(async () => await lock.acquire());
    await sleep(0);

    lock.release();
    controller.abort(new Enough());

    await rejects(first, Enough);
    assert.is(await second, true);
  });

  it('is thrown by a condition with the lock held', async () => {
    const controller = new AbortController();
    const condition = new Condition();
    const waiting = createTask(
      async () =>
        await condition.with(async () => {
          try {
            await condition.wait({ signal: controller.signal });
          } finally {
            assert.ok(condition.locked());
          }
        }),
    );
    await sleep(0);

    controller.abort(new Enough());

    await rejects(waiting, Enough);
    assert.not(condition.locked());
  });

  it('cancels a task that was made with it, for good', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const inGroup: Task<void>[] = [];
    const tasks = [
      createTask(async () => await sleep(10), { signal }),
      createTask(() => sleep(10), { signal, eagerStart: true }),
    ];
    const group = taskGroup(async (members) => {
      inGroup.push(members.createTask(async () => await sleep(10), { signal }));
    });
    const grouped = createTask(group);
    await sleep(1);

    controller.abort(new Enough());

    for (const task of tasks) await rejects(task, CancelledError);
    await grouped;
    assert.ok(inGroup[0]?.cancelled());
  });

  it('does not affect a task that is done', async () => {
    const controller = new AbortController();
    const task = createTask(async () => 'done', { signal: controller.signal });
    await task;

    controller.abort();

    assert.is(await task, 'done');
  });

  it('keeps a task from starting if it was aborted before', async () => {
    const begun: string[] = [];
    const body = coroutine(async () => void begun.push('begun'));

    const task = createTask(body(), { signal: AbortSignal.abort() });

    await rejects(task, CancelledError);
    assert.equal(begun, []);
  });

  it('is refused by createTask if it is not a signal, and no task is created', async () => {
    const before = allTasks().size;
    const body = async (): Promise<void> => {};

    throws(() => createTask(body, { signal: 1 as unknown as AbortSignal }), TypeError, {
      message: /must be an AbortSignal/,
    });

    assert.is(allTasks().size, before);
  });

  it('can interrupt hundreds of waits without a warning from Node', async (loop) => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: 300 }, () =>
      sleep(10, undefined, { signal }).catch(() => 'aborted'),
    );
    loop.callLater(1, () => controller.abort());

    const outcomes = await Promise.all(all);
    await new Promise((resolve) => setImmediate(resolve));

    process.off('warning', note);
    assert.is(new Set(outcomes).size, 1);
    assert.equal(warnings, []);
  });

  it('passes on another error that the body throws instead', async (loop) => {
    const controller = new AbortController();
    loop.callLater(1, () => controller.abort(new Enough()));

    const failing = waitFor(
      async () => {
        try {
          await sleep(10);
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what a program may do
          throw new RangeError('instead');
        }
      },
      undefined,
      { signal: controller.signal },
    );

    await rejects(failing, RangeError);
    assert.is(currentTask()?.cancelling(), 0);
  });

  it('closes a coroutine that will not start', async () => {
    const begun: string[] = [];
    const signal = AbortSignal.abort(new Enough());

    await rejects(
      waitFor(
        async () => {
          begun.push('begun');
        },
        1,
        { signal },
      ),
      Enough,
    );

    assert.equal(begun, []);
  });
});

behaviour('run with a signal', (it) => {
  it('cancels main when the signal is aborted, and throws the reason', async () => {
    const controller = new AbortController();
    const story: string[] = [];
    const main = async (): Promise<void> => {
      setImmediate(() => controller.abort(new Enough('stop')));
      try {
        await sleep(1000);
      } finally {
        story.push('cleaned up');
      }
    };

    await rejects(run(main, { signal: controller.signal }), Enough, { message: 'stop' });

    assert.equal(story, ['cleaned up']);
  });

  it('starts nothing if it was aborted before', async () => {
    const story: string[] = [];
    const main = async (): Promise<void> => void story.push('begun');

    await rejects(run(main, { signal: AbortSignal.abort(new Enough()) }), Enough);

    assert.equal(story, []);
  });

  it('returns what main returns despite it', async () => {
    const controller = new AbortController();
    const main = async (): Promise<string> => {
      setImmediate(() => controller.abort());
      await sleep(1000).catch(() => {});
      return 'all the same';
    };

    assert.is(await run(main, { signal: controller.signal }), 'all the same');
  });

  it('refuses anything but a signal', async () => {
    await rejects(
      run(async () => {}, { signal: 1 as unknown as AbortSignal }),
      TypeError,
    );
  });
});
