import * as assert from 'uvu/assert';
import {
  ContextVar,
  createTask,
  type ExceptionContext,
  KeyboardInterrupt,
  Loop,
  RuntimeError,
  SystemExit,
  sleep,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_base_events.py::BaseEventLoopTests::';

function zeroError(): void {
  throw new RangeError('division by zero');
}

loopBehaviour('loop.setExceptionHandler', (it) => {
  it.resting(
    'refuses anything but a function',
    (loop) => {
      throws(() => loop.setExceptionHandler('spam' as never), TypeError, {
        message: "A callable object or None is expected, got 'spam'",
      });
    },
    { cpython: [`${BASE}test_set_exc_handler_invalid`] },
  );

  it(
    'passes what a callback throws to the handler until it is removed',
    async (loop, { logged }) => {
      const told: [Loop, ExceptionContext][] = [];
      const handler = (from: Loop, context: ExceptionContext): void =>
        void told.push([from, context]);
      loop.setExceptionHandler(undefined);
      assert.is(loop.getExceptionHandler(), undefined);

      loop.setExceptionHandler(handler);
      assert.is(loop.getExceptionHandler(), handler);
      const handle = loop.callSoon(zeroError);
      await sleep(0);
      loop.setExceptionHandler(undefined);
      loop.callSoon(zeroError);
      await sleep(0);

      const [[from, context] = []] = told;
      assert.is(told.length, 1);
      assert.is(from, loop);
      assert.is(context?.message, 'Exception in callback zeroError()');
      assert.instance(context?.exception, RangeError);
      assert.is(context?.handle, handle);
      assert.is(context?.sourceTraceback, handle._sourceTraceback);
      assert.match(logged.join(''), /^Exception in callback zeroError\(\)\n/);
    },
    {
      debug: true,
      cpython: [
        `${BASE}test_set_exc_handler_custom`,
        'test_events.py::HandleTests::test_callback_with_exception',
      ],
    },
  );

  it(
    'falls back to the default handler if the custom handler throws',
    async (loop, { logged }) => {
      loop.setExceptionHandler(() => {
        throw new TypeError('spam');
      });

      loop.callSoon(zeroError);
      await sleep(0);

      assert.match(
        logged.join(''),
        /^Unhandled error in exception handler\ncontext: \{'message': 'Exception in callback zeroError\(\)', 'exception': RangeError\('division by zero'\), 'handle': <Handle zeroError\(\)>\}\nTypeError: spam\n {4}at /,
      );
    },
    { cpython: [`${BASE}test_set_exc_handler_broken`] },
  );

  it('calls the handler in the context of the code that failed', async (loop) => {
    const where = new ContextVar<string>('where', { default: 'nowhere' });
    const told: string[] = [];
    loop.setExceptionHandler(() => void told.push(where.get()));

    where.set('callback');
    loop.callSoon(zeroError);
    where.set('task');
    const task = createTask(async () => {
      where.set('inside');
    });
    await task;
    loop.callExceptionHandler({ message: 'of a task', task });

    assert.equal(told, ['callback', 'inside']);
  });

  it.resting('lets a handler stop the run deliberately', async (loop) => {
    const exit = new SystemExit(3);
    loop.setExceptionHandler(() => {
      throw exit;
    });
    loop.callSoon(zeroError);

    assert.is(await rejects(loop.runForever(), SystemExit), exit);
  });
});

loopBehaviour('loop.defaultExceptionHandler', (it) => {
  for (const [which, schedule] of [
    ['callSoon()', (loop: Loop) => void loop.callSoon(zeroError)],
    ['callLater()', (loop: Loop) => void loop.callLater(0.01, zeroError)],
  ] as const)
    it(
      `logs what a callback of ${which} throws, and the loop continues`,
      async (loop, { logged }) => {
        loop.setExceptionHandler(undefined);

        schedule(loop);
        await sleep(1);

        assert.match(
          logged.join(''),
          /^Exception in callback zeroError\(\)\nhandle: <(Timer)?Handle (when=\S+ )?zeroError\(\)>\nRangeError: division by zero\n {4}at zeroError \(.*exception-handler\.test\.ts:\d+:\d+\)\n/,
        );
      },
      { cpython: [`${BASE}test_default_exc_handler_callback`] },
    );

  it.resting('logs the message, the other keys, and the stack', (loop, { logged }) => {
    const exception = new TypeError('v');
    exception.stack = 'TypeError: v\n    at somewhere';

    loop.defaultExceptionHandler({ message: 'hey', zz: 1, b: 'two', exception });
    loop.defaultExceptionHandler({});
    loop.defaultExceptionHandler({ message: 'thrown', exception: 'a string' });

    assert.equal(logged, [
      "hey\nb: 'two'\nzz: 1\nTypeError: v\n    at somewhere\n",
      'Unhandled exception in event loop\n',
      "thrown\nThrown: 'a string'\n",
    ]);
  });

  it.resting('logs where objects were created, innermost frame first', (loop, { logged }) => {
    loop.defaultExceptionHandler({
      message: 'hey',
      sourceTraceback: ['    at inner (f.ts:1:1)', '    at outer (f.ts:2:1)'],
    });

    assert.is(
      logged[0],
      'hey\nsource_traceback: Object created at (most recent call first):\n' +
        '    at inner (f.ts:1:1)\n    at outer (f.ts:2:1)\n',
    );
  });

  it(
    'logs in debug mode where the running handle was created',
    async (loop, { logged }) => {
      loop.callSoon(() => loop.defaultExceptionHandler({ message: 'hey' }));
      await sleep(0);

      assert.match(
        String(logged[0]),
        /^hey\nhandle_traceback: Handle created at \(most recent call first\):\n {4}at .*exception-handler\.test\.ts/,
      );
    },
    { debug: true },
  );

  it.resting(
    'is logged itself if it fails, alone or after a handler that failed',
    async (_loop, { logged }) => {
      const contexts: ExceptionContext[] = [];
      class Broken extends Loop {
        override defaultExceptionHandler(context: ExceptionContext): void {
          contexts.push(context);
          throw new RuntimeError('spam');
        }
      }
      const loop = new Broken();

      loop.callExceptionHandler({ message: 'first', exception: new RangeError('zero') });
      loop.setExceptionHandler(() => {
        throw new TypeError('ham');
      });
      loop.callExceptionHandler({ message: 'second', exception: new RangeError('zero') });

      assert.match(
        String(logged[0]),
        /^Exception in default exception handler\nRuntimeError: spam\n/,
      );
      assert.match(
        String(logged[1]),
        /^Exception in default exception handler while handling an unexpected error in custom exception handler\nRuntimeError: spam\n/,
      );
      const inner = contexts[1]?.['context'] as ExceptionContext;
      assert.is(inner.message, 'second');
      assert.instance(inner.exception, RangeError);
      loop.close();
    },
    { cpython: [`${BASE}test_default_exc_handler_broken`] },
  );
});

loopBehaviour('loop.callExceptionHandler', (it) => {
  it.resting('passes on a KeyboardInterrupt that a handler throws', (loop) => {
    loop.setExceptionHandler(() => {
      throw new KeyboardInterrupt();
    });

    throws(() => loop.callExceptionHandler({ message: 'hey' }), KeyboardInterrupt);
  });
});

loopBehaviour('An exception handler', (it) => {
  const FUTURES = 'test_futures2.py::FutureTests::';

  it(
    'is called in the context of the callback that threw',
    async (loop) => {
      const name = new ContextVar('name', { default: 'foo' });
      const seen: string[] = [];
      loop.setExceptionHandler(() => void seen.push(name.get()));

      loop.callSoon(() => {
        name.set('bar');
        zeroError();
      });
      await sleep(0);

      assert.equal([seen, name.get()], [['bar'], 'foo']);
    },
    { cpython: [`${FUTURES}test_handle_exc_handler_correct_context`] },
  );
});
