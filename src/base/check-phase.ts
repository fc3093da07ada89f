import { setImmediate } from './node-timers.ts';

const looks: (() => void)[] = [];
let looking = false;
/** The first callback that `look` requested. */
let next: (() => void) | undefined;

/**
 * Calls `look` once per turn of Node's loop, right after the poll phase. Does not keep the process
 * alive. `look` must not throw.
 *
 * An unreferenced immediate does not keep Node from sleeping in the poll phase.
 */
export function lookInEachTurn(look: () => void): void {
  looks.push(look);
  if (looks.length === 1) setImmediate(check).unref();
}

/** Calls `callback` in an immediate. The first one that a `look` requests runs right after it. */
export function nextImmediate(callback: () => void): void {
  if (looking && next === undefined) next = callback;
  else setImmediate(callback);
}

function check(): void {
  setImmediate(check).unref();
  looking = true;
  for (const look of looks) look();
  looking = false;
  if (next === undefined) return;
  const callback = next;
  next = undefined;
  callback();
}
