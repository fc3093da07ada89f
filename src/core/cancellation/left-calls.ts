import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Calls that continue after their task is done, because they were not awaited, as in `void
 * flush()`, or lost a race. They are found by the scope of their task, as long as it has pending
 * `await`s of ours.
 *
 * `run()` cancels them at its end, as it cancels tasks; the loop of `enter()` keeps running for
 * them.
 */
export interface LeftCalls {
  /** What they await, for reports. */
  _describeAwaits(): string;
  /** Cancels them, unless they already were. */
  _cancelLeft(): void;
}

interface Left {
  readonly calls: Set<LeftCalls>;
  /** Called when one was removed. */
  tell: (() => void) | undefined;
}

const left = new WeakMap<LoopCore, Left>();

const NONE: ReadonlySet<LeftCalls> = new Set();

/** The calls of a loop. */
export function leftCallsOf(loop: LoopCore): ReadonlySet<LeftCalls> {
  return left.get(loop)?.calls ?? NONE;
}

/** From now on, calls `tell` when one is removed. */
export function watchLeftCalls(loop: LoopCore, tell: () => void): void {
  const known = left.get(loop);
  if (known !== undefined) known.tell = tell;
}

/**
 * Adds calls.
 *
 * @returns a function that removes them; `undefined` if they were already added
 */
export function noteLeft(loop: LoopCore, calls: LeftCalls): (() => void) | undefined {
  const all = left.get(loop) ?? { calls: new Set(), tell: undefined };
  if (all.calls.has(calls)) return undefined;
  all.calls.add(calls);
  left.set(loop, all);
  return () => {
    all.calls.delete(calls);
    all.tell?.();
    loop._hasLessToDo();
  };
}

/** Replaces the task of such calls, for limits in them. */
export class LeftTask {
  readonly _loop: LoopCore;

  constructor(loop: LoopCore) {
    this._loop = loop;
  }

  getName(): string {
    return 'a call that nobody awaits';
  }

  _countCancel(): void {}

  _uncountCancel(): void {}
}
