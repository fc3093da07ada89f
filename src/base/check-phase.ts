import { setImmediate } from './node-timers.ts';

const looks: (() => void)[] = [];
let looking = false;
/** The first callback that a look asked for. */
let next: (() => void) | undefined;

/**
 * Calls `look` once in each turn of Node's loop, right after the poll phase. It does not keep the
 * process alive, and must not throw.
 *
 * An immediate that is not referenced does not keep Node from sleeping in the poll phase.
 */
export function lookInEachTurn(look: () => void): void {
  looks.push(look);
  if (looks.length === 1) setImmediate(check).unref();
}

/** Calls back among the next immediates; the first callback that a look asks for, right after the look. */
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
