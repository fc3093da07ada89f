import * as assert from 'uvu/assert';
import {
  allTasks,
  CancelledError,
  ContextVar,
  createEagerTaskFactory,
  createTask,
  currentTask,
  ExceptionGroup,
  eagerTaskFactory,
  gather,
  Lock,
  sleep,
  Task,
  type TaskBody,
  taskGroup,
} from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

/** An eager task. */
function eager<T>(body: TaskBody<T>): Task<T> {
  return createTask(body, { eagerStart: true });
}

/** Lets some microtasks pass, and no turn. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await null;
}

loopBehaviour('createTask with eagerStart', (it) => {
  it('starts immediately, and runs until it first waits', async () => {
    const log: string[] = [];

    const task = eager(async () => {
      log.push('begins');
      await sleep(0);
      log.push('goes on');
    });
    log.push('made');
    await task;

    assert.equal(log, ['begins', 'made', 'goes on']);
  });

  it('takes no turn if the body does not wait', async (loop) => {
    const turns: string[] = [];
    loop.callSoon(() => turns.push('turn'));

    const task = eager(async () => 'done');
    await microtasks();

    assert.ok(task.done());
    assert.is(task.result(), 'done');
    assert.equal(turns, []);
    assert.not(allTasks().has(task));
  });

  it('takes no turn if the body awaits what is done', async (loop) => {
    const turns: string[] = [];
    const future = loop.createFuture<string>();
    future.setResult('there');
    const lock = new Lock();
    loop.callSoon(() => turns.push('turn'));

    const task = eager(async () => {
      await lock.acquire();
      return await future;
    });
    await microtasks();

    assert.is(task.result(), 'there');
    assert.equal(turns, []);
  });

  it('is the current task during its step, and then its creator is', async () => {
    const maker = currentTask();
    const seen: unknown[] = [];

    const task = eager(async () => {
      seen.push(currentTask());
      const inner = eager(async () => {
        seen.push(currentTask());
        await sleep(0);
        seen.push(currentTask());
      });
      seen.push(currentTask(), inner);
      await inner;
    });

    assert.is(currentTask(), maker);
    await task;
    const [first, second, third, inner, fourth] = seen;
    assert.ok(first === task && third === task);
    assert.ok(second === inner && fourth === inner);
  });

  it('runs in a copy of the context', async () => {
    const variable = new ContextVar('variable', { default: 'outer' });

    const task = eager(async () => {
      variable.set('inner');
      await sleep(0);
      return variable.get();
    });

    assert.is(variable.get(), 'outer');
    assert.is(await task, 'inner');
    assert.is(variable.get(), 'outer');
  });

  it('can be cancelled while it waits', async () => {
    let ended = '';
    const task = eager(async () => {
      try {
        await sleep(10);
      } catch (error) {
        ended = (error as Error).name;
        throw error;
      }
    });
    task.cancel();

    await rejects(task, CancelledError);

    assert.is(ended, 'CancelledError');
  });

  it('throws a cancel of itself at its first wait', async () => {
    const task = eager(async () => {
      currentTask()?.cancel();
      await sleep(10);
    });

    await rejects(task, CancelledError);
  });

  it('fails with what the body throws', async () => {
    const task = eager(async () => {
      throw new RangeError('at once');
    });

    await rejects(task, RangeError, { message: 'at once' });
  });

  it.resting('starts in the next turn if the loop does not run', async (loop) => {
    const log: string[] = [];
    const task = loop.createTask(async () => void log.push('begins'), { eagerStart: true });
    assert.equal(log, []);

    await loop.runUntilComplete(task);

    assert.equal(log, ['begins']);
  });

  it('works in groups and gather()', async () => {
    const results = await gather(
      eager(async () => 1),
      eager(() => sleep(1, 2)),
    );
    assert.equal(results, [1, 2]);

    const failing = taskGroup(async (group) => {
      group.createTask(
        async () => {
          throw new RangeError('at once');
        },
        { eagerStart: true },
      );
      await sleep(10);
    });
    assert.is((await rejects(failing, ExceptionGroup)).exceptions.length, 1);
  });

  it('ends with the group that its first step cancels', async (loop) => {
    const begin = loop.time();
    let ended = false;
    await taskGroup(async (group) => {
      group.createTask(
        async () => {
          group.cancel();
          try {
            await sleep(10);
          } finally {
            ended = true;
          }
        },
        { eagerStart: true },
      );
      await sleep(10);
    });

    assert.ok(ended);
    assert.is(loop.time(), begin);
  });
});

loopBehaviour('eagerTaskFactory', (it) => {
  it('makes all tasks eager except those with eagerStart: false', async (loop) => {
    const log: string[] = [];
    const note = (text: string) => async () => void log.push(text);
    loop.setTaskFactory(eagerTaskFactory);

    const tasks = [
      createTask(note('eager'), { name: 'eager' }),
      createTask(note('not'), { eagerStart: false }),
    ];
    log.push('made');
    loop.setTaskFactory(undefined);
    await gather(...tasks);

    assert.equal(log, ['eager', 'made', 'not']);
    assert.is(tasks[0]?.getName(), 'eager');
  });
});

loopBehaviour('createEagerTaskFactory', (it) => {
  it('creates tasks of a class', async (loop) => {
    class Own<T> extends Task<T> {}
    loop.setTaskFactory(createEagerTaskFactory(Own));
    const task = createTask(async () => 'done');
    loop.setTaskFactory(undefined);

    assert.instance(task, Own);
    assert.is(await task, 'done');
  });

  it('refuses anything but a class', async () => {
    throws(() => createEagerTaskFactory(5 as never), TypeError, {
      message: 'a class of tasks was expected, got 5',
    });
  });
});
