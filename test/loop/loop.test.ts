import * as assert from 'uvu/assert';
import {
  allTasks,
  coroutine,
  createTask,
  eagerTaskFactory,
  ensureFuture,
  getRunningLoop,
  Handle,
  KeyboardInterrupt,
  Loop,
  RuntimeError,
  SystemExit,
  sleep,
  Task,
  type TaskBody,
  type TaskOptions,
  TimerHandle,
  taskGroup,
} from '../../src/index.ts';
import { runFile } from '../support/child.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const BASE = 'test_base_events.py::BaseEventLoopTests::';
const SELECTOR = 'test_base_events.py::BaseEventLoopWithSelectorTests::';

/** Lets one turn of a resting loop pass, as asyncio's own tests do. */
async function runBriefly(loop: Loop): Promise<void> {
  loop.callSoon(() => loop.stop());
  await loop.runForever();
}

loopBehaviour('An async callback', (it) => {
  it('is reported with its handle if it fails, wherever it was registered', async (loop, scene) => {
    let nth = 0;
    const fails = async (): Promise<void> => {
      nth += 1;
      throw new Error(await Promise.resolve(`failure ${nth}`));
    };
    const future = loop.createFuture();

    const handles = [
      loop.callSoon(fails),
      loop.callSoonThreadsafe(fails),
      loop.callLater(0, fails),
      loop.callAt(loop.time(), fails),
    ];
    future.addDoneCallback(fails);
    future.setResult(undefined);
    await scene.settle();

    const { reports } = scene;
    assert.equal(
      reports.map(({ message, exception }) => [message, (exception as Error).message]),
      [1, 2, 3, 4, 5].map((each) => ['Exception in callback fails()', `failure ${each}`]),
    );
    for (const handle of handles) assert.ok(reports.some((report) => report.handle === handle));
  });

  it.resting('stops the run if it exits', async (loop) => {
    const exit = new SystemExit(3);
    loop.callSoon(async () => {
      throw exit;
    });

    assert.is(await rejects(loop.runForever(), SystemExit), exit);
  });

  it('may return a task, which reports its own failure', async (loop, { settle, logged }) => {
    const task = createTask(async () => {
      throw new Error('taken');
    });
    loop.callSoon(() => task);
    loop.callSoon(async () => {});
    await settle();

    assert.is((task.exception() as Error).message, 'taken');
    assert.equal(logged, []);
  });

  it(
    'is refused in debug mode, as in asyncio',
    async (loop) => {
      const f = async (): Promise<void> => {};
      const message = (method: string): { message: string } => ({
        message: `coroutines cannot be used with ${method}()`,
      });

      throws(() => loop.callSoon(f), TypeError, message('callSoon'));
      throws(() => loop.callLater(1, f), TypeError, message('callLater'));
    },
    { debug: true },
  );
});

loopBehaviour('loop.callSoon', (it) => {
  it(
    'returns a handle, and calls in the next turn with the arguments, in order',
    async (loop, { settle }) => {
      const calls: unknown[] = [];

      const handle = loop.callSoon((...args: number[]) => calls.push(args), 1, 2);
      loop.callSoonThreadsafe(() => calls.push('second'));

      assert.is(Object.getPrototypeOf(handle), Handle.prototype);
      assert.equal(calls, []);
      await settle(1);
      assert.equal(calls, [[1, 2], 'second']);
    },
    {
      cpython: [
        `${BASE}test_call_soon`,
        `${BASE}test__add_callback_handle`,
        'test_events.py::EventLoopTestsMixin::test_call_soon',
        'test_events.py::EventLoopTestsMixin::test_call_soon_threadsafe_same_thread',
      ],
    },
  );

  it(
    'does not call cancelled handles',
    async (loop, { settle }) => {
      const calls: number[] = [];
      const handle = loop.callSoon(() => calls.push(1));

      handle.cancel();
      await settle(1);

      assert.equal(calls, []);
    },
    { cpython: [`${BASE}test__add_callback_cancelled_handle`] },
  );

  it(
    'defers callbacks that a callback schedules to the next turn',
    async (loop) => {
      const calls: string[] = [];
      loop.callSoon(() => {
        calls.push('outer');
        loop.callSoon(() => calls.push('inner'));
      });

      await sleep(0);
      assert.equal(calls, ['outer']);
      await sleep(0);
      assert.equal(calls, ['outer', 'inner']);
    },
    { cpython: [`${BASE}test__run_once_schedule_handle`] },
  );

  it(
    'refuses anything but a function',
    async (loop) => {
      throws(() => loop.callSoon(1 as never), TypeError, {
        message: 'a callable object was expected by callSoon(), got 1',
      });
    },
    { cpython: [`${BASE}test_call_soon_non_callable`] },
  );

  it(
    'refuses coroutines and coroutine functions, like every function that takes a callback',
    async (loop) => {
      const simple = coroutine(async function simple() {});
      const body = simple();

      for (const wrong of [simple, body as never]) {
        const message = (method: string): { message: string } => ({
          message: `coroutines cannot be used with ${method}()`,
        });
        throws(() => loop.callSoon(wrong), TypeError, message('callSoon'));
        throws(() => loop.callSoonThreadsafe(wrong), TypeError, message('callSoonThreadsafe'));
        throws(() => loop.callLater(60, wrong), TypeError, message('callLater'));
        throws(() => loop.callAt(loop.time() + 60, wrong), TypeError, message('callAt'));
      }
      body.close();
    },
    { cpython: [`${SELECTOR}test_call_coroutine`] },
  );
});

loopBehaviour('loop.callLater', (it) => {
  it(
    'returns a timer, and calls when it is due',
    async (loop) => {
      const calls: unknown[] = [];

      const timer = loop.callLater(10, (word: string) => calls.push(word, loop.time()), 'now');

      assert.instance(timer, TimerHandle);
      assert.is(timer.when(), 1010);
      await sleep(9);
      assert.equal(calls, []);
      await sleep(1);
      assert.equal(calls, ['now', 1010]);
    },
    {
      cpython: [
        `${BASE}test_call_later`,
        'test_events.py::EventLoopTestsMixin::test_call_later',
        'test_events.py::TimerTests::test_timer',
        'test_events.py::TimerTests::test_when',
      ],
    },
  );

  it.resting(
    'calls the most overdue first if delays are negative',
    async (loop) => {
      const calls: string[] = [];
      const note = (word: string): void => void calls.push(word);

      loop.callLater(-1, note, 'a');
      loop.callLater(-2, note, 'b');
      await runBriefly(loop);

      assert.equal(calls, ['b', 'a']);
    },
    { cpython: [`${BASE}test_call_later_negative_delays`] },
  );

  it(
    'refuses anything but a time',
    async (loop) => {
      const call = (delay: unknown): unknown => loop.callLater(delay as number, () => {});

      throws(() => call(undefined), TypeError, { message: 'delay must not be None' });
      throws(() => call('1'), TypeError, {
        message: "delay must be a number of seconds, got '1'",
      });
      throws(() => call(Number.NaN), RangeError, {
        message: 'delay must be a finite number of seconds, got nan',
      });
    },
    { cpython: [`${BASE}test_call_later`] },
  );
});

loopBehaviour('loop.callAt', (it) => {
  it.resting(
    'calls when the loop’s clock reaches the given time',
    async (loop) => {
      const begin = loop.time();

      loop.callAt(begin + 0.1, () => loop.stop());
      await loop.runForever();

      assert.is(loop.time(), begin + 0.1);
      throws(() => loop.callAt(undefined as never, () => {}), TypeError, {
        message: 'when cannot be None',
      });
    },
    { cpython: [`${BASE}test_time_and_call_at`] },
  );
});

loopBehaviour('loop.runForever', (it) => {
  it.resting('throws KeyboardInterrupt on Ctrl-C, and listens only while it runs', async (loop) => {
    const before = process.listenerCount('SIGINT');
    loop.callSoon(() => process.emit('SIGINT'));

    await rejects(loop.runForever(), KeyboardInterrupt);

    assert.is(process.listenerCount('SIGINT'), before);
    assert.is(loop.isRunning(), false);
  });

  it.resting('leaves Ctrl-C to other listeners', async (loop) => {
    let heard = 0;
    const listen = (): void => {
      heard += 1;
      loop.stop();
    };
    loop.callSoon(() => {
      process.once('SIGINT', listen);
      process.emit('SIGINT');
    });

    await loop.runForever();

    assert.is(heard, 1);
  });

  it.resting(
    'runs one turn if stop() was called before',
    async (loop) => {
      const calls: string[] = [];
      loop.callSoon(() => {
        calls.push('first');
        loop.callSoon(() => calls.push('second'));
      });

      loop.stop();
      await loop.runForever();
      assert.equal(calls, ['first']);
      loop.stop();
      await loop.runForever();
      assert.equal(calls, ['first', 'second']);
    },
    { cpython: [`${BASE}test_run_forever_pre_stopped`] },
  );

  it.resting('returns if stop() was called before and there is nothing to do', async (loop) => {
    loop.stop();

    await loop.runForever();

    assert.is(loop.isRunning(), false);
  });

  it(
    'refuses to run while another loop runs, or while it is already running',
    async (loop) => {
      const other = new Loop();

      await rejects(other.runForever(), RuntimeError, {
        message: 'Cannot run the event loop while another loop is running',
      });
      await rejects(loop.runForever(), RuntimeError, {
        message: 'This event loop is already running',
      });
      other.close();
    },
    {
      cpython: [
        'test_base_events.py::RunningLoopTests::test_running_loop_within_a_loop',
        'test_events.py::EventLoopTestsMixin::test_run_until_complete_nesting',
      ],
    },
  );

  it.resting('makes its loop the running one', async (loop) => {
    const seen: unknown[] = [];
    loop.callSoon(() => seen.push(getRunningLoop(), loop.isRunning()));

    await runBriefly(loop);

    assert.is(seen[0], loop);
    assert.is(seen[1], true);
    assert.is(loop.isRunning(), false);
    throws(() => getRunningLoop(), RuntimeError, { message: 'no running event loop' });
  });

  it.resting(
    'ends with the SystemExit that a callback throws, and leaves the rest scheduled',
    async (loop) => {
      const calls: number[] = [];
      const exit = new SystemExit(3);
      loop.callSoon(() => {
        throw exit;
      });
      loop.callSoon(() => calls.push(1));

      assert.is(await rejects(loop.runForever(), SystemExit), exit);
      assert.equal(calls, []);
      await runBriefly(loop);
      assert.equal(calls, [1]);
    },
  );
});

loopBehaviour('loop.stop', (it) => {
  it.resting(
    'finishes the turn, and leaves newly scheduled callbacks to the next run',
    async (loop) => {
      const calls: string[] = [];
      loop.callSoon(() => {
        loop.stop();
        loop.callSoon(() => calls.push('next run'));
      });
      loop.callSoon(() => calls.push('same turn'));

      await loop.runForever();
      assert.equal(calls, ['same turn']);
      await runBriefly(loop);
      assert.equal(calls, ['same turn', 'next run']);
    },
    { cpython: [`${BASE}test_run_once`] },
  );

  it.resting(
    'leaves nothing behind that would call a callback twice in the next run',
    async (loop) => {
      let calls = 0;
      const doer = (): void => {
        calls += 1;
        loop.callSoon(() => handle.cancel());
      };
      const handle = loop.callSoon(doer);

      for (let run = 1; run <= 2; run += 1) {
        await runBriefly(loop);
        assert.is(calls, 1);
      }
    },
    { cpython: [`${BASE}test_single_selecter_event_callback_after_stopping`] },
  );

  it.resting('lets the last step of the turn finish, in the loop', async (loop) => {
    const seen: unknown[] = [];
    const done = loop.createFuture();
    done.setResult(1);
    loop.callSoon(() => loop.stop());
    const task = loop.createTask(async () => {
      for (let n = 0; n < 5; n += 1) await done;
      seen.push(getRunningLoop() === loop, loop.isRunning());
    });

    await loop.runForever();

    assert.equal([...seen, task.done()], [true, true, true]);
  });

  it.resting('ends the turn if the end of its last step calls it', async (loop) => {
    const calls: number[] = [];
    const done = loop.createFuture();
    done.setResult(1);
    const task = loop.createTask(async () => {
      await done;
      loop.callSoon(() => calls.push(1));
      loop.stop();
    });

    await loop.runForever();

    assert.equal([...calls, task.done()], [true]);
    await runBriefly(loop);
    assert.equal(calls, [1]);
  });

  it.resting('lets one turn run if it is called from outside the loop', async (loop) => {
    const calls: number[] = [];
    setTimeout(() => {
      loop.callSoon(() => calls.push(1));
      loop.stop();
    }, 1);

    await loop.runForever();

    assert.equal(calls, [1]);
  });
});

loopBehaviour('loop.runUntilComplete', (it) => {
  it.resting(
    'returns the result of its argument',
    async (loop) => {
      const seven = coroutine(async () => 7);
      const future = loop.createFuture<number>();
      loop.callSoon(() => future.setResult(7));

      assert.is(await loop.runUntilComplete(seven()), 7);
      assert.is(await loop.runUntilComplete(async () => 7), 7);
      assert.is(await loop.runUntilComplete(future), 7);
      assert.is(await loop.runUntilComplete(Promise.resolve(7)), 7);
    },
    { cpython: ['test_events.py::EventLoopTestsMixin::test_run_until_complete'] },
  );

  it.resting('throws the error of its argument', async (loop) => {
    const failing = async (): Promise<void> => {
      throw new RangeError('boom');
    };

    await rejects(loop.runUntilComplete(failing), RangeError, { message: 'boom' });
  });

  it.resting(
    'refuses anything that cannot be awaited',
    async (loop) => {
      await rejects(loop.runUntilComplete('blah' as never), TypeError, {
        message: "An asyncio.Future, a coroutine or an awaitable is required, got 'blah'",
      });
    },
    { cpython: [`${BASE}test_run_until_complete_type_error`] },
  );

  it.resting(
    'refuses a future of another loop',
    async (loop) => {
      const other = new Loop();
      const future = loop.createFuture();

      await rejects(other.runUntilComplete(future), RangeError, {
        message:
          'The future belongs to a different loop than the one specified as the loop argument',
      });
      other.close();
    },
    { cpython: [`${BASE}test_run_until_complete_loop`] },
  );

  it.resting(
    'throws if the loop is stopped first',
    async (loop) => {
      const future = loop.createFuture();
      loop.callSoon(() => loop.stop());

      await rejects(loop.runUntilComplete(future), RuntimeError, {
        message: 'Event loop stopped before Future completed.',
      });
      assert.is(String(future), '<Future pending>');
    },
    { cpython: ['test_events.py::EventLoopTestsMixin::test_run_until_complete_stopped'] },
  );

  it.resting(
    'leaves no callback on its future that would stop the run after an exit',
    async (loop, { settle }) => {
      class ShowStopper extends SystemExit {}
      const orphan = coroutine(async () => await sleep(0.1));
      loop.callSoon(() => {
        throw new ShowStopper();
      });

      await rejects(loop.runUntilComplete(orphan()), ShowStopper);
      await loop.runUntilComplete(async () => await sleep(0.2));

      await loop.runUntilComplete(() => settle(1));
      assert.is(loop._tasks.size, 0);
    },
    { cpython: [`${BASE}test_run_until_complete_loop_orphan_future_close_loop`] },
  );

  it.resting(
    'throws the KeyboardInterrupt of its task, which then counts as retrieved',
    async (loop, { reports }) => {
      const interrupted = coroutine(async () => {
        throw new KeyboardInterrupt();
      });

      await rejects(loop.runUntilComplete(interrupted()), KeyboardInterrupt);
      loop.close();

      assert.equal(reports, []);
    },
    { cpython: [`${BASE}test_run_forever_keyboard_interrupt`] },
  );

  it.resting(
    'leaves no stop() pending after a KeyboardInterrupt',
    async (loop) => {
      const calls: number[] = [];
      await rejects(
        loop.runUntilComplete(async () => {
          throw new KeyboardInterrupt();
        }),
        KeyboardInterrupt,
      );

      loop.callSoon(() => {
        loop.callSoon(() => {
          calls.push(1);
          loop.stop();
        });
      });
      await loop.runForever();

      assert.equal(calls, [1]);
    },
    { cpython: [`${BASE}test_run_until_complete_baseexception`] },
  );
});

loopBehaviour('loop.close', (it) => {
  it.resting(
    'is final, and can be called again',
    async (loop) => {
      const future = loop.createFuture();
      assert.is(loop.isClosed(), false);

      loop.close();
      loop.close();

      assert.is(loop.isClosed(), true);
      const closed = { message: 'Event loop is closed' };
      await rejects(loop.runForever(), RuntimeError, closed);
      await rejects(loop.runUntilComplete(future), RuntimeError, closed);
      throws(() => loop.callSoon(() => {}), RuntimeError, closed);
      throws(() => loop.callLater(1, () => {}), RuntimeError, closed);
      throws(() => loop.createTask(async () => {}), RuntimeError, closed);
      throws(() => loop.addReader(0, () => {}), RuntimeError, closed);
      throws(() => loop.addWriter(0, () => {}), RuntimeError, closed);
    },
    {
      cpython: [
        `${BASE}test_close`,
        'test_selector_events.py::BaseSelectorEventLoopTests::test_close',
        'test_events.py::EventLoopTestsMixin::test_close',
      ],
    },
  );

  it(
    'throws while the loop runs',
    async (loop) => {
      throws(() => loop.close(), RuntimeError, { message: 'Cannot close a running event loop' });
    },
    { cpython: ['test_events.py::EventLoopTestsMixin::test_close_running_event_loop'] },
  );

  it.resting('never calls what is still scheduled', async (loop) => {
    loop.callSoon(() => assert.unreachable('called after close()'));
    loop.callLater(0, () => assert.unreachable('called after close()'));

    loop.close();

    await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it.resting('reports the tasks that are still pending', async (loop, { reports }) => {
    const waiting = loop.createTask(async () => await loop.createFuture(), { name: 'waiter' });
    await runBriefly(loop);

    loop.close();

    assert.equal(
      reports.map(({ message, task }) => [message, task === waiting]),
      [['Task was destroyed but it is pending!', true]],
    );
    assert.match(
      String(waiting),
      /^<Task pending name='waiter' coro=<.*> wait_for=<Future pending cb=\[Task\.task_wakeup\(\)\]>>$/,
    );
  });
});

loopBehaviour('loop.setTaskFactory', (it) => {
  class MyTask<T> extends Task<T> {}
  const factory = <T>(loop: Loop, body: TaskBody<T>, options: TaskOptions): Task<T> =>
    new MyTask(body, { ...options, loop });

  it.resting(
    'refuses anything but a function',
    (loop) => {
      throws(() => loop.setTaskFactory(1 as never), TypeError, {
        message: 'task factory must be a callable or None, got 1',
      });
      assert.is(loop.getTaskFactory(), undefined);
    },
    { cpython: [`${BASE}test_set_task_factory_invalid`] },
  );

  it.resting(
    'creates tasks with the factory until it is removed',
    async (loop) => {
      assert.is(loop.getTaskFactory(), undefined);

      loop.setTaskFactory(factory);
      assert.is(loop.getTaskFactory(), factory);
      const mine = loop.createTask(async () => {});
      await loop.runUntilComplete(mine);
      loop.setTaskFactory(undefined);
      assert.is(loop.getTaskFactory(), undefined);
      const usual = loop.createTask(async () => {});
      await loop.runUntilComplete(usual);

      assert.instance(mine, MyTask);
      assert.is(Object.getPrototypeOf(usual), Task.prototype);
    },
    { cpython: [`${BASE}test_set_task_factory`] },
  );

  it.resting(
    'passes the name and the context to the factory',
    async (loop) => {
      loop.setTaskFactory(factory);

      const task = loop.createTask(async () => {}, { name: 'test_task' });

      assert.is(task.getName(), 'test_task');
      await loop.runUntilComplete(task);
    },
    { cpython: [`${BASE}test_create_named_task_with_custom_factory`] },
  );

  it('passes on unknown options to the factory, but no signal', async (loop) => {
    const seen: object[] = [];
    loop.setTaskFactory<{ priority?: number }>((loop, body, { priority, ...options }) => {
      seen.push({ priority, ...options });
      return new Task(body, { ...options, loop });
    });
    const f = async (): Promise<void> => {};
    const { signal } = new AbortController();

    await createTask<void, { priority: number }>(f, { priority: 1, name: 'one', signal });
    await loop.createTask<void, { priority: number }>(f, { priority: 2 });
    await taskGroup(async (group) => {
      group.createTask<void, { priority: number }>(f, { priority: 3 });
    });

    assert.equal(seen, [{ priority: 1, name: 'one' }, { priority: 2 }, { priority: 3 }]);
  });
});

loopBehaviour('loop.createTask', (it) => {
  it.resting(
    'sets the name of the task',
    async (loop) => {
      const task = loop.createTask(async () => {}, { name: 'test_task' });

      assert.is(task.getName(), 'test_task');
      await loop.runUntilComplete(task);
    },
    { cpython: [`${BASE}test_create_named_task_with_default_factory`] },
  );

  it('refuses unknown options, also for eager tasks', async (loop) => {
    let isBegun = false;
    const f = async (): Promise<void> => {
      isBegun = true;
    };
    const options = { nmae: 'typo' } as never;
    const message = /^unexpected option 'nmae', expected name, context, eagerStart/;
    throws(() => createTask(f, options), TypeError, { message });
    throws(() => loop.createTask(f, options), TypeError, { message });
    throws(() => new Task(f, options), TypeError, { message });
    await taskGroup(async (group) => {
      throws(() => group.createTask(f, options), TypeError, { message });
    });
    loop.setTaskFactory(eagerTaskFactory);
    throws(() => createTask(f, options), TypeError, { message });
    await sleep(0);

    assert.not(isBegun);
    assert.is(allTasks().size, 1);
    throws(() => createTask(f, { nmae: undefined } as never), TypeError, { message });
    await createTask(f, { name: undefined, signal: undefined });
  });
});

loopBehaviour('loop.setDebug', (it) => {
  it.resting(
    'switches debug mode on and off',
    (loop) => {
      loop.setDebug(true);
      assert.is(loop.getDebug(), true);
      loop.setDebug(false);
      assert.is(loop.getDebug(), false);
    },
    { cpython: [`${BASE}test_set_debug`] },
  );

  it.resting(
    'is on from the start if ASYNCIO_DEBUG is not empty',
    async () => {
      const debugIn = async (env: Record<string, string>): Promise<string> => {
        const { stdout, stderr } = await runFile('test/loop/children/debug.ts', { env });
        return stdout + stderr;
      };

      const printed = await Promise.all([
        debugIn({}),
        debugIn({ ASYNCIO_DEBUG: '' }),
        debugIn({ ASYNCIO_DEBUG: '1' }),
      ]);

      assert.equal(printed, ['false\n', 'false\n', 'true\n']);
    },
    {
      cpython: [`${BASE}test_env_var_debug`, 'test_tasks.py::GatherTestsBase::test_env_var_debug'],
    },
  );
});

loopBehaviour('loop.slowCallbackDuration', (it) => {
  it.resting(
    'is how long a callback or step may take before it is logged',
    async (loop, { logged }) => {
      loop.slowCallbackDuration = 0;

      loop.callSoon(function stopLoop(word: string) {
        assert.is(word, 'arg');
        loop.stop();
      }, 'arg');
      await loop.runForever();
      ensureFuture(
        async function stopLoopToo() {
          loop.stop();
        },
        { loop },
      );
      await loop.runForever();

      assert.match(
        String(logged[0]),
        /^Executing <Handle stopLoop\('arg'\) created at test\/loop\/loop\.test\.ts:\d+> took \d\.\d{3} seconds\n$/,
      );
      assert.match(
        String(logged.at(-1)),
        /^Executing <Task finished name='Task-\d+' coro=<stopLoopToo\(\) .*> result=None created at .*> took \d\.\d{3} seconds\n$/,
      );
    },
    { debug: true, cpython: [`${SELECTOR}test_log_slow_callbacks`] },
  );

  it(
    'names the task whose step took too long, however it was woken',
    async (loop, { logged }) => {
      const future = loop.createFuture();
      const task = createTask(
        async () => {
          await sleep(0);
          await future;
        },
        { name: 'slow' },
      );
      await sleep(0);
      loop.slowCallbackDuration = 0;
      await sleep(0);
      future.setResult(1);
      await task;
      loop.slowCallbackDuration = 10;

      const steps = logged.filter((line) => /^Executing <Task \w+ name='slow'/.test(line));
      assert.is(steps.length, 2);
    },
    { debug: true },
  );

  it('is ignored outside debug mode', async (loop, { logged, settle }) => {
    loop.slowCallbackDuration = 0;

    await settle();

    assert.equal(logged, []);
  });
});

loopBehaviour('String(loop)', (it) => {
  it('shows the state', async (loop) => {
    const other = new Loop({ debug: true });
    other.close();

    assert.is(String(loop), '<Loop running=True closed=False debug=False>');
    assert.is(String(other), '<Loop running=False closed=True debug=True>');
  });
});
