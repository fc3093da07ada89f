import { CapturedStack } from '../../../base/stacks/captured-stack.ts';

/**
 * Throws into an `await` of a foreign promise, once that promise is settled.
 *
 * V8 awaits a promise without calling anything if its `constructor` is `Promise`. So promises that
 * may be interrupted get a prototype whose `constructor` is a getter. If it is read by an `await`
 * that has to throw, it returns another class, and V8 calls `then`.
 */

/** Called when an `await` begins: returns what to call when the promise is settled, if anything. */
type Ask = () => (() => void) | undefined;

/** The `ask` of each promise. */
const interrupters = new WeakMap<object, Ask>();

/** What `ask` returned when the promise was created, for an `async` function that returns it without an `await`. */
const returned = new WeakMap<object, () => void>();

/** What to call for each `await` that has begun and not called `then` yet, in order. */
const thrown = new WeakMap<object, (() => void)[]>();

/**
 * Calls `ask` when an `await` of `promise` begins, if the promise is being created by `Promise.allSettled()` or
 * similar, or by `return()` of a generator. If `ask` returns a function, that is called when the promise is settled,
 * and the `await` throws what it throws.
 *
 * @param hook - the hook that V8 calls because it creates the promise
 * @param closes - called if `return()` creates it
 */
export function interruptAwait(
  promise: object,
  ask: Ask,
  hook: (...args: never[]) => unknown,
  closes: () => void,
): void {
  const maker = nativeCaller(hook);
  if (maker === undefined || !MAKERS.has(maker)) return;
  if (maker === 'return') closes();
  const interruptible = interruptibleFor(Object.getPrototypeOf(promise));
  if (interruptible === undefined) return;
  interrupters.set(promise, ask);
  const end = ask();
  if (end !== undefined) returned.set(promise, end);
  Object.setPrototypeOf(promise, interruptible);
}

const MAKERS: ReadonlySet<string> = new Set(['all', 'allSettled', 'any', 'race', 'return']);

class Interrupted {}

/** Is it our own call of the native `then` that reads `constructor`? */
let isOurs = false;

/** Their prototypes, by the `Promise.prototype` of each realm. */
const interruptibles = new WeakMap<object, object>();

/** The prototype of promises that may be interrupted, in place of `native`; `undefined` for a subclass. */
function interruptibleFor(native: object | null): object | undefined {
  if (native === null || !isOfPromises(native)) return undefined;
  const known = interruptibles.get(native);
  if (known !== undefined) return known;
  const usual = native.constructor;
  function readConstructor(this: object): unknown {
    if (isOurs || nativeCaller(readConstructor) !== undefined) return usual;
    const end = interrupters.get(this)?.();
    if (end === undefined) return usual;
    thrown.set(this, [...(thrown.get(this) ?? []), end]);
    return Interrupted;
  }
  const made: object = Object.create(native, {
    constructor: { get: readConstructor },
    // biome-ignore lint/suspicious/noThenProperty: V8 calls it
    then: { value: then },
  });
  interruptibles.set(native, made);
  return made;
}

/** Is it a realm's `Promise.prototype`? Those of subclasses are further from the end of the chain. */
function isOfPromises(native: object): boolean {
  if (native === Promise.prototype) return true;
  const next = Object.getPrototypeOf(native);
  return next !== null && Object.getPrototypeOf(next) === null;
}

function then(
  this: Promise<unknown>,
  onFulfilled?: () => unknown,
  onRejected?: () => unknown,
): unknown {
  const end =
    thrown.get(this)?.shift() ?? (nativeCaller(then) === '' ? returned.get(this) : undefined);
  isOurs = true;
  try {
    return nativeThen.call(end === undefined ? this : this.finally(end), onFulfilled, onRejected);
  } finally {
    isOurs = false;
  }
}

const nativeThen = Promise.prototype.then;

/**
 * The name of the built-in function that called `callee`: `undefined` if code of a file did, and empty if V8 is
 * resolving another promise with this one.
 */
function nativeCaller(callee: unknown): string | undefined {
  const [first, second] = new CapturedStack(2, callee as never).frames;
  // Before Node 24, Node itself calls the hooks if there are others, such as those of an `AsyncLocalStorage`.
  const caller = first?.getFileName() === 'node:internal/promise_hooks' ? second : first;
  if (caller === undefined || (caller as { isAsync?(): boolean }).isAsync?.()) return '';
  return caller.getFileName() ? undefined : (caller.getFunctionName() ?? '');
}
