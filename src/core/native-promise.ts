import { queueMicrotask } from '../base/node-timers.ts';
import { carried, carry, followPromises, onAfter, onAwait, putAside, putBack } from './carried.ts';

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
 * Has V8 await the objects of a class as its own promises: they are, and `constructor` says so.
 *
 * @param operation - a class that extends {@link NativePromise}
 */
export function awaitedNatively(operation: { readonly prototype: object }): void {
  Object.defineProperty(operation.prototype, 'constructor', { value: Promise });
}

/** What begins when it is awaited, and not before. */
interface Lazy {
  /** It was made a promise of, and that is not awaited by an `await`: it is to begin. */
  _resolveBegins(): void;
}

/** Which lazy one was asked last whether it is a promise; `await` asks, and begins at once. */
let asked: Lazy | undefined;
/** What was in force then. */
let askedIn: object | undefined;

/**
 * Is told that `lazy` was asked whether it is a promise.
 *
 * An `await` of it follows at once. If none does, it was `Promise.resolve()` that asked, or the
 * `for await` of an array: that tells nobody, and waits. So it begins as soon as that is seen.
 */
export function noteAsked(lazy: Lazy): void {
  if (asked !== undefined && asked !== lazy) lookAtAsked(lazy);
  asked = lazy;
  askedIn = carried();
  // Not from a task: `Array.fromAsync()` asks so, and the hooks hear no more of it.
  if (askedIn === undefined) queueMicrotask(lookOnceMore);
}

/** Is told that `lazy` was asked by somebody who only looks at it. */
export function forgetAsked(lazy: Lazy): void {
  if (asked === lazy) asked = undefined;
}

function lookAtAsked(awaited: object | undefined): void {
  const lazy = asked as Lazy;
  asked = undefined;
  if (lazy !== awaited) carry(askedIn, () => lazy._resolveBegins(), undefined);
  askedIn = undefined;
}

onAwait((awaited, scope) => {
  if (asked !== undefined) lookAtAsked(awaited);
  (awaited as Partial<Told>)[awaitBegins]?.(scope);
});

function lookOnceMore(): void {
  if (asked !== undefined) lookAtAsked(undefined);
}

onAfter(lookOnceMore);
