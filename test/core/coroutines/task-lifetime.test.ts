import * as assert from 'uvu/assert';
import {
  _enterTask,
  _leaveTask,
  _registerTask,
  _swapCurrentTask,
  _unregisterTask,
  allTasks,
  createTask,
  currentTask,
  type Loop,
  newEventLoop,
  RuntimeError,
  run,
  sleep,
} from '../../../src/index.ts';
import { foreign } from '../../support/foreign.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { throws } from '../../support/throws.ts';

const BASE = 'test_tasks.py::BaseTaskIntrospectionTests::';

function taskLike(loop: Loop, isDone = false) {
  return { getLoop: () => loop, done: () => isDone };
}

loopBehaviour('_registerTask', (it) => {
  it.resting(
    'adds a foreign task to allTasks() until it is unregistered',
    (loop) => {
      const other = newEventLoop();
      assert.equal([...allTasks(loop)], []);
      const task = taskLike(loop);

      _registerTask(task);
      assert.equal([...allTasks(loop)], [task as never]);
      assert.equal([...allTasks(other)], []);

      _unregisterTask(task);
      assert.equal([...allTasks(loop)], []);
      other.close();
    },
    {
      cpython: [
        `${BASE}test__register_task_1`,
        `${BASE}test__register_task_2`,
        `${BASE}test__unregister_task`,
      ],
    },
  );

  it.resting(
    'shows none that is done',
    (loop) => {
      _registerTask(taskLike(loop, true));
      assert.equal([...allTasks(loop)], []);
    },
    { cpython: [`${BASE}test__register_task_3`] },
  );

  it.resting(
    'may be called for a task that was not registered',
    (loop) => {
      _unregisterTask(taskLike(loop));
      assert.equal([...allTasks(loop)], []);
    },
    { cpython: [`${BASE}test__unregister_task_not_registered`] },
  );

  it('refuses anything that is not like a task', async () => {
    const message = /task must have the methods getLoop\(\) and done\(\)/;
    for (const wrong of [undefined, null, 5, {}, { done() {} }]) {
      throws(() => _registerTask(wrong as never), TypeError, { message });
      throws(() => _unregisterTask(wrong as never), TypeError, { message });
    }
  });

  it.resting('makes run() cancel the task at its end, and wait for it', async () => {
    const calls: string[] = [];
    await run(async () => {
      const loop = currentTask()?.getLoop() as Loop;
      const done: (() => void)[] = [];
      let isDone = false;
      _registerTask({
        getLoop: () => loop,
        done: () => isDone,
        cancel: () => {
          calls.push('cancel');
          loop.callLater(0.01, () => {
            isDone = true;
            for (const call of done) call();
            calls.push('done');
          });
        },
        cancelled: () => true,
        exception: () => undefined,
        addDoneCallback: (call: () => void) => void done.push(call),
      } as never);
    });

    assert.equal(calls, ['cancel', 'done']);
  });
});

loopBehaviour('_enterTask', (it) => {
  it.resting(
    'makes a task the current one, until it is left',
    (loop) => {
      const task = taskLike(loop);

      _enterTask(loop, task);
      assert.is(currentTask(loop), task as never);
      _leaveTask(loop, task);

      assert.is(currentTask(loop), undefined);
    },
    { cpython: [`${BASE}test__enter_task`, `${BASE}test__leave_task`] },
  );

  it.resting(
    'refuses a second task, and to leave a task that is not the current one',
    (loop) => {
      const [one, two] = [taskLike(loop), taskLike(loop)];
      throws(() => _leaveTask(loop, one), RuntimeError, {
        message: /^Leaving task .* does not match the current task None\.$/,
      });
      _enterTask(loop, one);
      throws(() => _enterTask(loop, two), RuntimeError, {
        message: /^Cannot enter into task .* while another task .* is being executed\.$/,
      });
      throws(() => _leaveTask(loop, two), RuntimeError);
      assert.is(currentTask(loop), one as never);
      _leaveTask(loop, one);
    },
    {
      cpython: [
        `${BASE}test__enter_task_failure`,
        `${BASE}test__leave_task_failure1`,
        `${BASE}test__leave_task_failure2`,
      ],
    },
  );

  it(
    'is refused in a task, unless that is swapped out',
    async (loop) => {
      const [mine, task] = [currentTask(), taskLike(loop)];
      throws(() => _enterTask(loop, task), RuntimeError);

      assert.is(_swapCurrentTask(loop, undefined), mine);
      assert.is(currentTask(), undefined);
      _enterTask(loop, task);
      _leaveTask(loop, task);
      assert.is(currentTask(), undefined);
      assert.is(_swapCurrentTask(loop, task), undefined);
      assert.is(currentTask(), task as never);
      assert.is(_swapCurrentTask(loop, mine), task);

      assert.is(currentTask(), mine);
      await sleep(0);
      assert.is(currentTask(), mine);
    },
    { cpython: ['test_eager_task_factory.py::CEagerTaskFactoryLoopTests::test_issue105987'] },
  );
});

loopBehaviour('a closed loop', (it) => {
  it.resting('is not affected by a task whose body continues outside of it', async () => {
    // From the first cancel of a process on, cancelled calls that nobody awaits are looked at.
    for (let n = 0; n < 2; n += 1) {
      const { promise, resolve } = foreign();
      const loop = newEventLoop();
      const reports: string[] = [];
      loop.setExceptionHandler((_loop, { message }) => void reports.push(`${message}`));
      await loop.runUntilComplete(async () => {
        const task = createTask(async () => {
          await promise;
          await sleep(1);
        });
        task.addDoneCallback(() => assert.unreachable('called on a closed loop'));
        await sleep(0);
      });
      loop.close();

      resolve();
      // Node tells of unhandled rejections in a turn of its own.
      await new Promise((done) => void setImmediate(done));

      assert.equal(reports, ['Task was destroyed but it is pending!']);
    }
  });
});
