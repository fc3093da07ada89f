import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import {
  coroutine,
  KeyboardInterrupt,
  type Loop,
  RuntimeError,
  sleep,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const REAL = { clock: 'real' } as const;

loopBehaviour('loop.addSignalHandler', (it) => {
  it(
    'throws in a worker thread, which gets no signals',
    async (loop) => {
      const built = new URL('../../../dist/index.js', import.meta.url).href;
      const answer = loop.createFuture<string>();
      const worker = new Worker(
        `import(${JSON.stringify(built)}).then(({ Loop }) => {
          const loop = new Loop();
          try {
            loop.addSignalHandler('SIGUSR2', () => {});
          } catch (error) {
            require('node:worker_threads').parentPort.postMessage(String(error));
          }
        });`,
        { eval: true, execArgv: [] },
      );
      worker.once('message', (text: string) => answer.setResult(text));
      worker.once('error', (error) => answer.setException(error));

      assert.match(
        await answer,
        /RuntimeError: addSignalHandler\(\) only works in the main thread/,
      );
      await worker.terminate();
    },
    REAL,
  );

  it(
    'calls back in the loop with its arguments when the signal arrives',
    async (loop) => {
      const came = loop.createFuture<string>();
      loop.addSignalHandler('SIGUSR2', (text: string) => came.setResult(text), 'it came');

      process.kill(process.pid, 'SIGUSR2');

      assert.is(await came, 'it came');
      loop.removeSignalHandler('SIGUSR2');
    },
    {
      ...REAL,
      cpython: [
        'test_events.py::EventLoopTestsMixin::test_signal_handling_while_selecting',
        'test_events.py::EventLoopTestsMixin::test_signal_handling_args',
        'test_unix_events.py::SelectorEventLoopSignalTests::test_add_signal_handler',
      ],
    },
  );

  it(
    'accepts a signal number',
    async (loop) => {
      const came = loop.createFuture<void>();
      const { SIGUSR2 } = (await import('node:os')).constants.signals;
      loop.addSignalHandler(SIGUSR2, () => came.setResult());

      process.kill(process.pid, 'SIGUSR2');

      await came;
      assert.is(loop.removeSignalHandler(SIGUSR2), true);
    },
    REAL,
  );

  it(
    'replaces an existing handler',
    async (loop) => {
      const calls: string[] = [];
      const came = loop.createFuture<void>();
      loop.addSignalHandler('SIGUSR2', () => calls.push('first'));
      loop.addSignalHandler('SIGUSR2', () => {
        calls.push('second');
        came.setResult();
      });

      process.kill(process.pid, 'SIGUSR2');
      await came;

      assert.equal(calls, ['second']);
      loop.removeSignalHandler('SIGUSR2');
    },
    REAL,
  );

  it(
    'refuses unknown signals, and those that cannot be caught',
    async (loop) => {
      const add = (sig: unknown) => () => loop.addSignalHandler(sig as 'SIGUSR2', () => {});

      throws(add('boom'), RangeError, { message: "invalid signal name 'boom'" });
      throws(add(9999), RangeError, { message: 'invalid signal number 9999' });
      throws(add(1.5), TypeError, { message: /got 1.5/ });
      throws(add(9), RuntimeError, { message: 'sig 9 cannot be caught' });
      const simple = coroutine(async () => {});
      throws(() => loop.addSignalHandler('SIGUSR2', simple), TypeError, {
        message: 'coroutines cannot be used with addSignalHandler()',
      });
    },
    {
      cpython: [
        'test_events.py::EventLoopTestsMixin::test_add_signal_handler',
        'test_unix_events.py::SelectorEventLoopSignalTests::test_check_signal',
        'test_unix_events.py::SelectorEventLoopSignalTests::test_add_signal_handler_coroutine_error',
        'test_unix_events.py::SelectorEventLoopSignalTests::test_add_signal_handler_install_error3',
      ],
    },
  );
});

loopBehaviour('loop.removeSignalHandler', (it) => {
  it(
    'returns whether there was a handler, and leaves no listener',
    async (loop) => {
      const before = process.listenerCount('SIGUSR2');
      loop.addSignalHandler('SIGUSR2', () => {});

      const answers = [loop.removeSignalHandler('SIGUSR2'), loop.removeSignalHandler('SIGUSR2')];

      assert.equal(answers, [true, false]);
      assert.is(process.listenerCount('SIGUSR2'), before);
    },
    { cpython: ['test_unix_events.py::SelectorEventLoopSignalTests::test_remove_signal_handler'] },
  );

  it.resting(
    'lets Ctrl-C interrupt the loop again',
    async (loop) => {
      const calls: string[] = [];
      loop.addSignalHandler('SIGINT', () => calls.push('handled'));
      loop.callSoon(() => process.emit('SIGINT'));
      loop.callLater(1, () => {
        loop.removeSignalHandler('SIGINT');
        process.emit('SIGINT');
      });

      await rejects(loop.runForever(), KeyboardInterrupt);

      assert.equal(calls, ['handled']);
    },
    {
      cpython: ['test_unix_events.py::SelectorEventLoopSignalTests::test_remove_signal_handler_2'],
    },
  );

  it.resting(
    'is done automatically when the loop is closed',
    (loop) => {
      const before = process.listenerCount('SIGUSR2');
      loop.addSignalHandler('SIGUSR2', () => {});

      loop.close();

      assert.is(process.listenerCount('SIGUSR2'), before);
    },
    { cpython: ['test_unix_events.py::SelectorEventLoopSignalTests::test_close'] },
  );
});

loopBehaviour('A SIGINT that a program sends itself in the last turn of its loop', (it) => {
  const interrupt = (): void => void process.kill(process.pid, 'SIGINT');
  const mains: Record<string, (loop: Loop) => Promise<unknown>> = {
    'returns at once': async () => interrupt(),
    'fails at once': async () => {
      interrupt();
      throw new RangeError('planted');
    },
    'returns a turn later': async (loop) => {
      loop.callSoon(interrupt);
      await sleep(0);
    },
  };

  for (const [what, main] of Object.entries(mains))
    it.resting(
      `ends runUntilComplete() with a KeyboardInterrupt if the program ${what}`,
      async (loop) => {
        await rejects(
          loop.runUntilComplete(() => main(loop)),
          KeyboardInterrupt,
        );

        assert.is(process.listenerCount('SIGINT'), 0);
        assert.is(await loop.runUntilComplete(async () => 'it runs again'), 'it runs again');
      },
      REAL,
    );

  for (const order of ['before', 'after'])
    it.resting(
      `ends runForever() with a KeyboardInterrupt if it is sent ${order} stop()`,
      async (loop) => {
        const calls = [interrupt, () => loop.stop()];
        for (const call of order === 'before' ? calls : calls.reverse()) loop.callSoon(call);

        await rejects(loop.runForever(), KeyboardInterrupt);
      },
      REAL,
    );

  it.resting(
    'is passed to the program’s handler, which is called in the next run',
    async (loop) => {
      const calls: string[] = [];
      loop.addSignalHandler('SIGINT', () => calls.push('called'));

      await loop.runUntilComplete(async () => interrupt());
      assert.equal(calls, []);
      await loop.runUntilComplete(() => sleep(0));

      assert.equal(calls, ['called']);
    },
    REAL,
  );
});
