import { isException } from '../base/errors.ts';
import { repr } from '../base/repr.ts';
import { Coroutine } from './coroutine.ts';
import { Future } from './future.ts';
import type { LoopCore } from './loop-core.ts';
import { requireRunningLoop } from './running.ts';
import type { Task, TaskBody, TaskOptions } from './task.ts';

/**
 * Makes a task of a coroutine: it runs beside its maker, from the next turn on.
 *
 * @param body - a coroutine, or a function without arguments that returns a promise
 * @param options - `name`, `context`
 * @throws {TypeError} when `body` is something else, a promise that already runs for instance
 * @throws {RuntimeError} when no loop runs
 * @see asyncio's `create_task()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
 */
export function createTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
  return requireRunningLoop().createTask(body, options);
}

/**
 * A future for anything that can be awaited: a future is given back as it is, a coroutine or a
 * function becomes a task, a promise is wrapped.
 *
 * @param options - `loop`: by default the one that runs
 * @throws {RangeError} when a future belongs to a loop other than the one that was given
 * @throws {TypeError} when `awaitable` is none of these
 * @see asyncio's `ensure_future()`,
 *   https://docs.python.org/3/library/asyncio-future.html#asyncio.ensure_future
 */
export function ensureFuture<T>(
  awaitable: TaskBody<T> | PromiseLike<T>,
  options: { readonly loop?: LoopCore | undefined } = {},
): Future<T> {
  if (awaitable instanceof Future) {
    if (options.loop !== undefined && awaitable._loop !== options.loop)
      throw new RangeError(
        'The future belongs to a different loop than the one specified as the loop argument',
      );
    return awaitable as Future<T>;
  }
  const loop = options.loop ?? requireRunningLoop();
  if (awaitable instanceof Coroutine || typeof awaitable === 'function')
    return loop.createTask(awaitable as TaskBody<T>);
  if (typeof (awaitable as PromiseLike<T> | null)?.then === 'function')
    return wrapPromise(awaitable as PromiseLike<T>, { loop });
  throw new TypeError(
    `An asyncio.Future, a coroutine or an awaitable is required, got ${repr(awaitable)}`,
  );
}

/**
 * A future of a promise that is not ours. An `await` of it can be cancelled; the work behind the
 * promise goes on then, and if it fails after that, the loop's exception handler is told.
 *
 * @param options - `loop`: by default the one that runs
 * @throws {TypeError} when `promise` cannot be awaited
 * @throws {RuntimeError} when no loop is given and none runs
 */
export function wrapPromise<T>(
  promise: PromiseLike<T>,
  options: { readonly loop?: LoopCore | undefined } = {},
): Future<T> {
  if (typeof (promise as PromiseLike<T> | null)?.then !== 'function')
    throw new TypeError(`a promise was expected, got ${repr(promise)}`);
  const future = new Future<T>(options);
  promise.then(
    (value) => {
      if (!future.done()) future._finish(value);
    },
    (error: unknown) => {
      if (!future.done()) future._fail(error);
      // A promise that a cancel reached by another way, a signal for instance, ends like that.
      else if (isException(error) && !isAbort(error))
        future._loop.callExceptionHandler({
          message: 'Promise failed after its future was cancelled',
          exception: error,
          future,
        });
    },
  );
  return future;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
