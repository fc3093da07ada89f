import { Awaiter, type AwaitingScope, NativeAwaiter } from '../../core/futures/awaiter.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { Operation } from '../../core/futures/operation.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Runnable } from '../../core/turns/ready-entry.ts';

/**
 * A task's place in the line of a primitive.
 *
 * It does by itself what a task of asyncio's does when it is woken: it takes what it waited for,
 * or passes its turn on, in the very turn in which the task goes on. So nothing is ever handed to
 * somebody who may be cancelled before he has it.
 *
 *                wake()                    its turn
 *   waiting ─────────────▶ woken ─────────────────────────▶ done: it takes what it waited for
 *      │                     │    its turn, and a cancel
 *      │                     └────────────────────────────▶ done: it passes its turn on
 *      │   cancel()                        its turn
 *      └─────────────▶ cancelled ─────────────────────────▶ done: it leaves the line
 *
 * One that finds nothing to take in its turn may go back to `waiting`: see the getters of a queue.
 *
 * As a woken future of asyncio's, a woken waiter is past cancelling: the cancel goes to the await
 * of the task, where an `uncancel()` can still take it back.
 */
export abstract class Waiter<T> extends Operation<T> implements Runnable {
  /** @internal has it a turn coming, by {@link _wake}? */
  _woken = false;
  /** @internal its neighbours, while it is in a line; for {@link Line} alone */
  _before: Waiter<unknown> | undefined;
  /** @internal */
  _behind: Waiter<unknown> | undefined;
  /** @internal its line */
  _line: Line | undefined;

  constructor(loop: LoopCore) {
    super(loop._asOption);
  }

  /** @internal its turn is the next one; the caller knows that it {@link _waits} */
  _wake(): void {
    this._woken = true;
    this._loop._turns.soon(this);
  }

  /** @internal does it wait: neither woken, nor cancelled? */
  get _waits(): boolean {
    return !this._woken && this._state === 'pending';
  }

  /** Woken, it is past cancelling. */
  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    if (this._woken || !super.cancel(message)) return false;
    this._loop._turns.soon(this);
    return true;
  }

  /** @internal its turn has come: takes, or passes on, and tells */
  abstract _run(): void;

  /** @internal in its turn: will its task find a cancel, instead of what it waited for? */
  get _isCancelled(): boolean {
    if (this._state === 'cancelled') return true;
    const awaiter = this._entries;
    return awaiter instanceof Awaiter && awaiter._mustCancel !== undefined;
  }

  /** @internal the scope of the `await`, as long as it waits */
  protected get _scopeOfAwait(): AwaitingScope | undefined {
    const awaiter = this._entries;
    return awaiter instanceof Awaiter ? awaiter._scope : undefined;
  }

  /** @internal settles, when it is done, the promise of which these are the functions */
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

  /** @internal not before its turn, and then by itself */
  override _tell(): void {}
}

/** A description counts so many waiters before its own. */
const COUNTED = 1000;

/**
 * Waiters, in the order in which they came.
 *
 * Linked, so that a waiter can leave from the middle as cheaply as from the front.
 */
export class Line {
  /** Who came first. */
  first: Waiter<unknown> | undefined;
  #last: Waiter<unknown> | undefined;
  /** How many they are; those are among them that were cancelled and had no turn since. */
  size = 0;

  /** Puts `waiter` at the end. */
  join(waiter: Waiter<unknown>): void {
    waiter._line = this;
    waiter._before = this.#last;
    if (this.#last === undefined) this.first = waiter;
    else this.#last._behind = waiter;
    this.#last = waiter;
    this.size += 1;
  }

  /** Takes `waiter` out, if it is in. */
  leave(waiter: Waiter<unknown>): void {
    if (waiter._line !== this) return;
    const { _before: before, _behind: behind } = waiter;
    if (before === undefined) this.first = behind;
    else before._behind = behind;
    if (behind === undefined) this.#last = before;
    else behind._before = before;
    waiter._line = undefined;
    waiter._before = undefined;
    waiter._behind = undefined;
    this.size -= 1;
  }

  /**
   * Wakes those who wait, in order; they stay in the line until their turn.
   *
   * @param most - how many at most
   * @returns how often it was removed
   */
  wake(most: number): number {
    let woken = 0;
    for (let waiter = this.first; waiter !== undefined && woken < most; waiter = waiter._behind) {
      if (!waiter._waits) continue;
      waiter._wake();
      woken += 1;
    }
    return woken;
  }

  /** Are all of them only about to leave, because they were cancelled before they were woken? */
  get isGivenUp(): boolean {
    for (let waiter = this.first; waiter !== undefined; waiter = waiter._behind)
      if (waiter._state !== 'cancelled') return false;
    return true;
  }

  /** What printed forms add: `', waiters:2'`, or nothing. */
  toString(): string {
    return this.size === 0 ? '' : `, waiters:${this.size}`;
  }
}
