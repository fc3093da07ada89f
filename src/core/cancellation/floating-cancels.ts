import { inspect } from 'node:util';
import { withoutStacks } from '../../base/stacks/captured-stack.ts';
import { mayFloat, onSettled } from '../context/promise-hooks.ts';
import { nodeHost } from '../turns/host.ts';

/**
 * Keeps the cancel of a call that is not awaited from ending the program: `void flush()` in a task,
 * or an `async` event listener.
 *
 * The call is part of the task and is cancelled with it. So its promise is rejected, and Node would end the
 * program for an unhandled rejection, although nothing has failed. So promises that were made in a cancelled
 * scope are inspected after they were settled, unless somebody waits for them. Those that a cancel rejected
 * count as handled.
 */

/** The part of a scope that matters here. */
interface Cancellable {
  readonly _wasCancelled?: boolean;
  /** The scope that has its `await`s: another one, if its own is over. */
  readonly _awaitsIn?: object | undefined;
}

let watching = false;

/** Starts inspecting such promises: a scope is cancelled for the first time. */
export function watchFloatingCancels(): void {
  if (watching) return;
  watching = true;
  onSettled((promise, scope) => {
    if (!isCancelledScope(scope)) return;
    // Node asks for handlers when no microtask and no tick is left.
    if (settled.length === 0) nodeHost.tick(handleCancels);
    settled.push(promise);
  });
}

/** Those that were settled since the last look. */
let settled: Promise<unknown>[] = [];

function handleCancels(): void {
  const promises = settled.filter(mayFloat);
  settled = [];
  // Most are of an `await`, which V8 makes and nobody can see.
  if (promises.length > 0 && mayBeRejected(promises))
    for (const promise of promises)
      if (isCancelled(promise)) nativeThen.call(promise, undefined, () => {});
}

/** Inspecting them all at once is cheaper than one by one. */
function mayBeRejected(promises: readonly Promise<unknown>[]): boolean {
  try {
    return withoutStacks(() => inspect(promises, ALL)).includes('<rejected>');
  } catch {
    return true;
  }
}

function isCancelledScope(scope: Cancellable): boolean {
  return (
    scope._wasCancelled === true ||
    (scope._awaitsIn as Cancellable | undefined)?._wasCancelled === true
  );
}

/**
 * Was `promise` rejected by a cancel, as `cancelOf()` knows it?
 *
 * Read from its printed form: nothing else tells how a promise was settled without handling its
 * rejection.
 */
function isCancelled(promise: Promise<unknown>): boolean {
  try {
    const brief = withoutStacks(() => inspect(promise, { ...BRIEFLY, depth: 0 }));
    const [, own, base] = REJECTED.exec(brief) ?? [];
    const name = base ?? own;
    if (name === 'CancelledError') return true;
    if (name !== 'AbortError' && name !== 'AggregateError') return false;
    const whole = withoutStacks(() => inspect(promise, { ...BRIEFLY, depth: 2 }));
    if (name === 'AbortError') return /\[cause\]: \[?CancelledError/.test(whole);
    const errors = [...whole.matchAll(/^\s+(?:\[errors\]: \[)?\s*\[?(\w*Error)\b/gm)];
    return errors.length > 0 && errors.every(([, each]) => each === 'CancelledError');
  } catch {
    // Its value cannot be printed, so it is not one of our errors.
    return false;
  }
}

/** `CancelledError`, or `Stopped [CancelledError]` of a class that extends it. */
const REJECTED = /<rejected> \[?(\w+)(?: \[(CancelledError)\])?/;
const BRIEFLY = { customInspect: false, maxArrayLength: 100, maxStringLength: 100 };
const ALL = { ...BRIEFLY, depth: 1, maxArrayLength: null, breakLength: Number.POSITIVE_INFINITY };

const nativeThen = Promise.prototype.then;
