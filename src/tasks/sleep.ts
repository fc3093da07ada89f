import { repr } from '../base/repr.ts';
import type { Cancellable, LoopCore } from '../core/loop-core.ts';
import { awaitedNatively, NativeOperation } from '../core/native-operation.ts';
import type { Operation } from '../core/operation.ts';
import { requireRunningLoop } from '../core/running.ts';
import { Turn } from '../core/turn.ts';

/** A wait that takes its timer along when it is cancelled. */
class Sleep<T> extends NativeOperation<T> {
  static {
    awaitedNatively(this);
  }

  readonly #timer: Cancellable;

  constructor(loop: LoopCore, delay: number, result: T) {
    super(loop);
    this.#timer = loop.callLater(delay, () => {
      if (!this.done()) this._finish(result);
    });
  }

  override cancel(message?: string): boolean {
    this.#timer.cancel();
    return super.cancel(message);
  }
}

/**
 * Waits, and lets the others run meanwhile.
 *
 * The wait begins with the call. `sleep(0)` waits for exactly one turn of the loop.
 *
 * @param delay - how long to wait, in seconds; fractions count, and 0 or less is one turn
 * @param result - what the `await` gives
 * @throws {TypeError} when `delay` is not a number
 * @throws {RangeError} when `delay` is NaN
 * @throws {RuntimeError} when no loop runs
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `sleep()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep
 */
export function sleep<T = void>(delay: number, result?: T): Operation<T> {
  if (typeof delay !== 'number')
    throw new TypeError(`delay must be a number of seconds, got ${repr(delay)}`);
  if (Number.isNaN(delay)) throw new RangeError('Invalid delay: NaN (not a number)');
  const loop = requireRunningLoop();
  return delay > 0 ? new Sleep(loop, delay, result as T) : new Turn(loop, result as T);
}
