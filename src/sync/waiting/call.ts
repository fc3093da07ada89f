import { throwHere } from '../../base/errors/await-stack.ts';
import { noteNewest } from '../../core/context/promise-hooks.ts';
import { type Abortable, untilAborted } from '../../core/coroutines/abort-signals.ts';
import { Coroutine, watchMade } from '../../core/coroutines/coroutine.ts';
import {
  awaitBegins,
  forgetAsked,
  mayBeAwaited,
  NativePromise,
} from '../../core/futures/native-promise.ts';
import { Waiter } from './waiter.ts';

/** The outcome of a call: a waiter if it has to wait, otherwise its result. */
export type Outcome<T> = Waiter<T> | T;

/**
 * A native promise with the fields of a coroutine. They are set by hand, because a class has only
 * one base class, and here that is the promise.
 */
class PromiseWithCoroutineFields extends NativePromise {
  constructor(body: () => unknown, name: string) {
    super();
    const fields = this as unknown as Record<string, unknown>;
    fields['_body'] = body;
    fields['name'] = name;
    fields['_site'] = undefined;
    watchMade(this as unknown as Coroutine<unknown>);
    noteNewest(this);
  }
}

Object.setPrototypeOf(PromiseWithCoroutineFields.prototype, Coroutine.prototype);

const CoroutinePromise = PromiseWithCoroutineFields as unknown as new <T>(
  body: () => unknown,
  name: string,
) => Coroutine<T>;

/**
 * A call of a primitive, which usually has nothing to wait for. It is a coroutine, so nothing is
 * taken, put or counted before it is awaited, or its task starts. A cancel before that loses
 * nothing, and a forgotten `await` is reported.
 *
 * V8 awaits it as a native promise. It starts when the promise hooks report the `await`, and
 * awaiting it awaits the waiter directly.
 */
export class Call<T> extends CoroutinePromise<T> {
  declare private readonly _resolve: (value: unknown) => void;
  declare private readonly _reject: (reason: unknown) => void;

  /** @internal may it be awaited more than once, like a promise? By default only once. */
  declare _isPromise: boolean;

  static {
    Object.assign(this.prototype, { _isPromise: false });
  }

  /**
   * @param body - called when it is awaited
   * @param name - its name in reports: `'Lock.acquire'`
   * @param options - `signal`: interrupts the wait when aborted, as a cancel would
   * @throws {TypeError} when `signal` is not an `AbortSignal`
   */
  constructor(body: () => Outcome<T>, name: string, options?: Abortable) {
    super(untilAborted(options, body), name);
  }

  /** @internal an `await` of it starts */
  [awaitBegins](): void {
    // A promise may already have its outcome, or wait for it.
    if (this._untouched) this._start();
  }

  /** @internal `Promise.resolve()` may have returned it as a promise */
  _wasAsked(): void {
    if (this._untouched) this._isPromise = true;
  }

  /** @internal V8 waits for it as for a promise */
  _resolveBegins(): void {
    if (!this._untouched) return;
    this._isPromise = true;
    this._start();
  }

  /** `<coroutine object NAME>`; printing it does not start it. */
  override toString(): string {
    forgetAsked(this);
    return super.toString();
  }

  private _start(): void {
    try {
      const outcome = this._call();
      if (outcome instanceof Waiter) outcome._settle(this._resolve, this._reject);
      else this._resolve(outcome);
    } catch (error) {
      throwHere(error);
      this._reject(error);
    }
  }

  /** @internal for a task, which waits only for what its code awaits */
  override _begin(): Promise<T> {
    return awaited(this);
  }

  /** @internal for `then()` and the like */
  override _begun(): Promise<T> {
    if (this._isPromise) {
      if (this._untouched) this._start();
      return nativeThen.call(this) as Promise<T>;
    }
    try {
      const outcome = this._call() as Outcome<T>;
      return outcome instanceof Waiter ? outcome : Promise.resolve(outcome);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

const nativeThen = Promise.prototype.then;

// V8 reads this before it awaits, to see whether it is a native promise. Once an `await` has
// started it, the answer is no, because nothing is left to start: V8 then calls `then`, which
// throws.
Object.defineProperty(Call.prototype, 'constructor', {
  get(this: Call<unknown>): unknown {
    if (this._untouched) return mayBeAwaited(this) ? Promise : Call;
    return this._isPromise ? Promise : Call;
  },
});

async function awaited<T>(call: Call<T>): Promise<T> {
  noteNewest(call);
  return await call;
}
