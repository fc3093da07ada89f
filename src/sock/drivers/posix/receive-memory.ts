import { Buffer } from 'node:buffer';
import { EMPTY } from '../../byte-queue.ts';
import { addressOf } from './libc.ts';

/** Bytes that one receive takes at the most. */
const MOST = 256 * 1024;

/** What is shorter is copied: that costs less than memory of its own. */
const LARGE = 16 * 1024;

/** A block is handed out where what it holds takes up a fourth of it: who keeps that keeps it all. */
const SPARE = 4;

/** So many large messages in a row that were too short for the block, and the next is smaller. */
const PATIENCE = 8;

/** Bytes of a block that the C library has to see freed: a little less than the most it learns from. */
const LESSON = 32 * 1024 * 1024 - 64 * 1024;

/**
 * The memory that all sockets of a thread receive into.
 *
 * What is short is copied out of the block, which stays. What is large goes out with the block, and
 * the next receive has a new one, of a size that large messages have had lately.
 */
export class ReceiveMemory {
  #block: Buffer | undefined;
  #address = 0n;
  #size = MOST;
  /** Large messages in a row that were too short for the block. */
  #misfits = 0;
  /** The part of the block that the last copy was made of: messages tend to be of one size. */
  #arrived: Buffer = EMPTY;

  /** How much the next receive can take, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Where the next receive puts what it takes. */
  get address(): bigint {
    if (this.#block === undefined) {
      this.#block = Buffer.allocUnsafeSlow(this.#size);
      this.#address = addressOf(this.#block);
    }
    return this.#address;
  }

  /**
   * What was received.
   *
   * @param nbytes - how much that is
   * @param wanted - how much it could have been, if there had been room
   */
  take(nbytes: number, wanted: number): Buffer {
    if (nbytes < LARGE) return this.#copy(nbytes);
    if (nbytes * SPARE < this.#size) {
      const data = this.#copy(nbytes);
      this.#misfits += 1;
      if (this.#misfits === PATIENCE) this.#renew(2 ** Math.ceil(Math.log2(nbytes)));
      return data;
    }
    const block = this.#block as Buffer;
    const isFull = nbytes === this.#size;
    this.#renew(isFull && wanted > nbytes ? Math.min(2 * nbytes, MOST) : this.#size);
    letFreedMemoryStay();
    return isFull ? block : block.subarray(0, nbytes);
  }

  #copy(nbytes: number): Buffer {
    if (nbytes === 0) return EMPTY;
    if (this.#arrived.length !== nbytes)
      this.#arrived = (this.#block as Buffer).subarray(0, nbytes);
    const data = Buffer.allocUnsafe(nbytes);
    data.set(this.#arrived);
    return data;
  }

  #renew(size: number): void {
    this.#block = undefined;
    this.#arrived = EMPTY;
    this.#size = size;
    this.#misfits = 0;
  }
}

let freedMemoryStays = false;

/**
 * Sees to it that memory which the collector frees is there for the next blocks.
 *
 * The C library of Linux gives what is free at the end of its memory back to the system as soon as
 * that is more than 128 KB, and then the system has to map it again, page by page: that was the
 * half of what a message of 100,000 bytes cost. But it learns: when a larger block is freed, it keeps
 * twice as much from then on. So it gets one, of which no byte is ever used. What it keeps is at most
 * twice 32 MB.
 */
function letFreedMemoryStay(): void {
  if (freedMemoryStays) return;
  freedMemoryStays = true;
  try {
    new ArrayBuffer(LESSON);
  } catch {
    // So short of memory, there is nothing to be kept.
  }
}
