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
