// Imported, because the global `Buffer` is a getter, which is called at each use.
import { Buffer } from 'node:buffer';
import { asBuffer } from '../base/values/bytes.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Received bytes that have not been read, in one block, so that they can be searched.
 *
 *   #block:  [ handed out | unread | room ]
 *                         ↑ #start ↑ #end
 *
 * Bytes that arrive while nothing is unread are not copied: their array becomes the block. Reads
 * return parts of the block, which are never written to again, because the block only grows at its
 * end, and is replaced when it is full.
 */
export class ByteBuffer {
  #block: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Is the block our own, with room that nothing else writes to? */
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

  /** Inserts bytes before the unread ones. */
  unshift(data: Uint8Array): void {
    const rest = this.take(this.size);
    this.#adopt(Buffer.concat([data, rest]));
  }

  /** Takes `nbytes`, which must be available. */
  take(nbytes: number): Buffer {
    const start = this.#start;
    this.#start = start + nbytes;
    const taken = this.#block.subarray(start, this.#start);
    if (this.#start === this.#end) this.clear();
    return taken;
  }

  /** A copy of the first `nbytes`, or of all if there are fewer. */
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

  /**
   * The index of `bytes`, counted from the first unread byte and searched from `from` on; -1 if not
   * found.
   */
  indexOf(bytes: Uint8Array, from: number): number {
    const unread = this.#block.subarray(this.#start, this.#end);
    return bytes.length === 1
      ? unread.indexOf(bytes[0] as number, from)
      : unread.indexOf(bytes, from);
  }

  /** Are `bytes` at index `from`, counted from the first unread byte? */
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

  /** Moves unread bytes to a block with room for `nbytes` more, and as much again. */
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
