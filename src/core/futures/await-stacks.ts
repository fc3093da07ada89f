import { v8 } from '../../base/node-modules.ts';
import { captureStack } from '../../base/stacks/capture.ts';
import { type Frame, framesOf, OF_A_TASK } from '../../base/stacks/frame.ts';
import type { Scope } from '../context/context.ts';
import { carried, FollowingNeed, followPromises } from '../context/promise-hooks.ts';

/**
 * Tracks where tasks wait, because V8 does not tell where a suspended `async` function is.
 *
 * When an `await` starts, V8 calls the promise hooks with the awaiting function still on the stack,
 * and its callers below it. A stack captured there contains the line. This costs a microsecond or
 * two, and the stack becomes text only on demand. Stacks are captured in debug mode, with
 * `ASYNCIO_EXPLAIN`, and after {@link setAwaitTracking}; otherwise there is no hook and no cost.
 *
 *            an await starts              it resumes
 *   nothing ────────────────▶ pending ────────────────▶ nothing
 */

/** The most frames of a stack. */
const DEPTH = 50;

/** The stack of a pending `await`, and its frames once they were requested. */
interface PendingAwait {
  readonly at: { stack?: string };
  frames?: readonly Frame[];
}

/** The pending awaits of each task, oldest first, by V8's promise for them. */
let pendingAwaits = new WeakMap<object, Map<object, PendingAwait>>();

/** How many callers have turned tracking on. */
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
 * Starts tracking where tasks wait.
 *
 * @returns a function that stops it, once every caller has called theirs
 */
export function trackPendingAwaits(): () => void {
  wanted += 1;
  if (wanted === 1) {
    // The hooks that carry the scope come first, because ours read it.
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
 * Makes tasks remember where they wait, as in debug mode.
 *
 * `getStack()`, `printStack()`, call graphs and printed forms show it. Each `await` becomes a few
 * microseconds slower; when off, there is no cost. Awaits that started earlier are not tracked.
 */
export function setAwaitTracking(enabled: boolean): void {
  if (enabled) endTracking ??= trackPendingAwaits();
  else {
    endTracking?.();
    endTracking = undefined;
  }
}

/** Are awaits tracked? */
export function isAwaitTracking(): boolean {
  return wanted > 0;
}

/**
 * The frames in which a suspended task waits, innermost first; empty if unknown.
 *
 * If it waits for several things at once, as with `Promise.all()`, those of the newest come first,
 * and shared frames appear once.
 */
export function suspendedFrames(task: object): Frame[] {
  const all = framesOfPendingAwaits(task);
  const shown: Frame[] = [];
  // Each stack contains its callers, so a stack that is part of another is not shown.
  const inner = all.filter((one) => !all.some((other) => other !== one && isWithin(one, other)));
  for (const frames of inner.reverse())
    for (const frame of frames)
      if (!shown.some((known) => isSame(known, frame))) shown.push(at(frame, all));
  return shown;
}

/** Where the task's own function waits; `undefined` if it is not tracked. */
export function outermostSuspendedFrame(task: object): Frame | undefined {
  const all = framesOfPendingAwaits(task);
  const frame = all[0]?.at(-1);
  return frame && at(frame, all);
}

function framesOfPendingAwaits(task: object): (readonly Frame[])[] {
  const found: (readonly Frame[])[] = [];
  for (const pending of pendingAwaits.get(task)?.values() ?? []) {
    const { stack = '' } = pending.at;
    // Not an `await`, but a `then()` called by Promise.all() and the like.
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

/** The line of its own `await`, if the stack of a callee only has that of the call. */
function at(frame: Frame, all: readonly (readonly Frame[])[]): Frame {
  return all.findLast(([top]) => top !== undefined && isSame(top, frame))?.[0] ?? frame;
}
