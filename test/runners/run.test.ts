import * as assert from 'uvu/assert';
import { runningLoop } from '../../src/core/turns/running-loop.ts';
import {
  CancelledError,
  type Coroutine,
  coroutine,
  createTask,
  currentTask,
  EventLoop,
  type ExceptionContext,
  getEventLoop,
  getRunningLoop,
  Loop,
  newEventLoop,
  type RunOptions,
  RuntimeError,
  run,
  SystemExit,
  sleep,
  type Task,
} from '../../src/index.ts';
import { virtualHost } from '../../src/testing/virtual-host.ts';
import { behaviour } from '../support/behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const RUN = 'test_runners.py::RunTests::';

/** Runs without waiting, however long the sleeps are; tells of every loop that is made. */
function virtual(made: Loop[] = []): RunOptions {
  return {
    loopFactory: () => {
      const loop = new Loop({ host: virtualHost() });
      made.push(loop);
      return loop;
    },
  };
}

behaviour('run', (it) => {
  it(
    'returns what main returns',
    async () => {
      const main = coroutine(async () => {
        await sleep(0);
        return 42;
      });

      assert.is(await run(main()), 42);
    },
    { cpython: [`${RUN}test_asyncio_run_return`] },
  );

  it('accepts a function, or an operation made by one', async () => {
    assert.is(await run(async () => 42), 42);
    assert.is(await run(() => sleep(1, 42), virtual()), 42);
  });

  it(
    'throws what main throws',
    async () => {
      const main = coroutine(async () => {
        await sleep(0);
        throw new RangeError('spam');
      });

      await rejects(run(main()), RangeError, { message: 'spam' });
    },
    { cpython: [`${RUN}test_asyncio_run_raises`] },
  );

  it(
    'refuses anything that cannot be awaited',
    async () => {
      await rejects(run(1 as unknown as () => Promise<void>), TypeError, {
        message: 'An asyncio.Future, a coroutine or an awaitable is required, got 1',
      });
    },
    { cpython: [`${RUN}test_asyncio_run_only_coro`] },
  );

  it('accepts anything that can be awaited', async () => {
    // biome-ignore lint/suspicious/noThenProperty: it is what this is about
    const thenable: PromiseLike<number> = { then: (resolve) => Promise.resolve(3).then(resolve) };

    assert.is(await run(Promise.resolve(1)), 1);
    const callable = Object.assign(() => assert.unreachable('it was called'), thenable);

    assert.is(await run(thenable), 3);
    assert.is(await run(callable), 3);
    await rejects(run(Promise.reject(new RangeError('spam'))), RangeError, { message: 'spam' });
  });

  it(
    'runs on the loop that loopFactory creates',
    async () => {
      const loop = newEventLoop();
      let calls = 0;
      const loopFactory = (...given: unknown[]): Loop => {
        calls += 1;
        assert.is(given.length, 0);
        return loop;
      };

      await run(async () => assert.is(getRunningLoop(), loop), { loopFactory });

      assert.is(calls, 1);
      assert.ok(loop.isClosed());
    },
    { cpython: [`${RUN}test_asyncio_run_loop_factory`] },
  );

  it(
    'runs on an EventLoop if it is used as loopFactory',
    async () => {
      let loop: Loop | undefined;

      await run(
        async () => {
          loop = getRunningLoop();
        },
        { loopFactory: () => new EventLoop() },
      );

      assert.instance(loop, EventLoop);
    },
    { cpython: [`${RUN}test_loop_factory_default_event_loop`] },
  );

  it('can be cancelled while it waits for a promise', async () => {
    const never = new Promise<never>(() => {});

    await rejects(run(never, { signal: AbortSignal.abort(new RangeError('gone')) }), RangeError);
  });

  it('refuses a future of another loop', async () => {
    const loop = new Loop();
    const future = loop.createFuture();
    loop.close();

    await rejects(run(future), RuntimeError, { message: /attached to a different loop/ });
  });

  it(
    'uses the given debug mode, or that of the environment',
    async () => {
      const debugs = async (options?: RunOptions): Promise<boolean> =>
        run(async () => getRunningLoop().getDebug(), options);
      const inEnvironment = async (value: string): Promise<boolean[]> => {
        const before = process.env['ASYNCIO_DEBUG'];
        process.env['ASYNCIO_DEBUG'] = value;
        try {
          return [await debugs({ debug: false }), await debugs({ debug: true }), await debugs()];
        } finally {
          if (before === undefined) delete process.env['ASYNCIO_DEBUG'];
          else process.env['ASYNCIO_DEBUG'] = before;
        }
      };

      assert.equal(await inEnvironment(''), [false, true, false]);
      assert.equal(await inEnvironment('1'), [false, true, true]);
    },
    { cpython: [`${RUN}test_asyncio_run_debug`] },
  );

  it(
    'refuses to run inside another run',
    async () => {
      const inner = coroutine(async () => {});
      let call: Coroutine<void> | undefined;

      const nested = run(async () => {
        call = inner();
        await run(call);
      });

      await rejects(nested, RuntimeError, {
        message: 'asyncio.run() cannot be called from a running event loop',
      });
      call?.close();
    },
    { cpython: [`${RUN}test_asyncio_run_from_running_loop`] },
  );

  it(
    'cancels the remaining tasks, and waits for them',
    async () => {
      let left: Task<void> | undefined;

      const result = await run(async () => {
        left = createTask(() => sleep(0.1));
        return 123;
      }, virtual());

      assert.is(result, 123);
      assert.ok(left?.done());
      assert.ok(left?.cancelled());
    },
    { cpython: [`${RUN}test_asyncio_run_cancels_hanging_tasks`] },
  );

  it(
    'reports tasks that fail when they are cancelled at the end',
    async () => {
      const reports: ExceptionContext[] = [];
      const error = new RangeError('by zero');
      let left: Task<void> | undefined;

      const result = await run(async () => {
        getRunningLoop().setExceptionHandler((_loop, context) => void reports.push(context));
        left = createTask(() =>
          sleep(0.1).catch(() => {
            throw error;
          }),
        );
        await sleep(0);
        return 123;
      }, virtual());

      assert.is(result, 123);
      assert.equal(reports, [
        {
          message: 'unhandled exception during asyncio.run() shutdown',
          exception: error,
          task: left,
        },
      ]);
    },
    { cpython: [`${RUN}test_asyncio_run_reports_hanging_tasks_errors`] },
  );

  it(
    'closes the generators that the remaining tasks iterate over',
    async () => {
      class FancyExit extends Error {}
      const steps: string[] = [];
      async function* fidget(): AsyncGenerator<number> {
        try {
          while (true) {
            yield 1;
            await sleep(1);
          }
        } finally {
          steps.push('generator closed');
        }
      }
      let left: Task<void> | undefined;

      const ended = run(async () => {
        getRunningLoop().setExceptionHandler((_loop, { message }) => void steps.push(`${message}`));
        left = createTask(async () => {
          try {
            for await (const _ of fidget());
          } catch {
            throw new RangeError('by zero');
          }
        });
        await sleep(0);
        throw new FancyExit();
      }, virtual());

      await rejects(ended, FancyExit);
      assert.ok(left?.done());
      assert.equal(steps, [
        'generator closed',
        'unhandled exception during asyncio.run() shutdown',
      ]);
    },
    { cpython: [`${RUN}test_asyncio_run_closes_gens_after_hanging_tasks_errors`] },
  );

  it(
    'makes its loop the current one, until it ends',
    async () => {
      const loops = await run(async () => [getRunningLoop(), getEventLoop()]);

      assert.is(loops[0], loops[1]);
      assert.is(runningLoop(), undefined);
      throws(() => getEventLoop(), RuntimeError);
    },
    { cpython: [`${RUN}test_asyncio_run_set_event_loop`] },
  );

  it('closes its loop, whatever happens', async () => {
    const made: Loop[] = [];
    const options = virtual(made);

    await run(async () => {}, options);
    await run(async () => {
      throw new RangeError('fails');
    }, options).catch(() => {});
    await run(async () => {
      createTask(async () => {
        throw new SystemExit(1);
      });
      await sleep(1);
    }, options).catch(() => {});

    assert.equal(
      made.map((loop) => loop.isClosed()),
      [true, true, true],
    );
  });

  it('rejects with the CancelledError of a main that was cancelled', async () => {
    const ended = run(async () => {
      currentTask()?.cancel('by itself');
      await sleep(1);
    }, virtual());

    await rejects(ended, CancelledError, { message: 'by itself' });
  });

  it('reports a task that is created while the others are cancelled, and never ends', async () => {
    const reports: unknown[] = [];

    await run(async () => {
      getRunningLoop().setExceptionHandler((_loop, { message }) => void reports.push(message));
      createTask(async () => {
        try {
          await sleep(10);
        } finally {
          createTask(() => sleep(1000));
        }
      });
      await sleep(0);
    }, virtual());

    assert.equal(reports, ['Task was destroyed but it is pending!']);
  });

  it('leaves no signal listener behind', async () => {
    const before = process.listenerCount('SIGINT');

    const during = await run(async () => process.listenerCount('SIGINT'));

    assert.is(during, before + 1);
    assert.is(process.listenerCount('SIGINT'), before);
  });

  it('refuses unknown signals before anything runs', async () => {
    const main = async (): Promise<never> => {
      throw new Error('main ran');
    };
    const wrong: [signals: unknown, kind: ErrorConstructor, message: RegExp][] = [
      ['SIGTERM', TypeError, /^signals must be an array of names, got 'SIGTERM'$/],
      [['SIGNOPE'], RangeError, /^invalid signal name 'SIGNOPE'$/],
      [[true], TypeError, /^sig must be a signal's name or number, got True$/],
      [['SIGTERM', 'SIGKILL'], RuntimeError as ErrorConstructor, /^sig SIGKILL cannot be caught$/],
    ];
    for (const [signals, kind, message] of wrong)
      await rejects(run(main, { signals: signals as never }), kind, { message });

    assert.is(process.listenerCount('SIGTERM'), 0);
  });

  it('can still be cancelled by its signal if it has signals', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const main = async (): Promise<void> => {
      controller.abort(new RangeError('enough'));
      await sleep(1);
    };

    await rejects(run(main, { signal, signals: ['SIGTERM'], ...virtual() }), RangeError);
    await rejects(
      run(() => sleep(1), { signal, signals: ['SIGTERM'] }),
      RangeError,
    );
    assert.is(process.listenerCount('SIGTERM'), 0);
  });
});
