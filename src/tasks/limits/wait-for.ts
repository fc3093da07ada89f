import { checkOptions } from '../../base/check-options.ts';
import { TimeoutError } from '../../base/errors/os-errors.ts';
import { checkTimeout } from '../../base/numbers.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { cancelOf } from '../../core/cancellation/cancel-in-error.ts';
import { type Abortable, checkSignal, underSignal } from '../../core/coroutines/abort-signals.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { ensureFuture, wrapPromise } from '../../core/coroutines/ensure-future.ts';
import { isNative } from '../../core/coroutines/wrapped-promise.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import { requireRunningLoop, runningLoop } from '../../core/turns/running-loop.ts';
import { type Awaitable, awaitHere, checkAwaitable } from '../awaitables.ts';
import { timeout as limit } from './timeout.ts';

/**
 * Awaits `awaitable` for at most `timeout` seconds.
 *
 * When the time is up, it is cancelled, and this waits until it has ended, which may take longer
 * than `timeout`. If it returns a result in spite of the cancel, that is returned; any other error
 * it throws is thrown. A coroutine or function runs as part of the waiting task.
 *
 * A promise that this library did not create cannot be cancelled: when the time is up, this
 * continues without it. A function that waits for one is abandoned; see `timeout()`.
 *
 * @param awaitable - a future, a coroutine, a function without arguments, or a promise
 * @param timeout - in seconds; 0 or less accepts only what is already done, and does not start a
 *   coroutine; `undefined` for no limit
 * @param options - `signal`: interrupts the wait when aborted, like a timeout; `abandon`: `false`
 *   always waits for a function, as asyncio does
 * @returns its result
 * @throws its error
 * @throws the reason of `signal`, when that was aborted and the cancel ended it
 * @throws {TimeoutError} when the time was up and the cancel ended it
 * @throws {CancelledError} when the waiting task is cancelled, which also cancels `awaitable`
 * @throws {TypeError} when `awaitable` cannot be awaited, or `timeout` is not a number
 * @throws {RangeError} when `timeout` is NaN
 * @throws {RuntimeError} when no loop is running, or no task awaits this
 * @see asyncio's `wait_for()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for
 */
export function waitFor<T>(
  awaitable: Awaitable<T>,
  timeout: number | undefined,
  options?: Abortable,
): Coroutine<T> {
  checkOptions(options, 'signal abandon');
  checkAwaitable(awaitable);
  checkTimeout(timeout, 'timeout');
  const { signal, abandon } = options ?? {};
  checkSignal(signal);
  const waited = wrapNative(awaitable);
  const wait = (): Promise<T> =>
    timeout !== undefined && timeout <= 0
      ? resultNow(waited)
      : limit(timeout, () => awaitHere(waited), { abandon })._begin();
  if (signal === undefined) return new Coroutine(wait, 'waitFor', undefined);
  return new Coroutine(
    () => {
      if (signal.aborted) discard(waited);
      return underSignal(signal, wait, options);
    },
    'waitFor',
    undefined,
  );
}

/**
 * A running promise may fail before the wait starts. As a future, it reports its failure itself if
 * nothing waits for it.
 */
function wrapNative<T>(awaitable: Awaitable<T>): Awaitable<T> {
  return isNative(awaitable) && runningLoop() !== undefined ? wrapPromise(awaitable) : awaitable;
}

/** Cancels an awaitable that nothing will wait for. */
function discard(awaitable: Awaitable<unknown>): void {
  if (awaitable instanceof Coroutine) awaitable.close();
  else if (awaitable instanceof Future) awaitable.cancel();
}

/** The result, if it is already done. Otherwise cancels it, and waits until it has ended. */
async function resultNow<T>(awaitable: Awaitable<T>): Promise<T> {
  const future = ensureFuture(awaitable);
  if (future.done()) return future.result();
  await cancelAndWait(future);
  try {
    return future.result();
  } catch (error) {
    const cancel = cancelOf(error);
    if (cancel === undefined) throw error;
    throw new TimeoutError('', { cause: cancel });
  }
}

async function cancelAndWait(future: Future<unknown>): Promise<void> {
  const waiter = describeAs(new Future<void>(requireRunningLoop()._asOption), 'waitFor', future);
  const release = calledAs('_release_waiter', () => {
    if (!waiter.done()) waiter._finish();
  });
  future.addDoneCallback(release);
  try {
    future.cancel();
    // Not the future itself, which may ignore a cancel meant for the waiting task.
    await waiter;
  } finally {
    future.removeDoneCallback(release);
  }
}
