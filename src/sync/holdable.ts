import { type Abortable, checkSignal } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
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
   * @param options - `signal`: interrupts the wait when it is aborted, not the body
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

  /**
   * Waits for its turn, and holds it to the end of a block:
   *
   * ```ts
   * const lock = new asyncio.Lock();
   * {
   *   using _held = await lock.hold();
   *   console.log('nobody else is here');
   * }
   * ```
   *
   * This cannot itself be what `using` is given, for whoever forgot to acquire it would release what
   * another one holds. `await using` does the same. Not in asyncio; {@link with} is its
   * `async with`.
   *
   * @param options - `signal`: interrupts the wait when it is aborted
   * @returns a coroutine that gives what `using` releases
   * @throws the reason of `signal`, when that was aborted
   * @throws {CancelledError} when the waiting task is cancelled; nothing is held then
   */
  hold(options?: Abortable): Coroutine<Held> {
    checkSignal(options?.signal);
    const hold = async (): Promise<Held> => {
      await this.acquire(options);
      return new Held(this);
    };
    return new Coroutine(hold, `${this.constructor.name}.hold`, undefined);
  }
}

/** That something is held, until the end of a block. It is released once, however often it is asked to. */
export class Held implements Disposable, AsyncDisposable {
  /** What is held; gone when it was released. */
  #what: Holdable | undefined;

  /** @internal made by {@link Holdable.hold} */
  constructor(what: Holdable) {
    this.#what = what;
  }

  /** Releases it before the block ends. */
  release(): void {
    const what = this.#what;
    this.#what = undefined;
    what?.release();
  }

  /** {@link release}, at the end of `using`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** {@link release}, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
