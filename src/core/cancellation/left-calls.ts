import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Calls that go on when the task that they are a part of is done: nobody awaited them, as in
 * `void flush()`, or they lost a race. They are known by the scope of their task, while something of
 * ours is awaited in it.
 *
 * `run()` cancels them in the end, as it cancels tasks; the loop of `enter()` runs on for them.
 */
export interface LeftCalls {
  /** What they await, for a report. */
  _describeAwaits(): string;
  /** Cancels them, unless they were. */
  _cancelLeft(): void;
}

interface Left {
  readonly calls: Set<LeftCalls>;
  /** Is told when one was forgotten. */
  tell: (() => void) | undefined;
}

const left = new WeakMap<LoopCore, Left>();

const NONE: ReadonlySet<LeftCalls> = new Set();

/** Those of a loop. */
export function leftCallsOf(loop: LoopCore): ReadonlySet<LeftCalls> {
  return left.get(loop)?.calls ?? NONE;
}

/** Calls back from now on when one is forgotten. */
export function watchLeftCalls(loop: LoopCore, tell: () => void): void {
  const known = left.get(loop);
  if (known !== undefined) known.tell = tell;
}

/**
 * Notes some.
 *
 * @returns a function that forgets them; none where they are noted already
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

/** Stands for the task of such calls, where a limit in them asks for it. */
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
