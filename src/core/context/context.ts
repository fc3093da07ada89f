import type { AsyncLocalStorage } from 'node:async_hooks';
import { checkOptions } from '../../base/check-options.ts';
import { checkFunction } from '../../base/check-types.ts';
import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { RuntimeError } from '../../base/errors/errors.ts';
import { rangeError, refusal, typeError } from '../../base/errors/refusals.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import {
  type AsyncContext,
  asyncContextHere,
  asyncContextsUsed,
  beginOwnStorage,
  endOwnStorage,
  makeOwnStorage,
  runInAsyncContext,
} from './async-context.ts';
import { areFollowed, carried, carry, followUnderWay, onFollowing } from './promise-hooks.ts';

/**
 * The scope of running code: its context variables and its task.
 *
 * It follows every `await`. A task has one for all its steps; a callback has one without a task.
 * Promises hold their scope as long as they live. So a scope releases its task when that is done;
 * otherwise a promise would keep a failed task from being collected and reported.
 */
export class Scope {
  static {
    this.prototype._asyncContext = undefined;
  }

  #context: Context | undefined;
  /** @internal where it starts, see {@link startInScope}; undefined: outside all stores */
  declare _asyncContext: AsyncContext | undefined;

  /** @param context - `undefined` for an empty one, created on demand */
  constructor(context: Context | undefined) {
    this.#context = context;
  }

  /** The task that this code runs in; undefined in a callback, and once the task is done. */
  get task(): object | undefined {
    return undefined;
  }

  /**
   * @internal the scope that an `await` here belongs to, see `cancel-scope.ts`; undefined in a
   *   callback
   */
  get _awaitsIn(): object | undefined {
    return undefined;
  }

  /** @internal a scope for the same code with other variables */
  _with(context: Context): Scope {
    return context._scope;
  }

  /**
   * @internal this code needs a running loop, and none is running
   *
   * @returns a loop that starts running for it, if any
   * @throws {CancelledError} when the code belongs to a task that is done, and no loop continues it
   */
  _needsLoop(): object | undefined {
    return undefined;
  }

  /** @internal the loop of the task that this code belongs to, even once that is done */
  get _loop(): object | undefined {
    return (this._awaitsIn as Scope | undefined)?._loop;
  }

  /** The variables that this code reads and writes. */
  get context(): Context {
    this.#context ??= new Context();
    return this.#context;
  }

  /** @internal the same; undefined if no code has asked for them */
  get _contextSoFar(): Context | undefined {
    return this.#context;
  }
}

/** The current scope; undefined outside tasks and callbacks, and in Node's own callbacks. */
export function currentScope(): Scope | undefined {
  return carried() as Scope | undefined;
}

/** Calls `callback` with `argument` in `scope`, which is also in force wherever it continues. */
export function runInScope<A, R>(scope: Scope, callback: (argument: A) => R, argument: A): R {
  if (spread === undefined) {
    try {
      return carry(scope, callback, argument);
    } finally {
      endSpread();
    }
  }
  return spread.run(scope.context, carry<A, R>, scope, callback, argument);
}

/**
 * Like {@link runInScope}, for something that starts with this call: it runs in the async context
 * in which the scope was created, not in the caller's.
 */
export function startInScope<A, R>(scope: Scope, callback: (argument: A) => R, argument: A): R {
  if (!asyncContextsUsed) return runInScope(scope, callback, argument);
  return runInAsyncContext(
    scope._asyncContext,
    () => runInScope(scope, callback, argument),
    undefined,
  );
}

/**
 * Lets Node's own callbacks, such as those of timers and sockets, find the variables of the code
 * that registered them.
 *
 * Created with the first variable. Before that, it does not matter which context a callback finds,
 * and programs without variables do not pay for it.
 */
let spread: AsyncLocalStorage<Context | undefined> | undefined;

/** From now on, Node's callbacks remember the context in which they were registered. */
function beginSpread(): void {
  if (spread !== undefined) return;
  spread = makeOwnStorage();
  onFollowing((isFollowing) => {
    if (isFollowing) beginOwnStorage(spread as NonNullable<typeof spread>);
    else endSpreadSoon();
  });
  if (!areFollowed()) endSpreadSoon();
}

// This costs each `await` of the process up to 500 ns on Node 20 and 22. So it ends when no loop is
// open and no context with values is left. Node's timers and sockets may also hold a context, but
// it is unknown which do. So each context with values holds an object that represents all of
// them, and is watched.

class Period {}
let period: Period | undefined;

function currentPeriod(): Period {
  period ??= new Period();
  return period;
}

/** How many periods are over, but have contexts left. */
let left = 0;
/** Was a collection requested? Only once, because a program with `enter()` may often be idle. */
let wasSought = false;
let isSought = false;

const periods = new FinalizationRegistry(() => {
  left -= 1;
  if (isSought) withdrawCollectionRequest();
  isSought = false;
  endSpreadIfUnused();
});

function endSpreadSoon(): void {
  if (period !== undefined) {
    periods.register(period, undefined);
    left += 1;
    period = undefined;
    if (!wasSought) {
      wasSought = true;
      isSought = true;
      requestCollection();
    }
  }
  endSpreadIfUnused();
}

function endSpreadIfUnused(): void {
  if (left === 0 && period === undefined && !areFollowed())
    endOwnStorage(spread as NonNullable<typeof spread>);
}

/** Makes Node's callbacks that the running code registers find `context`. */
function spreadContext(context: Context): void {
  if (context !== root && spread?.getStore() !== context) spread?.enterWith(context);
}

/** Ends what a `set()` started in a scope that is older than the first variable. */
function endSpread(): void {
  if (spread?.getStore() !== undefined) spread.enterWith(undefined);
}

/**
 * A set of context variables, as seen and changed by the code that runs in it.
 *
 * Every task and callback runs in a copy of the context in which it was created, so that its
 * changes do not leak. Copying takes constant time.
 *
 * @see Python's `contextvars.Context`,
 *   https://docs.python.org/3/library/contextvars.html#contextvars.Context
 */
export class Context {
  static {
    printsAsText(this);
  }

  /** The values. Shared with a copy until one of the two changes. */
  #values: Map<object, unknown> | undefined;
  /** Are `#values` shared? Then they are copied before a change. */
  #shared = false;
  /** Set if it has values: keeps the period alive; never read. */
  declare private _period: Period | undefined;
  #scope: Scope | undefined;

  /** A context with the same values that changes independently. */
  copy(): Context {
    const copy = new Context();
    if (this.#values !== undefined) {
      copy.#values = this.#values;
      copy.#shared = true;
      copy._period = currentPeriod();
      this.#shared = true;
    }
    return copy;
  }

  /**
   * Calls `callback` with `args` in this context, which keeps the changes.
   *
   * The current task does not change.
   *
   * @returns what `callback` returns
   * @throws {TypeError} when `callback` is not a function
   */
  run<A extends unknown[], R>(callback: (...args: A) => R, ...args: A): R {
    checkFunction(callback, 'callback');
    const scope = currentScope()?._with(this) ?? this._scope;
    // Only promises carry it, so they are followed while an `await` is pending.
    if (spread === undefined) followUnderWay();
    return runInScope(scope, () => callback(...args), undefined);
  }

  /** Returns a function that calls `callback` in this context. */
  bind<A extends unknown[], R>(callback: (...args: A) => R): (...args: A) => R {
    checkFunction(callback, 'callback');
    return (...args) => this.run(callback, ...args);
  }

  /** The value of `variable` here, ignoring its default. */
  get<T>(variable: ContextVar<T>): T | undefined {
    return this.#values?.get(variable) as T | undefined;
  }

  /** Was `variable` set here? */
  has<T>(variable: ContextVar<T>): boolean {
    return this.#values?.has(variable) ?? false;
  }

  /** The number of variables set here. */
  get size(): number {
    return this.#values?.size ?? 0;
  }

  /** @internal the scope of callbacks in this context */
  get _scope(): Scope {
    this.#scope ??= new Scope(this);
    return this.#scope;
  }

  /** @internal */
  _set<T>(variable: ContextVar<T>, value: T): void {
    this.#own().set(variable, value);
  }

  /** @internal */
  _unset<T>(variable: ContextVar<T>): void {
    this.#own().delete(variable);
  }

  #own(): Map<object, unknown> {
    if (this.#values === undefined || this.#shared) {
      this.#values = new Map(this.#values);
      this.#shared = false;
      // The root context is found without it.
      if (this !== root) this._period = currentPeriod();
    }
    return this.#values;
  }

  /** `<Context with N variables>` */
  toString(): string {
    return `<Context with ${this.size} ${this.size === 1 ? 'variable' : 'variables'}>`;
  }
}

/**
 * Checks a `context` argument.
 *
 * @throws {TypeError} when it is not a context
 */
export function checkContext(value: unknown): void {
  if (!(value instanceof Context))
    throw typeError(`context must be a Context, got ${brief(value)}`);
}

/** The context of code outside any loop. */
const root = new Context();

/** The current context. */
export function currentContext(): Context {
  return currentScope()?.context ?? spread?.getStore() ?? root;
}

/**
 * A copy of the current context.
 *
 * @see Python's `contextvars.copy_context()`,
 *   https://docs.python.org/3/library/contextvars.html#contextvars.copy_context
 */
export function copyContext(): Context {
  return currentContext().copy();
}

/** A copy of the current context; undefined if that is empty, as it usually is. */
export function copyValues(): Context | undefined {
  const scope = currentScope();
  const context = scope === undefined ? currentContext() : scope._contextSoFar;
  return context === undefined || context.size === 0 ? undefined : context.copy();
}

/**
 * The scope for a callback that is created here and called later.
 *
 * @param context - by default a copy of the current context
 * @returns `undefined` if there are neither variables nor stores, as is usual
 */
export function scopeForLater(context: Context | undefined = copyValues()): Scope | undefined {
  return scopeIn(context, asyncContextHere());
}

/** The scope for something that starts in a kept async context; see {@link scopeForLater}. */
export function scopeIn(
  context: Context | undefined,
  asyncContext: AsyncContext | undefined,
): Scope | undefined {
  if (asyncContext === undefined) return context?._scope;
  const scope = new Scope(context);
  scope._asyncContext = asyncContext;
  return scope;
}

/**
 * A variable with a value for each context: a value set in one task is not seen by others.
 *
 * @see Python's `contextvars.ContextVar`,
 *   https://docs.python.org/3/library/contextvars.html#contextvars.ContextVar
 */
export class ContextVar<T> {
  static {
    printsAsText(this);
  }

  /** The variable's name in messages. */
  readonly name: string;
  readonly #default: T | undefined;
  readonly #hasDefault: boolean;

  /**
   * @param name - the variable's name in messages
   * @param options - `default`: the value if none was set
   * @throws {TypeError} when `name` is not a string
   */
  constructor(name: string, options: { default?: T } = {}) {
    if (typeof name !== 'string')
      throw typeError(`context variable name must be a str, got ${brief(name)}`);
    checkOptions(options, 'default');
    this.name = name;
    this.#hasDefault = 'default' in options;
    this.#default = options.default;
    beginSpread();
  }

  /**
   * The value in the current context; otherwise `fallback`; otherwise the variable's default.
   *
   * @throws {ReferenceError} when there is none of these (`LookupError` in Python)
   */
  get(fallback?: T): T {
    const context = currentContext();
    if (context.has(this)) return context.get(this) as T;
    if (fallback !== undefined) return fallback;
    if (this.#hasDefault) return this.#default as T;
    throw refusal(ReferenceError, `${this} has no value in this context and no default`);
  }

  /**
   * Sets the value in the current context.
   *
   * @returns a token with which {@link reset} restores the previous value
   */
  set(value: T): Token<T> {
    const context = currentContext();
    const token = new Token(this, context, context.has(this), this.#here());
    context._set(this, value);
    spreadContext(context);
    return token;
  }

  /**
   * Restores the value from before the `set()` that returned `token`.
   *
   * @throws {TypeError} when it is not a token
   * @throws {RuntimeError} when the token has already been used
   * @throws {RangeError} when the token is from another variable or another context
   */
  reset(token: Token<T>): void {
    if (!(token instanceof Token)) throw typeError(`expected a Token, got ${brief(token)}`);
    if (token._used) throw new RuntimeError(`${token} has already been used once`);
    if (token.variable !== this) throw rangeError(`${token} was created by a different ContextVar`);
    const context = currentContext();
    if (token._context !== context) throw rangeError(`${token} was created in a different Context`);
    token._used = true;
    if (token._had) context._set(this, token.oldValue as T);
    else context._unset(this);
  }

  /** `<ContextVar name='NAME'>` */
  toString(): string {
    return `<ContextVar name=${repr(this.name)}>`;
  }

  #here(): T | undefined {
    return currentContext().get(this);
  }
}

/** What a variable held before a `set()`, for {@link ContextVar.reset}. */
export class Token<T> {
  static {
    printsAsText(this);
  }

  /** The variable that was set. */
  readonly variable: ContextVar<T>;
  /** Its value before; `undefined` if it had none. */
  readonly oldValue: T | undefined;
  /** @internal */
  readonly _context: Context;
  /** @internal */
  readonly _had: boolean;
  /** @internal */
  _used = false;

  /** @internal */
  constructor(variable: ContextVar<T>, context: Context, had: boolean, oldValue: T | undefined) {
    this.variable = variable;
    this._context = context;
    this._had = had;
    this.oldValue = oldValue;
  }

  /** `<Token var=…>` */
  toString(): string {
    return `<Token${this._used ? ' used' : ''} var=${this.variable}>`;
  }
}
