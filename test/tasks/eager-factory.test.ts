/**
 * CPython's test_eager_task_factory.py. An eager task that does not wait is done some microtasks
 * after the call that makes it: where CPython looks at once, these wait for them.
 */
import * as assert from 'uvu/assert';
import {
  allTasks,
  CancelledError,
  ContextVar,
  coroutine,
  createEagerTaskFactory,
  currentTask,
  eagerTaskFactory,
  type Future,
  gather,
  Lock,
  type Loop,
  sleep,
  Task,
  type TaskBody,
  type TaskFactory,
  taskGroup,
  wait,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const SUITE = 'test_eager_task_factory.py::EagerTaskFactoryLoopTests::';
const COUNTING = 'test_eager_task_factory.py::BaseTaskCountingTests::';

/** Lets some microtasks pass, and no turn. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await null;
}

async function chain(depth: number): Promise<number> {
  return depth === 0 ? 0 : 1 + (await chain(depth - 1));
}

async function gathers(width: number, depth: number): Promise<void> {
  if (depth === 0) return;
  await gather(...Array.from({ length: width }, () => () => gathers(width, depth - 1)));
}

async function groups(width: number, depth: number): Promise<void> {
  if (depth === 0) return;
  await taskGroup(async (group) => {
    for (let n = 0; n < width; n += 1) group.createTask(() => groups(width, depth - 1));
  });
}

/** A body that notes the name of its task. */
function noteName(names: unknown[]): () => Promise<void> {
  return async () => void names.push(currentTask()?.getName());
}

/** Has `loop` make tasks that are counted, those that are not eager. */
function countTasks(loop: Loop, eager: boolean): () => number {
  let tasks = 0;
  class Counted<T> extends Task<T> {
    constructor(...[body, options]: ConstructorParameters<typeof Task<T>>) {
      super(body, options);
      if (!options?.eagerStart) tasks += 1;
    }
  }
  const lazily: TaskFactory = (on, body, options) =>
    new Counted(body, { ...options, loop: on as Loop });
  loop.setTaskFactory(eager ? createEagerTaskFactory(Counted) : lazily);
  return () => tasks;
}

for (const eager of [false, true])
  loopBehaviour(`A factory of ${eager ? 'eager ' : ''}tasks`, (it) => {
    it.resting(
      'creates no tasks for calls that are awaited',
      async (loop) => {
        const count = countTasks(loop, eager);

        assert.is(await loop.runUntilComplete(() => chain(100)), 100);

        assert.is(count(), eager ? 0 : 1);
      },
      { cpython: [`${COUNTING}test_awaitables_chain`] },
    );

    for (const [name, make] of Object.entries({ gather: gathers, taskgroups: groups }))
      it.resting(
        `creates the tasks of nested ${name}`,
        async (loop) => {
          const count = countTasks(loop, eager);

          await loop.runUntilComplete(() => make(5, 4));

          assert.is(count(), eager ? 0 : 1 + 5 + 5 ** 2 + 5 ** 3 + 5 ** 4);
        },
        { cpython: [`${COUNTING}test_recursive_${name}`] },
      );
  });

loopBehaviour('eagerTaskFactory', (it) => {
  it(
    "is set as the loop's factory, and creates tasks",
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => {});

      assert.is(loop.getTaskFactory(), eagerTaskFactory);
      assert.instance(task, Task);
      await task;
    },
    { cpython: [`${SUITE}test_eager_task_factory_set`] },
  );

  it(
    'creates tasks that are done without a turn if they do not wait',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => 'hello');
      await microtasks();

      assert.ok(task.done());
      assert.is(await task, 'hello');
    },
    { cpython: [`${SUITE}test_eager_completion`] },
  );

  it(
    'creates tasks that have no coroutine if they have ended without waiting',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      const done = loop.createFuture<void>();
      done.setResult();
      const throws = async (): Promise<void> => {
        throw new RangeError('at once');
      };
      const bodies: TaskBody<unknown>[] = [
        async () => {},
        coroutine(async () => {})(),
        throws,
        () => done,
        async () => await done,
        async () => await new Lock().acquire(),
      ];

      for (const body of bodies) {
        const task = loop.createTask(body);
        await wait([task]);
        assert.is(task.getCoro(), undefined, String(body));
        assert.not.match(String(task), 'coro=');
        task.exception();
      }
      assert.is(loop.createTask(async () => {}).getCoro(), undefined);
    },
    { cpython: ['test_eager_task_factory.py::CEagerTaskFactoryLoopTests::test_issue122332'] },
  );

  it('creates tasks that keep their coroutine if they have waited', async (loop) => {
    loop.setTaskFactory(eagerTaskFactory);
    const soon = (): Future<void> => {
      const future = loop.createFuture<void>();
      loop.callSoon(() => future.setResult());
      return future;
    };
    let inside: unknown;
    const bodies = [
      coroutine(async () => await sleep(0))(),
      coroutine(async () => await soon())(),
      coroutine(async () => await new Promise((resolve) => setImmediate(resolve)))(),
      coroutine(async () => {
        inside = currentTask()?.getCoro();
        await sleep(0);
      })(),
    ];

    for (const body of bodies) {
      const task = loop.createTask(body);
      assert.is(task.getCoro(), body);
      await task;
      assert.is(task.getCoro(), body);
      assert.match(String(task), 'coro=');
    }
    assert.is(inside, bodies.at(-1));
  });

  it(
    'creates tasks that continue in a later turn if they wait',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => {
        await sleep(0.1);
        return 'finished after blocking';
      });
      await microtasks();

      assert.not(task.done());
      assert.is(await task, 'finished after blocking');
      assert.ok(task.done());
    },
    { cpython: [`${SUITE}test_block_after_eager_step`] },
  );

  it(
    'creates tasks that cannot be cancelled any more if they did not wait',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => 'finished without blocking');
      assert.not(task.cancel());

      assert.is(await task, 'finished without blocking');
      assert.not(task.cancelled());
      assert.is(task.cancelling(), 0);
    },
    { cpython: [`${SUITE}test_cancellation_after_eager_completion`] },
  );

  it('creates tasks whose error cannot be replaced by a cancel if they did not wait', async (loop) => {
    loop.setTaskFactory(eagerTaskFactory);

    const task = loop.createTask(async () => {
      throw new RangeError('at once');
    });
    assert.not(task.cancel());

    await rejects(task, RangeError, { message: 'at once' });
  });

  it(
    'creates tasks that can be cancelled if they wait',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => {
        await sleep(0.1);
        return 'finished after blocking';
      });
      task.cancel('cancellation message');
      assert.is(task.cancelling(), 1);

      await rejects(task, CancelledError, { message: 'cancellation message' });
    },
    { cpython: [`${SUITE}test_cancellation_after_eager_step_blocks`] },
  );

  it(
    'creates tasks that are the current task in every step',
    async (loop) => {
      const seen: unknown[] = [];
      loop.setTaskFactory(eagerTaskFactory);

      const task = loop.createTask(async () => {
        seen.push(currentTask());
        await sleep(0.1);
        seen.push(currentTask());
      });
      assert.ok(seen[0] === task);
      await task;

      assert.ok(seen[1] === task);
    },
    { cpython: [`${SUITE}test_current_task`] },
  );

  it(
    'creates tasks that are in allTasks() until they are done',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      let seen = new Set<Task<unknown>>();

      const task = loop.createTask(async () => {
        seen = allTasks();
      });
      await microtasks();

      assert.ok(seen.has(task));
      assert.not(allTasks().has(task));
    },
    { cpython: [`${SUITE}test_all_tasks_with_eager_completion`] },
  );

  it(
    'creates tasks that are in allTasks() while they wait',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      let seen = new Set<Task<unknown>>();
      const [first, second] = [loop.createFuture<void>(), loop.createFuture<void>()];

      const task = loop.createTask(async () => {
        seen = allTasks();
        await first;
        second.setResult();
      });

      assert.ok(seen.has(task));
      assert.ok(allTasks().has(task));
      first.setResult();
      await second;
      await microtasks();
      assert.not(allTasks().has(task));
    },
    { cpython: [`${SUITE}test_all_tasks_with_blocking`] },
  );

  it(
    'creates tasks that set a future before it is awaited',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      const future = loop.createFuture<string>();

      const task = loop.createTask(async () => future.setResult('my message'));
      assert.ok(future.done());
      await microtasks();

      assert.ok(task.done());
      assert.is(await future, 'my message');
    },
    { cpython: [`${SUITE}test_await_future_during_eager_step`] },
  );

  it(
    'creates tasks that have a copy of the context',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      const variable = new ContextVar('variable', { default: 0 });
      const seen: number[] = [];
      variable.set(1);

      const task = loop.createTask(async () => {
        seen.push(variable.get());
        variable.set(2);
        await sleep(0.1);
        seen.push(variable.get());
        variable.set(3);
        seen.push(variable.get());
      });
      assert.equal([seen, variable.get()], [[1], 1]);
      await task;

      assert.equal([seen, variable.get()], [[1, 2, 3], 1]);
    },
    { cpython: [`${SUITE}test_context_vars`] },
  );

  it(
    'creates tasks that know their name in the first step',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      const names: unknown[] = [];

      const task = loop.createTask(noteName(names), {
        name: 'test name',
      });

      assert.equal(names, ['test name']);
      await task;
    },
    { cpython: ['test_eager_task_factory.py::CEagerTaskFactoryLoopTests::test_name'] },
  );

  it(
    'does not start tasks with eagerStart: false',
    async (loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      const names: unknown[] = [];

      const task = loop.createTask(noteName(names), {
        eagerStart: false,
        name: 'example',
      });
      await microtasks();

      assert.equal([task.done(), names], [false, []]);
      await task;
      assert.equal(names, ['example']);
    },
    { cpython: [`${SUITE}test_eager_start_false`] },
  );
});

loopBehaviour('loop.createTask without a factory', (it) => {
  const DEFAULT = 'test_eager_task_factory.py::DefaultTaskFactoryEagerStart::';
  for (const eagerStart of [true, false])
    it(
      `creates a task that is ${eagerStart ? '' : 'not '}eager on request`,
      async (loop) => {
        const names: unknown[] = [];

        const task = loop.createTask(noteName(names), {
          eagerStart,
          name: 'example',
        });
        assert.equal(names, eagerStart ? ['example'] : []);
        await microtasks();

        assert.is(task.done(), eagerStart);
        await task;
        assert.equal(names, ['example']);
      },
      {
        cpython: eagerStart
          ? [
              `${DEFAULT}test_eager_start_true_with_default_factory`,
              'test_tasks.py::BaseTaskTests::test_eager_start_true',
            ]
          : ['test_tasks.py::BaseTaskTests::test_eager_start_false'],
      },
    );
});
