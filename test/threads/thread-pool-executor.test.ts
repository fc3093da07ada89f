import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { plain } from '../../scripts/plain.mjs';
import { CancelledError, RuntimeError } from '../../src/base/errors/errors.ts';
import { BrokenPipeError } from '../../src/base/errors/os-errors.ts';
import { coroutine } from '../../src/core/coroutines/coroutine.ts';
import {
  EndOfChannel,
  ExceptionGroup,
  IncompleteReadError,
  LimitOverrunError,
  QueueEmpty,
  registerErrorClass,
  terminable,
} from '../../src/index.ts';
import { moduleFunction } from '../../src/threads/module-function.ts';
import { ThreadPoolExecutor } from '../../src/threads/thread-pool-executor.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';
import type * as work from './fixtures/work.ts';

const WORK = pathToFileURL(plain('test/threads/fixtures/work.ts'));
const waitsFor = moduleFunction<typeof work.waitsFor>(WORK, 'waitsFor');
const whereAmI = moduleFunction<typeof work.whereAmI>(WORK, 'whereAmI');

/** What a call waits for: open it by setting the first number. */
const gate = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

function open(closed: Int32Array): void {
  Atomics.store(closed, 0, 7);
  Atomics.notify(closed, 0);
}

/** The pool of most tests: to start a thread takes as long as all of them. */
const shared = new ThreadPoolExecutor(1);

/** A function with a text of its own. */
function returning(n: number): () => number {
  return new Function(`return ${n}`) as () => number;
}

async function withPool(
  maxWorkers: number,
  use: (pool: ThreadPoolExecutor) => Promise<unknown>,
): Promise<void> {
  if (maxWorkers === 1) {
    await use(shared);
    return;
  }
  const pool = new ThreadPoolExecutor(maxWorkers);
  try {
    await use(pool);
  } finally {
    await pool.shutdown();
  }
}

behaviour('ThreadPoolExecutor.submit', (it) => {
  it('calls a function by its source text, with copies of its arguments', () =>
    withPool(1, async (pool) => {
      const given = { numbers: [40, 2] };

      const sum = pool.submit(({ numbers }) => numbers.reduce((a, b) => a + b), given);
      given.numbers.push(1000);

      assert.is(await sum, 42);
    }));

  it('forgets functions that have not been called for long', () =>
    withPool(1, async (pool) => {
      await pool.submit(function first() {
        (globalThis as { first?: WeakRef<object> }).first = new WeakRef(first);
      });
      for (let n = 0; n < 100; n += 1) assert.is(await pool.submit(returning(n)), n);

      assert.ok(
        await pool.submit(async () => {
          const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
            import('node:v8'),
            import('node:vm'),
          ]);
          setFlagsFromString('--expose-gc');
          runInNewContext('gc')();
          return (globalThis as { first?: WeakRef<object> }).first?.deref() === undefined;
        }),
      );
    }));

  it('calls in another thread', () =>
    withPool(1, async (pool) => {
      const { main, id } = await pool.submit(whereAmI);

      assert.is(main, false);
      assert.ok(id > 0);
    }));

  it('calls methods, named functions and async functions', () =>
    withPool(1, async (pool) => {
      const object = {
        async method(n: number) {
          return n + 1;
        },
      };
      async function named(n: number) {
        const inner = (m: number): number => m * 2;
        const { sep } = await import('node:path');
        return inner(n) + sep.length;
      }

      assert.equal([await pool.submit(object.method, 1), await pool.submit(named, 1)], [2, 3]);
    }));

  it('returns the result of a promise that the function returns', () =>
    withPool(1, async (pool) => {
      assert.is(await pool.submit(async () => new Map([[1, 2]]).get(1)), 2);
    }));

  it('calls an exported function by its module, which each thread loads once', () =>
    withPool(1, async (pool) => {
      const count = moduleFunction<typeof work.count>(WORK, 'count');

      await pool.submit(count);

      assert.is(await pool.submit(count), 2);
      assert.is(await pool.submit(moduleFunction<typeof work.default>(WORK.href)), 'by default');
    }));

  it('throws what the function throws, with its class, message, stack, cause and fields', () =>
    withPool(1, async (pool) => {
      const bad = pool.submit(() => {
        const cause = new RangeError('deep');
        throw Object.assign(new TypeError('bad', { cause }), { code: 'E_BAD' });
      });

      const error = await rejects(bad, TypeError, { message: /^bad$/ });

      assert.is((error as { code?: unknown }).code, 'E_BAD');
      assert.match(String(error.stack), /thread:/);
      assert.instance(error.cause, RangeError);
    }));

  it('throws an error of an unknown class as an Error with that name', () =>
    withPool(1, async (pool) => {
      const own = moduleFunction<typeof work.throwsItsOwn>(WORK, 'throwsItsOwn');

      const error = await rejects(pool.submit(own), Error, { message: /^own$/ });

      assert.is(error.name, 'OwnError');
      assert.is((error as { detail?: unknown }).detail, 42);
      assert.match(String(error.stack), /work\.ts/);
    }));

  it('throws the library’s errors, and groups of errors, as what they are', () =>
    withPool(1, async (pool) => {
      const several = pool.submit(() => {
        const pipe = Object.assign(new Error('p'), { name: 'BrokenPipeError', code: 'EPIPE' });
        throw new AggregateError([pipe, new SyntaxError('s')], 'two');
      });

      const error = await rejects(several, AggregateError, { message: /^two$/ });

      assert.instance((error as AggregateError).errors[0], BrokenPipeError);
      assert.instance((error as AggregateError).errors[1], SyntaxError);
    }));

  it(
    'throws the library’s errors as instances of their classes, with their fields',
    () =>
      withPool(1, async (pool) => {
        const fails = (name: string) =>
          pool.submit(moduleFunction<typeof work.throwsOurs>(WORK, 'throwsOurs'), name);

        await rejects(fails('QueueEmpty'), QueueEmpty);
        await rejects(fails('EndOfChannel'), EndOfChannel);
        await rejects(fails('CancelledError'), CancelledError, { message: 'why' });
        const { consumed } = await rejects(fails('LimitOverrunError'), LimitOverrunError);
        assert.is(consumed, 7);
        const incomplete = await rejects(fails('IncompleteReadError'), IncompleteReadError);
        assert.is(incomplete.partial.toString('latin1'), 'part');
        assert.is(incomplete.expected, 10);
      }),
    {
      cpython: [
        'test_streams.py::StreamTests::test_IncompleteReadError_pickleable',
        'test_streams.py::StreamTests::test_LimitOverrunError_pickleable',
      ],
    },
  );

  it('throws a group with all its errors, and those of nested groups', () =>
    withPool(1, async (pool) => {
      const throwsOurs = moduleFunction<typeof work.throwsOurs>(WORK, 'throwsOurs');
      const group = await rejects(pool.submit(throwsOurs, 'ExceptionGroup'), ExceptionGroup);

      assert.is(group.message, 'several');
      const [first, inner] = group.exceptions as [Error, ExceptionGroup];
      assert.is(first.name, 'RangeError');
      assert.instance(inner, ExceptionGroup);
      assert.is(inner.exceptions[1], 'a text');
      const [match, rest] = group.split(IncompleteReadError);
      assert.is((match?.exceptions[0] as ExceptionGroup | undefined)?.exceptions.length, 1);
      assert.is(rest?.exceptions.length, 2);
      assert.match(inspect(group), /several \(2 sub-exceptions\)/);
    }));

  it('throws an error of a registered class as an instance of that class', () =>
    withPool(1, async (pool) => {
      const { SharedError } = await import('./fixtures/work.ts');
      const throwsShared = moduleFunction<typeof work.throwsShared>(WORK, 'throwsShared');
      const before = await rejects(pool.submit(throwsShared, 21), RangeError);
      assert.not(before instanceof SharedError);

      registerErrorClass(SharedError);
      const error = await rejects(pool.submit(throwsShared, 21), SharedError);

      assert.is(error.double, 42);
      assert.is(error.message, 'number 21');
      for (const wrong of [
        5,
        () => {},
        class {},
        Object.defineProperty(class extends Error {}, 'name', { value: '' }),
      ])
        throws(() => registerErrorClass(wrong as never), TypeError);
    }));

  it('throws causes and group members that are not errors', () =>
    withPool(1, async (pool) => {
      const fails = pool.submit(() => {
        throw new Error('x', { cause: 'a text' });
      });
      assert.is((await rejects(fails, Error)).cause, 'a text');
    }));

  it('throws a value that is not an error as it is', () =>
    withPool(1, async (pool) => {
      const outcome = await pool
        .submit(() => {
          // biome-ignore lint/style/useThrowOnlyError: what a program may do
          throw 'a text';
        })
        .then(
          () => 'nothing',
          (thrown: unknown) => thrown,
        );

      assert.is(outcome, 'a text');
    }));

  it('says what is missing if a function needs more than its source text', () =>
    withPool(1, async (pool) => {
      const outside = 1;

      await rejects(
        pool.submit(() => outside),
        ReferenceError,
        { message: /outside is not defined; the function was sent as source text, without/ },
      );
    }));

  it('refuses anything but a function immediately, and functions whose text is incomplete', () =>
    withPool(1, async (pool) => {
      const refused = [1, undefined, Math.max, (() => 1).bind(undefined), class {}];

      for (const callee of refused) throws(() => pool.submit(callee as () => void), TypeError);
      throws(() => pool.submit(coroutine(async () => {})), TypeError, {
        message: /created by coroutine\(\)/,
      });
    }));

  it('refuses an argument that cannot be cloned immediately, and runs the next call', () =>
    withPool(1, async (pool) => {
      const cannot: unknown = () => {};

      await rejects(
        pool.submit((n) => n, cannot),
        TypeError,
        { message: /arguments are sent to a thread as copies/ },
      );

      assert.is(await pool.submit((n) => n, 1), 1);
    }));

  it('throws if the result cannot be cloned', () =>
    withPool(1, async (pool) => {
      await rejects(
        pool.submit(() => () => {}),
        TypeError,
        { message: /the result of .*\(\) cannot be sent between threads/ },
      );
    }));

  it('throws if the module has no such function', () =>
    withPool(1, async (pool) => {
      const none = moduleFunction<() => void>(WORK, 'notAFunction');

      await rejects(pool.submit(none), TypeError, {
        message: /exports no function notAFunction, only .*count/,
      });
    }));

  it('runs several calls at a time, but no more than it has threads', () =>
    withPool(2, async (pool) => {
      const closed = gate();
      const first = [pool.submit(waitsFor, closed), pool.submit(waitsFor, closed)];
      const third = pool.submit(() => 'third');

      assert.match(String(pool), /threads=2 idle=0 waiting=1/);
      open(closed);

      assert.equal(await Promise.all([...first, third]), [7, 7, 'third']);
    }));

  it('checks the arguments of a waiting call immediately, and keeps them as they were', () =>
    withPool(1, async (pool) => {
      const closed = gate();
      const running = pool.submit(waitsFor, closed);
      const given = { n: 1 };

      const waiting = pool.submit((object: { n: number }) => object.n, given);
      given.n = 2;
      const refused = pool.submit((f: unknown) => f, pool.submit);
      await rejects(refused, TypeError, { message: /arguments are sent to a thread as copies/ });
      open(closed);

      assert.equal([await running, await waiting], [7, 1]);
    }));

  it('can cancel a call that has not started, but no other', () =>
    withPool(1, async (pool) => {
      const closed = gate();
      const running = pool.submit(waitsFor, closed);
      const waiting = pool.submit(() => 'never');

      assert.is(running.cancel?.(), false);
      assert.is(waiting.cancel?.(), true);
      assert.is(waiting.cancel?.(), false);
      open(closed);

      assert.is(await running, 7);
      await rejects(waiting, CancelledError);
    }));

  it('stops a terminable call that is cancelled, and continues with another thread', async () => {
    const pool = new ThreadPoolExecutor(1);
    const closed = gate();
    const running = pool.submit(terminable(waitsFor), closed);
    const next = pool.submit(() => 'next');
    while (Atomics.load(closed, 1) === 0) await new Promise(setImmediate);

    assert.ok(running.cancel?.());
    assert.not(running.cancel?.());

    await rejects(running, CancelledError);
    assert.is(await next, 'next');
    await pool.shutdown();
  });

  it('stops a call that never waits, and one that has not started', async () => {
    const pool = new ThreadPoolExecutor(1);
    const spin = terminable((): void => {
      for (;;);
    });
    const running = pool.submit(spin);
    const waiting = pool.submit(spin);
    await new Promise(setImmediate);

    assert.ok(waiting.cancel?.());
    assert.ok(running.cancel?.());

    for (const each of [waiting, running]) await rejects(each, CancelledError);
    assert.is(await pool.submit(() => 1), 1);
    await pool.shutdown();
  });

  it('cannot stop a terminable call that has finished', () =>
    withPool(1, async (pool) => {
      const call = pool.submit(
        terminable((n: number) => n),
        1,
      );
      assert.is(await call, 1);
      assert.not(call.cancel?.());
      assert.is(await pool.submit(() => 2), 2);
      throws(() => terminable(5 as never), TypeError);
    }));

  it('throws when the function ends its thread, and continues with another thread', () =>
    withPool(1, async (pool) => {
      const ends = pool.submit(moduleFunction<typeof work.exits>(WORK, 'exits'));
      const next = pool.submit(() => 'next');

      await rejects(ends, RuntimeError, {
        message: /thread ended with status 3 before exits\(\) did/,
      });
      assert.is(await next, 'next');
    }));

  it('throws when an uncaught error ends the thread', () =>
    withPool(1, async (pool) => {
      const ends = pool.submit(
        () =>
          new Promise(() => {
            setTimeout(() => {
              throw new Error('stray');
            });
          }),
      );

      const error = await rejects(ends, RuntimeError, { message: /thread failed before/ });

      assert.is((error.cause as Error).message, 'stray');
    }));
});

behaviour('ThreadPoolExecutor.shutdown', (it) => {
  it('runs the calls that were submitted, and refuses new ones', async () => {
    const pool = new ThreadPoolExecutor(1);
    const calls = [1, 2, 3].map((n) => pool.submit((m) => m, n));

    const ended = pool.shutdown();

    throws(() => pool.submit(() => 1), RuntimeError, {
      message: /cannot schedule new futures after shutdown/,
    });
    await ended;
    assert.equal(await Promise.all(calls), [1, 2, 3]);
    assert.match(String(pool), /threads=0/);
  });

  it('cancels calls that have not started, on request', async () => {
    const pool = new ThreadPoolExecutor(1);
    const closed = gate();
    const running = pool.submit(waitsFor, closed);
    const waiting = pool.submit(() => 'never');

    const ended = pool.shutdown({ cancelFutures: true });
    open(closed);

    await rejects(waiting, CancelledError);
    await ended;
    assert.is(await running, 7);
  });

  it('does not wait, on request', async () => {
    const pool = new ThreadPoolExecutor(1);
    const closed = gate();
    const running = pool.submit(waitsFor, closed);

    await pool.shutdown({ wait: false });
    open(closed);

    assert.is(await running, 7);
  });
});

behaviour('ThreadPoolExecutor', (it) => {
  it('requires at least one thread', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN])
      throws(() => new ThreadPoolExecutor(wrong), RangeError, {
        message: /integer >= 1/,
      });
  });

  it('is shut down at the end of await using', async () => {
    let used: ThreadPoolExecutor;
    {
      await using pool = new ThreadPoolExecutor(1);
      used = pool;
      await pool.submit(() => 1);
    }

    throws(() => used.submit(() => 1), RuntimeError);
  });
});

behaviour('moduleFunction', (it) => {
  it('accepts a URL or an absolute path', () => {
    assert.is(moduleFunction('/a/b.js', 'f').url, 'file:///a/b.js');
    assert.is(moduleFunction(new URL('file:///a/b.js'), 'f').name, 'f');
    assert.is(String(moduleFunction('node:os', 'uptime')), '<function uptime of node:os>');
  });

  it('refuses a relative path', () => {
    throws(() => moduleFunction('./b.js', 'f'), TypeError, { message: /import\.meta\.url/ });
    throws(() => moduleFunction(1 as unknown as string), TypeError);
    throws(() => moduleFunction('/a/b.js', 1 as unknown as string), TypeError);
  });
});
