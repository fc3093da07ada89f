import { v8 } from '../../base/node-modules.ts';
import { captureStack } from '../../base/stacks/capture.ts';
import { type Frame, framesOf, OF_A_TASK } from '../../base/stacks/frame.ts';
import type { Scope } from '../context/context.ts';
import { carried, FollowingNeed, followPromises } from '../context/promise-hooks.ts';

/**
 * Where tasks wait: V8 does not say where a suspended `async` function is.
 *
 * When an `await` begins, V8 calls the promise hooks with the awaiting function still on the stack, and
 * its callers below it. A stack captured there has the line. It costs a microsecond or two, and becomes
 * text only when somebody asks. Stacks are captured in debug mode and after {@link setAwaitTracking};
 * otherwise there is no hook and no cost.
 *
 *            an await begins              it goes on
 *   nothing ────────────────▶ pending ────────────────▶ nothing
 */

/** The most frames of a stack. */
const DEPTH = 50;

/** The stack of an `await` that has begun and not gone on, and its frames once somebody asked. */
interface PendingAwait {
  readonly at: { stack?: string };
  frames?: readonly Frame[];
}

/** The awaits of each task that have begun and not gone on, oldest first, by V8's promise for them. */
let pendingAwaits = new WeakMap<object, Map<object, PendingAwait>>();

/** How many callers have switched tracking on. */
let wanted = 0;
let stopHooks: (() => void) | undefined;
let needNoMore: (() => void) | undefined;

const hooks = {
  init(promise: object, awaited: object | undefined): void {
    if (awaited === undefined) return;
    const task = (carried() as Scope | undefined)?.task;
    if (task === undefined) return;
    const pending: PendingAwait = { at: {} };
    captureStack(pending.at, DEPTH);
    const known = pendingAwaits.get(task);
    if (known === undefined) pendingAwaits.set(task, new Map([[promise, pending]]));
    else known.set(promise, pending);
  },
  before(promise: object): void {
    const task = (carried() as Scope | undefined)?.task;
    if (task !== undefined) pendingAwaits.get(task)?.delete(promise);
  },
};

/**
 * Begins to track where tasks await.
 *
 * @returns a function that ends it, once every caller has called theirs
 */
export function trackPendingAwaits(): () => void {
  wanted += 1;
  if (wanted === 1) {
    // First the hooks that carry the scope: these ask for it.
    needNoMore = new FollowingNeed().end;
    followPromises();
    stopHooks = v8().promiseHooks.createHook(hooks) as () => void;
  }
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    wanted -= 1;
    if (wanted > 0) return;
    stopHooks?.();
    needNoMore?.();
    pendingAwaits = new WeakMap();
  };
}

let endTracking: (() => void) | undefined;

/**
 * Has tasks remember where they wait, as they do in debug mode: for `getStack()`, `printStack()`,
 * call graphs, and printed forms. It makes each `await` slower by some microseconds; off, it costs
 * nothing. What waits already when it is switched on is not known.
 */
export function setAwaitTracking(enabled: boolean): void {
  if (enabled) endTracking ??= trackPendingAwaits();
  else {
    endTracking?.();
    endTracking = undefined;
  }
}

/** Is it tracked where tasks wait, in debug mode or after {@link setAwaitTracking}? */
export function isAwaitTracking(): boolean {
  return wanted > 0;
}

/**
 * The frames in which a suspended task waits, innermost first; none where they are not known.
 *
 * Where it waits for several things at once, under `Promise.all()` for instance, those of the newest
 * come first, and a frame that they share comes once.
 */
export function suspendedFrames(task: object): Frame[] {
  const all = framesOfPendingAwaits(task);
  const shown: Frame[] = [];
  // Each stack has its callers: a stack that lies within another need not be shown.
  const inner = all.filter((one) => !all.some((other) => other !== one && isWithin(one, other)));
  for (const frames of inner.reverse())
    for (const frame of frames)
      if (!shown.some((known) => isSame(known, frame))) shown.push(at(frame, all));
  return shown;
}

/** Where the task's own function waits; `undefined` where that is not tracked. */
export function outermostSuspendedFrame(task: object): Frame | undefined {
  const all = framesOfPendingAwaits(task);
  const frame = all[0]?.at(-1);
  return frame && at(frame, all);
}

function framesOfPendingAwaits(task: object): (readonly Frame[])[] {
  const found: (readonly Frame[])[] = [];
  for (const pending of pendingAwaits.get(task)?.values() ?? []) {
    const { stack = '' } = pending.at;
    // Not awaits, but what Promise.all() and the like make of each that they wait for.
    if (/\n\s*at Promise\.then \(<anonymous>\)/.test(stack)) continue;
    pending.frames ??= framesOf(stack, OF_A_TASK);
    if (pending.frames.length > 0) found.push(pending.frames);
  }
  return found;
}

/** Is the function that awaits in `one` among the callers of `other`? */
function isWithin(one: readonly Frame[], other: readonly Frame[]): boolean {
  return other.slice(1).some((caller) => isSame(caller, one[0] as Frame));
}

function isSame(a: Frame, b: Frame): boolean {
  return a.name === b.name && a.file === b.file;
}

/** The line of its `await`, where the stack of a callee has only that of the call. */
function at(frame: Frame, all: readonly (readonly Frame[])[]): Frame {
  return all.findLast(([top]) => top !== undefined && isSame(top, frame))?.[0] ?? frame;
}
