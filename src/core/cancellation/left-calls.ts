import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Calls that go on after their task is done, because nobody awaited them, as in
 * `void flush()`, or they lost a race. They are known by the scope of their task, as long as something of
 * ours is awaited in it.
 *
 * `run()` cancels them at its end, as it cancels tasks; the loop of `enter()` keeps running for them.
 */
export interface LeftCalls {
  /** What they await, for reports. */
  _describeAwaits(): string;
  /** Cancels them, if they were not cancelled yet. */
  _cancelLeft(): void;
}

interface Left {
  readonly calls: Set<LeftCalls>;
  /** Called when one was removed. */
  tell: (() => void) | undefined;
}

const left = new WeakMap<LoopCore, Left>();

const NONE: ReadonlySet<LeftCalls> = new Set();

/** Those of a loop. */
export function leftCallsOf(loop: LoopCore): ReadonlySet<LeftCalls> {
  return left.get(loop)?.calls ?? NONE;
}

/** Calls back from now on when one is removed. */
export function watchLeftCalls(loop: LoopCore, tell: () => void): void {
  const known = left.get(loop);
  if (known !== undefined) known.tell = tell;
}

/**
 * Notes some.
 *
 * @returns a function that removes them; `undefined` if they were added already
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

/** Takes the place of the task of such calls, for limits in them. */
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
