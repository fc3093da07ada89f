import { Awaiter, type AwaitingScope, NativeAwaiter } from '../../core/futures/awaiter.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { Operation } from '../../core/futures/operation.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Runnable } from '../../core/turns/ready-entry.ts';

/**
 * A task's place in the line of a primitive.
 *
 * It does what a woken task does in asyncio: it takes what it waited for, or passes its turn on, in
 * the same turn in which the task resumes. So nothing is given to a task that may be cancelled
 * before it has it.
 *
 *                wake()                    its turn
 *   waiting ─────────────▶ woken ─────────────────────────▶ done: it takes what it waited for
 *      │                     │    its turn, and a cancel
 *      │                     └────────────────────────────▶ done: it passes its turn on
 *      │   cancel()                        its turn
 *      └─────────────▶ cancelled ─────────────────────────▶ done: it leaves the line
 *
 * A waiter that finds nothing to take in its turn may go back to `waiting`: see the getters of a
 * queue.
 *
 * Like a finished future in asyncio, a woken waiter cannot be cancelled: the cancel goes to the
 * task's `await`, where `uncancel()` can still withdraw it.
 */
export abstract class Waiter<T> extends Operation<T> implements Runnable {
  /** @internal has {@link _wake} queued a turn for it? */
  _woken = false;
  /** @internal its neighbours in the line; only for {@link Line} */
  _before: Waiter<unknown> | undefined;
  /** @internal */
  _behind: Waiter<unknown> | undefined;
  /** @internal its line */
  _line: Line | undefined;

  constructor(loop: LoopCore) {
    super(loop._asOption);
  }

  /** @internal queues its turn; only while it {@link _waits} */
  _wake(): void {
    this._woken = true;
    this._loop._turns.soon(this);
  }

  /** @internal is it waiting: neither woken nor cancelled? */
  get _waits(): boolean {
    return !this._woken && this._state === 'pending';
  }

  /** Once woken, it cannot be cancelled. */
  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    if (this._woken || !super.cancel(message)) return false;
    if (this._line !== undefined) this._line._cancelled += 1;
    this._loop._turns.soon(this);
    return true;
  }

  /** @internal its turn: takes, or passes on, and resumes the task */
  abstract _run(): void;

  /** @internal in its turn: will its task get a cancel instead of what it waited for? */
  get _isCancelled(): boolean {
    if (this._state === 'cancelled') return true;
    const awaiter = this._entries;
    return awaiter instanceof Awaiter && awaiter._mustCancel !== undefined;
  }

  /** @internal the scope of the `await`, while it waits */
  protected get _scopeOfAwait(): AwaitingScope | undefined {
    const awaiter = this._entries;
    return awaiter instanceof Awaiter ? awaiter._scope : undefined;
  }

  /** @internal settles a promise, given by its functions, when it is done */
  _settle(resolve: (value: never) => void, reject: (reason: unknown) => void): void {
    this._ask(new NativeAwaiter(this, resolve, reject));
  }

  /** @internal what it waits for: `'Queue.get'`, and the object */
  abstract get _operation(): readonly [string, object];

  /** @internal */
  override _describe(): WaitDescription {
    const [operation, on] = this._operation;
    let before = 0;
    for (let one = this._before; one !== undefined && before < COUNTED; one = one._before)
      before += 1;
    const detail = this._woken
      ? 'its turn comes'
      : before < COUNTED
        ? `${before} before it`
        : `${COUNTED} or more before it`;
    return { operation, on, detail };
  }

  /** @internal no effect: it resumes its task itself, in its turn */
  override _tell(): void {}
}

/** The most waiters before its own that a description counts. */
const COUNTED = 1000;

/**
 * Waiters, in the order in which they came.
 *
 * A linked list, so that leaving from the middle is as cheap as from the front.
 */
export class Line {
  /** The first waiter. */
  first: Waiter<unknown> | undefined;
  #last: Waiter<unknown> | undefined;
  /** Where {@link wake} continues: the waiters before it were woken or cancelled. */
  #next: Waiter<unknown> | undefined;
  /** The number of waiters, including cancelled ones that have not had their turn. */
  size = 0;
  /** @internal the number of these cancelled ones */
  _cancelled = 0;

  /** Appends `waiter`. */
  join(waiter: Waiter<unknown>): void {
    waiter._line = this;
    waiter._before = this.#last;
    if (this.#last === undefined) this.first = waiter;
    else this.#last._behind = waiter;
    this.#last = waiter;
    this.#next ??= waiter;
    this.size += 1;
  }

  /** Removes `waiter`, if it is in the line. */
  leave(waiter: Waiter<unknown>): void {
    if (waiter._line !== this) return;
    const { _before: before, _behind: behind } = waiter;
    if (before === undefined) this.first = behind;
    else before._behind = behind;
    if (behind === undefined) this.#last = before;
    else behind._before = before;
    if (this.#next === waiter) this.#next = behind;
    if (waiter._state === 'cancelled') this._cancelled -= 1;
    waiter._line = undefined;
    waiter._before = undefined;
    waiter._behind = undefined;
    this.size -= 1;
  }

  /**
   * Wakes waiters in order; they stay in the line until their turn, and may not wait again in it.
   *
   * @param most - the most waiters to wake
   * @returns the number of woken waiters
   */
  wake(most: number): number {
    let woken = 0;
    let waiter = this.#next;
    for (; waiter !== undefined && woken < most; waiter = waiter._behind) {
      if (!waiter._waits) continue;
      waiter._wake();
      woken += 1;
    }
    this.#next = waiter;
    return woken;
  }

  /** Were all of them cancelled before they were woken, so that they are only about to leave? */
  get isGivenUp(): boolean {
    return this._cancelled === this.size;
  }

  /** What printed forms append: `', waiters:2'`, or nothing. */
  toString(): string {
    return this.size === 0 ? '' : `, waiters:${this.size}`;
  }
}
