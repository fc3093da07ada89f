import { Coroutine } from '../core/coroutines/coroutine.ts';
import type { Future } from '../core/futures/future.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import type { Executor, ThreadCallable } from './executor.ts';
import { toThreadFunction } from './thread-call.ts';

/** A loop with an executor, as all loops that users see. */
interface ExecutorLoop extends LoopCore {
  runInExecutor<A extends unknown[], T>(
    executor: Executor | undefined,
    callback: ThreadCallable<A, T>,
    ...args: A
  ): Future<Awaited<T>>;
}

/**
 * Calls a function in another thread, without blocking the loop.
 *
 * The function is sent as its source text: it sees globals and its arguments, and can `import()`,
 * but not the variables around it. For a function that needs more, use
 * {@link moduleFunction}. Arguments and the result are sent as structured clones, errors with name,
 * message and stack. If the function returns a promise, the thread awaits it.
 *
 * Cancelling the waiting task does not stop the thread, unless the function is {@link terminable};
 * a call that still waits for a thread is dropped. `run()` waits for all calls at its end.
 *
 * Unlike in asyncio, context variables are not passed on. See docs/differences.md#calls-in-threads.
 *
 * ```ts
 * const hash = await asyncio.toThread(async (password: string, salt: string) => {
 *   const { scryptSync } = await import('node:crypto');
 *   return scryptSync(password, salt, 64);
 * }, 'secret', 'salt');
 * ```
 *
 * @param callback - a function that can be sent, or a {@link ModuleFunction}
 * @param args - its arguments
 * @returns the result of the function
 * @throws the error of the function
 * @throws {TypeError} when `callback`, an argument or the result cannot be sent
 * @throws {RuntimeError} when no loop is running, its executor was shut down, or the thread ended
 *   early
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `to_thread()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread
 */
export function toThread<A extends unknown[], T>(
  callback: ThreadCallable<A, T>,
  ...args: A
): Coroutine<Awaited<T>> {
  toThreadFunction(callback);
  const call = async (): Promise<Awaited<T>> => {
    const loop = requireRunningLoop() as ExecutorLoop;
    const future = loop.runInExecutor(undefined, callback, ...args);
    future._purpose = { ...future._purpose, operation: 'toThread' };
    return await future;
  };
  return new Coroutine(call, 'toThread', undefined);
}
