import { captureStackTrace, type RunningFunction, setStackLimit } from '../stacks/capture.ts';
import {
  CapturedStack,
  captureUserStack,
  showStack,
  stackBeforePrint,
} from '../stacks/captured-stack.ts';
import { stackText } from '../stacks/error-report.ts';
import { hasUserFrame, showsOnlyUs, userFrames } from '../stacks/user-frames.ts';
import { attempt, isA } from '../values/attempt.ts';
import { forAwait, isForAwait, isOfOurClass, isThrown } from './errors.ts';

/**
 * Stacks for errors that are thrown into an `await`: they show the `await` that failed and all
 * functions above it.
 *
 * Such an error is created in a callback of the loop, with no user code on the stack. But when a
 * stack is captured in a reaction of a promise, V8 adds the suspended `async` functions that wait
 * for that promise. So the awaited promise is not rejected directly, but by the rejection of
 * another promise, in whose reaction the stack is captured. This costs nothing while nothing fails.
 *
 * V8 finds no frames if several functions wait for the same promise, or if what waits is not an
 * `async` function.
 */

/** Receives the suspended functions above an `await`, innermost first, as V8 call sites. */
export type SeeFrames = (frames: readonly NodeJS.CallSite[]) => void;

/** How many errors have been thrown with a stack. */
let thrown = 0;

/** Used to run something in the next microtask. */
const settled = Promise.resolve();

/**
 * Rejects an awaited promise. An error of our classes first gets the stack of that `await`, and is
 * thrown two microtasks later than others: see {@link inOrder}. Other errors are thrown
 * immediately, unchanged.
 *
 * @param resolve - V8's own function that fulfils the promise, or one of `Promise.all()` and the
 *   like. V8 uses it to find who awaits; it is not called
 * @param reject - its counterpart, which is called
 * @param see - receives the functions that await, before they resume; with it, every error takes
 *   the two microtasks. It must not throw
 * @param begun - stacks that end where this `await` started the running code
 */
export function throwIntoAwait(
  resolve: (value: never) => unknown,
  reject: (reason: unknown) => unknown,
  error: unknown,
  see?: SeeFrames,
  begun: readonly CapturedStack[] = [],
): void {
  const shows = needsStack(error);
  if (!shows && see === undefined && begun.length === 0) {
    reject(error);
    return;
  }
  thrown += 1;
  settled
    .then(function failing() {
      // If several await it in one step, it already has the stack of the first.
      const isShown = shows && needsStack(error);
      if (isShown || see !== undefined || begun.length > 0) {
        // Inline: each running function costs V8 0.3 µs, and each frame that is read costs more.
        const holder = {};
        const limit = setStackLimit(DEPTH);
        captureStackTrace(holder, failing);
        setStackLimit(limit);
        const captured = new CapturedStack(DEPTH, failing, holder);
        if (isShown) show(error, captured);
        for (const stack of begun) stack.below ??= captured;
        see?.(captured.frames);
      }
      throw error;
    })
    .then(resolve, reject);
}

/**
 * Passes the functions that await a promise to `see`, one microtask from now, without settling it.
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
    .then(function seeing() {
      see(new CapturedStack(DEPTH, seeing).frames);
      return new Promise<never>(() => {});
    })
    .then(resolve, reject);
}

/** Sets the current stack of an error of our classes, in the call that starts an `await`. */
export function throwHere(error: unknown): void {
  if (needsStack(error)) showNow(error);
}

/**
 * Does several things in one step, in order. They run immediately, but if the error of an `await`
 * comes two microtasks late, those after it are delayed as well. So the code that awaits them
 * resumes in their order.
 */
export function inOrder<T>(things: readonly T[], act: (thing: T) => void, from = 0): void {
  for (let at = from; at < things.length; ) {
    const before = thrown;
    act(things[at] as T);
    at += 1;
    if (thrown === before || at === things.length) continue;
    // As many microtasks as above.
    void settled.then(() => {}).then(() => inOrder(things, act, at));
    return;
  }
}

function showNow(error: Error): void {
  const inner = innerStack(error);
  captureUserStack(error);
  shown(error, inner);
}

function show(error: Error, captured: CapturedStack): void {
  const limit = Error.stackTraceLimit;
  const inner = innerStack(error);
  if (limit > 0) showStack(error, captured, limit);
  shown(error, limit > 0 ? inner : undefined);
}

/** The error's own stack, if that of the `await` is to be added to it. */
function innerStack(error: Error): string | undefined {
  return hasContinued && continued.delete(error) ? error.stack : undefined;
}

function shown(error: Error, inner: string | undefined): void {
  isThrown(error);
  if (inner !== undefined) error.stack = [inner, ...userFrames(stackText(error))].join('\n');
}

/** Errors that keep their own stack: that of the `await` is added to it. */
const continued = new WeakSet<Error>();
let hasContinued = false;

/** Marks an error of another thread: the stack of the first `await` is added to its own. */
export function continuesAtAwait(error: unknown): unknown {
  if (isA(error, Error)) {
    hasContinued = true;
    continued.add(forAwait(error));
  }
  return error;
}

function needsStack(error: unknown): error is Error {
  if (!isA(error, Error)) return false;
  if (isForAwait(error)) return true;
  const kind = attempt(() => error.constructor, undefined);
  // We throw these for invalid arguments.
  const refuses = kind === TypeError || kind === RangeError;
  // `AbortSignal.timeout()` creates a DOMException in a callback of Node's.
  if (!refuses && kind !== DOMException && !isOfOurClass(error)) return false;
  const stack = stackBeforePrint(error);
  if (stack instanceof CapturedStack) return !stack.hasUserFrame;
  const text = stackText(error);
  return refuses ? showsOnlyUs(text) : !hasUserFrame(text);
}

/** Much deeper than any real chain of awaiting functions. */
const DEPTH = 200;

/**
 * The current call sites; empty if the program overrides `prepareStackTrace`.
 *
 * @param above - a running function: the call sites from it on are left out
 */
export function callSitesOfNow(above?: RunningFunction): readonly NodeJS.CallSite[] {
  return new CapturedStack(DEPTH, above).frames;
}
