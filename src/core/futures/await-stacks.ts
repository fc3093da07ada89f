import { promiseHooks } from 'node:v8';
import { captureStack } from '../../base/stacks/capture.ts';
import { type Frame, framesOf } from '../../base/stacks/frame.ts';
import type { Scope } from '../context/context.ts';
import { carried, followPromises } from '../context/promise-hooks.ts';

/**
 * Where tasks stand: what V8 keeps to itself of suspended `async` functions.
 *
 * When an `await` begins, V8 tells the hooks that follow promises, and in that moment the function
 * that awaits is on the stack, with those that await it. So a stack that is captured there knows the
 * line; it costs a microsecond or two, and is put into words only when somebody asks. It is made
 * while somebody wants to know: in debug mode, or after {@link setAwaitTracking}. Else there is no
 * hook, and no cost.
 *
 *            an await begins              it goes on
 *   nothing ────────────────▶ a stand ────────────────▶ nothing
 */

/** Frames of a stand at the most. */
const DEPTH = 50;

/** The stack of an `await` that has begun and not gone on, and its frames once somebody asked. */
interface Stand {
  readonly at: { stack?: string };
  frames?: readonly Frame[];
}

/** The awaits of each task that have begun and not gone on, oldest first, by V8's promise for them. */
let stands = new WeakMap<object, Map<object, Stand>>();

/** How many want to know. */
let wanted = 0;
let stopHooks: (() => void) | undefined;

const hooks = {
  init(promise: object, awaited: object | undefined): void {
    if (awaited === undefined) return;
    const task = (carried() as Scope | undefined)?.task;
    if (task === undefined) return;
    const stand: Stand = { at: {} };
    captureStack(stand.at, DEPTH);
    const known = stands.get(task);
    if (known === undefined) stands.set(task, new Map([[promise, stand]]));
    else known.set(promise, stand);
  },
  before(promise: object): void {
    const task = (carried() as Scope | undefined)?.task;
    if (task !== undefined) stands.get(task)?.delete(promise);
  },
};

/**
 * From now on it is noted where tasks await.
 *
 * @returns a function that ends that, once all have called theirs
 */
export function trackStands(): () => void {
  wanted += 1;
  if (wanted === 1) {
    // Those that carry come first: these ask what is carried.
    followPromises();
    stopHooks = promiseHooks.createHook(hooks) as () => void;
  }
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    wanted -= 1;
    if (wanted > 0) return;
    stopHooks?.();
    stands = new WeakMap();
  };
}

let endTracking: (() => void) | undefined;

/**
 * Has tasks remember where they wait, as they do in debug mode: for `getStack()`, `printStack()`,
 * call graphs, and printed forms. It makes each `await` slower by some microseconds; off, it costs
 * nothing. What waits already when it is switched on is not known.
 */
export function setAwaitTracking(enabled: boolean): void {
  if (enabled) endTracking ??= trackStands();
  else {
    endTracking?.();
    endTracking = undefined;
  }
}

/** Is it noted where tasks wait, in debug mode or after {@link setAwaitTracking}? */
export function isAwaitTracking(): boolean {
  return wanted > 0;
}

/**
 * The frames in which a suspended task waits, innermost first; none where they are not known.
 *
 * Where it waits for several things at once, under `Promise.all()` for instance, those of the newest
 * come first, and a frame that they share comes once.
 */
export function standOf(task: object): Frame[] {
  const all = standsOf(task);
  const shown: Frame[] = [];
  // Each stand knows its callers; those which others stand in need no word of their own.
  const inner = all.filter((one) => !all.some((other) => other !== one && isWithin(one, other)));
  for (const frames of inner.reverse())
    for (const frame of frames)
      if (!shown.some((known) => isSame(known, frame))) shown.push(at(frame, all));
  return shown;
}

/** Where the task's own function waits; not known where nobody tracks. */
export function outermostStandOf(task: object): Frame | undefined {
  const all = standsOf(task);
  const frame = all[0]?.at(-1);
  return frame && at(frame, all);
}

function standsOf(task: object): (readonly Frame[])[] {
  const found: (readonly Frame[])[] = [];
  for (const stand of stands.get(task)?.values() ?? []) {
    const { stack = '' } = stand.at;
    // Not awaits, but what Promise.all() and the like make of each that they wait for.
    if (/\n\s*at Promise\.then \(<anonymous>\)/.test(stack)) continue;
    stand.frames ??= framesOf(stack, 'core/coroutines/task');
    if (stand.frames.length > 0) found.push(stand.frames);
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
