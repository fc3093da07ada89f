import type { LoopCore } from '../core/turns/loop-core.ts';

/** What uses the system through a loop, and is of no use without it. */
export interface Leftover {
  /** Its loop is closed: lets go of the system. */
  _loopClosed(): void;
  /** Its loop has stopped, is about to be closed, or the process exits: sends what it holds back. */
  _loopStands?(): void;
}

/**
 * The transports and servers that are open, by loop.
 *
 * A loop that is closed closes them: nobody could be told of what happens on them any more. In
 * CPython they are closed when nobody refers to them; here the system's handles would hold them
 * for ever.
 */
const open = new WeakMap<LoopCore, Set<Leftover>>();

/** Has `leftover` closed with its loop. */
export function openOn(loop: LoopCore, leftover: Leftover): void {
  const others = open.get(loop);
  if (others === undefined) open.set(loop, new Set([leftover]));
  else others.add(leftover);
}

/** Says that `leftover` is closed. */
export function noLongerOpenOn(loop: LoopCore, leftover: Leftover): void {
  if (open.get(loop)?.delete(leftover)) loop._hasLessToDo();
}

/** Is anything open? */
export function isAnyOpenOn(loop: LoopCore): boolean {
  return (open.get(loop)?.size ?? 0) > 0;
}

/**
 * Sends what is held back for a turn that may never come. The last one opened goes first: it may
 * send through another one, as TLS does.
 */
export function sendHeldOn(loop: LoopCore): void {
  forEach(loop, open.get(loop), (leftover) => leftover._loopStands?.());
}

/** What is open on a loop, in the order in which it was opened. */
export function allOpenOn(loop: LoopCore): Iterable<Leftover> {
  return open.get(loop) ?? [];
}

/** Closes what is open on a loop that was closed. */
export function closeLeftovers(loop: LoopCore): void {
  const leftovers = open.get(loop);
  open.delete(loop);
  forEach(loop, leftovers, (leftover) => leftover._loopClosed());
}

/** The last one opened goes first. One that throws, as a user's stream may, keeps none of the others. */
function forEach(
  loop: LoopCore,
  leftovers: Iterable<Leftover> = [],
  act: (leftover: Leftover) => void,
): void {
  const failures: unknown[] = [];
  for (const leftover of [...leftovers].reverse())
    try {
      act(leftover);
    } catch (error) {
      failures.push(error);
    }
  for (const exception of failures)
    loop.callExceptionHandler({ message: 'Exception while the loop was closed', exception });
}
