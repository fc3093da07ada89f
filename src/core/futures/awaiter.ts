import { type SeeFrames, seeAwaiters, throwIntoAwait } from '../../base/errors/await-stack.ts';
import { CancelledError, forAwait } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import { asyncContextHere, runInAsyncContext } from '../context/async-context.ts';
import { currentScope, runInScope } from '../context/context.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import type { Runnable } from '../turns/ready-entry.ts';

/** What an awaiter knows of the future that it awaits. */
export interface Awaited {
  readonly _loop: LoopCore;
  readonly _state: 'pending' | 'cancelled' | 'finished';
  readonly _failed: boolean;
  /** Is it told in its own turn, cancelled or not? */
  readonly _comesAnyhow: boolean;
  cancel(message?: string): boolean;
  _see(): void;
  _outcome(): unknown;
  _makeCancelledError(): CancelledError;
}

/** What an awaiter knows of the task whose code awaits. */
export interface AwaitingTask {
  readonly _loop: LoopCore;
}

/** What an awaiter knows of the scope that its `await` belongs to. */
export interface AwaitingScope {
  /** The task that awaits; none once that is done. */
  readonly task: AwaitingTask | undefined;
  _enter(awaiter: Waiting): void;
  _leave(awaiter: Waiting): void;
  /** Is told that `awaiter`, which entered, is a part of a task that is done. */
  _goesOnAlone(awaiter: Waiting): void;
}

/** A cancel that is on its way to an `await`. */
export interface CancelRequest {
  /** What the error is to say. */
  readonly message: string | undefined;
  /** Is told who sees it, as it is thrown in `scope`. */
  _thrown(frames: readonly NodeJS.CallSite[], scope: AwaitingScope, awaiter: Waiting): void;
}

/** What a scope knows of an `await` in it. */
export interface Waiting {
  /** What is awaited. */
  readonly _future: Awaited;
  /** The scope that it is in, while it waits. */
  _scope: AwaitingScope | undefined;
  /** Set by a cancel that the future has taken, and may refuse. */
  _cancelled: CancelRequest | undefined;
  /** Set by a cancel that the future is past taking: the `await` throws it instead. */
  _mustCancel: CancelRequest | undefined;
  /** Shows `see` the functions that wait, a microtask from now. */
  _showWaiting(see: SeeFrames): void;
}

type OnFulfilled = ((value: never) => unknown) | null | undefined;
type OnRejected = ((reason: unknown) => unknown) | null | undefined;
type OnFinally = (() => unknown) | undefined;

/**
 * One `then` of a future: most often an `await`, which hands in V8's own two functions.
 *
 * It is also what `then` returns. `await` ignores that, and a promise would be made for nothing
 * each time; so this is a promise only by type, and makes a real one when somebody chains on it.
 *
 * If it is an `await` in a task, it is what the task waits on: the place where a cancel is
 * delivered. So it is where a task awaits what a `then` of somebody's own callbacks gave. Such a
 * `then` by itself is none of the task's business: it goes on when the task is cancelled.
 *
 *             the future is done, or its turn has come
 *   waiting ───────────────────────────────────────────▶ delivered
 */
export class Awaiter implements Runnable, Waiting {
  /** @internal what is awaited */
  readonly _future: Awaited;
  private readonly _onFulfilled: OnFulfilled;
  private readonly _onRejected: OnRejected;
  /** @internal the scope of the `await`, if it is one, while it waits */
  _scope: AwaitingScope | undefined = undefined;
  /** The place in the drawing; delivered at once where the future was done already. */
  private _waiting: boolean;
  /** What came of it: only told to those who chain. */
  private _outcome: { readonly threw: boolean; readonly value: unknown } | undefined = undefined;

  // Fields that are rarely set are in the prototype: each pending `await` has one of these.

  /** @internal set by a cancel that the future is past taking: throw it instead */
  declare _mustCancel: CancelRequest | undefined;
  /** @internal set by a cancel that the future has taken */
  declare _cancelled: CancelRequest | undefined;
  /** In whose context the callbacks run; none for an `await`, which has its own. */
  declare private _caller: Caller | undefined;
  /** What is called before the outcome is passed on, whatever it is; gone once called. */
  declare private _onFinally: OnFinally;
  /** The promise for those who chain. */
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

  /** @internal what it wakes: the task; or the future, for callers that only use `then` */
  get _subject(): AwaitingTask | Awaited {
    return this._scope?.task ?? this._future;
  }

  /**
   * @internal it waits from now on
   *
   * @returns the scope of the `await`; none for somebody who only asks by `then`
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

  /** @internal its turn has come: the future is done */
  _run(): void {
    this._waiting = false;
    this._scope?._leave(this);
    if (this._mustCancel !== undefined && this._future._state !== 'cancelled') {
      this._future._see();
      this._reject(new CancelledError(this._mustCancel.message));
    } else this._deliver();
  }

  /**
   * @internal the future was done when it was asked: no turn passes, and no cancel is delivered
   *
   * An `await` asks in its own microtask, and is answered in it. For others another one
   * passes, for a promise never calls back from inside `then`.
   */
  _deliverDone(): void {
    if (this._isAwait) this._deliver();
    else void settled.then(() => this._deliver());
  }

  /** @internal what is awaited cannot be */
  _refuse(error: Error): void {
    void settled.then(() => this._reject(forAwait(error)));
  }

  /** @internal see {@link Waiting} */
  _showWaiting(see: SeeFrames): void {
    if (this._isAwait && this._chain === undefined)
      seeAwaiters(this._onFulfilled as () => unknown, this._onRejected as () => unknown, see);
  }

  /** @internal how it prints among the callbacks of its future */
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
    if (future._state === 'cancelled') this._reject(future._makeCancelledError());
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

  /** Calls `_onFinally`, and `passOn` when that has ended. */
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
   * The user's own callback threw. Nobody else can tell, so this becomes a real promise, for whose
   * rejections Node has its own rules.
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

/** The `await` of something that has the two functions of its own promise told in its place. */
export class NativeAwaiter extends Awaiter {
  protected override get _isAwait(): boolean {
    return true;
  }
}

/**
 * Is this the `then` of an `await`, or of `Promise.all()` and the like? They hand in functions of
 * V8's own, which nobody else has.
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

/** Calls a function where somebody asked to be called back. */
type Caller = (callback: (value?: unknown) => unknown, value?: unknown) => unknown;

/** Calls functions as from here: in the same scope, with what Node's `AsyncLocalStorage`s hold. */
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

/** Who is to be told who sees `error`, where that is a cancel of a scope. */
export function seeCancel(
  awaiter: Waiting,
  scope: AwaitingScope | undefined,
  error: unknown,
): ((frames: readonly NodeJS.CallSite[]) => void) | undefined {
  const request = awaiter._mustCancel ?? awaiter._cancelled;
  if (request === undefined || scope === undefined || !isA(error, CancelledError)) return undefined;
  return (frames) => request._thrown(frames, scope, awaiter);
}

/** The scope that an `await` of the code that runs belongs to. */
function currentAwaitingScope(): AwaitingScope | undefined {
  return currentScope()?._awaitsIn as AwaitingScope | undefined;
}

/** Whoever is to be told a microtask from now, hangs on this. */
const settled = Promise.resolve();

const FULFILLED_WITH_NOTHING = { threw: false, value: undefined };

interface PromiseWithResolvers {
  promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}
