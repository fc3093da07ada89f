import { captureStack, captureUserStack, hasUserFrame, stackText } from '../stacks/stacks.ts';
import { isA } from '../values/attempt.ts';
import { isOfOurClass } from './errors.ts';

/**
 * Stacks for errors that are thrown into an `await`: they show the `await` that failed, and all
 * functions above it.
 *
 * Such an error is made in a callback of the loop, where nothing of the user's is on the stack. But
 * V8 adds the frames of suspended `async` functions to a stack that is captured in the reaction of a
 * promise, where others that wait for the promise lead to them. So the promise that is awaited is
 * not rejected at once, but by the rejection of another one, in whose reaction the stack is captured.
 * That costs nothing while nothing fails.
 *
 * V8 finds no frames where several wait for one promise, and where it is not an `async` function
 * that waits.
 */

/** Errors that were made for an `await` elsewhere: their own stack says nothing to the user. */
const elsewhere = new WeakSet<Error>();

/**
 * Makes an error about an `await` elsewhere: of another task, or of nobody yet. It has no stack of its
 * own, which would cost more than all the rest, but takes that of the first `await` that it is thrown
 * into.
 *
 * Errors of our classes that are made in another way take it, too, where no function of the user's was
 * on the stack.
 */
export function madeForAwait<T>(make: () => T): T {
  const before = Error.stackTraceLimit;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', before);
  }
}

/** As {@link madeForAwait}, for an error that was just made and has a stack already. */
export function forAwait<E>(error: E): E {
  if (isA(error, Error)) elsewhere.add(error);
  return error;
}

/** Is told of the suspended functions above an `await`, innermost first, as V8 describes them. */
export type SeeFrames = (frames: readonly NodeJS.CallSite[]) => void;

/** How many errors are thrown with a stack so far. */
let thrown = 0;

/** Whatever is to run in the next microtask hangs on this. */
const settled = Promise.resolve();

/**
 * Rejects a promise that is awaited. An error that we made gets the stack of that `await` first, and
 * is thrown two microtasks later than others, see {@link inOrder}. All others are left as they are,
 * and thrown at once.
 *
 * @param resolve - V8's own function that fulfils the promise, or one of `Promise.all()` and the like:
 *   by it V8 finds who awaits; it is not called
 * @param reject - its counterpart, which is called
 * @param see - is told who awaits, before they go on; then any error waits for the two microtasks.
 *   It must not throw
 */
export function throwIntoAwait(
  resolve: (value: never) => unknown,
  reject: (reason: unknown) => unknown,
  error: unknown,
  see?: SeeFrames,
): void {
  const shows = needsStack(error);
  if (!shows && see === undefined) {
    reject(error);
    return;
  }
  thrown += 1;
  settled
    .then(() => {
      // Where several await it in one step, it has the stack of the first by now.
      if (shows && needsStack(error)) show(error);
      see?.(callSitesOfNow());
      throw error;
    })
    .then(resolve, reject);
}

/** Gives an error that we made the stack of now, in the call by which an `await` begins. */
export function throwHere(error: unknown): void {
  if (needsStack(error)) show(error);
}

/**
 * Does several things in one step, one after the other: at once, or where an `await` gets its error
 * two microtasks late, so much later. So whoever awaits them goes on in their order.
 */
export function inOrder<T>(things: readonly T[], act: (thing: T) => void, from = 0): void {
  for (let at = from; at < things.length; ) {
    const before = thrown;
    act(things[at] as T);
    at += 1;
    if (thrown === before || at === things.length) continue;
    // As many microtasks as it takes above.
    void settled.then(() => {}).then(() => inOrder(things, act, at));
    return;
  }
}

function show(error: Error): void {
  elsewhere.delete(error);
  captureUserStack(error);
}

function needsStack(error: unknown): error is Error {
  if (!isA(error, Error)) return false;
  return (isOfOurClass(error) && !hasUserFrame(stackText(error))) || elsewhere.has(error);
}

/** Far more than a program has functions that wait for one another. */
const DEPTH = 200;

/** The frames of now as V8 describes them; none where the program keeps `prepareStackTrace` to itself. */
export function callSitesOfNow(): readonly NodeJS.CallSite[] {
  const before = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  let frames: readonly NodeJS.CallSite[] = [];
  const prepareStackTrace = (_: unknown, sites: readonly NodeJS.CallSite[]): string => {
    frames = sites;
    return '';
  };
  const ours =
    before?.configurable === false
      ? { value: prepareStackTrace }
      : { value: prepareStackTrace, configurable: true, writable: true };
  if (!Reflect.defineProperty(Error, 'prepareStackTrace', ours)) return frames;
  const holder: { stack?: string } = {};
  captureStack(holder, DEPTH);
  // Asked for now: then it is made.
  void holder.stack;
  if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
  else Reflect.defineProperty(Error, 'prepareStackTrace', before);
  return frames;
}
