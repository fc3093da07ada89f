import * as assert from 'uvu/assert';
import {
  allTasks,
  CancelledError,
  coroutine,
  currentTask,
  type Future,
  RuntimeError,
  runCoroutineThreadsafe,
  sleep,
  Task,
  waitFor,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_tasks.py::RunCoroutineThreadsafeTests::';

const add = coroutine(async function add(a: number, b: number, then?: 'fail' | 'cancel') {
  await sleep(0.05);
  if (then === 'fail') throw new RuntimeError('Fail!');
  if (then === 'cancel') {
    currentTask()?.cancel();
    await sleep(0);
  }
  return a + b;
});

/** Calls as Node calls back: from outside of any task. */
function fromOutside<T>(call: () => Future<T>): Promise<Future<T>[]> {
  return new Promise((resolve) => {
    setImmediate(() => resolve([call()]));
  });
}

loopBehaviour('runCoroutineThreadsafe', (it) => {
  it('refuses a call without a loop', async () => {
    throws(() => runCoroutineThreadsafe(async () => {}, undefined as never), TypeError, {
      message: 'loop must be a Loop, got None',
    });
  });

  it(
    'returns the result',
    async (loop) => {
      const [future] = await fromOutside(() => runCoroutineThreadsafe(add(1, 2), loop));

      assert.is(await future, 3);
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe`] },
  );

  it(
    'throws the failure',
    async (loop) => {
      const future = runCoroutineThreadsafe(add(1, 2, 'fail'), loop);

      await rejects(future, RuntimeError, { message: 'Fail!' });
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe_with_exception`] },
  );

  it(
    'passes on a cancel to the task',
    async (loop, scene) => {
      const future = runCoroutineThreadsafe(add(1, 2), loop);

      await rejects(waitFor(future, 0.01), Error);
      await scene.settle();

      assert.ok(future.cancelled());
      assert.is(allTasks().size, 1);
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe_with_timeout`] },
  );

  it(
    'passes on a cancel to the task of a factory',
    async (loop, scene) => {
      let task: Task<unknown> | undefined;
      loop.setTaskFactory((_loop, body) => {
        const made = new Task(body, { loop });
        task = made;
        return made;
      });
      const future = runCoroutineThreadsafe(coroutine(() => sleep(10))(), loop);
      await sleep(0);
      loop.setTaskFactory(undefined);

      future.cancel();
      await scene.settle();

      assert.ok(task?.cancelled());
      assert.ok(future.cancelled());
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe_and_cancel`] },
  );

  it(
    'is cancelled when the task is',
    async (loop) => {
      const future = runCoroutineThreadsafe(add(1, 2, 'cancel'), loop);

      await rejects(future, CancelledError);
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe_task_cancelled`] },
  );

  it(
    'throws what the task factory throws, and reports it',
    async (loop, scene) => {
      const before = loop.getTaskFactory();
      const error = new ReferenceError('no factory');
      loop.setTaskFactory(() => {
        throw error;
      });
      const call = add(1, 2);
      const future = runCoroutineThreadsafe(call, loop);
      await scene.settle();
      loop.setTaskFactory(before);

      assert.is(future.exception(), error);
      assert.is(scene.reports.length, 1);
      assert.is(scene.reports[0]?.exception, error);
      call.close();
    },
    { cpython: [`${BASE}test_run_coroutine_threadsafe_task_factory_exception`] },
  );

  it.resting('waits until the loop runs', async (loop) => {
    const future = runCoroutineThreadsafe(async () => 'ran', loop);
    assert.not(future.done());

    assert.is(await loop.runUntilComplete(future), 'ran');
  });

  it.resting('refuses a closed loop', (loop) => {
    loop.close();

    throws(() => runCoroutineThreadsafe(async () => {}, loop), RuntimeError, { message: /closed/ });
  });

  it('refuses anything but a coroutine, at once', async (loop) => {
    throws(() => runCoroutineThreadsafe(Promise.resolve() as never, loop), TypeError, {
      message: /^A coroutine object is required/,
    });
  });
});
