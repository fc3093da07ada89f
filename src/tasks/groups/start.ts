import { CancelledError, RuntimeError } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Task } from '../../core/coroutines/task.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';

/** `task` ended before it was ready: passes that on to `started`. */
export function endedTooEarly(task: Task<unknown>, started: Future<unknown>): void {
  task._see();
  // The caller was cancelled, and takes care of the task.
  if (started.done()) return;
  if (task._failed) started._fail(task._outcome());
  else if (task.cancelled()) started._endCancelled(task._makeCancelledError());
  else started._fail(new RuntimeError(`${task.getName()} ended before it called ready()`));
}

/** Waits until `task` has ended, even when cancelled meanwhile. */
export async function untilEnded(task: Task<unknown>): Promise<void> {
  while (!task.done()) {
    const ended = describeAs(new Future<void>(task._loop._asOption), 'TaskGroup.start', task);
    const tell = (): void => {
      if (!ended.done()) ended._finish();
    };
    task.addDoneCallback(tell);
    try {
      await ended;
    } catch (error) {
      // It is already cancelled, and waits for the clean-up of the other task.
      if (!isA(error, CancelledError)) throw error;
    }
    task.removeDoneCallback(tell);
  }
}
