import { checkOptions } from '../base/check-options.ts';
import { checkSeconds } from '../base/numbers.ts';
import { type Abortable, checkSignal, onAbort } from '../core/coroutines/abort-signals.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import { awaitedNatively } from '../core/futures/native-promise.ts';
import { Turn } from '../core/futures/next-turn.ts';
import type { Operation } from '../core/futures/operation.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore, Scheduled } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';

/** A wait that removes its timer when it is cancelled. */
class Sleep<T> extends NativeOperation<T> {
  static {
    awaitedNatively(this);
  }

  readonly #timer: Scheduled;

  constructor(loop: LoopCore, delay: number, result: T) {
    super(loop);
    // Without a closure, because there may be many sleeps, and each byte counts.
    const sleep = this as Sleep<unknown>;
    this.#timer =
      result === undefined
        ? loop.callLater(delay, endSleep, sleep)
        : loop.callLater(delay, endSleep, sleep, result);
  }

  override cancel(message?: string): boolean {
    const cancelled = super.cancel(message);
    this.#timer.cancel();
    return cancelled;
  }

  /** @internal */
  override _describe(): WaitDescription {
    const left = Math.max(this.#timer.when() - this._loop.time(), 0);
    return { operation: 'sleep', detail: `${left.toFixed(1)} s to go` };
  }

  /** Ends it early, with `error`. */
  breakOff(error: unknown): void {
    if (this.done()) return;
    this.#timer.cancel();
    this._fail(error);
  }
}

function endSleep(sleep: Sleep<unknown>, result?: unknown): void {
  if (!sleep.done()) sleep._finish(result);
}

/** A sleep that ends when `signal` is aborted. */
class AbortableSleep<T> extends Sleep<T> {
  static {
    awaitedNatively(this);
  }

  readonly #forget: () => void;

  constructor(loop: LoopCore, delay: number, result: T, signal: AbortSignal) {
    super(loop, delay, result);
    this.#forget = onAbort(signal, () => this.breakOff(signal.reason));
    if (signal.aborted) this.breakOff(signal.reason);
  }

  /** @internal it is done, in whatever way */
  override _tell(): void {
    this.#forget();
    super._tell();
  }
}

/**
 * Waits, and lets other tasks run.
 *
 * The wait starts with the call. `sleep(0)` waits for exactly one turn of the loop.
 *
 * @param delay - in seconds, with fractions; 0 or less is one turn
 * @param result - the result of the `await`
 * @param options - `signal`: ends the wait when aborted
 * @throws the reason of `signal`, when that is aborted
 * @throws {TypeError} when `delay` is not a number, or `signal` is not an `AbortSignal`
 * @throws {RangeError} when `delay` is NaN
 * @throws {RuntimeError} when no loop is running
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `sleep()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep
 */
export function sleep<T = void>(delay: number, result?: T, options?: Abortable): Operation<T> {
  checkOptions(options, 'signal abandon');
  checkSeconds(delay, 'delay');
  const loop = requireRunningLoop();
  if (options?.signal !== undefined) {
    checkSignal(options.signal);
    return new AbortableSleep(loop, Math.max(delay, 0), result as T, options.signal);
  }
  return delay > 0 ? new Sleep(loop, delay, result as T) : new Turn(loop, result as T);
}
