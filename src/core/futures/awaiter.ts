import { type SeeFrames, seeAwaiters, throwIntoAwait } from '../../base/errors/await-stack.ts';
import { CancelledError, forAwait } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { asyncContextHere, runInAsyncContext } from '../context/async-context.ts';
import { currentScope, runInScope } from '../context/context.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import type { Runnable } from '../turns/ready-entry.ts';

/** What an awaiter knows about the awaited future. */
export interface Awaited {
  readonly _loop: LoopCore;
  readonly _state: 'pending' | 'cancelled' | 'finished';
  readonly _failed: boolean;
  /** Does it resume its awaiters in its own turn, cancelled or not? */
  readonly _comesAnyhow: boolean;
  cancel(message?: string): boolean;
  _see(): void;
  _outcome(): unknown;
  _makeCancelledError(): CancelledError;
}

/** What an awaiter knows about the awaiting task. */
export interface AwaitingTask {
  readonly _loop: LoopCore;
  /** Reports it later if a cancel still waits for the next `await`. */
  _watchCancel(): void;
}

/** What an awaiter knows about the scope of its `await`. */
export interface AwaitingScope {
  /** The awaiting task; undefined once it is done. */
  readonly task: AwaitingTask | undefined;
  _enter(awaiter: Waiting): void;
  _leave(awaiter: Waiting): void;
  /** `awaiter` belongs to a task that is done. */
  _goesOnAlone(awaiter: Waiting): void;
}

/** A cancel on its way to an `await`. */
export interface CancelRequest {
  /** The message of the error. */
  readonly message: string | undefined;
  /** Called with the functions that see it when it is thrown in `scope`. */
  _thrown(frames: readonly NodeJS.CallSite[], scope: AwaitingScope, awaiter: Waiting): void;
}

/** What a scope knows about an `await` in it. */
export interface Waiting {
  /** The awaited future. */
  readonly _future: Awaited;
  /** Its scope, while it waits. */
  _scope: AwaitingScope | undefined;
  /** Set by a cancel that the future has accepted, but may still refuse. */
  _cancelled: CancelRequest | undefined;
  /** Set by a cancel that came too late for the future: the `await` throws it instead. */
  _mustCancel: CancelRequest | undefined;
  /** Passes the waiting functions to `see`, one microtask from now. */
  _showWaiting(see: SeeFrames): void;
}

type OnFulfilled = ((value: never) => unknown) | null | undefined;
type OnRejected = ((reason: unknown) => unknown) | null | undefined;
type OnFinally = (() => unknown) | undefined;

/**
 * One `then` of a future, usually by an `await`, which passes V8's own two functions.
 *
 * It is also the result of `then`. `await` ignores that, so creating a promise each time would be a
 * waste. This is a promise only by type, and creates a real one when it is chained.
 *
 * If it is an `await` in a task, it is what the task waits for, and where a cancel is delivered.
 * The same applies if a task awaits the result of a `then` with the program's own callbacks. Such a
 * `then` alone does not concern the task: it continues when the task is cancelled.
 *
 *             the future is done, or its turn has come
 *   waiting ───────────────────────────────────────────▶ delivered
 */
export class Awaiter implements Runnable, Waiting {
  /** @internal the awaited future */
  readonly _future: Awaited;
  private readonly _onFulfilled: OnFulfilled;
  private readonly _onRejected: OnRejected;
  /** @internal the scope of the `await`, if it is one, while it waits */
  _scope: AwaitingScope | undefined = undefined;
  /** The state in the diagram; `delivered` from the start if the future was already done. */
  private _waiting: boolean;
  /** The outcome, for chained promises. */
  private _outcome: { readonly threw: boolean; readonly value: unknown } | undefined = undefined;

  // Rarely set fields are on the prototype, because each pending `await` has an awaiter.

  /** @internal set by a cancel that came too late for the future: throw it instead */
  declare _mustCancel: CancelRequest | undefined;
  /** @internal set by a cancel that the future has accepted */
  declare _cancelled: CancelRequest | undefined;
  /** Calls callbacks in their context; undefined for an `await`, which has its own. */
  declare private _caller: Caller | undefined;
  /** Called before the outcome is passed on; removed once called. */
  declare private _onFinally: OnFinally;
  /** The promise for chaining. */
  declare private _chain: PromiseWithResolvers | undefined;

  static {
    Object.assign(this.prototype, {
      _mustCancel: undefined,
      _cancelled: undefined,
      _caller: undefined,
      _onFinally: undefined,
      _chain: undefined,
    });
  }

  /** @internal */
  constructor(
    future: Awaited,
    onFulfilled: OnFulfilled,
    onRejected: OnRejected,
    onFinally?: OnFinally,
  ) {
    this._future = future;
    this._onFulfilled = onFulfilled;
    this._onRejected = onRejected;
    if (onFinally !== undefined) this._onFinally = onFinally;
    this._waiting = future._state === 'pending';
  }

  /** @internal what it wakes: the task, or for callers that only use `then`, the future */
  get _subject(): AwaitingTask | Awaited {
    return this._scope?.task ?? this._future;
  }

  /**
   * @internal it starts waiting
   *
   * @returns the scope of the `await`; undefined for a plain `then`
   */
  _wait(): AwaitingScope | undefined {
    if (this._isAwait) return currentAwaitingScope();
    this._caller = caller();
    return undefined;
  }

  /** @internal it is an `await` in `scope` */
  _join(scope: AwaitingScope): void {
    this._scope = scope;
    scope._enter(this);
    if (scope.task === undefined) scope._goesOnAlone(this);
  }

  /** @internal its turn: the future is done */
  _run(): void {
    this._waiting = false;
    this._scope?._leave(this);
    if (this._mustCancel !== undefined && this._future._state !== 'cancelled') {
      this._future._see();
      this._cancel(new CancelledError(this._mustCancel.message));
    } else this._deliver();
  }

  /**
   * @internal the future was already done: no turn passes, and no cancel is delivered
   *
   * An `await` is answered in its own microtask. Other callers are answered one microtask later,
   * because a promise never calls back from inside `then`.
   */
  _deliverDone(): void {
    if (this._isAwait) this._deliver();
    else void settled.then(() => this._deliver());
  }

  /** @internal the future cannot be awaited */
  _refuse(error: Error): void {
    void settled.then(() => this._reject(forAwait(error)));
  }

  /** @internal see {@link Waiting} */
  _showWaiting(see: SeeFrames): void {
    if (this._chain !== undefined) seeAwaiters(this._chain.resolve, this._chain.reject, see);
    else if (this._isAwait)
      seeAwaiters(this._onFulfilled as () => unknown, this._onRejected as () => unknown, see);
  }

  /** @internal its printed form among the callbacks of its future */
  _form(): string {
    return this._scope === undefined ? 'then()' : 'Task.task_wakeup()';
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for the promise that `then` returns
  then(onFulfilled: OnFulfilled, onRejected: OnRejected): Promise<unknown> {
    if (this._waiting && this._scope === undefined && isAwait(onFulfilled, onRejected)) {
      const scope = currentAwaitingScope();
      if (scope?.task?._loop === this._future._loop) this._join(scope as AwaitingScope);
    }
    return this._promise().then(onFulfilled as (value: unknown) => unknown, onRejected);
  }

  catch(onRejected: OnRejected): Promise<unknown> {
    return this._promise().catch(onRejected);
  }

  finally(onFinally: (() => void) | null | undefined): Promise<unknown> {
    return this._promise().finally(onFinally);
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  /** Are the two functions V8's own? */
  protected get _isAwait(): boolean {
    return isAwait(this._onFulfilled, this._onRejected);
  }

  private _deliver(): void {
    const future = this._future;
    if (future._state === 'cancelled') this._cancel(future._makeCancelledError());
    else if (future._failed) {
      if (typeof this._onRejected === 'function') future._see();
      this._reject(future._outcome());
    } else this._fulfil(future._outcome());
  }

  private _fulfil(value: unknown): void {
    if (this._onFinally !== undefined) this._afterwards(() => this._fulfil(value));
    else if (typeof this._onFulfilled === 'function')
      this._call(this._onFulfilled as (value: unknown) => unknown, value);
    else this._settle(false, value);
  }

  /** Records the functions that await the chain, before callbacks can settle it. */
  private _cancel(cancel: CancelledError): void {
    const { _chain: chain } = this;
    const see = chain && seeCancel(this, this._scope, cancel);
    if (see === undefined) this._reject(cancel);
    else
      seeAwaiters(chain?.resolve as () => unknown, chain?.reject as () => unknown, (frames) => {
        see(frames);
        this._reject(cancel);
      });
  }

  private _reject(reason: CancelledError | unknown): void {
    if (this._onFinally !== undefined) this._afterwards(() => this._reject(reason));
    else if (this._isAwait && this._chain === undefined) {
      this._outcome = FULFILLED_WITH_NOTHING;
      throwIntoAwait(
        this._onFulfilled as () => unknown,
        this._onRejected as () => unknown,
        reason,
        seeCancel(this, this._scope, reason),
      );
    } else if (typeof this._onRejected === 'function') this._call(this._onRejected, reason);
    else this._settle(true, reason);
  }

  private _call(callback: (value: unknown) => unknown, value: unknown): void {
    let result: unknown;
    try {
      result = this._caller ? this._caller(callback, value) : callback(value);
    } catch (error) {
      this._threw(error);
      return;
    }
    if (this._chain !== undefined || result !== undefined) this._settle(false, result);
    else this._outcome = FULFILLED_WITH_NOTHING;
  }

  /** Calls `_onFinally`, then `passOn`. */
  private _afterwards(passOn: () => void): void {
    const onFinally = this._onFinally as () => unknown;
    this._onFinally = undefined;
    try {
      const result = this._caller ? this._caller(onFinally) : onFinally();
      if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') passOn();
      else void Promise.resolve(result).then(passOn, (error: unknown) => this._threw(error));
    } catch (error) {
      this._threw(error);
    }
  }

  /**
   * The user's callback threw. Nothing else can report that, so this becomes a real promise, and
   * Node handles its rejection.
   */
  private _threw(error: unknown): void {
    this._settle(true, error);
    void this._promise();
  }

  private _settle(threw: boolean, value: unknown): void {
    this._outcome = { threw, value };
    if (this._chain === undefined) return;
    if (threw) {
      this._future._see();
      throwIntoAwait(this._chain.resolve, this._chain.reject, value);
    } else this._chain.resolve(value);
  }

  private _promise(): Promise<unknown> {
    if (this._chain === undefined) {
      const chain = {} as PromiseWithResolvers;
      chain.promise = new Promise((resolve, reject) => {
        chain.resolve = resolve;
        chain.reject = reject;
      });
      this._chain = chain;
      const outcome = this._outcome;
      if (outcome?.threw) {
        this._future._see();
        chain.reject(outcome.value);
      } else if (outcome !== undefined) chain.resolve(outcome.value);
    }
    return this._chain.promise;
  }
}

/** The `await` of something that settles its own promise instead. */
export class NativeAwaiter extends Awaiter {
  protected override get _isAwait(): boolean {
    return true;
  }
}

/**
 * Is this the `then` of an `await`, or of `Promise.all()` and the like? They pass V8's own
 * functions, which nothing else has.
 */
export function isAwait(onFulfilled: OnFulfilled, onRejected: OnRejected): boolean {
  return (
    typeof onRejected === 'function' &&
    onFulfilled?.name === '' &&
    sourceOf.call(onFulfilled) === NATIVE
  );
}

const sourceOf = Function.prototype.toString;
const NATIVE = sourceOf.call(Function.prototype);

/** Calls a callback in the context in which it was registered. */
type Caller = (callback: (value?: unknown) => unknown, value?: unknown) => unknown;

/** Returns a caller for the current scope and `AsyncLocalStorage` stores. */
function caller(): Caller {
  const scope = currentScope();
  const asyncContext = asyncContextHere();
  return (callback, value) =>
    runInAsyncContext(
      asyncContext,
      (given) => (scope === undefined ? callback(given) : runInScope(scope, callback, given)),
      value,
    );
}

/** If `error` is the cancel of a scope, returns what to call with the functions that see it. */
export function seeCancel(
  awaiter: Waiting,
  scope: AwaitingScope | undefined,
  error: unknown,
): ((frames: readonly NodeJS.CallSite[]) => void) | undefined {
  const request = awaiter._mustCancel ?? awaiter._cancelled;
  if (request === undefined || scope === undefined || !isA(error, CancelledError)) return undefined;
  return (frames) => request._thrown(frames, scope, awaiter);
}

/** The scope of an `await` in the running code. */
function currentAwaitingScope(): AwaitingScope | undefined {
  return currentScope()?._awaitsIn as AwaitingScope | undefined;
}

/** Used to call something one microtask from now. */
const settled = Promise.resolve();

const FULFILLED_WITH_NOTHING = { threw: false, value: undefined };

interface PromiseWithResolvers {
  promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}
