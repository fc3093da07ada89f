import { isException } from '../base/errors/errors.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { nameOf } from '../base/printing/repr.ts';
import { isError } from '../base/values/is-error.ts';
import { ensureFuture } from '../core/coroutines/ensure-future.ts';
import { forThisTask } from '../core/futures/call-graph-edges.ts';
import { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import type { ExceptionContext } from '../core/turns/loop-core.ts';
import type { Awaitable } from './awaitables.ts';

/**
 * Protects the awaited work from a cancel of the task that awaits it.
 *
 * If the task is cancelled, the `await` throws, but the work continues. If it fails later, the
 * loop's exception handler is called. The work itself can still be cancelled.
 *
 * @param awaitable - a future, a coroutine, a function without arguments, or a promise
 * @returns a new future, or the given one if it is already done
 * @throws {TypeError} when `awaitable` cannot be awaited
 * @throws {RuntimeError} when no loop is running and none was set, and `awaitable` is not a future
 * @see asyncio's `shield()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.shield
 */
export function shield<T>(awaitable: Awaitable<T>): Future<T> {
  const inner = ensureFuture(awaitable);
  if (inner.done()) return inner;
  const outer = describeAs(new Future<T>(inner._loop._asOption), 'shield', inner);
  const onInnerDone = calledAs('shield.<locals>._inner_done_callback', () => {
    if (outer.done()) return;
    if (inner.cancelled()) outer.cancel();
    else {
      inner._see();
      if (inner._failed) outer._fail(inner._outcome());
      else outer._finish(inner._outcome() as T);
    }
  });
  const onOuterDone = calledAs('shield.<locals>._outer_done_callback', () => {
    if (inner.done()) return;
    inner.removeDoneCallback(onInnerDone);
    // Once is enough, however often it was shielded.
    inner.removeDoneCallback(logOnException);
    inner.addDoneCallback(logOnException);
  });
  inner.addDoneCallback(forThisTask(onInnerDone));
  outer.addDoneCallback(onOuterDone);
  return outer;
}

const logOnException = calledAs('_log_on_exception', (future: Future<unknown>): void => {
  if (future.cancelled()) return;
  future._see();
  const exception = future._outcome();
  if (!future._failed || !isException(exception)) return;
  const name = isError(exception) ? nameOf(exception) : 'Exception';
  const context: ExceptionContext = {
    message: `${name} exception in shielded future`,
    exception,
    future,
  };
  if (future._sourceTraceback !== undefined) context.sourceTraceback = future._sourceTraceback;
  future._loop.callExceptionHandler(context);
});
