// Imported, because the global `Buffer` is a getter, which is called at each use.
import { Buffer } from 'node:buffer';

/** Returned at end of file: the only empty array. */
export const EMPTY: Buffer = Buffer.alloc(0);

/**
 * First chunks of this many bytes or more are returned alone, because joining them costs too much.
 */
const JOINED_BELOW = 16 * 1024;

/**
 * Bytes that wait to be taken.
 *
 * A chunk that is taken whole is handed over, not copied.
 */
export class ByteQueue {
  /** How many bytes wait. */
  size = 0;
  /** The next chunk; empty only if the queue is. */
  #first: Buffer = EMPTY;
  /** The chunks after it; usually none. */
  #rest: Buffer[] = [];

  /** Adds a chunk, which must not be empty and belongs to the queue from now on. */
  push(chunk: Buffer): void {
    if (this.size === 0) this.#first = chunk;
    else this.#rest.push(chunk);
    this.size += chunk.length;
  }

  /**
   * Takes up to `nbytes`; the queue must not be empty.
   *
   * @param joinedBelow - a first chunk of this many bytes or more is returned alone
   */
  take(nbytes: number, joinedBelow: number = JOINED_BELOW): Buffer {
    const first = this.#first;
    if (first.length <= nbytes && (this.#rest.length === 0 || first.length >= joinedBelow)) {
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

  /** A copy of the first `nbytes`, or of all if there are fewer. They stay in the queue. */
  peek(nbytes: number): Buffer {
    return Buffer.concat([this.#first, ...this.#rest], Math.min(nbytes, this.size));
  }

  /** Fills `view` from its start with as many bytes as there are; returns how many. */
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

  /** Drops all bytes. */
  clear(): void {
    this.size = 0;
    this.#first = EMPTY;
    this.#rest = [];
  }
}
