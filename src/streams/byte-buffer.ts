// Not the global one: that is a getter, and looked up each time.
import { Buffer } from 'node:buffer';
import { asBuffer } from '../base/values/bytes.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Bytes that were received and not read, in one piece, so that they can be searched.
 *
 *   #block:  [ handed out | unread | room ]
 *                         ↑ #start ↑ #end
 *
 * What comes while nothing is unread is taken over and not copied, and what is handed out is a part
 * of the block: bytes that were handed out are never written to again, for the block only grows at
 * its end, and moves when it is full.
 */
export class ByteBuffer {
  #block: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Is the block our own, with room that nobody else writes to? */
  #own = false;

  /** How many bytes are unread. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** Adds bytes, which belong to the buffer from now on. */
  push(data: Uint8Array): void {
    if (this.#start === this.#end) this.#adopt(data);
    else {
      if (!this.#own || this.#block.length - this.#end < data.length) this.#move(data.length);
      this.#block.set(data, this.#end);
      this.#end += data.length;
    }
  }

  /** Puts bytes before those that are unread. */
  unshift(data: Uint8Array): void {
    const rest = this.take(this.size);
    this.#adopt(Buffer.concat([data, rest]));
  }

  /** Takes `nbytes`, which must be there. */
  take(nbytes: number): Buffer {
    const start = this.#start;
    this.#start = start + nbytes;
    const taken = this.#block.subarray(start, this.#start);
    if (this.#start === this.#end) this.clear();
    return taken;
  }

  /** A copy of the first `nbytes`, or of all if they are fewer. */
  peek(nbytes: number): Buffer {
    return Buffer.from(
      this.#block.subarray(this.#start, Math.min(this.#end, this.#start + nbytes)),
    );
  }

  clear(): void {
    this.#block = EMPTY;
    this.#start = 0;
    this.#end = 0;
    this.#own = false;
  }

  /** Where `bytes` begin, counted from the first unread one, looked for from `from` on; or -1. */
  indexOf(bytes: Uint8Array, from: number): number {
    const unread = this.#block.subarray(this.#start, this.#end);
    return bytes.length === 1
      ? unread.indexOf(bytes[0] as number, from)
      : unread.indexOf(bytes, from);
  }

  /** Are `bytes` at `from`, counted from the first unread byte? */
  has(bytes: Uint8Array, from: number): boolean {
    const at = this.#start + from;
    return (
      bytes.length <= this.#end - at && this.#block.subarray(at, at + bytes.length).equals(bytes)
    );
  }

  #adopt(data: Uint8Array): void {
    this.#block = asBuffer(data);
    this.#start = 0;
    this.#end = data.length;
    this.#own = false;
  }

  /** Moves what is unread to a block with room for `nbytes` more, and as much again. */
  #move(nbytes: number): void {
    const { size } = this;
    const block = Buffer.allocUnsafeSlow(2 * (size + nbytes));
    this.#block.copy(block, 0, this.#start, this.#end);
    this.#block = block;
    this.#start = 0;
    this.#end = size;
    this.#own = true;
  }
}
