import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { plain } from '../../scripts/plain.mjs';
import { CancelledError, RuntimeError } from '../../src/base/errors/errors.ts';
import { ContextVar } from '../../src/core/context/context.ts';
import { TimeoutError, terminable, timeout } from '../../src/index.ts';
import { gather } from '../../src/tasks/groups/gather.ts';
import { sleep } from '../../src/tasks/sleep.ts';
import type { Executor, Submitted } from '../../src/threads/executor.ts';
import { moduleFunction } from '../../src/threads/module-function.ts';
import { ThreadPoolExecutor } from '../../src/threads/thread-pool-executor.ts';
import { toThread } from '../../src/threads/to-thread.ts';
import { behaviour } from '../support/behaviour.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';
import type * as work from './fixtures/work.ts';

const WORK = pathToFileURL(plain('test/threads/fixtures/work.ts'));
const waitsFor = moduleFunction<typeof work.waitsFor>(WORK, 'waitsFor');

const gate = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

function open(closed: Int32Array): void {
  Atomics.store(closed, 0, 7);
  Atomics.notify(closed, 0);
}

/** Waits until a thread stands before `closed`. */
async function arrival(closed: Int32Array): Promise<void> {
  while (Atomics.load(closed, 1) === 0) await sleep(0);
}

/** Calls in this thread, a microtask later. */
class Here implements Executor {
  calls = 0;

  submit<A extends unknown[], T>(callback: unknown, ...args: A): Submitted<Awaited<T>> {
    this.calls += 1;
    return Promise.resolve().then(() => (callback as (...all: A) => Awaited<T>)(...args));
  }
}

const onRealTime = { clock: 'real' } as const;

loopBehaviour('toThread', (it) => {
  it(
    'calls a function in another thread',
    async () => {
      const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b);

      assert.is(await toThread(sum, [40, 2]), 42);
    },
    {
      ...onRealTime,
      cpython: [
        'test_threads.py::ToThreadTests::test_to_thread',
        'test_threads.py::ToThreadTests::test_to_thread_once',
      ],
    },
  );

  it(
    'throws what the function throws',
    async () => {
      const raise = (): void => {
        throw Object.assign(new Error('test'), { name: 'RuntimeError' });
      };

      await rejects(toThread(raise), RuntimeError, { message: 'test' });
    },
    { ...onRealTime, cpython: ['test_threads.py::ToThreadTests::test_to_thread_exception'] },
  );

  it(
    'runs several calls at a time',
    async () => {
      const counter = gate();
      const add = (counted: Int32Array): number => Atomics.add(counted, 0, 1);

      await gather(...Array.from({ length: 10 }, () => toThread(add, counter)));

      assert.is(counter[0], 10);
    },
    { ...onRealTime, cpython: ['test_threads.py::ToThreadTests::test_to_thread_concurrent'] },
  );

  it(
    'passes all arguments, including options objects',
    async () => {
      const show = (name: string, options: { something: boolean }): string =>
        `${name} ${options.something}`;

      assert.is(await toThread(show, 'test', { something: true }), 'test true');
    },
    { ...onRealTime, cpython: ['test_threads.py::ToThreadTests::test_to_thread_args_kwargs'] },
  );

  it(
    'stops a terminable function at its timeout',
    async () => {
      const spin = (): void => {
        for (;;);
      };

      await rejects(
        timeout(0.05, () => toThread(terminable(spin))),
        TimeoutError,
      );
      assert.is(await toThread(() => 'goes on'), 'goes on');
    },
    onRealTime,
  );

  it('starts when it is awaited, not before', async (loop) => {
    const here = new Here();
    const call = toThread(() => here.calls);

    await sleep(0);
    call.close();

    assert.is(loop._tasks.size, 1);
  });

  it(
    'does not pass context variables',
    async () => {
      const variable = new ContextVar<string>('variable');
      variable.set('parrot');
      const get = (): string => variable.get();

      await rejects(toThread(get), ReferenceError, { message: /variable is not defined/ });
    },
    { ...onRealTime, cpython: ['test_threads.py::ToThreadTests::test_to_thread_contextvars'] },
  );

  it('refuses arguments that cannot be cloned immediately', async () => {
    throws(() => toThread(1 as unknown as () => void), TypeError, {
      message: /a callable object was expected, got 1/,
    });
    throws(() => toThread(Math.max), TypeError, { message: /no source text/ });
  });

  it(
    'is cancelled immediately, while the thread continues',
    async (loop) => {
      const closed = gate();
      const task = loop.createTask(toThread(waitsFor, closed));
      await arrival(closed);

      task.cancel();

      await rejects(task, CancelledError);
      open(closed);
      await loop.shutdownDefaultExecutor();
    },
    {
      ...onRealTime,
      cpython: ['test_events.py::EventLoopTestsMixin::test_run_in_executor_cancel'],
    },
  );

  it(
    'reports a failure that comes after the cancel',
    async (loop, { expectReport }) => {
      const closed = gate();
      const call = loop.runInExecutor(
        undefined,
        (gateOf: Int32Array) => {
          Atomics.add(gateOf, 1, 1);
          Atomics.wait(gateOf, 0, 0);
          throw new Error('late');
        },
        closed,
      );
      await arrival(closed);

      call.cancel();
      open(closed);

      expectReport(/failed after its future was cancelled/);
      await loop.shutdownDefaultExecutor();
    },
    onRealTime,
  );
});

loopBehaviour('import() in a thread', (it) => {
  const load = async (name: string): Promise<string[]> => Object.keys(await import(name));

  it(
    'finds packages from the module that calls toThread()',
    async () => {
      assert.ok((await toThread(load, 'uvu')).includes('suite'));
      const { message } = await rejects(toThread(load, 'no-such-package'), Error);
      assert.match(
        message,
        /^Cannot find package 'no-such-package' imported from .*to-thread\.test/,
      );
      assert.not.match(message, /data:/);
    },
    onRealTime,
  );

  it(
    'says in a line that the module of a moduleFunction() is missing',
    async () => {
      const missing = moduleFunction(new URL('./missing.js', WORK), 'f');
      const { message } = await rejects(toThread(missing), Error);
      assert.match(message, /^Cannot find module '.*missing\.js' imported from [^:]*$/);
    },
    onRealTime,
  );
});

loopBehaviour('loop.runInExecutor', (it) => {
  it(
    'calls in the default executor',
    async (loop) => {
      const call = loop.runInExecutor(undefined, (text: string) => [text, typeof process], 'yo');

      assert.equal(await call, ['yo', 'object']);
    },
    { ...onRealTime, cpython: ['test_events.py::EventLoopTestsMixin::test_run_in_executor'] },
  );

  it('calls in a custom executor', async (loop) => {
    const here = new Here();

    assert.is(await loop.runInExecutor(here, (a: number, b: number) => a + b, 1, 2), 3);
    assert.is(here.calls, 1);
  });

  it('refuses anything but an executor and a function', async (loop) => {
    throws(() => loop.runInExecutor({} as Executor, () => 1), TypeError, {
      message: /an executor or undefined was expected/,
    });
    throws(() => loop.runInExecutor(undefined, 'f' as unknown as () => void), TypeError);
  });

  it(
    'can cancel a call before a thread is free',
    async (loop) => {
      const pool = new ThreadPoolExecutor(1);
      const closed = gate();
      const running = loop.runInExecutor(pool, waitsFor, closed);
      const waiting = loop.runInExecutor(pool, (counted: Int32Array) => (counted[1] = 99), closed);

      waiting.cancel();
      await sleep(0);
      await sleep(0);
      open(closed);

      assert.is(await running, 7);
      await pool.shutdown();
      assert.is(closed[1], 1);
    },
    onRealTime,
  );

  it.resting('throws if the loop is closed', (loop) => {
    loop.close();

    throws(() => loop.runInExecutor(undefined, () => 1), RuntimeError, { message: /closed/ });
  });
});

loopBehaviour('loop.setDefaultExecutor', (it) => {
  it(
    'replaces the default executor',
    async (loop) => {
      class Refusing extends ThreadPoolExecutor {
        override submit(): never {
          throw new RuntimeError('cannot submit into a dummy executor');
        }
      }

      loop.setDefaultExecutor(new Refusing());

      throws(() => loop.runInExecutor(undefined, () => 1), RuntimeError, { message: /dummy/ });
    },
    { cpython: ['test_base_events.py::BaseEventLoopTests::test_set_default_executor'] },
  );

  it(
    'refuses anything but an executor',
    async (loop) => {
      throws(() => loop.setDefaultExecutor(new Here() as never), TypeError, {
        message: /executor must be ThreadPoolExecutor instance/,
      });
    },
    { cpython: ['test_base_events.py::BaseEventLoopTests::test_set_default_executor_error'] },
  );
});

loopBehaviour('loop.shutdownDefaultExecutor', (it) => {
  it(
    'waits for the calls, and refuses new ones',
    async (loop) => {
      const call = loop.runInExecutor(undefined, (n: number) => n + 1, 1);

      await loop.shutdownDefaultExecutor();

      assert.is(call.result(), 2);
      throws(() => loop.runInExecutor(undefined, () => 1), RuntimeError, {
        message: /Executor shutdown has been called/,
      });
    },
    onRealTime,
  );

  it('does nothing if there was no call', async (loop) => {
    await loop.shutdownDefaultExecutor();
    await loop.shutdownDefaultExecutor(1);
  });

  it(
    'warns if calls take longer than its timeout',
    async (loop) => {
      const warnings: Error[] = [];
      const note = (warning: Error): void => void warnings.push(warning);
      process.on('warning', note);
      const closed = gate();
      const call = loop.runInExecutor(undefined, waitsFor, closed);
      await arrival(closed);

      await loop.shutdownDefaultExecutor(0.001);
      open(closed);

      assert.is(await call, 7);
      process.off('warning', note);
      assert.match(String(warnings[0]), /RuntimeWarning: The executor did not finish/);
    },
    {
      ...onRealTime,
      cpython: ['test_base_events.py::BaseEventLoopTests::test_shutdown_default_executor_timeout'],
    },
  );
});

behaviour('loop.close', (it) => {
  it('does not wait for calls in threads', async () => {
    const { Loop } = await import('../../src/loop/loop.ts');
    const loop = new Loop();
    const closed = gate();
    await loop.runUntilComplete(async () => {
      loop.runInExecutor(undefined, waitsFor, closed);
      await arrival(closed);
    });

    loop.close();
    open(closed);

    assert.ok(loop.isClosed());
  });
});
