// Not the global one: that is a getter, and looked up each time.
import { Buffer } from 'node:buffer';

/** Handed out at end of file: there is only one empty array. */
export const EMPTY: Buffer = Buffer.alloc(0);

/** First chunks of this many bytes and more are handed out alone: joining them costs too much. */
const JOINED_BELOW = 16 * 1024;

/**
 * Bytes that have arrived and that nobody took yet.
 *
 * A chunk that a reader takes whole is handed over, not copied.
 */
export class ByteQueue {
  /** How many bytes wait. */
  size = 0;
  /** The chunk whose bytes come next; empty only if the queue is. */
  #first: Buffer = EMPTY;
  /** What came after it; almost always empty. */
  #rest: Buffer[] = [];

  /** Adds a chunk, which belongs to the queue from now on. It must not be empty. */
  push(chunk: Buffer): void {
    if (this.size === 0) this.#first = chunk;
    else this.#rest.push(chunk);
    this.size += chunk.length;
  }

  /** Takes up to `nbytes`; the queue must not be empty. */
  take(nbytes: number): Buffer {
    const first = this.#first;
    if (first.length <= nbytes && (this.#rest.length === 0 || first.length >= JOINED_BELOW)) {
      this.size -= first.length;
      this.#first = this.#rest.shift() ?? EMPTY;
      return first;
    }
    if (first.length > nbytes) {
      this.size -= nbytes;
      this.#first = first.subarray(nbytes);
      return first.subarray(0, nbytes);
    }
    const joined = Buffer.allocUnsafe(Math.min(nbytes, this.size));
    this.takeInto(joined);
    return joined;
  }

  /** A copy of the first `nbytes`, as far as there are so many; they stay. */
  peek(nbytes: number): Buffer {
    return Buffer.concat([this.#first, ...this.#rest], Math.min(nbytes, this.size));
  }

  /** Fills `view` from its start as far as the bytes reach; says how far. */
  takeInto(view: Uint8Array): number {
    let filled = 0;
    while (filled < view.length && this.size > 0) {
      const first = this.#first;
      const room = view.length - filled;
      if (first.length <= room) {
        view.set(first, filled);
        filled += first.length;
        this.size -= first.length;
        this.#first = this.#rest.shift() ?? EMPTY;
      } else {
        view.set(first.subarray(0, room), filled);
        filled += room;
        this.size -= room;
        this.#first = first.subarray(room);
      }
    }
    return filled;
  }

  /** Forgets everything. */
  clear(): void {
    this.size = 0;
    this.#first = EMPTY;
    this.#rest = [];
  }
}
