import { checkOptions } from '../../base/check-options.ts';
import { RuntimeError } from '../../base/errors/errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { Future } from '../futures/future.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { requireEventLoop, requireRunningLoop } from '../turns/running-loop.ts';
import type { Abortable } from './abort-signals.ts';
import { Coroutine, iscoroutine } from './coroutine.ts';
import type { NotAPromise, Task, TaskBody, TaskOptions } from './task.ts';
import { WrappedFuture } from './wrapped-promise.ts';

/** Options for a new task; `signal` cancels it when aborted. */
export interface NewTaskOptions extends TaskOptions, Pick<Abortable, 'signal'> {}

/** The loop of a future. */
interface LoopOption {
  readonly loop?: LoopCore | undefined;
}

/** A loop that creates tasks, like all loops that users see. */
interface TaskMaker extends LoopCore {
  createTask<T>(body: TaskBody<T>, options?: NewTaskOptions): Task<T>;
}

/**
 * Creates a task from a coroutine. It runs concurrently, from the next turn on.
 *
 * @typeParam O - additional options for the loop's task factory
 * @param body - a coroutine, or a function without arguments that returns a promise
 * @param options - `name`, `context`, `eagerStart`; `signal`: cancels the task when aborted
 * @throws {TypeError} when `body` is anything else, such as a promise that is already running, when
 *   `signal` is not an `AbortSignal`, or when an option is unknown and there is no task factory
 * @throws {RuntimeError} when no loop is running
 * @see asyncio's `create_task()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
 */
export function createTask<T, O = unknown>(
  body: TaskBody<T> | NotAPromise,
  options?: NewTaskOptions & NoInfer<O>,
): Task<T> {
  return (requireRunningLoop() as TaskMaker).createTask(body as TaskBody<T>, options);
}

/**
 * A future for any awaitable.
 *
 * A future is returned unchanged, a coroutine or a function becomes a task, and a promise is wrapped.
 *
 * @param options - `loop`: by default the running one, otherwise that of `setEventLoop()`
 * @throws {RangeError} when a future belongs to a loop other than the given one
 * @throws {TypeError} when `awaitable` is none of these
 * @throws {RuntimeError} when no loop is given and there is no current one, or it is closed
 * @see asyncio's `ensure_future()`,
 *   https://docs.python.org/3/library/asyncio-future.html#asyncio.ensure_future
 */
export function ensureFuture<T>(
  awaitable: TaskBody<T> | PromiseLike<T>,
  options?: LoopOption,
): Future<T> {
  const given = loopIn(options);
  if (awaitable instanceof Future) {
    if (given !== undefined && awaitable._loop !== given)
      throw rangeError(
        'The future belongs to a different loop than the one specified as the loop argument',
      );
    return awaitable as Future<T>;
  }
  const loop = given ?? requireEventLoop();
  if (awaitable instanceof Coroutine) return taskOf(awaitable as Coroutine<T>, loop);
  if (isThenable(awaitable)) return wrapPromise(awaitable as PromiseLike<T>, loop._asOption);
  if (typeof awaitable === 'function') return (loop as TaskMaker).createTask(awaitable);
  throw typeError(
    `An asyncio.Future, a coroutine or an awaitable is required, got ${brief(awaitable)}`,
  );
}

/**
 * The loop in `options`. Those that the library creates for a loop need no check.
 *
 * @throws {TypeError} when `options` is invalid
 */
function loopIn(options: LoopOption | undefined): LoopCore | undefined {
  const loop = options?.loop;
  if (options !== loop?._asOption) checkOptions(options, 'loop');
  return loop;
}

/**
 * Creates a task from a coroutine that nothing else refers to. If that fails, the coroutine is
 * closed.
 */
function taskOf<T>(coroutine: Coroutine<T>, loop: LoopCore): Task<T> {
  try {
    return (loop as TaskMaker).createTask(coroutine);
  } catch (error) {
    if (isA(error, RuntimeError)) coroutine.close();
    throw error;
  }
}

/**
 * A future for a promise that this library did not create; a future is returned unchanged.
 *
 * Awaiting it can be cancelled; the work behind the promise then continues. If it fails after that,
 * the loop's exception handler is called once, unless another future waits for the promise, or the
 * program has called its `then()` since.
 *
 * Unlike in asyncio, a cancel does not reach the work, because promises cannot be cancelled. See
 * docs/differences.md#wrapped-promises.
 *
 * @param options - `loop`: by default the running one, otherwise that of `setEventLoop()`
 * @throws {TypeError} when `promise` is not a promise, for example a coroutine
 * @throws {RuntimeError} when no loop is given and there is no current one
 * @see asyncio's `wrap_future()`,
 *   https://docs.python.org/3/library/asyncio-future.html#asyncio.wrap_future
 */
export function wrapPromise<T>(promise: PromiseLike<T>, options?: LoopOption): Future<T> {
  loopIn(options);
  if (promise instanceof Future) return promise as Future<T>;
  if (!isThenable(promise) || iscoroutine(promise))
    throw typeError(`a promise was expected, got ${brief(promise)}`);
  return new WrappedFuture(promise, options);
}
