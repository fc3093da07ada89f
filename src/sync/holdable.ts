import { type Abortable, checkSignal } from '../core/abort.ts';
import { Coroutine } from '../core/coroutine.ts';
import { LoopBound } from './loop-bound.ts';

/**
 * What is acquired, held and released.
 *
 * @see asyncio's `async with lock`,
 *   https://docs.python.org/3/library/asyncio-sync.html
 */
export abstract class Holdable extends LoopBound {
  /** Waits for its turn, and then holds it. */
  abstract acquire(options?: Abortable): Coroutine<true>;

  /** Ends the holding. */
  abstract release(): void;

  /**
   * Calls `body` while holding this, and releases it when `body` has ended, however it ends.
   *
   * What Python writes as `async with lock: …` is `await lock.with(async () => { … })`.
   *
   * @param body - called once this is held; not at all when the wait is cancelled
   * @param options - `signal`: breaks the wait off when it is aborted, not the body
   * @returns what `body` returns
   * @throws what `body` throws
   * @throws the reason of `signal`, when that was aborted
   * @throws {CancelledError} when the waiting task is cancelled
   */
  with<T>(body: () => PromiseLike<T> | T, options?: Abortable): Coroutine<T> {
    checkSignal(options?.signal);
    const held = async (): Promise<T> => {
      await this.acquire(options);
      try {
        return await body();
      } finally {
        this.release();
      }
    };
    return new Coroutine(held, `${this.constructor.name}.with`, undefined);
  }

  /** {@link release}, at the end of `using`; for those who have acquired it. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** {@link release}, at the end of `await using`; for those who have acquired it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
