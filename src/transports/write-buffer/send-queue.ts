import type { Endpoint } from '../../sock/endpoint/endpoint.ts';

/** The minimum size of a block, in bytes: many small writes share one, and one send takes it. */
const BLOCK_SIZE = 64 * 1024;

/** The blocks of all empty queues. */
const NONE: Buffer[] = [];

/** A block for reuse. */
let spare: Buffer | undefined;

function newBlock(nbytes: number): Buffer {
  if (nbytes > BLOCK_SIZE) return Buffer.allocUnsafeSlow(nbytes);
  const block = spare ?? Buffer.allocUnsafeSlow(BLOCK_SIZE);
  spare = undefined;
  return block;
}

/**
 * Copies of written bytes that have not been sent.
 *
 *   #blocks:  [ sent, unsent ] [ unsent ] … [ unsent, room ]
 *                   ↑ #sent                          ↑ #filled
 */
export class SendQueue {
  /** How many bytes wait. */
  size = 0;
  /** No block is empty; only the last one has room. */
  #blocks: Buffer[] = NONE;
  /** Sent bytes of the first block. */
  #sent = 0;
  /** Written bytes of the last block. */
  #filled = 0;

  /** Adds the bytes of `data` from index `from` on, of which there must be at least one. */
  push(data: Uint8Array, from: number): void {
    this.size += data.length - from;
    let rest = data.subarray(from);
    const last = this.#blocks.at(-1);
    if (last !== undefined) {
      const fitting = rest.subarray(0, last.length - this.#filled);
      last.set(fitting, this.#filled);
      this.#filled += fitting.length;
      rest = rest.subarray(fitting.length);
    }
    if (rest.length === 0) return;
    const block = newBlock(rest.length);
    block.set(rest);
    if (this.#blocks === NONE) this.#blocks = [block];
    else this.#blocks.push(block);
    this.#filled = rest.length;
  }

  /**
   * Sends until nothing waits, or nothing more can be sent.
   *
   * @throws {OSError} when the connection is broken
   */
  sendTo(endpoint: Pick<Endpoint, 'trySend'>): void {
    while (this.size > 0) {
      const block = this.#firstBlock();
      const sent = endpoint.trySend(block, this.#sent);
      if (sent < 0) return;
      this.size -= sent;
      this.#sent += sent;
      if (this.size === 0) this.clear();
      else if (this.#sent === block.length) {
        this.#blocks.shift();
        this.#sent = 0;
      }
    }
  }

  clear(): void {
    this.size = 0;
    // The endpoint has copied what it took, so the block can be reused.
    const [block] = this.#blocks;
    if (block?.length === BLOCK_SIZE) spare = block;
    this.#blocks = NONE;
    this.#sent = 0;
    this.#filled = 0;
  }

  #firstBlock(): Buffer {
    const first = this.#blocks[0] as Buffer;
    return this.#blocks.length === 1 ? first.subarray(0, this.#filled) : first;
  }
}
