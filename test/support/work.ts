/** Bounds on work that does not wait, and so cannot be broken off by a timer. */
import { runInNewContext } from 'node:vm';

/** Milliseconds: a thousand times what linear work of the tests takes, a thousandth of other work. */
const MOST_MS = 8000;

/**
 * Runs `work`, and breaks it off, even within a regular expression, when it takes hours where it
 * should take milliseconds.
 *
 * @throws {Error} when it was broken off
 */
export function inLinearTime<T>(work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: MOST_MS }) as T;
}
