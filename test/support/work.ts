/** Limits for work that does not wait, and so cannot be interrupted by a timer. */
import { runInNewContext } from 'node:vm';

/** In ms: a thousand times as long as linear work in tests takes, a thousandth of other work. */
const MOST_MS = 8000;

/**
 * Runs `work`, and interrupts it, even inside a regular expression, if it would take hours instead of
 * milliseconds.
 *
 * @throws {Error} if it was interrupted
 */
export function inLinearTime<T>(work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: MOST_MS }) as T;
}

/** How many bytes `work` copies from one array to another, by `set()`, `copy()` and `concat()`. */
export function bytesCopied(work: () => void): number {
  const typed = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { set } = typed;
  const { copy } = Buffer.prototype;
  const { concat } = Buffer;
  let copied = 0;
  typed.set = function (this: Uint8Array, from: ArrayLike<number>, at?: number) {
    copied += from.length;
    set.call(this, from, at);
  };
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>) {
    const nbytes = copy.apply(this, args);
    copied += nbytes;
    return nbytes;
  };
  Buffer.concat = (list, length) => {
    const all = concat(list, length);
    copied += all.length;
    return all;
  };
  try {
    work();
  } finally {
    typed.set = set;
    Buffer.prototype.copy = copy;
    Buffer.concat = concat;
  }
  return copied;
}
