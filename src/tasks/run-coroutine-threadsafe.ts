import { typeError } from '../base/errors/refusals.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { ensureFuture } from '../core/coroutines/ensure-future.ts';
import type { TaskBody } from '../core/coroutines/task.ts';
import { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';

/**
 * Runs a coroutine as a task on `loop`, for code that runs outside any loop, such as Node's
 * callbacks.
 *
 * Cancelling the returned future cancels the task, and cancelling the task cancels the future.
 *
 * Unlike in asyncio, it cannot be called from another thread, because Node's threads do not share
 * functions. See docs/differences.md#threads.
 *
 * @param body - a coroutine, or a function without arguments that returns a promise
 * @param loop - the loop to run it
 * @returns a future of the result
 * @throws {TypeError} when `body` is neither, or `loop` is not a loop
 * @throws {RuntimeError} when the loop is closed
 * @see asyncio's `run_coroutine_threadsafe()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.run_coroutine_threadsafe
 */
export function runCoroutineThreadsafe<T>(body: TaskBody<T>, loop: LoopCore): Future<T> {
  if (!(body instanceof Coroutine) && typeof body !== 'function')
    throw typeError(`A coroutine object is required, got ${brief(body)}`);
  if (typeof loop?.callSoon !== 'function')
    throw typeError(`loop must be a Loop, got ${brief(loop)}`);
  const future = describeAs(new Future<T>({ loop }), 'runCoroutineThreadsafe');
  const begin = (): void => {
    try {
      chain(ensureFuture(body, { loop }), future);
    } catch (error) {
      if (!future.done()) future._fail(error);
      throw error;
    }
  };
  loop.callSoon(calledAs('run_coroutine_threadsafe.<locals>.callback', begin));
  return future;
}

/** Passes the outcome of `task` to `future`, and a cancel of `future` to the task. */
function chain<T>(task: Future<T>, future: Future<T>): void {
  const onFutureDone = calledAs('_chain_future.<locals>._call_check_cancel', () => {
    if (future.cancelled()) task.cancel();
  });
  const onTaskDone = calledAs('_chain_future.<locals>._call_set_state', () => {
    if (future.done()) {
      // It was cancelled. If the task failed, that is reported as never retrieved.
      return;
    }
    if (task.cancelled()) future.cancel();
    else {
      task._see();
      if (task._failed) future._fail(task._outcome());
      else future._finish(task._outcome() as T);
    }
  });
  future.addDoneCallback(onFutureDone);
  task.addDoneCallback(onTaskDone);
}
