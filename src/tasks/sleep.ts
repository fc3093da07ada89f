import { checkOptions } from '../base/check-options.ts';
import { typeError } from '../base/errors/refusals.ts';
import { checkFiniteSeconds, checkSeconds } from '../base/numbers.ts';
import { isA } from '../base/values/attempt.ts';
import { isPlainObject } from '../base/values/is-plain-object.ts';
import { type Abortable, checkSignal, onAbort } from '../core/coroutines/abort-signals.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import { awaitedNatively } from '../core/futures/native-promise.ts';
import { Turn } from '../core/futures/next-turn.ts';
import type { Operation } from '../core/futures/operation.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import { isBefore, type Numbered, nextTimerNumber } from '../core/turns/timer-heap.ts';

/**
 * A wait that is its own timer, to save memory: there may be very many.
 *
 * When it is due, it finishes in its turn, and resumes the task one turn later.
 */
class Sleep<T> extends NativeOperation<T> implements Numbered {
  static {
    awaitedNatively(this);
  }

  /** @internal */
  readonly _when: number;
  /** @internal */
  readonly _number: number;

  constructor(loop: LoopCore, delay: number, result: T) {
    super(loop);
    this._result = result;
    this._when = loop.time() + delay;
    this._number = nextTimerNumber();
    loop._turns.at(this);
  }

  /** @internal it is done, or was cancelled */
  override _tell(): void {
    this._loop._turns.timerDropped(this);
    super._tell();
  }

  /** @internal */
  when(): number {
    return this._when;
  }

  /** @internal */
  _before(other: Numbered): boolean {
    return isBefore(this, other);
  }

  /** @internal */
  get _isDropped(): boolean {
    return this.done();
  }

  /** @internal when it is due, its turn belongs to no task */
  override get _subject(): unknown {
    return this.done() ? super._subject : this;
  }

  /** @internal it is due */
  _run(): void {
    if (!this.done()) this._finish(this._result as T);
  }

  /** @internal */
  override _describe(): WaitDescription {
    const left = Math.max(this._when - this._loop.time(), 0);
    return { operation: 'sleep', detail: `${left.toFixed(1)} s to go` };
  }

  /** Ends it early, with `error`. */
  interrupt(error: unknown): void {
    if (!this.done()) this._fail(error);
  }
}

/** A sleep that ends when `signal` is aborted. */
class AbortableSleep<T> extends Sleep<T> {
  static {
    awaitedNatively(this);
  }

  readonly #forget: () => void;

  constructor(loop: LoopCore, delay: number, result: T, signal: AbortSignal) {
    super(loop, delay, result);
    this.#forget = onAbort(signal, () => this.interrupt(signal.reason));
    if (signal.aborted) this.interrupt(signal.reason);
  }

  override _tell(): void {
    this.#forget();
    super._tell();
  }
}

const OPTIONS = 'signal abandon';

/** Was a result meant as options? The check calls no code of the user's object. */
function isOptions(result: unknown): boolean {
  if (typeof result !== 'object' || result === null || !isPlainObject(result)) return false;
  const { signal } = Object.getOwnPropertyDescriptors(result) as { signal?: PropertyDescriptor };
  const names = OPTIONS.split(' ');
  return isA(signal?.value, AbortSignal) && Object.keys(result).every((key) => names.includes(key));
}

/**
 * Waits, and lets other tasks run.
 *
 * The wait starts at the call. `sleep(0)` waits for exactly one turn of the loop.
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
  checkOptions(options, OPTIONS);
  if (options === undefined && result !== undefined && isOptions(result))
    throw typeError(
      'sleep() takes options after the result: write sleep(delay, undefined, { signal })',
    );
  checkSeconds(delay, 'delay');
  const loop = requireRunningLoop();
  if (delay > 0) checkFiniteSeconds(delay, 'delay');
  if (options?.signal !== undefined) {
    checkSignal(options.signal);
    return new AbortableSleep(loop, Math.max(delay, 0), result as T, options.signal);
  }
  return delay > 0 ? new Sleep(loop, delay, result as T) : new Turn(loop, result as T);
}
