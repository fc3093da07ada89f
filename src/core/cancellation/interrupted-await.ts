import { CapturedStack } from '../../base/stacks/captured-stack.ts';

/**
 * Throws into the `await` of a promise that is not ours, once that promise is settled.
 *
 * V8 awaits a promise without calling anything if its `constructor` is `Promise`. So promises that may be
 * interrupted get a prototype whose `constructor` is a getter: if an `await` reads it, and has to throw, the
 * answer is another class, and V8 calls `then`.
 */

/** Is asked, as an `await` begins: what is called when the promise is settled? */
type Ask = () => (() => void) | undefined;

/** For each such promise. */
const interrupters = new WeakMap<object, Ask>();

/** What was answered where the promise was made: for an `async` function that returns it without an `await`. */
const returned = new WeakMap<object, () => void>();

/** What the `await`s call that have begun and will call `then`, in order. */
const thrown = new WeakMap<object, (() => void)[]>();

/**
 * Calls `ask` when an `await` of `promise` begins, if that is being made by `Promise.allSettled()` and the like.
 * If it returns a function, that is called when the promise is settled, and the `await` throws what it throws.
 *
 * @param hook - the function by which V8 tells that it is being made
 */
export function interruptAwait(
  promise: object,
  ask: Ask,
  hook: (...args: never[]) => unknown,
): void {
  const maker = nativeCaller(hook);
  if (maker === undefined || !COMBINATORS.has(maker)) return;
  if (Object.getPrototypeOf(promise) !== Promise.prototype) return;
  interrupters.set(promise, ask);
  const end = ask();
  if (end !== undefined) returned.set(promise, end);
  Object.setPrototypeOf(promise, interruptible);
}

const COMBINATORS: ReadonlySet<string> = new Set(['all', 'allSettled', 'any', 'race']);

class Interrupted {}

/** Does our own call of the native `then` read `constructor`? */
let isOurs = false;

/** @returns what `constructor` is to be */
function askedBy(this: object): unknown {
  if (isOurs || nativeCaller(askedBy) !== undefined) return Promise;
  const end = interrupters.get(this)?.();
  if (end === undefined) return Promise;
  thrown.set(this, [...(thrown.get(this) ?? []), end]);
  return Interrupted;
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

const interruptible: object = Object.create(Promise.prototype, {
  constructor: { get: askedBy },
  // biome-ignore lint/suspicious/noThenProperty: V8 calls it
  then: { value: then },
});

const nativeThen = Promise.prototype.then;

/**
 * The name of V8's own function that has called `callee`: `undefined` if it is called by code of a file, and empty
 * if V8 resolves another promise with this one.
 */
function nativeCaller(callee: unknown): string | undefined {
  const [caller] = new CapturedStack(1, callee as never).frames;
  if (caller === undefined || (caller as { isAsync?(): boolean }).isAsync?.()) return '';
  return caller.getFileName() ? undefined : (caller.getFunctionName() ?? '');
}
