import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  allTasks,
  CancelledError,
  createTask,
  Future,
  InvalidStateError,
  isfuture,
  RuntimeError,
  setEventLoop,
  sleep,
  Task,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_futures.py::BaseFutureTests::';
const CALLBACKS = 'test_futures.py::BaseFutureDoneCallbackTests::';

loopBehaviour('Future', (it) => {
  it.resting(
    'begins pending',
    (loop) => {
      const future = new Future({ loop });

      assert.is(future.done(), false);
      assert.is(future.cancelled(), false);
    },
    { cpython: [`${BASE}test_initial_state`] },
  );

  it.resting(
    'needs a loop',
    () => {
      throws(() => new Future(), RuntimeError, { message: 'There is no current event loop' });
    },
    { cpython: [`${BASE}test_constructor_without_loop`] },
  );

  it(
    'belongs to the running loop if none is given',
    async (loop) => {
      assert.is(new Future().getLoop(), loop);
    },
    { cpython: [`${BASE}test_constructor_use_running_loop`] },
  );

  it.resting(
    'belongs to the current loop if none is given and none runs',
    (loop) => {
      setEventLoop(loop);
      try {
        assert.is(new Future().getLoop(), loop);
      } finally {
        setEventLoop(undefined);
      }
    },
    { cpython: [`${BASE}test_constructor_use_global_loop`] },
  );

  it(
    'refuses options that are not an object, and a loop in their place',
    async (loop) => {
      throws(() => new Future(42 as never), TypeError, {
        message: 'options must be an object, got 42',
      });
      throws(() => new Future(loop as never), TypeError, { message: / got <Loop running=True/ });
    },
    { cpython: [`${BASE}test_constructor_positional`] },
  );

  it('can also be created by the loop', async (loop) => {
    const future = loop.createFuture();

    assert.instance(future, Future);
    assert.is(future.getLoop(), loop);
  });
});

loopBehaviour('Future.setResult', (it) => {
  it.resting(
    'settles it for good',
    (loop) => {
      const future = loop.createFuture<number | undefined>();

      future.setResult(42);

      assert.is(future.done(), true);
      assert.is(future.cancelled(), false);
      assert.is(future.result(), 42);
      assert.is(future.exception(), undefined);
      throws(() => future.setResult(undefined), InvalidStateError, { message: 'invalid state' });
      throws(() => future.setException(new Error()), InvalidStateError, {
        message: 'invalid state',
      });
      assert.is(future.cancel(), false);
      assert.is(future.result(), 42);
    },
    { cpython: [`${BASE}test_result`] },
  );

  it.resting(
    'sets no result until it is called',
    (loop) => {
      const future = loop.createFuture();

      throws(() => future.result(), InvalidStateError, { message: 'Result is not set.' });
      throws(() => future.exception(), InvalidStateError, { message: 'Exception is not set.' });
    },
    { cpython: [`${BASE}test_result`, `${BASE}test_exception`] },
  );

  it(
    'keeps a list as it is',
    async (loop) => {
      const list = [1, 2];
      const future = loop.createFuture<number[]>();

      future.setResult(list);

      assert.is(await future, list);
    },
    { cpython: [`${BASE}test_future_stop_iteration_args`] },
  );
});

loopBehaviour('Future.setException', (it) => {
  it.resting(
    'settles it for good',
    (loop) => {
      const error = new RuntimeError('boom');
      const future = loop.createFuture();

      future.setException(error);

      assert.is(future.done(), true);
      assert.is(future.cancelled(), false);
      assert.is(
        throws(() => future.result(), RuntimeError),
        error,
      );
      assert.is(future.exception(), error);
      throws(() => future.setResult(1), InvalidStateError, { message: 'invalid state' });
      throws(() => future.setException(new Error()), InvalidStateError, {
        message: 'invalid state',
      });
      assert.is(future.cancel(), false);
    },
    { cpython: [`${BASE}test_exception`] },
  );

  it.resting(
    'creates an error from a class',
    (loop) => {
      for (const kind of [RuntimeError, TypeError, Error]) {
        const future = loop.createFuture();

        future.setException(kind);

        assert.instance(future.exception(), kind);
      }
    },
    { cpython: [`${BASE}test_exception_class`] },
  );

  it.resting('refuses anything but an error, and leaves the future pending', (loop) => {
    const future = loop.createFuture();

    for (const wrong of ['boom', undefined, Map, () => new Error()])
      throws(() => future.setException(wrong as never), TypeError, {
        message: /^exception must be an Error or an error class, got /,
      });
    assert.is(future.done(), false);
  });
});

loopBehaviour('Future.cancel', (it) => {
  it.resting(
    'settles it for good',
    (loop) => {
      const future = loop.createFuture();

      assert.is(future.cancel(), true);

      assert.is(future.cancelled(), true);
      assert.is(future.done(), true);
      throws(() => future.result(), CancelledError, { message: '' });
      throws(() => future.exception(), CancelledError, { message: '' });
      throws(() => future.setResult(1), InvalidStateError, { message: 'invalid state' });
      throws(() => future.setException(new Error()), InvalidStateError, {
        message: 'invalid state',
      });
      assert.is(future.cancel(), false);
    },
    { cpython: [`${BASE}test_cancel`, `${BASE}test_initial_state`] },
  );

  it.resting(
    'passes its message to everything that awaits the future',
    async (loop) => {
      const future = loop.createFuture();

      future.cancel('my message');

      await rejects(loop.runUntilComplete(future), CancelledError, { message: 'my message' });
      throws(() => future.result(), CancelledError, { message: 'my message' });
      throws(() => future.exception(), CancelledError, { message: 'my message' });
    },
    { cpython: [`${BASE}test_future_cancel_message_getter`] },
  );

  it(
    'stays if the timer that would have set the result fires later',
    async (loop, { settle }) => {
      const nap = sleep(1, 'rested');
      nap.cancel();

      await sleep(2);
      await settle();

      assert.is(nap.cancelled(), true);
      assert.is(loop.time(), 1002);
    },
    { cpython: [`${BASE}test_set_result_unless_cancelled`] },
  );
});

loopBehaviour('Future.addDoneCallback', (it) => {
  it(
    'calls back in the order of registration, not before the next turn',
    async (loop, { settle }) => {
      const calls: unknown[] = [];
      const future = loop.createFuture<string>();
      future.addDoneCallback((done) => calls.push(42, done));
      future.addDoneCallback(() => calls.push(17));

      future.setResult('foo');

      assert.equal(calls, []);
      await settle(1);
      assert.is(calls.length, 3);
      assert.equal([calls[0], calls[1] === future, calls[2]], [42, true, 17]);
      assert.is(future.result(), 'foo');
    },
    { cpython: [`${CALLBACKS}test_callbacks_invoked_on_set_result`] },
  );

  it(
    'calls back when the future has failed',
    async (loop, { settle }) => {
      const calls: number[] = [];
      const error = new RuntimeError();
      const future = loop.createFuture();
      future.addDoneCallback(() => calls.push(100));

      future.setException(error);

      assert.equal(calls, []);
      await settle(1);
      assert.equal(calls, [100]);
      assert.is(future.exception(), error);
    },
    { cpython: [`${CALLBACKS}test_callbacks_invoked_on_set_exception`] },
  );

  it('calls back in the next turn if the future is already done', async (loop, { settle }) => {
    const calls: number[] = [];
    const future = loop.createFuture();
    future.cancel();

    future.addDoneCallback(() => calls.push(1));

    assert.equal(calls, []);
    await settle(1);
    assert.equal(calls, [1]);
  });

  it('reports what the callback throws, and calls the others', async (loop, scene) => {
    const calls: number[] = [];
    const future = loop.createFuture();
    future.addDoneCallback(function broken() {
      throw new Error('boom');
    });
    future.addDoneCallback(() => calls.push(2));

    future.setResult(1);
    await scene.settle(1);

    assert.equal(calls, [2]);
    scene.expectReport(/^Exception in callback broken\(\)$/);
  });

  it(
    'is not affected by a callback that removes others too late',
    async (loop, { settle }) => {
      const calls: string[] = [];
      const late = (): void => void calls.push('late');
      const future = loop.createFuture();
      future.addDoneCallback((done) => void calls.push(`${done.removeDoneCallback(late)} removed`));
      future.addDoneCallback(late);
      future.addDoneCallback(late);

      future.setResult(1);
      await settle(1);

      assert.equal(calls, ['0 removed', 'late', 'late']);
    },
    { cpython: [`${CALLBACKS}test_schedule_callbacks_list_mutation_1`] },
  );
});

loopBehaviour('Future.removeDoneCallback', (it) => {
  for (const [which, kept, origin] of [
    [[0, 0], [17, 100], 'test_callbacks_remove_first_callback'],
    [[0, 1, 0], [100], 'test_callbacks_remove_first_and_second_callback'],
    [[2, 2], [42, 17], 'test_callbacks_remove_third_callback'],
  ] as const)
    it(
      `removes number ${which.join(', ')}, and keeps the others`,
      async (loop, { settle }) => {
        const calls: number[] = [];
        const callbacks = [42, 17, 100].map((n) => () => calls.push(n));
        const future = loop.createFuture<string>();
        for (const callback of callbacks) future.addDoneCallback(callback);

        for (const n of which) future.removeDoneCallback(callbacks[n] as () => number);
        future.setResult('foo');
        await settle(1);

        assert.equal(calls, kept);
        assert.is(future.result(), 'foo');
      },
      { cpython: [CALLBACKS + origin] },
    );

  it(
    'removes every occurrence, and returns their number',
    async (loop, { settle }) => {
      const calls: number[] = [];
      const [first, second, third] = [1, 2, 3].map((n) => () => calls.push(n)) as [
        () => number,
        () => number,
        () => number,
      ];
      const future = loop.createFuture();
      future.addDoneCallback(first);
      future.addDoneCallback(second);

      assert.is(future.removeDoneCallback(second), 1);
      assert.is(future.removeDoneCallback(third), 0);
      future.addDoneCallback(second);
      for (let n = 0; n < 5; n += 1) future.addDoneCallback(first);
      assert.is(future.removeDoneCallback(first), 6);

      future.setResult('foo');
      await settle(1);
      assert.equal(calls, [2]);
    },
    { cpython: [`${CALLBACKS}test_remove_done_callback`] },
  );

  it('does not affect tasks that await the future', async (loop, { settle }) => {
    const future = loop.createFuture<number>();
    const task = createTask(async () => await future);
    await settle(1);

    assert.is(
      future.removeDoneCallback(() => {}),
      0,
    );
    future.setResult(7);

    assert.is(await task, 7);
  });
});

loopBehaviour('await future', (it) => {
  it('continues one turn after the future is done', async (loop) => {
    const order: string[] = [];
    const future = loop.createFuture();
    const task = createTask(async () => {
      await future;
      order.push('awaited');
    });
    await sleep(0);

    loop.callSoon(() => order.push('before'));
    future.setResult(1);
    loop.callSoon(() => order.push('after'));
    order.push('set');
    await task;

    assert.equal(order, ['set', 'before', 'awaited', 'after']);
  });

  it(
    'takes no turn if the future is done, however often',
    async (loop) => {
      const order: unknown[] = [];
      const future = loop.createFuture<number>();
      loop.callSoon(() => future.setResult(42));

      order.push(await future);
      loop.callSoon(() => order.push('turn'));
      order.push(await future, await future);

      assert.equal(order, [42, 42, 42]);
      await sleep(0);
      assert.equal(order, [42, 42, 42, 'turn']);
    },
    { cpython: [`${BASE}test_yield_from_twice`] },
  );

  it(
    'throws the same error each time, with its original stack',
    async () => {
      const task = createTask(async () => {
        throw new TypeError('42');
      });
      const seen: unknown[] = [];
      const stacks: unknown[] = [];

      for (let n = 0; n < 5; n += 1)
        try {
          await task;
        } catch (error) {
          seen.push(error);
          stacks.push((error as Error).stack);
        }

      assert.is(seen.length, 5);
      assert.is(new Set(seen).size, 1);
      assert.is(new Set(stacks).size, 1);
    },
    { cpython: ['test_futures2.py::FutureTests::test_future_traceback'] },
  );
});

loopBehaviour('String(future)', (it) => {
  const fake = function fake(): void {};

  it.resting(
    'says where a future was created, in debug mode',
    (loop) => {
      const future = loop.createFuture();

      assert.match(
        String(future),
        /^<Future pending created at test\/core\/futures\/future\.test\.ts:\d+>$/,
      );
      assert.match(String(future._sourceTraceback?.[0]), /future\.test\.ts:\d+:\d+/);
    },
    {
      debug: true,
      cpython: [`${BASE}test_future_repr`, `${BASE}test_future_source_traceback`],
    },
  );

  it.resting(
    'shows the state and the outcome',
    (loop) => {
      const [pending, cancelled, finished, failed] = [1, 2, 3, 4].map(() => loop.createFuture());
      cancelled?.cancel();
      finished?.setResult(4);
      failed?.setException(new RuntimeError());

      assert.is(String(pending), '<Future pending>');
      assert.is(String(cancelled), '<Future cancelled>');
      assert.is(String(finished), '<Future finished result=4>');
      assert.is(String(failed), '<Future finished exception=RuntimeError()>');
      assert.is(inspect(finished), '<Future finished result=4>');
      failed?.exception();
    },
    { cpython: [`${BASE}test_future_repr`] },
  );

  it.resting(
    'shows one callback, or two, or the first and the last',
    (loop) => {
      const future = loop.createFuture();
      const first = (): void => {};
      const last = (): void => {};

      future.addDoneCallback(first);
      assert.is(String(future), '<Future pending cb=[first()]>');
      future.addDoneCallback(last);
      assert.is(String(future), '<Future pending cb=[first(), last()]>');
      future.removeDoneCallback(last);
      for (let n = 0; n < 8; n += 1) future.addDoneCallback(fake);
      future.addDoneCallback(last);
      assert.is(String(future), '<Future pending cb=[first(), <8 more>, last()]>');
      future.cancel();
      assert.is(String(future), '<Future cancelled>');
    },
    { cpython: [`${BASE}test_future_repr`] },
  );

  it.resting('shortens a long result', (loop) => {
    const future = loop.createFuture();

    future.setResult('x'.repeat(50));

    assert.is(String(future), "<Future finished result='xxxxxxxxxxxx...xxxxxxxxxxxxx'>");
  });

  it('shows the task that awaits it', async (loop) => {
    const future = loop.createFuture();
    const task = createTask(async () => await future);
    await sleep(0);

    assert.is(String(future), '<Future pending cb=[Task.task_wakeup()]>');
    future.setResult(1);
    await task;
  });

  it(
    'stops if a result contains the future itself',
    async () => {
      const task = createTask(async () => allTasks());

      await task;

      assert.match(String(task), /result=\{.*\.\.\..*\}/);
    },
    { cpython: ['test_futures2.py::FutureReprTests::test_recursive_repr_for_pending_tasks'] },
  );

  it('shows the name of a subclass', async (loop) => {
    class Answer extends Future<number> {}

    const answer = new Answer({ loop });

    assert.is(String(answer), '<Answer pending>');
    assert.is(Object.prototype.toString.call(answer), '[object Future]');
  });
});

loopBehaviour('isfuture', (it) => {
  it.resting(
    'recognises futures and tasks by their class',
    async (loop) => {
      const task = new Task(async () => {}, { loop });

      assert.is(isfuture(loop.createFuture()), true);
      assert.is(isfuture(task), true);
      for (const other of [Future, 1, undefined, Promise.resolve()])
        assert.is(isfuture(other), false);
      await loop.runUntilComplete(task);
    },
    { cpython: [`${BASE}test_isfuture`] },
  );
});
