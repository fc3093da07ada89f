import { checkFunction } from '../base/check-types.ts';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { checkNumber } from '../base/numbers.ts';
import { brief } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { type Abortable, untilAborted } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { Holdable } from './holdable.ts';
import { Lock } from './lock.ts';
import { printPrimitive } from './waiting/loop-bound.ts';
import { Line, Waiter } from './waiting/waiter.ts';

/** Waits to be notified. */
class ConditionWaiter extends Waiter<void> {
  readonly #line: Line;
  readonly #condition: Condition;

  constructor(loop: LoopCore, line: Line, condition: Condition) {
    super(loop);
    this.#line = line;
    this.#condition = condition;
  }

  override get _operation(): readonly [string, object] {
    return this.#condition._partOf ?? ['Condition.wait', this.#condition];
  }

  override _run(): void {
    this.#line.leave(this);
    if (!this._isCancelled) this._finish();
    this._tellNow();
  }
}

/**
 * Lets tasks that hold a lock wait until another task notifies them of a change.
 *
 * ```ts
 * const items: string[] = [];
 * const condition = new asyncio.Condition();
 * await condition.with(async () => {
 *   await condition.waitFor(() => items.length > 0);
 *   console.log(items.shift());
 * });
 * ```
 *
 * @see asyncio's `Condition`, https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition
 */
export class Condition extends Holdable {
  readonly #lock: Lock;
  /** @internal the name of the wait, if the condition is part of another object */
  declare _partOf: readonly [string, object] | undefined;
  /**
   * Tasks that wait to be notified, including those that were notified and have not had their turn.
   */
  readonly #line = new Line();

  /**
   * @param lock - the lock; by default a new one. It may be shared
   * @throws {TypeError} when `lock` is not a lock
   */
  constructor(lock: Lock = new Lock()) {
    super();
    if (!(lock instanceof Lock)) throw typeError(`lock must be a Lock, got ${brief(lock)}`);
    this.#lock = lock;
  }

  /** Is its lock held? */
  locked(): boolean {
    return this.#lock.locked();
  }

  /** Acquires its lock: see {@link Lock.acquire}. */
  override acquire(options?: Abortable): Coroutine<true> {
    return this.#lock.acquire(options);
  }

  /** Releases its lock: see {@link Lock.release}. */
  release(): void {
    this.#lock.release();
  }

  /**
   * Releases the lock, waits until it is notified, and acquires the lock again.
   *
   * It may return although nothing has changed: check the condition and wait again, or use
   * {@link waitFor}.
   *
   * The lock is always held when this ends: a cancel or an abort is thrown only once the lock has
   * been acquired again, and the notification is passed on to another task.
   *
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when the lock is not held, or tasks of another loop have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Condition.wait()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.wait
   */
  wait(options?: Abortable): Coroutine<true> {
    const wait = (): Promise<true> => this.#wait();
    return new Coroutine(untilAborted(options, wait), 'Condition.wait', undefined);
  }

  /**
   * Waits until `predicate` returns a truthy value. Calls it immediately, and after each
   * notification.
   *
   * @param predicate - called with the lock held
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @returns the last result of `predicate`
   * @throws what `predicate` throws
   * @throws {TypeError} when `predicate` is not a function
   * @throws the reason of `signal`, when that was aborted
   * @throws {RuntimeError} when it has to wait, and the lock is not held, or tasks of another loop
   *   have waited for it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `Condition.wait_for()`,
   *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.Condition.wait_for
   */
  waitFor<T>(predicate: () => T, options?: Abortable): Coroutine<T> {
    checkFunction(predicate, 'predicate');
    const wait = async (): Promise<T> => {
      let result = predicate();
      while (!result) {
        await this.#wait();
        result = predicate();
      }
      return result;
    };
    return new Coroutine(untilAborted(options, wait), 'Condition.waitFor', undefined);
  }

  /**
   * Wakes the tasks that have waited longest. They continue once they have the lock, which the
   * caller has to release.
   *
   * @param n - the most tasks to wake; by default 1
   * @throws {RuntimeError} when the lock is not held
   */
  notify(n = 1): void {
    checkNumber(n, 'n');
    if (!this.locked()) throw new RuntimeError('cannot notify on un-acquired lock');
    this.#line.wake(n);
  }

  /**
   * Wakes all waiting tasks.
   *
   * @throws {RuntimeError} when the lock is not held
   */
  notifyAll(): void {
    this.notify(this.#line.size);
  }

  /** `<asyncio.locks.Condition object at 0x1 [unlocked]>`, `[locked, waiters:1]` */
  toString(): string {
    return printPrimitive(this, `${this.locked() ? 'locked' : 'unlocked'}${this.#line}`);
  }

  async #wait(): Promise<true> {
    if (!this.locked()) throw new RuntimeError('cannot wait on un-acquired lock');
    const waiter = new ConditionWaiter(this._getLoop(), this.#line, this);
    this.release();
    this.#line.join(waiter);
    try {
      try {
        await waiter;
        return true;
      } finally {
        await this.#acquireAgain();
      }
    } catch (error) {
      // It may have been notified, but will not act on it: another task has to.
      this.#line.wake(1);
      throw error;
    }
  }

  /** Acquires the lock even when cancelled meanwhile, then throws the last cancel. */
  async #acquireAgain(): Promise<void> {
    let cancelled: CancelledError | undefined;
    for (;;) {
      try {
        await this.acquire();
        break;
      } catch (error) {
        if (!isA(error, CancelledError)) throw error;
        cancelled = error;
      }
    }
    if (cancelled !== undefined) throw cancelled;
  }
}
