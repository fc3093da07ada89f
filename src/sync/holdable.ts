import { checkFunction } from '../base/check-types.ts';
import { type Abortable, checkSignal } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { LoopBound } from './waiting/loop-bound.ts';

/**
 * The base of everything that is acquired and released.
 *
 * @see asyncio's `async with lock`, https://docs.python.org/3/library/asyncio-sync.html
 */
export abstract class Holdable extends LoopBound {
  /** Waits for its turn, and acquires it. */
  abstract acquire(options?: Abortable): Coroutine<true>;

  /** Releases it. */
  abstract release(): void;

  /**
   * Acquires this, calls `body`, and releases this however `body` ends.
   *
   * Python's `async with lock: …` is `await lock.with(async () => { … })`.
   *
   * @param body - called while this is held; not called if the wait is cancelled
   * @param options - `signal`: interrupts the wait when aborted, but not the body
   * @returns what `body` returns
   * @throws what `body` throws
   * @throws the reason of `signal`, when that was aborted
   * @throws {TypeError} when `body` is not a function
   * @throws {CancelledError} when the waiting task is cancelled
   */
  with<T>(body: () => PromiseLike<T> | T, options?: Abortable): Coroutine<T> {
    checkFunction(body, 'body');
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
   * Acquires this, and holds it until the end of a block:
   *
   * ```ts
   * const lock = new asyncio.Lock();
   * {
   *   using _held = await lock.hold();
   *   console.log('no other task is here');
   * }
   * ```
   *
   * `using` does not accept the object itself, because code that forgot to acquire it would release
   * what another task holds. `await using` works the same. Not in asyncio, whose `async with` is
   * {@link with}.
   *
   * @param options - `signal`: interrupts the wait when aborted
   * @returns a coroutine of an object for `using`, which releases this
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

/** Holds something until the end of a block. Releases it only once. */
export class Held implements Disposable, AsyncDisposable {
  /** What is held; undefined once released. */
  #what: Holdable | undefined;

  /** @internal created by {@link Holdable.hold} */
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
