import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  ContextVar,
  type Coroutine,
  copyContext,
  coroutine,
  currentTask,
  getEventLoop,
  KeyboardInterrupt,
  Loop,
  newEventLoop,
  Runner,
  RuntimeError,
  setEventLoop,
  sleep,
} from '../../src/index.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const RUNNER = 'test_runners.py::RunnerTests::';

behaviour('Runner', (it) => {
  it(
    'uses the given debug mode',
    async () => {
      for (const debug of [false, true]) {
        await using runner = new Runner({ debug });

        assert.is(runner.getLoop().getDebug(), debug);
      }
    },
    { cpython: [`${RUNNER}test_debug`, `${RUNNER}test_non_debug`] },
  );

  it(
    'uses the loop that its factory creates, and does not make it the current one',
    async () => {
      const loop = newEventLoop();

      await using runner = new Runner({ loopFactory: () => loop });

      assert.is(runner.getLoop(), loop);
      throws(() => getEventLoop(), RuntimeError);
    },
    { cpython: [`${RUNNER}test_custom_factory`] },
  );

  it('makes its loop the current one if it has no factory', async () => {
    const runner = new Runner();

    const loop = runner.getLoop();

    assert.is(getEventLoop(), loop);
    await runner.close();
    throws(() => getEventLoop(), RuntimeError, { message: 'There is no current event loop' });
  });

  it(
    'does so once, not at every run',
    async () => {
      const nothing = async (): Promise<void> => {};
      const runner = new Runner();
      const other = newEventLoop();
      await runner.run(nothing);

      setEventLoop(other);
      await runner.run(nothing);

      assert.is(getEventLoop(), other);
      await runner.close();
      other.close();
    },
    { cpython: [`${RUNNER}test_set_event_loop_called_once`] },
  );
});

behaviour('Runner.run', (it) => {
  it(
    'runs coroutines one after another until it is closed',
    async () => {
      const f = coroutine(async (word: string) => {
        await sleep(0);
        return word;
      });
      const runner = new Runner();

      const words = [await runner.run(f('done')), await runner.run(f('and done'))];
      const loop = runner.getLoop();
      await runner.close();

      assert.equal(words, ['done', 'and done']);
      throws(() => runner.getLoop(), RuntimeError, { message: 'Runner is closed' });
      assert.ok(loop.isClosed());
    },
    { cpython: [`${RUNNER}test_run`] },
  );

  it(
    'refuses anything but a coroutine',
    async () => {
      await using runner = new Runner();

      await rejects(runner.run(123 as never), TypeError, {
        message: 'An asyncio.Future, a coroutine or an awaitable is required, got 123',
      });
    },
    { cpython: [`${RUNNER}test_run_non_coro`] },
  );

  it(
    'waits for a future',
    async () => {
      await using runner = new Runner();
      const future = runner.getLoop().createFuture();
      runner.getLoop().callSoon(() => future.setResult(5));

      assert.is(await runner.run(future), 5);
    },
    { cpython: [`${RUNNER}test_run_future`] },
  );

  it(
    'does not print the result',
    async () => {
      let printed = 0;
      class Result {
        toString(): string {
          printed += 1;
          return 'result';
        }
        [inspect.custom](): string {
          return this.toString();
        }
      }
      await using runner = new Runner();

      assert.instance(await runner.run(async () => new Result()), Result);

      assert.is(printed, 0);
    },
    { cpython: [`${RUNNER}test_no_repr_is_call_on_the_task_result`] },
  );

  it(
    'waits for an object with its own then()',
    async () => {
      const awaitable: PromiseLike<string> = {
        // biome-ignore lint/suspicious/noThenProperty: it is what this is about
        then: (onFulfilled) => (async () => 'done')().then(onFulfilled),
      };
      await using runner = new Runner();

      assert.is(await runner.run(awaitable), 'done');
    },
    { cpython: [`${RUNNER}test_run_awaitable`] },
  );

  it(
    'refuses to run after it was closed, and runs nothing',
    async () => {
      const seen: number[] = [];
      const f = coroutine(async (value: number) => void seen.push(value));
      const runner = new Runner();
      await runner.run(f(1));
      await runner.close();
      const call = f(2);

      await rejects(runner.run(call), RuntimeError, { message: 'Runner is closed' });

      assert.equal(seen, [1]);
      call.close();
    },
    { cpython: [`${RUNNER}test_second_with_block_raises`] },
  );

  it(
    'keeps context variables from run to run',
    async () => {
      const variable = new ContextVar('cvar', { default: -1 });
      const f = coroutine(async (value: number) => {
        const old = variable.get();
        await sleep(0);
        variable.set(value);
        return old;
      });
      await using runner = new Runner();

      const seen = [
        await runner.run(f(1)),
        await runner.run(f(2)),
        (await runner.run(async () => copyContext())).get(variable),
      ];

      assert.equal(seen, [-1, 1, 2]);
      assert.is(variable.get(), -1);
    },
    { cpython: [`${RUNNER}test_run_keeps_context`] },
  );

  it('runs in the given context', async () => {
    const variable = new ContextVar('cvar', { default: -1 });
    const context = copyContext();
    await using runner = new Runner();

    await runner.run(async () => void variable.set(7), { context });

    assert.is(context.get(variable), 7);
    assert.is(await runner.run(async () => variable.get()), -1);
  });

  it(
    'refuses to run inside another run',
    async () => {
      const g = coroutine(async () => {});
      let call: Coroutine<void> | undefined;
      await using runner = new Runner();

      const nested = runner.run(async () => {
        call = g();
        await runner.run(call);
      });

      await rejects(nested, RuntimeError, {
        message: 'Runner.run() cannot be called from a running event loop',
      });
      assert.ok(call?._untouched);
      call?.close();
    },
    { cpython: [`${RUNNER}test_recursive_run`] },
  );

  it('counts the interrupts of each run separately', async () => {
    await using runner = new Runner();
    const interrupted = async (): Promise<void> => {
      press();
      await sleep(1000);
    };

    await rejects(runner.run(interrupted), KeyboardInterrupt);
    await rejects(runner.run(interrupted), KeyboardInterrupt);
  });

  it(
    'rejects with KeyboardInterrupt when it is interrupted between turns',
    async () => {
      await using runner = new Runner();
      let cancelled = false;

      const ended = runner.run(async () => {
        runner.getLoop().callLater(0.01, press);
        try {
          while (true) await sleep(0);
        } catch (error) {
          cancelled = error instanceof CancelledError;
        }
        throw new CancelledError();
      });

      await rejects(ended, KeyboardInterrupt);
      assert.ok(cancelled);
    },
    { cpython: [`${RUNNER}test_interrupt_call_soon`] },
  );

  it(
    'cancels the future that main waits for when it is interrupted',
    async () => {
      await using runner = new Runner();
      const future = runner.getLoop().createFuture();

      const ended = runner.run(async () => {
        runner.getLoop().callLater(0.01, press);
        await rejects(future, CancelledError);
        throw new CancelledError();
      });

      await rejects(ended, KeyboardInterrupt);
      assert.ok(future.cancelled());
    },
    { cpython: [`${RUNNER}test_interrupt_wait`] },
  );

  it(
    'rejects with CancelledError when main was also cancelled by other code',
    async () => {
      await using runner = new Runner();

      const ended = runner.run(async () => {
        const main = currentTask();
        runner.getLoop().callSoon(() => {
          main?.cancel();
          press();
        });
        await sleep(10);
      });

      await rejects(ended, CancelledError);
    },
    { cpython: [`${RUNNER}test_interrupt_cancelled_task`] },
  );

  it('leaves an interrupt to an earlier listener', async () => {
    const heard: string[] = [];
    const listener = (): void => void heard.push('ours');
    process.on('SIGINT', listener);
    await using runner = new Runner();

    const result = await runner.run(async () => {
      press();
      await sleep(0);
      return 'not cancelled';
    });

    process.off('SIGINT', listener);
    assert.equal(heard, ['ours']);
    assert.is(result, 'not cancelled');
  });

  it('leaves an interrupt to a handler that main adds', async () => {
    const heard: string[] = [];
    await using runner = new Runner();

    const result = await runner.run(async () => {
      runner.getLoop().addSignalHandler('SIGINT', () => heard.push('handler'));
      press();
      await sleep(0);
      return 'not cancelled';
    });

    assert.equal(heard, ['handler']);
    assert.is(result, 'not cancelled');
  });

  it('is interrupted even if there is another listener', async () => {
    const listener = (): void => {};
    await using runner = new Runner();

    const ended = runner.run(async () => {
      process.on('SIGINT', listener);
      press();
      await sleep(1);
    });

    await rejects(ended, KeyboardInterrupt);
    process.off('SIGINT', listener);
  });

  /** As if Ctrl-C were pressed: the listeners are told. Real signals: program.test.ts, parity. */
  function press(): void {
    process.emit('SIGINT', 'SIGINT');
  }
});

behaviour('Runner.close', (it) => {
  it(
    'closes the loop, even of a runner that never ran',
    async () => {
      const runner = new Runner();
      const loop = runner.getLoop();

      await runner.close();

      throws(() => runner.getLoop(), RuntimeError, { message: 'Runner is closed' });
      assert.ok(loop.isClosed());
    },
    { cpython: [`${RUNNER}test_explicit_close`] },
  );

  it(
    'does nothing the second time',
    async () => {
      const runner = new Runner();
      const loop = runner.getLoop();
      await runner.close();

      await runner.close();

      assert.ok(loop.isClosed());
    },
    { cpython: [`${RUNNER}test_double_close`] },
  );

  it('closes a runner without a loop', async () => {
    const runner = new Runner();

    await runner.close();

    throws(() => runner.getLoop(), RuntimeError, { message: 'Runner is closed' });
  });

  it('throws while the loop runs', async () => {
    await using runner = new Runner();

    const ended = runner.run(async () => await runner.close());

    await rejects(ended, RuntimeError, { message: 'Cannot close a running event loop' });
    assert.instance(runner.getLoop(), Loop);
  });
});
