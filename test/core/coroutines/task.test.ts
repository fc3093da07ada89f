import * as assert from 'uvu/assert';
import {
  allTasks,
  CancelledError,
  ContextVar,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  Future,
  getRunningLoop,
  type Loop,
  newEventLoop,
  RuntimeError,
  sleep,
  Task,
  type TaskBody,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';

loopBehaviour('createTask', (it) => {
  it('starts the body in the turn after the call', async () => {
    const steps: string[] = [];
    const body = coroutine(async () => void steps.push('body'));

    const task = createTask(body());
    steps.push('made');
    await task;

    assert.equal(steps, ['made', 'body']);
  });

  it(
    'takes a coroutine, and gives its result',
    async () => {
      const notmuch = coroutine(async () => 'ok');

      const task = createTask(notmuch());

      assert.instance(task, Task);
      assert.is(await task, 'ok');
      assert.ok(task.done());
      assert.is(task.result(), 'ok');
    },
    {
      cpython: [
        'test_tasks.py::BaseTaskTests::test_bare_create_task',
        'test_tasks.py::BaseTaskTests::test_create_task_with_async_function',
        'test_tasks.py::BaseTaskTests::test_task_basics',
      ],
    },
  );

  it('takes a coroutine function, and calls it', async () => {
    const notmuch = coroutine(async function notmuch() {
      return 'ok';
    });

    const task = createTask(notmuch);

    assert.match(String(task), /coro=<notmuch\(\) running, defined at /);
    assert.is(await task, 'ok');
  });

  it(
    'takes a function without arguments that returns any promise',
    async () => {
      // biome-ignore lint/suspicious/noThenProperty: a promise of another make is meant
      const thenable = { then: (give: (value: number) => void) => give(42) };

      const tasks = [
        createTask(async () => 42),
        createTask(() => Promise.resolve(42)),
        createTask(() => thenable as PromiseLike<number>),
      ];

      assert.equal(await Promise.all(tasks), [42, 42, 42]);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_create_task_with_asynclike_function'] },
  );

  it('takes an operation', async (loop) => {
    const begin = loop.time();

    const task = createTask(sleep(5, 'rested'));

    assert.is(await task, 'rested');
    assert.is(loop.time() - begin, 5);
  });

  it('abandons an operation that is cancelled before its first turn', async (loop) => {
    const operation = sleep(5);

    const task = createTask(operation);
    task.cancel();
    await rejects(task, CancelledError);

    assert.ok(operation.cancelled());
    assert.is(loop.time(), 1000);
  });

  it('fails with what a function throws before it returns a promise', async () => {
    const task = createTask(() => {
      throw new RangeError('no promise');
    });

    await rejects(task, RangeError, { message: 'no promise' });
  });

  it('fails when its coroutine was awaited already', async () => {
    const once = coroutine(async () => 'once');
    const call = once();
    await call;

    const task = createTask(call);

    await rejects(task, RuntimeError, { message: 'cannot reuse already awaited coroutine' });
  });

  it(
    'refuses anything but a coroutine, every time',
    () => {
      for (const attempt of [1, 2]) {
        const error = refusal(123);

        assert.is(error, 'a coroutine was expected, got 123', `attempt ${attempt}`);
      }
      return Promise.resolve();
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_create_task_with_noncoroutine'] },
  );

  it('refuses a promise, and says what to write', async (loop) => {
    const running = async (): Promise<void> => {};

    const promise = refusal(running());
    const future = refusal(loop.createFuture());

    const advice =
      'make the function a coroutine function with coroutine(), or write createTask(() => call())';
    assert.is(
      promise,
      `a coroutine was expected, got a promise that is already running: ${advice}`,
    );
    assert.is(future, `a coroutine was expected, got <Future pending>: ${advice}`);
    assert.is(allTasks().size, 1);
  });

  it.resting('needs a running loop', () => {
    assert.throws(
      () => createTask(async () => {}),
      (error: unknown) =>
        error instanceof RuntimeError && error.message.startsWith('no running event loop'),
    );
  });

  it(
    'names the task',
    async () => {
      const task = createTask(async () => {}, { name: 'No-op' });

      assert.is(task.getName(), 'No-op');
      await task;
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_bare_create_named_task'] },
  );
});

loopBehaviour('Task', (it) => {
  it(
    'is a future',
    async () => {
      const task = createTask(async () => {});

      assert.instance(task, Future);
      await task;
    },
    { cpython: ['test_tasks.py::GenericTaskTests::test_future_subclass'] },
  );

  it.resting(
    'belongs to the loop that it was made for',
    async (loop) => {
      const other = newEventLoop();
      const task = new Task(async () => 'ok', { loop });
      const foreign = new Task(async () => 'ko', { loop: other });

      assert.is(task.getLoop(), loop);
      assert.is(foreign.getLoop(), other);
      assert.is(await loop.runUntilComplete(task), 'ok');
      assert.is(await other.runUntilComplete(foreign), 'ko');
      other.close();
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_class'] },
  );

  it('waits for coroutines and plain async functions that it awaits', async () => {
    const inner1 = coroutine(async () => 42);
    const inner2 = async (): Promise<number> => sleep(1, 1000);

    const task = createTask(async () => (await inner1()) + (await inner2()));

    assert.is(await task, 1042);
  });

  it(
    'waits for a future of a foreign class',
    async (loop) => {
      const asked: string[] = [];
      class Fut extends Future<object> {
        override getLoop(): never {
          throw new ReferenceError('getLoop');
        }
        override addDoneCallback(): void {
          asked.push('addDoneCallback');
        }
      }
      const future = new Fut({ loop });
      const result = {};

      const task = createTask(async () => void assert.is(await future, result));
      loop.callLater(0.1, () => future.setResult(result));
      await task;

      assert.is(task.result(), undefined);
      assert.equal(asked, []);
    },
    {
      cpython: [
        'test_tasks.py::CTask_Future_Tests::test_foobar',
        'test_tasks.py::BaseTaskTests::test_step_result_future',
      ],
    },
  );

  it(
    'refuses to await a future of another loop',
    async () => {
      const other = newEventLoop();
      const future = other.createFuture();
      const task = createTask(async () => await future, { name: 'lost' });

      const { message } = await rejects(task, RuntimeError);

      assert.match(message, /^Task <Task .*> got Future <Future pending> attached to a different/);
      other.close();
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_other_loop_future'] },
  );

  it(
    'refuses to await itself',
    async () => {
      const task: Task<void> = createTask(async () => await task);

      await rejects(task, RuntimeError, { message: /^Task cannot await on itself: <Task pending/ });
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_awaits_on_itself'] },
  );

  it(
    'has the result of a future that its body returns',
    async (loop) => {
      const future = loop.createFuture<string>();

      const task = createTask(async () => future);
      createTask(async () => future.setResult('test'));

      assert.is(await task, 'test');
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_coroutine_non_gen_function_return_future'] },
  );

  it(
    'keeps the stack of what its body threw',
    async (_loop, { settle }) => {
      const task = createTask(async function divides() {
        throw new RangeError('by zero');
      });

      await settle();

      assert.match((task.exception() as Error).stack ?? '', /RangeError: by zero\n +at divides/);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_exception_traceback'] },
  );

  it(
    'accepts no result and no exception from outside',
    async () => {
      const task = createTask(async () => 'ko');

      assert.throws(
        () => task.setResult('ok'),
        (error: Error) => /not support setResult/.test(error.message),
      );
      assert.throws(
        () => task.setException(new Error('ok')),
        (error: Error) => /not support setException/.test(error.message),
      );

      assert.is(await task, 'ko');
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_set_methods'] },
  );

  it(
    'reports at its step that it was settled with the methods of Future',
    async (_loop, scene) => {
      const task = createTask(() => sleep(0.1, 10));
      Future.prototype.setResult.call(task, 'spam');
      task.getCoro()?.close();

      const result: unknown = await task;
      await scene.settle();

      assert.is(result, 'spam');
      assert.is(scene.reports.length, 1);
      assert.match(
        String(scene.reports[0]?.exception),
        /InvalidStateError: step\(\): already done/,
      );
      assert.is(allTasks().size, 1);
    },
    { cpython: ['test_tasks.py::SetMethodsTest::test_set_result_causes_invalid_state'] },
  );

  it(
    'reports at its end that it was made to fail with the methods of Future',
    async (_loop, scene) => {
      const task = createTask(() => sleep(0.1, 10));
      await scene.settle();
      Future.prototype.setException.call(task, new RangeError('mine'));

      await rejects(task, RangeError, { message: 'mine' });
      await sleep(1);

      assert.is(scene.reports.length, 1);
      assert.match(
        String(scene.reports[0]?.exception),
        /InvalidStateError: step\(\): already done/,
      );
      assert.is(allTasks().size, 1);
    },
    { cpython: ['test_tasks.py::SetMethodsTest::test_set_exception_causes_invalid_state'] },
  );

  it.resting(
    'continues in the next run if the loop was stopped',
    async (loop) => {
      const begin = loop.time();
      let rounds = 0;
      const task = loop.createTask(async () => {
        while (rounds < 10) {
          await sleep(0.125);
          rounds += 1;
          if (rounds === 2) loop.stop();
        }
      });

      await rejects(loop.runUntilComplete(task), RuntimeError, {
        message: 'Event loop stopped before Future completed.',
      });

      assert.not(task.done());
      assert.is(rounds, 2);
      assert.is(loop.time() - begin, 0.25);
      task.cancel();
      await rejects(loop.runUntilComplete(task), CancelledError);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_stop_while_run_in_complete'] },
  );

  it.resting(
    'is reported when its loop closes before it is done',
    async (loop, scene) => {
      const task = loop.createTask(async () => await loop.createFuture());
      await loop.runUntilComplete(async () => {});

      assert.equal(allTasks(loop), new Set([task]));
      loop.close();

      assert.equal(allTasks(loop), new Set());
      assert.equal(scene.reports, [
        {
          message: 'Task was destroyed but it is pending!',
          task,
          sourceTraceback: task._sourceTraceback,
        },
      ]);
    },
    { debug: true, cpython: ['test_tasks.py::BaseTaskTests::test_log_destroyed_pending_task'] },
  );

  it(
    'does not report a failure when it is cancelled after that',
    async (_loop, scene) => {
      let task: Task<void> | undefined = createTask(async () => {
        throw new TypeError('unseen');
      });
      await sleep(0.05);

      const cancelled = task.cancel();
      task = undefined;
      await scene.settle();

      assert.is(cancelled, false);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_tb_logger_not_called_after_cancel'] },
  );
});

loopBehaviour('An error that is thrown while another is handled', (it) => {
  it(
    'has no cause, because JavaScript does not say which one it was',
    async () => {
      const inner = createTask(async () => {
        throw new RangeError('inner');
      });
      const outer = createTask(async () => {
        try {
          await inner;
        } catch {
          throw new TypeError('outer');
        }
      });

      const error = await rejects(outer, TypeError);

      assert.is(error.cause, undefined);
    },
    {
      cpython: [
        'test_tasks.py::BaseTaskTests::test_exception_chaining_after_await',
        'test_tasks.py::BaseTaskTests::test_exception_chaining_after_await_with_context_cycle',
      ],
    },
  );
});

loopBehaviour('Task.getCoro', (it) => {
  it(
    'returns the coroutine, even if the task is done',
    async () => {
      const notmuch = coroutine(async () => {});
      const call = notmuch();

      const task = createTask(call);

      assert.is(task.getCoro(), call);
      await task;
      assert.is(task.getCoro(), call);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_get_coro'] },
  );
});

loopBehaviour('Task.getName', (it) => {
  it(
    'counts tasks without a name',
    async () => {
      const [first, second] = [createTask(async () => {}), createTask(async () => {})];

      const [one, two] = [first, second].map((task) => /^Task-(\d+)$/.exec(task.getName())?.[1]);

      assert.is(Number(two), Number(one) + 1);
      assert.match(String(first), `<Task pending name='Task-${one}'`);
      await Promise.all([first, second]);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_repr_autogenerated'] },
  );

  it(
    'returns a string, whatever the name was',
    async () => {
      const task = createTask(async () => {});

      task.setName(6 as unknown as string);

      assert.is(task.getName(), '6');
      await task;
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_repr_name_not_str'] },
  );
});

loopBehaviour('Task.setName', (it) => {
  it(
    'converts a number to a string',
    async () => {
      const task = createTask(async () => 123, { name: 987654321 as unknown as string });
      assert.is(task.getName(), '987654321');

      task.setName(123456789 as unknown as string);

      assert.is(task.getName(), '123456789');
      await task;
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_set_name_pylong'] },
  );
});

loopBehaviour('Task.getContext', (it) => {
  it(
    'returns the given context',
    async () => {
      const context = copyContext();

      const task = createTask(async () => {}, { context });

      assert.is(task.getContext(), context);
      await task;
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_get_context'] },
  );
});

loopBehaviour('Task.toString', (it) => {
  const HERE = 'test/core/coroutines/task.test.ts';
  const notmuch = coroutine(async function notmuch() {
    return 'abc';
  });
  const DEFINED = `defined at ${HERE}:${lineOf(notmuch)}`;

  it(
    'shows the state, the name, the coroutine and the callbacks',
    async () => {
      const task = createTask(notmuch(), { name: 'TestTask' });
      task.addDoneCallback(function dummy() {});
      const pending = String(task);
      task.cancel();
      const cancelling = String(task);
      await rejects(task, CancelledError);

      const form = `name='TestTask' coro=<notmuch() running, ${DEFINED}> cb=[dummy()]`;
      assert.is(pending, `<Task pending ${form}>`);
      assert.is(cancelling, `<Task cancelling ${form}>`);
      assert.is(String(task), `<Task cancelled name='TestTask' coro=<notmuch() done, ${DEFINED}>>`);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_repr'] },
  );

  it(
    'shows the result, or the error of the body',
    async () => {
      const finished = createTask(notmuch(), { name: 'a' });
      const failed = createTask(
        async function boom() {
          throw new RangeError('x');
        },
        { name: 'b' },
      );
      await finished;
      await rejects(failed, RangeError);

      assert.is(
        String(finished),
        `<Task finished name='a' coro=<notmuch() done, ${DEFINED}> result='abc'>`,
      );
      assert.is(
        String(failed),
        "<Task finished name='b' coro=<boom() done> exception=RangeError('x')>",
      );
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_repr'] },
  );

  it(
    'shows what the task waits for',
    async (loop, { settle }) => {
      const future = loop.createFuture<void>();
      const task = createTask(async () => await future);
      await settle();

      assert.match(String(task), 'wait_for=<Future pending cb=[Task.task_wakeup()]>');

      future.setResult();
      await task;
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_task_repr_wait_for'] },
  );

  it(
    'says where the task was created, in debug mode',
    async () => {
      const task = createTask(notmuch());

      assert.match(task._sourceTraceback?.[0] ?? '', HERE);
      assert.match(String(task), new RegExp(` created at ${HERE}:\\d+>$`));
      await task;
    },
    { debug: true, cpython: ['test_tasks.py::BaseTaskTests::test_task_source_traceback'] },
  );

  function lineOf(make: () => { readonly _site: string | undefined; close(): void }): string {
    const call = make();
    call.close();
    return call._site?.split(':')[1] ?? 'nowhere';
  }
});

loopBehaviour('currentTask', (it) => {
  it.resting(
    'returns nothing for a loop that does not run',
    (loop) => {
      assert.is(currentTask(loop), undefined);
    },
    { cpython: ['test_tasks.py::BaseCurrentLoopTests::test_current_task_no_running_loop'] },
  );

  it.resting(
    'needs a running loop, or an argument',
    () => {
      assert.throws(
        () => currentTask(),
        (error: unknown) =>
          error instanceof RuntimeError && error.message.startsWith('no running event loop'),
      );
    },
    {
      cpython: ['test_tasks.py::BaseCurrentLoopTests::test_current_task_no_running_loop_implicit'],
    },
  );

  it.resting(
    'returns the task whose code runs',
    async (loop) => {
      const seen: unknown[] = [];
      const nested = async (): Promise<void> => void seen.push(currentTask());
      const task = loop.createTask(async () => {
        seen.push(currentTask(loop), currentTask(undefined), currentTask());
        await nested();
        await sleep(1);
        seen.push(currentTask());
      });

      await loop.runUntilComplete(task);

      assert.equal(
        seen.map((each) => each === task),
        [true, true, true, true, true],
      );
      assert.is(currentTask(loop), undefined);
    },
    {
      cpython: [
        'test_tasks.py::BaseTaskTests::test_current_task',
        'test_tasks.py::BaseCurrentLoopTests::test_current_task_with_implicit_loop',
      ],
    },
  );

  it(
    'returns the right one for each of several tasks',
    async (loop) => {
      const [future1, future2] = [loop.createFuture<void>(), loop.createFuture<void>()];
      const seen: boolean[] = [];
      const task1: Task<void> = createTask(async () => {
        seen.push(currentTask() === task1);
        await future1;
        seen.push(currentTask() === task1);
        future2.setResult();
      });
      const task2: Task<void> = createTask(async () => {
        seen.push(currentTask() === task2);
        future1.setResult();
        await future2;
        seen.push(currentTask() === task2);
      });

      await Promise.all([task1, task2]);

      assert.equal(seen, [true, true, true, true]);
    },
    {
      cpython: ['test_tasks.py::BaseTaskTests::test_current_task_with_interleaving_tasks'],
    },
  );

  it('returns nothing in a callback that a task scheduled', async (loop, { settle }) => {
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentTask());

    loop.callSoon(note);
    loop.callLater(1, note);
    createTask(async () => {}).addDoneCallback(note);
    await sleep(2);
    await settle();

    assert.equal(seen, [undefined, undefined, undefined]);
  });

  it('returns nothing in a call that outlives its task', async () => {
    const seen: unknown[] = [];
    const left = (): Promise<void> =>
      new Promise((resolve) => {
        const note = (): void => void seen.push(currentTask() === undefined);
        setImmediate(() => setImmediate(() => resolve(note())));
      });
    let leftBehind: Promise<void> | undefined;

    await createTask(async () => {
      leftBehind = left();
    });
    await leftBehind;

    assert.equal(seen, [true]);
  });

  it('returns nothing for a loop other than the running one', async () => {
    const other = newEventLoop();

    assert.is(currentTask(other), undefined);
    other.close();
  });
});

loopBehaviour('allTasks', (it) => {
  it('returns those that are not done', async (loop) => {
    const done = createTask(async () => {});
    const pending = createTask(() => sleep(1));
    await done;

    assert.equal(allTasks(), new Set([currentTask(), pending]));
    assert.equal(allTasks(loop), allTasks());
    await pending;
  });

  it.resting('returns those of one loop', async (loop) => {
    const other = newEventLoop();
    const [own, foreign] = [loop.createTask(async () => {}), other.createTask(async () => {})];

    const tasks = [allTasks(loop), allTasks(other)];

    assert.equal(tasks, [new Set([own]), new Set([foreign])]);
    await loop.runUntilComplete(own);
    await other.runUntilComplete(foreign);
    other.close();
  });

  it.resting('needs a running loop, or an argument', (loop) => {
    assert.equal(allTasks(loop), new Set());
    assert.throws(
      () => allTasks(),
      (error: unknown) => error instanceof RuntimeError,
    );
  });
});

loopBehaviour('createTask with context variables', (it) => {
  it(
    'gives the task a copy of the current context',
    async () => {
      const variable = new ContextVar('cvar', { default: 'nope' });
      const seen: string[] = [];
      const sub = async (): Promise<void> => {
        await sleep(0.01);
        seen.push(`sub: ${variable.get()}`);
        variable.set('something else');
      };

      const task = createTask(sub);
      variable.set('yes');
      await task;

      assert.equal(seen, ['sub: nope']);
      assert.is(variable.get(), 'yes');
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_context_1'] },
  );

  it.resting(
    'does not show the task what done callbacks set',
    async (loop) => {
      const variable = new ContextVar('cvar', { default: 'nope' });
      const seen: string[] = [];

      await loop.runUntilComplete(async () => {
        for (const round of ['yes0', 'yes1']) {
          const future = loop.createFuture<void>();
          future.addDoneCallback(() => variable.set('something else'));
          variable.set(round);
          loop.callSoon(() => future.setResult());
          await future;
          seen.push(variable.get());
          await sleep(0.001);
          seen.push(variable.get());
        }
      });

      assert.equal(seen, ['yes0', 'yes0', 'yes1', 'yes1']);
      assert.is(variable.get(), 'nope');
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_context_2'] },
  );

  it.resting(
    'separates a hundred tasks that set one variable',
    async (loop) => {
      const variable = new ContextVar('cvar', { default: -1 });
      let mixed = 0;
      const sub = async (own: number): Promise<void> => {
        for (let round = 0; round < 10; round += 1) {
          variable.set(own + round);
          await sleep(((own * 7 + round * 13) % 50) / 1000);
          if (variable.get() !== own + round) mixed += 1;
        }
      };

      await loop.runUntilComplete(async () => {
        await Promise.all(Array.from({ length: 100 }, (_, own) => createTask(() => sub(own))));
      });

      assert.is(mixed, 0);
      assert.is(variable.get(), -1);
    },
    { cpython: ['test_tasks.py::BaseTaskTests::test_context_3'] },
  );

  const makers: [how: string, origin: string, make: Loop['createTask']][] = [
    ['new Task', 'test_context_4', (body, options) => new Task(body, options)],
    ['createTask', 'test_context_5', createTask],
    [
      'loop.createTask',
      'test_context_6',
      (body, options) => getRunningLoop().createTask(body, options),
    ],
  ];
  for (const [how, origin, make] of makers)
    it(
      `runs the task in the context that was passed to ${how}`,
      async () => {
        const variable = new ContextVar<number>('cvar');
        const context = copyContext();
        const set = async (value: number): Promise<void> => {
          await sleep(0);
          variable.set(value);
        };
        const seen = [context.get(variable)];

        for (const value of [1, 2]) {
          const task = make(() => set(value), { context });
          assert.is(task.getContext(), context);
          await task;
          seen.push(context.get(variable));
        }

        assert.equal(seen, [undefined, 1, 2]);
      },
      { cpython: [`test_tasks.py::BaseTaskTests::${origin}`] },
    );
});

/** What `createTask()` says when it is given `body`. */
function refusal(body: unknown): string {
  try {
    createTask(body as TaskBody<unknown>);
  } catch (error) {
    if (error instanceof TypeError) return error.message;
  }
  return 'nothing';
}
