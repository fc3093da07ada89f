import { rangeError } from '../base/errors/refusals.ts';
import { checkNumber, checkWhole } from '../base/numbers.ts';
import { repr } from '../base/printing/repr.ts';
import { currentScope } from '../core/context/context.ts';
import type { Abortable } from '../core/coroutines/abort-signals.ts';
import type { Coroutine } from '../core/coroutines/coroutine.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Holdable } from './holdable.ts';
import { Call, type Outcome } from './waiting/call.ts';
import { printPrimitive } from './waiting/loop-bound.ts';
import { Line, Waiter } from './waiting/waiter.ts';

/** Waits for a place. Once woken, it owns one, which counts as taken. */
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

  override _describe(): WaitDescription {
    return { ...super._describe(), heldBy: this.#semaphore._holders, any: true };
  }

  override _run(): void {
    const semaphore = this.#semaphore;
    semaphore._line.leave(this);
    if (!this._isCancelled) {
      semaphore._fulfil(this._scopeOfAwait);
      this._finish(true);
    } else if (this._woken) semaphore._withdraw();
    // More places may be free, for waiters that only waited behind others.
    semaphore._wakeFree();
    this._tellNow();
  }
}

type Taker = { readonly task: unknown } | undefined;

/** Stands for the taker of a place that is promised to a waiter. */
const PROMISED: Taker = { task: undefined };

/** A semaphore with more places than this does not record who has taken them. */
const MOST_NOTED = 16;

/**
 * Gives a limited number of tasks access at a time.
 *
 * Tasks get places in order of arrival. A cancelled task passes its place on.
 *
 * ```ts
 * const semaphore = new asyncio.Semaphore(2);
 * await semaphore.with(async () => {
 *   console.log('one of two at most');
 * });
 * ```
 *
 * @see asyncio's `Semaphore`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore
 */
export class Semaphore extends Holdable {
  /** @internal the number of places that are free, and not promised to a waiter */
  _value: number;
  /** @internal the waiters, including those that have been woken */
  readonly _line: Line = new Line();
  /** How many places there are. */
  readonly #places: number;
  /**
   * The scopes that have taken places, from index `_value` on; undefined once a task has released a
   * place that it had not taken. Its length does not change, so taking a place costs one store.
   */
  #takers: Taker[] | undefined;

  /**
   * @param value - the number of places: an integer >= 0, or Infinity
   * @throws {TypeError} when `value` is not a number
   * @throws {RangeError} when it is negative, or not an integer
   */
  constructor(value = 1) {
    super();
    checkNumber(value, 'Semaphore initial value');
    if (value < 0) throw rangeError('Semaphore initial value must be >= 0');
    checkWhole(value, 0, Number.POSITIVE_INFINITY, 'Semaphore initial value');
    this._value = value;
    this.#places = value;
    if (value > 0 && value <= MOST_NOTED) this.#takers = Array<Taker>(value).fill(undefined);
  }

  /** Would {@link acquire} have to wait? True also if a place is free but others are waiting. */
  locked(): boolean {
    return this._value === 0 || !this._line.isGivenUp;
  }

  /**
   * Waits until a place is free and it is the task's turn, and takes it.
   *
   * If the waiting task is cancelled, it takes no place.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which acquires nothing before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Semaphore.acquire()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Semaphore.acquire
   */
  override acquire(options?: Abortable): Coroutine<true> {
    return new Call(this.#acquire, 'Semaphore.acquire', options);
  }

  readonly #acquire = (): Outcome<true> => {
    if (this.locked()) return new SemaphoreWaiter(this._getLoop(), this);
    this.#take(currentScope());
    return true;
  };

  /** Releases a place, which goes to the first in line, if any. */
  release(): void {
    if (this.#takers !== undefined) {
      const scope = currentScope();
      if (this._value >= this.#places || this.#takers[this._value] !== scope)
        this.#moveUp(scope?.task);
    }
    this.#giveBack();
    if (this._line.size > 0) this.#wakeNext();
  }

  #take(taker: Taker): void {
    this._value -= 1;
    if (this.#takers !== undefined) this.#takers[this._value] = taker;
  }

  #giveBack(): void {
    if (this.#takers !== undefined) this.#takers[this._value] = undefined;
    this._value += 1;
  }

  /** Moves a place of `task` to index `_value`, which is given back next. */
  #moveUp(task: unknown): void {
    const takers = this.#takers as Taker[];
    const at = takers.findIndex(
      (taker, index) => index >= this._value && taker !== PROMISED && taker?.task === task,
    );
    if (at < 0) this.#takers = undefined;
    else takers[at] = takers[this._value];
  }

  /** @internal `taker` takes a promised place */
  _fulfil(taker: Taker): void {
    this.#takers?.splice(this.#takers.indexOf(PROMISED, this._value), 1, taker);
  }

  /** @internal a promised place is not needed */
  _withdraw(): void {
    this._fulfil(this.#takers?.[this._value]);
    this.#giveBack();
  }

  /** @internal the tasks that have its places; empty if unknown */
  get _holders(): readonly unknown[] {
    const takers = this.#takers?.slice(this._value) ?? [];
    return takers.includes(PROMISED) ? [] : takers.map((taker) => taker?.task).reverse();
  }

  /** `<asyncio.locks.Semaphore object at 0x1 [unlocked, value:2]>`, `[locked, waiters:1]` */
  toString(): string {
    const state = this.locked() ? 'locked' : `unlocked, value:${repr(this._value)}`;
    return printPrimitive(this, `${state}${this._line}`);
  }

  /** @internal promises the free places to waiters */
  _wakeFree(): void {
    while (this._value > 0 && this._line.size > 0 && this.#wakeNext());
  }

  /** Promises a place to the first waiter; returns `false` if there is none. */
  #wakeNext(): boolean {
    if (this._line.wake(1) === 0) return false;
    this.#take(PROMISED);
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
   * @param value - the number of places: an integer >= 0, or Infinity
   * @throws {TypeError} when `value` is not a number
   * @throws {RangeError} when it is negative, or not an integer
   */
  constructor(value = 1) {
    super(value);
    this.#bound = value;
  }

  /**
   * Releases a place, which goes to the first in line, if any.
   *
   * @throws {RangeError} when all places are free (`ValueError` in Python)
   */
  override release(): void {
    if (this._value >= this.#bound) throw rangeError('BoundedSemaphore released too many times');
    super.release();
  }
}
