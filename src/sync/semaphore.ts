import { checkNumber, checkWhole } from '../base/numbers.ts';
import { repr } from '../base/printing/repr.ts';
import type { Abortable } from '../core/coroutines/abort-signals.ts';
import type { Coroutine } from '../core/coroutines/coroutine.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Holdable } from './holdable.ts';
import { Call, type Outcome } from './waiting/call.ts';
import { printPrimitive } from './waiting/loop-bound.ts';
import { Line, Waiter } from './waiting/waiter.ts';

/** Waits for a place. Woken, it has one that counts as taken. */
class SemaphoreWaiter extends Waiter<true> {
  readonly #semaphore: Semaphore;

  constructor(loop: LoopCore, semaphore: Semaphore) {
    super(loop);
    this.#semaphore = semaphore;
    semaphore._line.join(this);
  }

  override get _operation(): readonly [string, object] {
    return ['Semaphore.acquire', this.#semaphore];
  }

  override _run(): void {
    const semaphore = this.#semaphore;
    semaphore._line.leave(this);
    if (!this._isCancelled) this._finish(true);
    else if (this._woken) semaphore._value += 1;
    // There may be more places, and some who had to wait only because others did.
    semaphore._wakeFree();
    this._tellNow();
  }
}

/**
 * Gives access to a limited number of tasks at a time.
 *
 * Places are given first come, first served. A cancelled task passes its place on.
 *
 * ```ts
 * const semaphore = new asyncio.Semaphore(2);
 * await semaphore.with(async () => {
 *   console.log('one of two at most');
 * });
 * ```
 *
 * @see asyncio's `Semaphore`,
 *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore
 */
export class Semaphore extends Holdable {
  /** @internal how many places are free, and promised to nobody */
  _value: number;
  /** @internal the waiters, including those that have been woken */
  readonly _line: Line = new Line();

  /**
   * @param value - the number of places: a whole number from 0, or Infinity
   * @throws {TypeError} when `value` is not a number
   * @throws {RangeError} when it is negative, or no whole number
   */
  constructor(value = 1) {
    super();
    checkNumber(value, 'Semaphore initial value');
    if (value < 0) throw new RangeError('Semaphore initial value must be >= 0');
    checkWhole(value, 0, Number.POSITIVE_INFINITY, 'Semaphore initial value');
    this._value = value;
  }

  /** Would {@link acquire} have to wait? It would if others wait already, even if a place is free. */
  locked(): boolean {
    return this._value === 0 || !this._line.isGivenUp;
  }

  /**
   * Waits until everyone before in line has a place and one is free, and takes it.
   *
   * If the waiting task is cancelled, it takes no place.
   *
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * @returns a coroutine, which acquires nothing before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and was used to wait on another loop before
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Semaphore.acquire()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.acquire
   */
  override acquire(options?: Abortable): Coroutine<true> {
    return new Call(this.#acquire, 'Semaphore.acquire', options);
  }

  readonly #acquire = (): Outcome<true> => {
    if (this.locked()) return new SemaphoreWaiter(this._getLoop(), this);
    this._value -= 1;
    return true;
  };

  /** Releases a place, to the first in line if there is one. */
  release(): void {
    this._value += 1;
    this.#wakeNext();
  }

  /** `<asyncio.locks.Semaphore object at 0x1 [unlocked, value:2]>`, `[locked, waiters:1]` */
  toString(): string {
    const state = this.locked() ? 'locked' : `unlocked, value:${repr(this._value)}`;
    return printPrimitive(this, `${state}${this._line}`);
  }

  /** @internal promises the places that are free to those who wait */
  _wakeFree(): void {
    while (this._value > 0 && this.#wakeNext());
  }

  /** Promises a place to the first waiter; `false` if there is none. */
  #wakeNext(): boolean {
    if (this._line.wake(1) === 0) return false;
    this._value -= 1;
    return true;
  }
}

/**
 * A semaphore that cannot be released too often.
 *
 * @see asyncio's `BoundedSemaphore`,
 *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.BoundedSemaphore
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * @param value - the number of places: a whole number from 0, or Infinity
   * @throws {TypeError} when `value` is not a number
   * @throws {RangeError} when it is negative, or no whole number
   */
  constructor(value = 1) {
    super(value);
    this.#bound = value;
  }

  /**
   * Releases a place, to the first in line if there is one.
   *
   * @throws {RangeError} when all places are free (`ValueError` in Python)
   */
  override release(): void {
    if (this._value >= this.#bound)
      throw new RangeError('BoundedSemaphore released too many times');
    super.release();
  }
}
