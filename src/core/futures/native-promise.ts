import { queueMicrotask } from '../../base/node-timers.ts';
import {
  carried,
  carry,
  followPromises,
  hasHooks,
  isNewest,
  isNoted,
  onAfter,
  onAwait,
  putAside,
  putBack,
} from '../context/promise-hooks.ts';

/**
 * The method that tells a promise that an `await` of it starts. Another copy of this library has
 * another symbol.
 */
export const awaitBegins: unique symbol = Symbol('asyncio-ts.awaitBegins');

interface Told {
  /** @param scope - what is in force where it is awaited */
  [awaitBegins](scope: object | undefined): void;
}

/** The two functions of the last promise that was created. */
let resolveLast: ((value: never) => void) | undefined;
let rejectLast: ((reason: unknown) => void) | undefined;

const keepFunctions = (
  resolve: (value: unknown) => void,
  reject: (reason: unknown) => void,
): void => {
  resolveLast = resolve;
  rejectLast = reject;
};

/**
 * A native promise. Other classes add fields and methods by replacing the prototype; see
 * {@link awaitedNatively}.
 *
 * Awaiting any other thenable costs a second promise, two functions, and a microtask in which
 * `then` is called. This class avoids that: the promise hooks tell which task awaits.
 *
 * No method is `#private`, because that would cost each object a field.
 */
export class NativePromise extends Promise<unknown> {
  /** A native `then` returns a plain promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** @internal settle the promise */
  declare readonly _resolve: (value: never) => void;
  /** @internal */
  declare readonly _reject: (reason: unknown) => void;

  constructor() {
    followPromises();
    // No code continues through it, and a note would change the field layout of each object.
    const aside = putAside();
    super(keepFunctions);
    putBack(aside);
    this._resolve = resolveLast as (value: never) => void;
    this._reject = rejectLast as (reason: unknown) => void;
    // Otherwise the last promise, and its loop, would stay alive until the next one.
    resolveLast = undefined;
    rejectLast = undefined;
  }
}

/**
 * Makes V8 await the objects of a class as native promises, which it does if their `constructor` is
 * `Promise`.
 *
 * This applies to the first `await` of each object. Further ones call `then()`, because all native
 * awaiters of a promise get the same outcome, and a cancel of one must not be thrown to the others.
 *
 * @param operation - a class that extends {@link NativePromise}
 */
export function awaitedNatively(operation: {
  readonly prototype: Asked & { _isAwaited: boolean };
}): void {
  Object.defineProperty(operation.prototype, 'constructor', {
    get(this: Asked & { readonly _isAwaited: boolean }): unknown {
      if (this._isAwaited || !hasHooks) return operation;
      askedOperation = this;
      return Promise;
    },
  });
}

interface Asked {
  /**
   * V8 asked whether it is a promise, but did not await it: something looked at it, or waits for it
   * without a hook.
   *
   * @param scope - what is in force in that step
   */
  _wasAsked(scope: object | undefined): void;
}

/** Something that starts when it is awaited. */
interface Lazy extends Asked {
  /** V8 waits for it without a hook: it has to start. */
  _resolveBegins(): void;
}

/** The lazy object whose `constructor` was last read. */
let asked: Lazy | undefined;

/** The operation whose `constructor` was last read. */
let askedOperation: Asked | undefined;

/**
 * May `lazy` claim to be a native promise when asked?
 *
 * Only for an `await` directly after it was created, which the promise hooks then report. Others
 * may ask, too: `Promise.resolve()`, a `for await` over an array, or code that reads its
 * `constructor`. They cannot be told apart. So the answer is no if another promise was created
 * in between, as by `for await`; then `then()` is called, as for any coroutine.
 */
export function mayBeAwaited(lazy: Lazy): boolean {
  if (!isNewest(lazy) || carried() === undefined) return false;
  asked = lazy;
  return true;
}

/** `it` was asked by something that only looks at it. */
export function forgetAsked(it: object): void {
  if (asked === it) asked = undefined;
  else if (askedOperation === it) askedOperation = undefined;
}

/**
 * Set while it is unclear whether a `for await` over a generator asked: it asks what the generator has just created, and
 * V8 then awaits an older promise. `await null` looks the same, until V8 awaits `promise`, which it created for `null`.
 */
let doubt: { readonly promise: object | undefined; begins: boolean } | undefined;

/** `asked` was asked; `promise` awaits `awaited` next, or nothing does in this step. */
function lookAtAsked(
  awaited: object | undefined,
  scope: object | undefined,
  promise?: object,
): void {
  const lazy = asked as Lazy;
  asked = undefined;
  if (lazy === awaited) return;
  if (awaited === undefined || !isNewest(lazy) || !isNoted(awaited) || awaitBegins in awaited) {
    lazy._wasAsked(scope);
    return;
  }
  const asking = { promise, begins: true };
  doubt = asking;
  queueMicrotask(() => {
    if (asking.begins) carry(scope, (begun) => begun._resolveBegins(), lazy);
    else lazy._wasAsked(scope);
  });
}

function lookAtOperation(awaited: object | undefined, scope: object | undefined): void {
  const operation = askedOperation as Asked;
  askedOperation = undefined;
  if (operation !== awaited) operation._wasAsked(scope);
}

onAwait((awaited, scope, promise) => {
  if (doubt !== undefined) {
    if (doubt.promise === awaited) doubt.begins = false;
    doubt = undefined;
  }
  if (asked !== undefined) lookAtAsked(awaited, scope, promise);
  if (askedOperation !== undefined) lookAtOperation(awaited, scope);
  (awaited as Partial<Told>)[awaitBegins]?.(scope);
});

onAfter((scope) => {
  if (asked !== undefined) lookAtAsked(undefined, scope);
  if (askedOperation !== undefined) lookAtOperation(undefined, scope);
});
