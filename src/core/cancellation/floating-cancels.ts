import { inspect } from 'node:util';
import { withoutStacks } from '../../base/stacks/captured-stack.ts';
import { mayFloat, onSettled } from '../context/promise-hooks.ts';
import { nodeHost } from '../turns/host.ts';

/**
 * Keeps the cancel of a call that is not awaited from ending the program: `void flush()` in a task,
 * or an `async` event listener.
 *
 * The call is part of the task and is cancelled with it. Its promise is then rejected, and Node would end the
 * program because of an unhandled rejection, although nothing has failed. So promises that were created in a
 * cancelled scope are inspected after they have settled, unless something is known to wait for them. Those
 * that were rejected by a cancel count as handled.
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
    // Node looks for rejections without a handler when no microtask and no tick is left.
    if (settled.length === 0) nodeHost.tick(handleCancels);
    settled.push(promise);
  });
}

/** Those that have settled since the last look. */
let settled: Promise<unknown>[] = [];

function handleCancels(): void {
  const promises = settled;
  settled = [];
  for (const promise of promises)
    if (mayFloat(promise) && isCancelled(promise)) nativeThen.call(promise, undefined, () => {});
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
    const brief = withoutStacks(() => inspect(promise, BRIEF));
    const [, own, base] = REJECTED.exec(brief) ?? [];
    const name = base ?? own;
    if (name === 'CancelledError') return true;
    if (name !== 'AbortError' && name !== 'AggregateError') return false;
    const whole = withoutStacks(() => inspect(promise, WHOLE));
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
const BRIEF = { customInspect: false, maxArrayLength: 100, maxStringLength: 100, depth: 0 };
const WHOLE = { ...BRIEF, depth: 2 };

const nativeThen = Promise.prototype.then;
