import {
  CapturedStack,
  captureUserStack,
  showStack,
  stackBeforePrint,
} from '../stacks/captured-stack.ts';
import { stackText } from '../stacks/error-report.ts';
import { hasUserFrame } from '../stacks/user-frames.ts';
import { isA } from '../values/attempt.ts';
import { isForAwait, isOfOurClass, isThrown } from './errors.ts';

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
      const isShown = shows && needsStack(error);
      if (see === undefined) {
        if (isShown) showNow(error);
      } else {
        const captured = new CapturedStack(DEPTH);
        if (isShown) show(error, captured);
        see(captured.frames);
      }
      throw error;
    })
    .then(resolve, reject);
}

/**
 * Shows `see` who awaits a promise, a microtask from now, and leaves the promise alone.
 *
 * @param resolve - as in {@link throwIntoAwait}
 * @param reject - its counterpart; neither is called
 */
export function seeAwaiters(
  resolve: (value: never) => unknown,
  reject: (reason: unknown) => unknown,
  see: SeeFrames,
): void {
  settled
    .then(() => {
      see(new CapturedStack(DEPTH).frames);
      return new Promise<never>(() => {});
    })
    .then(resolve, reject);
}

/** Gives an error that we made the stack of now, in the call by which an `await` begins. */
export function throwHere(error: unknown): void {
  if (needsStack(error)) showNow(error);
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

function showNow(error: Error): void {
  captureUserStack(error);
  isThrown(error);
}

function show(error: Error, captured: CapturedStack): void {
  const limit = Error.stackTraceLimit;
  if (limit > 0) showStack(error, captured, limit);
  isThrown(error);
}

function needsStack(error: unknown): error is Error {
  return isA(error, Error) && (isForAwait(error) || (isOfOurClass(error) && !showsUser(error)));
}

function showsUser(error: Error): boolean {
  const stack = stackBeforePrint(error);
  return stack instanceof CapturedStack ? stack.hasUserFrame : hasUserFrame(stackText(error));
}

/** Far more than a program has functions that wait for one another. */
const DEPTH = 200;

/** The frames of now as V8 describes them; none where the program keeps `prepareStackTrace` to itself. */
export function callSitesOfNow(): readonly NodeJS.CallSite[] {
  return new CapturedStack(DEPTH).frames;
}
