import { CancelledError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { isThenable } from '../base/values/is-thenable.ts';
import { onAbort } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { wrapPromise } from '../core/coroutines/ensure-future.ts';
import type { Task, TaskBody } from '../core/coroutines/task.ts';
import { Future } from '../core/futures/future.ts';
import { Operation } from '../core/futures/operation.ts';
import { endOfCancelled, watchEnding } from '../core/reports/slow-endings.ts';

/** What can be run from outside a loop: any awaitable, and functions without arguments. */
export type Main<T> = TaskBody<T> | PromiseLike<T>;

/**
 * Converts any awaitable to the body of a task. A promise is already running: a cancel ends the
 * wait for it, but not its work.
 *
 * @throws {TypeError} when `main` cannot be awaited
 */
export function toTaskBody<T>(main: Main<T>): TaskBody<T> {
  if (main instanceof Coroutine || main instanceof Operation) return main;
  if (main instanceof Future) return () => main;
  if (isThenable(main)) {
    const promise = Promise.resolve(main as PromiseLike<T>);
    // It may fail before the task starts.
    promise.catch(() => {});
    return () => wrapPromise(promise);
  }
  if (typeof main === 'function') return main;
  throw typeError(`An asyncio.Future, a coroutine or an awaitable is required, got ${brief(main)}`);
}

/**
 * Cancels `task` when `signal` is aborted, or if it already is.
 *
 * @returns `forget`, which stops that; and `errorFor`, which converts the task's error to the
 *   caller's: the reason of the signal, if its cancel was the only one
 */
export function cancelledBy(
  signal: AbortSignal | undefined,
  task: Task<unknown>,
): { forget(): void; errorFor(error: unknown): unknown } {
  if (signal === undefined) return { forget: () => {}, errorFor: (error) => error };
  let aborted = false;
  let unwatch: () => void = () => {};
  const abort = (): void => {
    aborted = task.cancel();
    if (aborted) unwatch = watchEnding(task._loop, endOfCancelled(task, 'A signal'));
  };
  const forgetSignal = onAbort(signal, abort);
  const forget = (): void => {
    forgetSignal();
    unwatch();
  };
  if (signal.aborted) abort();
  return {
    forget,
    errorFor: (error) => {
      const isOurs = isA(error, CancelledError) && aborted;
      // Tasks of a task factory may not count cancels.
      return isOurs && (task as Partial<typeof task>).uncancel?.() === 0 ? signal.reason : error;
    },
  };
}
