import * as assert from 'uvu/assert';
import {
  CancelledError,
  coroutine,
  ensureFuture,
  Loop,
  RuntimeError,
  setEventLoop,
  sleep,
  Task,
  wrapPromise,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_futures.py::BaseFutureTests::';
const LOOP = 'test_base_events.py::BaseEventLoopTests::';
const TASKS = 'test_tasks.py::BaseTaskTests::';

loopBehaviour('ensureFuture', (it) => {
  it(
    'returns a future or a task as it is',
    async (loop) => {
      const future = loop.createFuture();
      const task = loop.createTask(async () => 'ok');

      for (const each of [future, task]) {
        assert.is(ensureFuture(each), each);
        assert.is(ensureFuture(each, { loop }), each);
      }
      assert.is(await task, 'ok');
    },
    { cpython: [`${TASKS}test_ensure_future_future`, `${TASKS}test_ensure_future_task`] },
  );

  it(
    'refuses a future of another loop',
    async (loop) => {
      const other = new Loop();
      const future = other.createFuture();

      throws(() => ensureFuture(future, { loop }), RangeError, {
        message:
          'The future belongs to a different loop than the one specified as the loop argument',
      });
      other.close();
    },
    { cpython: [`${TASKS}test_ensure_future_error_msg`] },
  );

  it.resting(
    'uses the given loop, or the running one, or else the current one',
    async (loop) => {
      const notmuch = coroutine(async () => 'ok');
      const refused = notmuch();

      const given = ensureFuture(notmuch(), { loop });
      throws(() => ensureFuture(refused), RuntimeError, {
        message: 'There is no current event loop',
      });
      const made = await loop.runUntilComplete(async () => [ensureFuture(notmuch())]);
      setEventLoop(loop);
      const ofCurrent = ensureFuture(notmuch());
      setEventLoop(undefined);

      for (const task of [given, ...made, ofCurrent]) {
        assert.is(task.getLoop(), loop);
        assert.is(await loop.runUntilComplete(task), 'ok');
      }
      refused.close();
    },
    { cpython: [`${TASKS}test_ensure_future_coroutine`] },
  );

  it('creates tasks from coroutines and functions', async () => {
    const seven = coroutine(async () => 7);

    const tasks = [ensureFuture(seven()), ensureFuture(async () => 7)];

    assert.equal(
      tasks.map((task) => task instanceof Task),
      [true, true],
    );
    assert.equal(await Promise.all(tasks), [7, 7]);
  });

  it(
    'wraps promises, and whatever else has a then()',
    async () => {
      // biome-ignore lint/suspicious/noThenProperty: a promise of another make is meant
      const thenable = { then: (give: (value: number) => void) => give(8) };

      const futures = [
        ensureFuture(Promise.resolve(7)),
        ensureFuture(thenable as PromiseLike<number>),
      ];

      assert.not(futures[0] instanceof Task);
      assert.equal(await Promise.all(futures), [7, 8]);
    },
    { cpython: [`${TASKS}test_ensure_future_awaitable`] },
  );

  it(
    'refuses what cannot be awaited',
    async () => {
      throws(() => ensureFuture('ok' as never), TypeError, {
        message: "An asyncio.Future, a coroutine or an awaitable is required, got 'ok'",
      });
    },
    { cpython: [`${TASKS}test_ensure_future_neither`] },
  );

  it.resting(
    'lets the loop create the task, whatever its createTask() does',
    async () => {
      class MyTask<T> extends Task<T> {}
      class MyLoop extends Loop {
        override createTask<T>(...[body]: Parameters<Loop['createTask']>): Task<T> {
          return new MyTask(body, { loop: this }) as Task<T>;
        }
      }
      const loop = new MyLoop();

      const task = ensureFuture(async () => 7, { loop });

      assert.instance(task, MyTask);
      assert.is(await loop.runUntilComplete(task), 7);
      loop.close();
    },
    { cpython: [`${LOOP}test_create_task`] },
  );

  it.resting(
    'closes the coroutine if no task can be created',
    () => {
      const loop = new Loop();
      loop.close();
      const body = coroutine(async () => {})();

      throws(() => ensureFuture(body, { loop }), RuntimeError, { message: 'Event loop is closed' });

      assert.is(body._untouched, false);
    },
    { cpython: [`${LOOP}test_create_task_error_closes_coro`] },
  );
});

loopBehaviour('wrapPromise', (it) => {
  it(
    'takes over the result, the failure or the cancel',
    async () => {
      const cancelled = new CancelledError('stop');

      const finished = wrapPromise(Promise.resolve(10));
      const failed = wrapPromise(Promise.reject(new RangeError('boom')));
      const ended = wrapPromise(Promise.reject(cancelled));

      assert.is(await finished, 10);
      await rejects(failed, RangeError, { message: 'boom' });
      assert.is(await rejects(ended, CancelledError), cancelled);
      assert.is(ended.cancelled(), true);
    },
    { cpython: [`${BASE}test_copy_state`, `${BASE}test_wrap_future`] },
  );

  it(
    'returns a future of this library as it is',
    async (loop) => {
      const future = loop.createFuture();

      assert.is(wrapPromise(future), future);
    },
    { cpython: [`${BASE}test_wrap_future_future`] },
  );

  it.resting(
    'needs a loop',
    () => {
      throws(() => wrapPromise(Promise.resolve('oi')), RuntimeError, {
        message: 'There is no current event loop',
      });
    },
    { cpython: [`${BASE}test_wrap_future_without_loop`] },
  );

  it(
    'takes the running loop if none is given',
    async (loop) => {
      const future = wrapPromise(Promise.resolve('oi'));

      assert.is(future.getLoop(), loop);
      assert.is(await future, 'oi');
    },
    { cpython: [`${BASE}test_wrap_future_use_running_loop`] },
  );

  it.resting(
    'takes the current loop if none is given and none runs',
    async (loop) => {
      setEventLoop(loop);
      try {
        const future = wrapPromise(Promise.resolve('oi'));

        assert.is(future.getLoop(), loop);
        assert.is(await loop.runUntilComplete(future), 'oi');
      } finally {
        setEventLoop(undefined);
      }
    },
    { cpython: [`${BASE}test_wrap_future_use_global_loop`] },
  );

  it(
    'stays cancelled if the promise is fulfilled',
    async (_loop, { settle }) => {
      const promise = Promise.resolve(42);
      const future = wrapPromise(promise);

      future.cancel();
      await settle();

      assert.is(future.cancelled(), true);
      assert.is(await promise, 42);
    },
    { cpython: [`${BASE}test_wrap_future_cancel2`] },
  );

  it('does not stop the work behind the promise when it is cancelled', async () => {
    const steps: string[] = [];
    const work = sleep(1).then(() => steps.push('worked'));
    const future = wrapPromise(work);

    future.cancel();

    await rejects(future, CancelledError);
    assert.equal(steps, []);
    await work;
    assert.equal(steps, ['worked']);
  });

  it('reports a failure that comes after a cancel', async (_loop, scene) => {
    const { promise, reject } = foreign<unknown>();
    const future = wrapPromise(promise);
    future.cancel();

    reject(new Error('too late'));
    await scene.settle();

    scene.expectReport(/^Promise failed after its future was cancelled$/);
  });

  it('does not report a wait that a signal interrupted', async (_loop, { settle }) => {
    const { promise, reject } = foreign<unknown>();
    const future = wrapPromise(promise);
    future.cancel();

    reject(new DOMException('This operation was aborted', 'AbortError'));
    await settle();

    assert.is(future.cancelled(), true);
  });

  it.resting('is no unhandled rejection if the loop was closed before', async (loop) => {
    const { promise, resolve } = foreign<unknown>();
    const future = wrapPromise(promise, { loop });
    future.addDoneCallback(() => assert.unreachable('called on a closed loop'));
    loop.close();

    resolve(7);
    await promise;

    assert.is(future.result(), 7);
  });

  it('refuses anything but a promise', async () => {
    const body = coroutine(async function body() {})();

    for (const [wrong, shown] of [
      [7, '7'],
      [body, '<coroutine object body>'],
    ] as const)
      throws(() => wrapPromise(wrong as never), TypeError, {
        message: `a promise was expected, got ${shown}`,
      });
    body.close();
  });
});
