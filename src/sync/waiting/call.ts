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

/** What a call comes to: a waiter where it has to wait, and what it gives where it has not. */
export type Outcome<T> = Waiter<T> | T;

/**
 * A promise of V8's own with the fields of a coroutine: what `Coroutine`'s constructor gives, by
 * hand, for a class has one constructor above it, and here that is the promise's.
 */
class PromiseWithFields extends NativePromise {
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

Object.setPrototypeOf(PromiseWithFields.prototype, Coroutine.prototype);

const CoroutinePromise = PromiseWithFields as unknown as new <T>(
  body: () => unknown,
  name: string,
) => Coroutine<T>;

/**
 * A call of a primitive that most often has nothing to wait for: a coroutine, so that nothing is
 * taken, put or counted before it is awaited, or its task begins. A cancel before that loses
 * nothing; and who forgets the `await` is warned.
 *
 * V8 awaits it as its own promise: it begins when the hooks that follow promises tell of the
 * `await`, and awaiting it means awaiting the waiter itself.
 */
export class Call<T> extends CoroutinePromise<T> {
  declare private readonly _resolve: (value: unknown) => void;
  declare private readonly _reject: (reason: unknown) => void;

  /** @internal is it awaited as often as somebody likes, as a promise is? By default once. */
  declare _isPromise: boolean;

  static {
    Object.assign(this.prototype, { _isPromise: false });
  }

  /**
   * @param body - what begins when it is awaited
   * @param name - what reports call it: `'Lock.acquire'`
   * @param options - `signal`: interrupts the wait when it is aborted, as a cancel would
   * @throws {TypeError} when `signal` is not a signal
   */
  constructor(body: () => Outcome<T>, name: string, options?: Abortable) {
    super(untilAborted(options, body), name);
  }

  /** @internal an `await` of it begins */
  [awaitBegins](): void {
    // One that is a promise may have its outcome, or wait for it.
    if (this._untouched) this._start();
  }

  /** @internal it may have been made a promise of, by `Promise.resolve()` */
  _wasAsked(): void {
    if (this._untouched) this._isPromise = true;
  }

  /** @internal V8 waits for it as for a promise */
  _resolveBegins(): void {
    if (!this._untouched) return;
    this._isPromise = true;
    this._start();
  }

  /** `<coroutine object NAME>`; who prints it only looks at it. */
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
      this._reject(error);
    }
  }

  /** @internal for a task, which waits only for what its code awaits */
  override _begin(): Promise<T> {
    return awaited(this);
  }

  /** @internal for those who only ask, by `then` and its like */
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

// What V8 asks before it awaits: is it a promise? Not when one `await` has begun it, for there is
// nothing to begin any more: then `then` is called, and the answer is an error.
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
