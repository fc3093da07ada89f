import { types } from 'node:util';
import { CancelledError, isException } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { isError } from '../../base/values/is-error.ts';
import { Future } from '../futures/future.ts';
import { awaitBegins } from '../futures/native-promise.ts';
import type { WaitDescription } from '../futures/wait-description.ts';
import type { LoopCore } from '../turns/loop-core.ts';

const nativeThen = Promise.prototype.then;

/** Those that wait for a promise, by the promise. */
const sources = new WeakMap<object, Source>();

/** A future that waits for a promise that is not ours. */
export class WrappedFuture<T> extends Future<T> {
  readonly #source: Source;

  constructor(promise: PromiseLike<T>, options: { readonly loop?: LoopCore | undefined }) {
    super(options);
    this.#source = Source.of(promise);
    this.#source.join(this);
  }

  /** @internal done, one way or another */
  override _tell(): void {
    this.#source.leave(this);
    super._tell();
  }

  /** @internal */
  override _describe(): WaitDescription {
    return { detail: 'a promise that asyncio-ts did not create' };
  }

  /** @internal it prints as what it is to a user */
  override get _kind(): string {
    return 'Future';
  }
}

/**
 * A promise that is not ours, and the futures that wait for it.
 *
 * A promise keeps whatever was handed to its `then()` until it is settled. So however often it is waited
 * for, its `then()` is called once.
 *
 *            it is settled
 *   waiting ───────────────▶ settled: every future that still waits is done
 *
 * A failure is reported where no future waits any more, unless somebody else has asked the promise since.
 */
class Source {
  readonly #waiting = new Set<Future<unknown>>();
  /** The one that left last. */
  #last: Future<unknown> | undefined;
  /** Has anybody else asked the promise? */
  #isAskedByOthers = false;

  static of(promise: PromiseLike<unknown>): Source {
    // Others may do their work in `then()`: as often as they are asked.
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
    // A promise may outlive the loop: then there is nobody left to tell.
    for (const future of this.#waiting) if (future._loop.isClosed()) future._entries = undefined;
  }

  #report(error: unknown): void {
    const future = this.#last;
    // A promise that a cancel reached by another way, a signal for instance, ends as an abort.
    if (future === undefined || this.#isAskedByOthers || !isException(error) || isAbort(error))
      return;
    future._loop.callExceptionHandler({
      message: 'Promise failed after its future was cancelled',
      exception: error,
      future,
    });
  }
}

/** Is it a promise of V8's own, and of this realm, whose `then()` is V8's? */
export function isNative(value: unknown): value is Promise<unknown> {
  return types.isPromise(value) && value.then === nativeThen;
}

function isAbort(error: unknown): boolean {
  return isError(error) && error.name === 'AbortError';
}
