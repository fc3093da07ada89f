import {
  carried,
  followPromises,
  isNewest,
  onAfter,
  onAwait,
  putAside,
  putBack,
} from '../context/promise-hooks.ts';

/** The method by which a promise is told that an `await` of it begins. Another copy of this library has another. */
export const awaitBegins: unique symbol = Symbol('asyncio-ts.awaitBegins');

interface Told {
  /** @param scope - what is in force where it is awaited */
  [awaitBegins](scope: object | undefined): void;
}

/** The two functions of the promise that was made last. */
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
 * A promise of V8's own, to which others add the fields and the methods of what it is to be: for
 * that they set the prototype of theirs, see {@link awaitedNatively}.
 *
 * An `await` of anything else with a `then` costs a second promise, two functions, and a microtask
 * in which `then` is called. Nothing of that here: which task it is that awaits, the hooks tell
 * that follow promises.
 *
 * Nothing of it is `#`: methods that are cost each object a field.
 */
export class NativePromise extends Promise<unknown> {
  /** What a `then` of V8's own makes is none of these. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** @internal settle the promise */
  declare readonly _resolve: (value: never) => void;
  /** @internal */
  declare readonly _reject: (reason: unknown) => void;

  constructor() {
    followPromises();
    // Nothing goes on in its name; and a note would give the fields of each one another place.
    const aside = putAside();
    super(keepFunctions);
    putBack(aside);
    this._resolve = resolveLast as (value: never) => void;
    this._reject = rejectLast as (reason: unknown) => void;
    // Or the last one, and its loop with it, would live until the next.
    resolveLast = undefined;
    rejectLast = undefined;
  }
}

/**
 * Makes V8 await the objects of a class as its own promises. It does so if their `constructor` is `Promise`.
 *
 * That holds for the first `await` of each. Any other calls `then()`, because all who await a promise
 * natively get one outcome, and a cancel of one must not be thrown to the others.
 *
 * @param operation - a class that extends {@link NativePromise}
 */
export function awaitedNatively(operation: { readonly prototype: { _isAwaited: boolean } }): void {
  Object.defineProperty(operation.prototype, 'constructor', {
    get(this: { readonly _isAwaited: boolean }): unknown {
      return this._isAwaited ? operation : Promise;
    },
  });
}

/** What begins when it is awaited, and not before. */
interface Lazy {
  /** It was asked whether it is a promise, and not awaited then. */
  _wasAsked(): void;
  /** V8 waits for it, and told nobody: it is to begin. */
  _resolveBegins(): void;
}

/** Which lazy one was asked last whether it is a promise: by its `constructor`. */
let asked: Lazy | undefined;

/**
 * May `lazy` be taken for a promise of V8's own, when it is asked?
 *
 * Only by an `await` right where it was made, which goes on to tell that it awaits. Others may ask,
 * too: `Promise.resolve()`, the `for await` of an array, or a program that looks at its `constructor`.
 * Of these nobody tells who it was. So the answer is no where another promise was made meanwhile, as
 * `for await` does; then it is asked by `then()`, like any coroutine.
 */
export function mayBeAwaited(lazy: Lazy): boolean {
  if (!isNewest(lazy) || carried() === undefined) return false;
  asked = lazy;
  return true;
}

/** Is told that `lazy` was asked by somebody who only looks at it. */
export function forgetAsked(lazy: Lazy): void {
  if (asked === lazy) asked = undefined;
}

/** Somebody has asked `asked`; what is awaited next is `awaited`, or nothing in this step. */
function lookAtAsked(awaited: object | undefined): void {
  const lazy = asked as Lazy;
  asked = undefined;
  if (lazy === awaited) return;
  // The `for await` of a generator that has just made it: what V8 awaits then was made before.
  if (awaited !== undefined && isNewest(lazy) && !(awaitBegins in awaited)) lazy._resolveBegins();
  else lazy._wasAsked();
}

onAwait((awaited, scope) => {
  if (asked !== undefined) lookAtAsked(awaited);
  (awaited as Partial<Told>)[awaitBegins]?.(scope);
});

onAfter(() => {
  if (asked !== undefined) lookAtAsked(undefined);
});
