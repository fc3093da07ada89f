import { RuntimeError } from '../base/errors/errors.ts';
import { currentScope } from '../core/context/context.ts';
import type { Abortable } from '../core/coroutines/abort-signals.ts';
import type { Coroutine } from '../core/coroutines/coroutine.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Holdable } from './holdable.ts';
import { Call, type Outcome } from './waiting/call.ts';
import { printPrimitive } from './waiting/loop-bound.ts';
import { Line, Waiter } from './waiting/waiter.ts';

/** Waits for a lock. */
class LockWaiter extends Waiter<true> {
  readonly #lock: Lock;

  constructor(loop: LoopCore, lock: Lock) {
    super(loop);
    this.#lock = lock;
    lock._line.join(this);
  }

  override get _operation(): readonly [string, object] {
    return ['Lock.acquire', this.#lock];
  }

  override _describe(): WaitDescription {
    const { _holder: holder } = this.#lock;
    return { ...super._describe(), heldBy: holder === undefined ? [] : [holder.task] };
  }

  override _run(): void {
    const lock = this.#lock;
    lock._line.leave(this);
    if (!this._isCancelled) {
      lock._locked = true;
      lock._holder = this._scopeOfAwait;
      this._finish(true);
    } else if (!lock._locked) lock._wakeFirst();
    this._tellNow();
  }
}

/**
 * Gives one task at a time exclusive access.
 *
 * Tasks acquire it in order of arrival. Between a {@link release} and the turn of the next task it
 * is unlocked, but no other task can overtake. A cancelled task passes its turn on.
 *
 * It has no owner: any task may release it. A task that acquires it twice deadlocks.
 *
 * ```ts
 * const lock = new asyncio.Lock();
 * await lock.with(async () => {
 *   console.log('alone');
 * });
 * ```
 *
 * @see asyncio's `Lock`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock
 */
export class Lock extends Holdable {
  /** @internal set by the task that acquires it, unset by {@link release} */
  _locked = false;
  /** @internal the scope that acquired it; it forgets its task when that is done */
  _holder: { readonly task: unknown } | undefined = undefined;
  /** @internal the waiters; the first is woken whenever the lock is free */
  readonly _line: Line = new Line();

  /** Is it locked? */
  locked(): boolean {
    return this._locked;
  }

  /**
   * Waits until the lock is free and it is the task's turn, and acquires it.
   *
   * If the waiting task is cancelled, it does not acquire the lock.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns a coroutine, which acquires nothing before it is awaited
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Lock.acquire()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock.acquire
   */
  override acquire(options?: Abortable): Coroutine<true> {
    return new Call(this.#acquire, 'Lock.acquire', options);
  }

  readonly #acquire = (): Outcome<true> => {
    if (this._locked || !this._line.isGivenUp) return new LockWaiter(this._getLoop(), this);
    this._locked = true;
    this._holder = currentScope();
    return true;
  };

  /**
   * Releases the lock, and wakes the first in line.
   *
   * @throws {RuntimeError} when it is not locked
   */
  release(): void {
    if (!this._locked) throw new RuntimeError('Lock is not acquired.');
    this._locked = false;
    this._holder = undefined;
    this._wakeFirst();
  }

  /** `<asyncio.locks.Lock object at 0x1 [unlocked]>`, `[locked, waiters:1]` */
  toString(): string {
    return printPrimitive(this, `${this._locked ? 'locked' : 'unlocked'}${this._line}`);
  }

  /** @internal gives the first in line a turn: it locks, or passes its turn on */
  _wakeFirst(): void {
    const { first } = this._line;
    if (first?._waits) first._wake();
  }
}
