import { types } from 'node:util';
import { CancelledError, isException } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { isError } from '../../base/values/is-error.ts';
import { Future } from '../futures/future.ts';
import { awaitBegins } from '../futures/native-promise.ts';
import type { WaitDescription } from '../futures/wait-description.ts';
import type { LoopCore } from '../turns/loop-core.ts';

const nativeThen = Promise.prototype.then;

/** The source of each promise that is waited for. */
const sources = new WeakMap<object, Source>();

/** A future that waits for a foreign promise. */
export class WrappedFuture<T> extends Future<T> {
  readonly #source: Source;

  constructor(promise: PromiseLike<T>, options?: { readonly loop?: LoopCore | undefined }) {
    super(options);
    this.#source = Source.of(promise);
    this.#source.join(this);
  }

  /** @internal it is done, for whatever reason */
  override _tell(): void {
    this.#source.leave(this);
    super._tell();
  }

  /** @internal */
  override _describe(): WaitDescription {
    return this._purpose === undefined
      ? { detail: 'a promise that asyncio-ts did not create' }
      : super._describe();
  }

  /** @internal the printed form shows its public name */
  override get _kind(): string {
    return 'Future';
  }
}

/**
 * A foreign promise, and the futures that wait for it.
 *
 * A promise keeps the callbacks passed to its `then()` until it is settled. So however many futures
 * wait, its `then()` is called once.
 *
 *            it is settled
 *   waiting ───────────────▶ settled: every waiting future is done
 *
 * A failure is reported if no future waits any more, unless other code has called the promise's
 * `then()` since.
 */
class Source {
  readonly #waiting = new Set<Future<unknown>>();
  /** The last future that stopped waiting. */
  #last: Future<unknown> | undefined;
  /** Has other code called the promise's `then()`? */
  #isAskedByOthers = false;

  static of(promise: PromiseLike<unknown>): Source {
    // A foreign `then()` may do work each time it is called.
    if (!isNative(promise)) {
      // Settled once, whatever it does.
      const once = new Promise<unknown>((resolve, reject) => {
        promise.then(resolve, reject);
      });
      return new Source(once);
    }
    const known = sources.get(promise);
    if (known !== undefined) return known;
    const source = new Source(promise);
    sources.set(promise, source);
    return source;
  }

  private constructor(promise: Promise<unknown>) {
    nativeThen.call(
      promise,
      (value) => {
        this.#settled(promise);
        for (const future of this.#waiting) future._finish(value);
      },
      (error: unknown) => {
        this.#settled(promise);
        if (this.#waiting.size === 0) this.#report(error);
        for (const future of this.#waiting)
          if (isA(error, CancelledError)) future._endCancelled(error);
          else future._fail(error);
      },
    );
    Reflect.defineProperty(promise, awaitBegins, {
      value: () => {
        this.#isAskedByOthers = true;
      },
      configurable: true,
    });
  }

  join(future: Future<never> | Future<unknown>): void {
    this.#waiting.add(future as Future<unknown>);
  }

  leave(future: Future<never> | Future<unknown>): void {
    this.#waiting.delete(future as Future<unknown>);
    this.#last = future as Future<unknown>;
  }

  #settled(promise: Promise<unknown>): void {
    sources.delete(promise);
    Reflect.deleteProperty(promise, awaitBegins);
    // A promise may outlive the loop: then nothing is waiting any more.
    for (const future of this.#waiting) if (future._loop.isClosed()) future._entries = undefined;
  }

  #report(error: unknown): void {
    const future = this.#last;
    // A promise that a cancel reached in another way, such as through a signal, ends with an abort.
    if (future === undefined || this.#isAskedByOthers || !isException(error) || isAbort(error))
      return;
    future._loop.callExceptionHandler({
      message: 'Promise failed after its future was cancelled',
      exception: error,
      future,
    });
  }
}

/** Is it a native promise of this realm, with the native `then()`? */
export function isNative(value: unknown): value is Promise<unknown> {
  return types.isPromise(value) && value.then === nativeThen;
}

function isAbort(error: unknown): boolean {
  return isError(error) && error.name === 'AbortError';
}
