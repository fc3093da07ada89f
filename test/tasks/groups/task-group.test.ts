import * as assert from 'uvu/assert';
import {
  BaseException,
  BaseExceptionGroup,
  CancelledError,
  ContextVar,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  Event,
  ExceptionGroup,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  type Task,
  TaskGroup,
  TimeoutError,
  taskGroup,
  timeout,
} from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_taskgroups.py::TestTaskGroup::';

class Boom extends Error {}
class OtherBoom extends Error {}
class BaseBoom extends BaseException {}

async function answer(delay: number, value: number): Promise<number> {
  await sleep(delay);
  return value;
}

async function failAfter(delay: number, error: unknown = new Boom('boom')): Promise<never> {
  await sleep(delay);
  throw error;
}

/** Sleeps, and fails as it is cancelled. */
async function failWhenEnded(error: unknown = new Boom('in finally')): Promise<void> {
  try {
    await sleep(10);
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: as Python's test does
    throw error;
  }
}

function classesIn(group: BaseExceptionGroup): string[] {
  return group.exceptions.map((error) => (error as Error).constructor.name);
}

loopBehaviour('taskGroup', (it) => {
  it(
    'waits for all its tasks, and returns what the body returns',
    async (loop) => {
      const tasks: Task<number>[] = [];

      const result = await taskGroup(async (group) => {
        tasks.push(group.createTask(() => answer(0.1, 42)));
        tasks.push(group.createTask(() => answer(0.2, 11)));
        return 'body';
      });

      assert.is(result, 'body');
      assert.equal(
        tasks.map((task) => task.result()),
        [42, 11],
      );
      assert.ok(loop.time() >= 0.2);
    },
    { cpython: [`${BASE}test_taskgroup_01`] },
  );

  it(
    'accepts tasks while its body waits',
    async () => {
      const [first, second] = (await taskGroup(async (group) => {
        const early = group.createTask(() => answer(0.1, 42));
        await sleep(0.15);
        return [early, group.createTask(() => answer(0.2, 11))];
      })) as [Task<number>, Task<number>];

      assert.is(first.result(), 42);
      assert.is(second.result(), 11);
    },
    { cpython: [`${BASE}test_taskgroup_02`] },
  );

  it(
    'continues if one of its tasks is cancelled',
    async () => {
      const [first, second] = (await taskGroup(async (group) => {
        const early = group.createTask(() => answer(1, 42));
        await sleep(0.15);
        early.cancel();
        return [early, group.createTask(() => answer(0.2, 11))];
      })) as [Task<number>, Task<number>];

      assert.ok(first.cancelled());
      assert.is(second.result(), 11);
    },
    { cpython: [`${BASE}test_taskgroup_03`] },
  );

  it(
    'cancels the others when one fails, and throws the failures together',
    async () => {
      const log: string[] = [];
      let other: Task<unknown> | undefined;
      const runner = createTask(async () => {
        await taskGroup(async (group) => {
          group.createTask(() => failAfter(0.1));
          other = group.createTask(async () => {
            try {
              await sleep(1);
            } catch (error) {
              log.push((error as Error).name);
              throw error;
            }
            log.push('not cancelled');
          });
        });
        log.push('went on');
      });

      const group = await rejects(runner, ExceptionGroup, {
        message: 'unhandled errors in a TaskGroup',
      });

      assert.equal(classesIn(group), ['Boom']);
      assert.equal(log, ['CancelledError']);
      assert.ok(other?.cancelled());
    },
    { cpython: [`${BASE}test_taskgroup_04`] },
  );

  it(
    'also cancels its body, and collects every failure of the same turn',
    async () => {
      let bodyEndedBy: unknown;
      const runner = taskGroup(async (group) => {
        for (let n = 0; n < 3; n += 1) group.createTask(() => failAfter(0.1));
        group.createTask(() => sleep(5));
        try {
          await sleep(10);
        } catch (error) {
          bodyEndedBy = error;
          throw error;
        }
      });

      const group = await rejects(createTask(runner), ExceptionGroup);

      assert.equal(classesIn(group), ['Boom', 'Boom', 'Boom']);
      assert.instance(bodyEndedBy, CancelledError);
    },
    { cpython: [`${BASE}test_cancel_children_on_child_error`] },
  );

  for (const { where, cpython, count, body } of [
    {
      where: 'in its end',
      cpython: ['test_cancellation', 'test_taskgroup_22'],
      count: 5,
      body: async () => {},
    },
    {
      where: 'in its body',
      cpython: ['test_taskgroup_07', 'test_taskgroup_17'],
      count: 6,
      body: () => sleep(10),
    },
  ])
    it(
      `passes on a cancel to all its tasks, ${where}`,
      async () => {
        let cancelled = 0;
        const counted = async (work: () => PromiseLike<void>): Promise<void> => {
          try {
            await work();
          } catch (error) {
            if (error instanceof CancelledError) cancelled += 1;
            throw error;
          }
        };
        const runner = createTask(() =>
          taskGroup(async (group) => {
            for (let n = 0; n < 5; n += 1) group.createTask(() => counted(() => sleep(5)));
            await counted(body);
          }),
        );
        await sleep(0.1);

        assert.not(runner.done());
        runner.cancel('enough');

        await rejects(runner, CancelledError, { message: 'enough' });
        assert.is(cancelled, count);
      },
      { cpython: cpython.map((name) => BASE + name) },
    );

  it(
    'throws the errors of its tasks when they are cancelled, instead of the cancel',
    async () => {
      const runner = createTask(() =>
        taskGroup(async (group) => {
          for (let n = 0; n < 5; n += 1) group.createTask(() => failWhenEnded());
          await sleep(10);
        }),
      );
      await sleep(0.1);
      runner.cancel();

      const group = await rejects(runner, ExceptionGroup);

      assert.equal(classesIn(group), Array(5).fill('Boom'));
    },
    { cpython: [`${BASE}test_taskgroup_08`] },
  );

  for (const waits of [true, false])
    it(
      `cancels its tasks when its body fails, ${waits ? 'after a wait' : 'at once'}`,
      async () => {
        const tasks: Task<number>[] = [];
        const running = taskGroup(async (group) => {
          tasks.push(group.createTask(() => answer(1, 42)));
          tasks.push(group.createTask(() => answer(2, 11)));
          if (waits) await sleep(0.1);
          throw new Boom('body');
        });

        const group = await rejects(running, ExceptionGroup);

        assert.equal(classesIn(group), ['Boom']);
        assert.ok(tasks.every((task) => task.cancelled()));
      },
      { cpython: [`${BASE}test_taskgroup_${waits ? '09' : '10'}`] },
    );

  for (const outerHasTask of [false, true])
    it(
      `throws a group within a group, ${outerHasTask ? 'next to a task' : 'alone'}`,
      async () => {
        const runner = createTask(() =>
          taskGroup(async (outer) => {
            if (outerHasTask) outer.createTask(sleep(10));
            await taskGroup(async (inner) => {
              for (let n = 0; n < 5; n += 1) inner.createTask(() => failWhenEnded());
              await sleep(10);
            });
          }),
        );
        await sleep(0.1);
        runner.cancel();

        const group = await rejects(runner, ExceptionGroup);

        assert.equal(classesIn(group), ['ExceptionGroup']);
        assert.equal(classesIn(group.exceptions[0] as BaseExceptionGroup), Array(5).fill('Boom'));
      },
      { cpython: [`${BASE}test_taskgroup_${outerHasTask ? '12' : '11'}`] },
    );

  it(
    'cancels a group within its body, and throws only its own failure',
    async () => {
      const running = taskGroup(async (outer) => {
        outer.createTask(() => failAfter(0.1));
        await taskGroup(async (inner) => void inner.createTask(() => failAfter(10)));
      });

      const group = await rejects(createTask(running), ExceptionGroup);

      assert.equal(classesIn(group), ['Boom']);
    },
    { cpython: [`${BASE}test_taskgroup_13`] },
  );

  it(
    'ends with the failure of a group within its body',
    async () => {
      const running = taskGroup(async (outer) => {
        outer.createTask(() => failAfter(10));
        await taskGroup(async (inner) => void inner.createTask(() => failAfter(0.1)));
      });

      const group = await rejects(createTask(running), ExceptionGroup);

      assert.equal(classesIn(group), ['ExceptionGroup']);
      assert.equal(classesIn(group.exceptions[0] as BaseExceptionGroup), ['Boom']);
    },
    { cpython: [`${BASE}test_taskgroup_14`] },
  );

  for (const nested of [false, true])
    it(
      `throws the failure of a task that comes after a cancel, ${nested ? 'through a task' : 'directly'}`,
      async () => {
        const work = async (): Promise<void> => {
          await taskGroup(async (group) => {
            group.createTask(() => failAfter(0.3));
            try {
              await sleep(10);
            } catch (error) {
              await sleep(0.5);
              throw error;
            }
          });
        };
        const runner = createTask(nested ? async () => await createTask(work) : work);
        await sleep(0.1);
        runner.cancel();

        const group = await rejects(runner, ExceptionGroup);

        assert.equal(classesIn(group), ['Boom']);
      },
      { cpython: [`${BASE}test_taskgroup_${nested ? '16' : '15'}`] },
    );

  it(
    'throws what the body throws instead of its cancel',
    async () => {
      const runner = createTask(() =>
        taskGroup(async () => {
          try {
            await sleep(10);
          } catch {
            throw new OtherBoom('in place of the cancel');
          }
        }),
      );
      await sleep(0.1);
      runner.cancel();

      const group = await rejects(runner, ExceptionGroup);

      assert.equal(classesIn(group), ['OtherBoom']);
    },
    { cpython: [`${BASE}test_taskgroup_18`] },
  );

  it(
    'throws the failure of a task and that of the body together',
    async () => {
      const running = taskGroup(async (group) => {
        group.createTask(() => failAfter(0.1));
        await failWhenEnded(new OtherBoom('body'));
      });

      const group = await rejects(createTask(running), ExceptionGroup);

      assert.equal(classesIn(group), ['Boom', 'OtherBoom']);
    },
    { cpython: [`${BASE}test_taskgroup_19`] },
  );

  it(
    'throws a KeyboardInterrupt of its body alone, and reports the errors that it hides',
    async (_loop, scene) => {
      const running = taskGroup(async (group) => {
        group.createTask(() => failAfter(0.1));
        await failWhenEnded(new KeyboardInterrupt());
      });

      await rejects(running, KeyboardInterrupt);

      scene.expectReport(/was not propagated because the TaskGroup body is being closed/);
    },
    { cpython: [`${BASE}test_taskgroup_20`] },
  );

  it(
    'throws a BaseExceptionGroup if one of them is not an Exception',
    async () => {
      const ofBody = taskGroup(async (group) => {
        group.createTask(() => failAfter(0.1));
        await failWhenEnded(new BaseBoom());
      });
      const ofTask = taskGroup(async (group) => {
        group.createTask(() => failAfter(0.1, new BaseBoom()));
        await failWhenEnded(new OtherBoom('body'));
      });

      const first = await rejects(ofBody, BaseExceptionGroup);
      const second = await rejects(ofTask, BaseExceptionGroup);

      assert.not(first instanceof ExceptionGroup);
      assert.equal(classesIn(first), ['Boom', 'BaseBoom']);
      assert.equal(classesIn(second), ['BaseBoom', 'OtherBoom']);
    },
    { cpython: [`${BASE}test_taskgroup_20a`, `${BASE}test_taskgroup_21a`] },
  );

  it.resting(
    'stops the loop at a KeyboardInterrupt of a task, and throws it when the loop continues',
    async (loop) => {
      const runner = loop.createTask(() =>
        taskGroup(async (group) => {
          group.createTask(() => failAfter(0.1, new KeyboardInterrupt()));
          await failWhenEnded(new TypeError('body')).catch(() => {});
        }),
      );

      await rejects(loop.runUntilComplete(runner), KeyboardInterrupt);

      await rejects(loop.runUntilComplete(runner), KeyboardInterrupt);
    },
  );

  it(
    'forgets tasks that are done',
    async () => {
      await taskGroup(async (group) => {
        for (let count = 0; count < 10; count += 1) {
          await sleep(0.1);
          group.createTask(sleep(0.3));
          if (count === 5) assert.match(String(group), /tasks=[1-4] /);
        }
        await sleep(1.35);
        assert.is(String(group), '<TaskGroup entered>');
      });
    },
    { cpython: [`${BASE}test_taskgroup_23`] },
  );

  it(
    'accepts tasks from its tasks when its body has ended',
    async () => {
      const log: number[] = [];
      const leaf = async (delay: number): Promise<void> => {
        await sleep(delay);
        log.push(delay);
      };

      await taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(0.1);
          group.createTask(() => leaf(0.1));
          group.createTask(() => leaf(0.2));
        });
      });

      assert.equal(log, [0.1, 0.2]);
    },
    { cpython: [`${BASE}test_taskgroup_24`] },
  );

  it(
    'ends tasks that create more and more tasks',
    async () => {
      let heads = 0;
      const hydra = async (group: TaskGroup): Promise<void> => {
        heads += 1;
        await sleep(0.01);
        group.createTask(() => hydra(group));
        group.createTask(() => hydra(group));
      };
      const hercules = async (): Promise<void> => {
        while (heads < 10) await sleep(0.015);
        throw new Boom('enough');
      };

      const running = taskGroup(async (group) => {
        group.createTask(() => hydra(group));
        group.createTask(hercules);
      });
      const group = await rejects(running, ExceptionGroup);

      assert.equal(classesIn(group), ['Boom']);
      assert.ok(heads >= 10);
    },
    { cpython: [`${BASE}test_taskgroup_25`] },
  );

  it(
    'throws errors of the body and of a task together, and leaves no cancel behind',
    async () => {
      const main = createTask(async () => {
        const running = taskGroup(async (group) => {
          group.createTask(async () => {
            throw new Boom('task');
          });
          await failWhenEnded(new Boom('body'));
        });
        const group = await rejects(running, ExceptionGroup);
        assert.is(group.exceptions.length, 2);
        assert.is(currentTask()?.cancelling(), 0);
        await sleep(0);
      });

      await main;
    },
    { cpython: [`${BASE}test_taskgroup_context_manager_exit_raises`] },
  );

  it(
    'leaves no cancel behind when it has cancelled its body',
    async () => {
      const running = taskGroup(async (group) => {
        group.createTask(() => failAfter(0));
      });

      await rejects(running, ExceptionGroup);

      assert.is(currentTask()?.cancelling(), 0);
      await sleep(0);
    },
    {
      cpython: [
        `${BASE}test_cancelling_level_preserved`,
        'test_taskgroups.py::BaseTestTaskGroup::test_cancellation_does_not_leak_out_of_tg',
      ],
    },
  );

  it(
    'counts a cancel from outside that comes while a failure cancels it',
    async () => {
      const levels: unknown[] = [];
      const began = new Event();
      const inner = createTask(async () => {
        const running = taskGroup(async (group) => {
          group.createTask(async () => {
            began.set();
            await sleep(0);
            throw new Boom('boom');
          });
          await sleep(1);
          assert.unreachable('the body was to be cancelled');
        });
        await rejects(running, ExceptionGroup);
        levels.push(currentTask()?.cancelling());
        await sleep(1);
        assert.unreachable('the sleep after it was to be cancelled');
      });

      await began.wait();
      levels.push(inner.cancelling());
      inner.cancel();
      levels.push(inner.cancelling());
      await rejects(inner, CancelledError);

      assert.ok(inner.cancelled());
      assert.equal(levels, [0, 1, 1]);
    },
    { cpython: [`${BASE}test_error_and_cancel`] },
  );

  it(
    'is cancelled by the group around it, when both fail',
    async () => {
      let level: number | undefined;
      const outer = taskGroup(async (outerGroup) => {
        const inner = taskGroup(async (innerGroup) => {
          innerGroup.createTask(() => failAfter(0, new Boom('inner')));
          outerGroup.createTask(() => failAfter(0, new OtherBoom('outer')));
        });
        assert.equal(classesIn(await rejects(inner, ExceptionGroup)), ['Boom']);
        level = currentTask()?.cancelling();
      });

      assert.equal(classesIn(await rejects(outer, ExceptionGroup)), ['OtherBoom']);

      assert.is(level, 1);
      assert.is(currentTask()?.cancelling(), 0);
    },
    { cpython: [`${BASE}test_nested_groups_both_cancelled`] },
  );

  it(
    'cancels a task that has created one which fails',
    async () => {
      let cancelled = false;
      const running = taskGroup(async (group) => {
        group.createTask(async () => {
          group.createTask(async () => {
            throw new Boom('third task failed');
          });
          const waiting = async (): Promise<void> => {
            await sleep(0);
            await sleep(0);
          };
          await rejects(waiting(), CancelledError);
          cancelled = true;
        });
      });

      assert.equal(classesIn(await rejects(running, ExceptionGroup)), ['Boom']);

      assert.ok(cancelled);
    },
    {
      cpython: [
        'test_taskgroups.py::BaseTestTaskGroup::test_cancels_task_if_created_during_creation',
      ],
    },
  );

  it('throws a cancel from outside, which the errors hide, at the next await', async () => {
    const log: unknown[] = [];
    const runner = createTask(async () => {
      const running = taskGroup(async (group) => {
        group.createTask(() => failWhenEnded());
        await sleep(10);
      });
      log.push((await rejects(running, ExceptionGroup)).exceptions.length);
      log.push(currentTask()?.cancelling());
      await sleep(0);
      log.push('not reached');
    });
    await sleep(0.1);
    runner.cancel();

    await rejects(runner, CancelledError);

    assert.equal(log, [1, 1]);
  });

  const together: [string, (branches: Promise<void>[]) => Promise<unknown>][] = [
    ['Promise.all', (branches) => Promise.all(branches)],
    ['Promise.allSettled', (branches) => Promise.allSettled(branches)],
    ['Promise.race', (branches) => Promise.race(branches)],
  ];
  for (const [name, combinator] of together)
    it(`throws that cancel to the code that awaits the group, not to another branch: ${name}`, async (loop) => {
      const log: string[] = [];
      const waitsElsewhere = (seconds: number): Promise<void> =>
        new Promise((resolve) => void loop.callLater(seconds, resolve));
      const waits = async (): Promise<void> => {
        await rejects(
          taskGroup(async (group) => {
            group.createTask(() => failWhenEnded());
            await sleep(10);
          }),
          ExceptionGroup,
        );
        await waitsElsewhere(2);
        await sleep(1);
        log.push('not reached');
      };
      const cleansUp = async (): Promise<void> => {
        try {
          await sleep(10);
        } finally {
          await waitsElsewhere(1);
          await sleep(1);
          log.push('is clean');
        }
      };
      const task = createTask(() => combinator([waits(), cleansUp()]));
      await sleep(1);

      task.cancel();
      await rejects(task, CancelledError);
      await sleep(12);

      assert.equal(log, ['is clean']);
    });

  it('does not throw it in a timeout around it that has nothing more to await', async () => {
    const result = await timeout(1, async () => {
      await rejects(
        taskGroup(async (group) => {
          group.createTask(() => failWhenEnded());
          await sleep(10);
        }),
        ExceptionGroup,
      );
      return 'in time';
    });

    assert.is(result, 'in time');
    assert.is(currentTask()?.cancelling(), 0);
    await sleep(1);
  });

  it('keeps a cancel that comes when it has cancelled its parent itself', async () => {
    const runner = createTask(async () => {
      await taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(0.1);
          group.cancel();
          runner.cancel('from outside');
        });
        await sleep(10);
      });
    });

    await rejects(runner, CancelledError);
  });

  it('also keeps such a cancel when its body has ended', async () => {
    const runner = createTask(async () => {
      await taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(0.1);
          group.cancel();
          runner.cancel('from outside');
        });
      });
    });

    await rejects(runner, CancelledError);
  });

  it('is cancelled by a timeout around it', async () => {
    let task: Task<void> | undefined;
    const running = timeout(1, () =>
      taskGroup(async (group) => {
        task = group.createTask(sleep(5));
      }),
    );

    await rejects(running, TimeoutError);

    assert.ok(task?.cancelled());
    assert.is(currentTask()?.cancelling(), 0);
  });

  it('waits for its tasks however often it is cancelled', async () => {
    let ended = false;
    const runner = createTask(() =>
      taskGroup(async (group) => {
        group.createTask(async () => {
          for (let n = 0; n < 3; n += 1) await sleep(1).catch(() => {});
          ended = true;
        });
      }),
    );
    for (let n = 0; n < 3; n += 1) {
      await sleep(0.1);
      runner.cancel();
    }

    await rejects(runner, CancelledError);

    assert.ok(ended);
  });

  it.resting(
    'has no parent outside of tasks',
    async (loop, scene) => {
      const group = new TaskGroup();
      let error: unknown;
      loop.callSoon(async () => {
        error = await group.run(async () => {}).catch((reason: unknown) => reason);
      });

      await loop.runUntilComplete(() => scene.settle());

      assert.instance(error, RuntimeError);
      assert.match(String(error), /cannot determine the parent task/);
      throws(() => group.createTask(() => answer(0, 1)), RuntimeError, {
        message: /has not been entered/,
      });
    },
    { cpython: [`${BASE}test_taskgroup_without_parent_task`] },
  );

  it('refuses anything but a function, at once', () => {
    throws(() => taskGroup(3 as never), TypeError, { message: 'a function was expected, got 3' });
    return Promise.resolve();
  });
});

loopBehaviour('TaskGroup.createTask', (it) => {
  it(
    'sets a name',
    async () => {
      await taskGroup(async (group) => {
        assert.is(group.createTask(sleep(0), { name: 'yolo' }).getName(), 'yolo');
      });
    },
    { cpython: [`${BASE}test_taskgroup_task_name`] },
  );

  it(
    'gives the task its name before it starts',
    async () => {
      let name: string | undefined;

      await taskGroup(async (group) => {
        group.createTask(
          async () => {
            name = currentTask()?.getName();
          },
          { name: 'example name' },
        );
      });

      assert.is(name, 'example name');
    },
    { cpython: ['test_taskgroups.py::BaseTestTaskGroup::test_name'] },
  );

  it(
    'closes a coroutine that comes after it has finished',
    async () => {
      let finished: TaskGroup | undefined;
      await taskGroup(async (group) => {
        finished = group;
      });
      const late = coroutine(async () => {})();

      throws(() => finished?.createTask(late), RuntimeError, { message: / is finished$/ });

      await rejects(late, RuntimeError, { message: /cannot reuse/ });
    },
    { cpython: [`${BASE}test_coro_closed_when_tg_closed`] },
  );

  it(
    'runs the task in the given context',
    async () => {
      const variable = new ContextVar<number>('variable');
      const setTo = async (value: number): Promise<void> => {
        await sleep(0);
        variable.set(value);
      };

      await taskGroup(async (group) => {
        const context = copyContext();
        assert.is(context.get(variable), undefined);
        await group.createTask(() => setTo(1), { context });
        assert.is(context.get(variable), 1);
        await group.createTask(() => setTo(2), { context });
        assert.is(context.get(variable), 2);
      });
    },
    { cpython: [`${BASE}test_taskgroup_task_context`] },
  );

  it(
    'refuses a coroutine while the group shuts down, and closes it',
    async () => {
      const late = coroutine(async function late() {});
      let message = '';
      const running = taskGroup(async (group) => {
        group.createTask(() => failAfter(0.001));
        group.createTask(async () => {
          const call = late();
          await sleep(1).catch(() => {
            message = throws(() => group.createTask(call), RuntimeError).message;
          });
          await rejects(call, RuntimeError, { message: /cannot reuse/ });
        });
      });

      const group = await rejects(running, ExceptionGroup);

      assert.equal(classesIn(group), ['Boom']);
      assert.is(message, 'TaskGroup <TaskGroup tasks=1 errors=1 cancelling> is shutting down');
    },
    { cpython: [`${BASE}test_taskgroup_no_create_task_after_failure`] },
  );

  it(
    'refuses tasks before the body has started, and after the end',
    async () => {
      const group = new TaskGroup();
      throws(() => group.createTask(sleep(0)), RuntimeError, {
        message: 'TaskGroup <TaskGroup> has not been entered',
      });

      await group.run(async () => {});

      throws(() => group.createTask(sleep(0)), RuntimeError, {
        message: 'TaskGroup <TaskGroup entered> is finished',
      });
    },
    { cpython: [`${BASE}test_taskgroup_finished`, `${BASE}test_taskgroup_not_entered`] },
  );
});

loopBehaviour('TaskGroup.run', (it) => {
  it(
    'runs one body only',
    async () => {
      const group = new TaskGroup();
      await group.run(async () => {
        await rejects(
          group.run(async () => {}),
          RuntimeError,
          {
            message: 'TaskGroup <TaskGroup entered> has already been entered',
          },
        );
      });

      await rejects(
        group.run(async () => {}),
        RuntimeError,
        { message: /already been entered/ },
      );
    },
    { cpython: [`${BASE}test_taskgroup_already_entered`, `${BASE}test_taskgroup_double_enter`] },
  );
});

loopBehaviour('TaskGroup.cancel', (it) => {
  it('ends the body and the tasks without an error', async () => {
    const tasks: Task<void>[] = [];

    const result = await taskGroup(async (group) => {
      tasks.push(group.createTask(sleep(10)), group.createTask(sleep(20)));
      await sleep(0.1);
      group.cancel();
      group.cancel();
      await sleep(10);
      return 'not reached';
    });

    assert.is(result, undefined);
    assert.ok(tasks.every((task) => task.cancelled()));
    assert.is(currentTask()?.cancelling(), 0);
    await sleep(0);
  });

  it('takes effect at the first wait if it was called before', async () => {
    const log: string[] = [];
    const group = new TaskGroup();
    group.cancel();

    await group.run(async () => {
      log.push('began');
      await sleep(0);
      log.push('not reached');
    });

    assert.equal(log, ['began']);
  });

  it('can be called by a task of the group when the body has ended', async (loop) => {
    const begin = loop.time();

    await taskGroup(async (group) => {
      group.createTask(sleep(10));
      group.createTask(async () => {
        await sleep(1);
        group.cancel();
      });
    });

    assert.is(loop.time() - begin, 1);
  });

  it('does not hide failures', async () => {
    const running = taskGroup(async (group) => {
      group.createTask(() => failWhenEnded());
      await sleep(0);
      group.cancel();
    });

    assert.equal(classesIn(await rejects(running, ExceptionGroup)), ['Boom']);
  });

  it('does nothing when the group has finished', async () => {
    const group = new TaskGroup();
    await group.run(async () => {});

    group.cancel();

    await sleep(0);
    assert.is(currentTask()?.cancelling(), 0);
  });
});
