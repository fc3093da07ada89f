/** A message of `size` bytes in which neighbours differ, so that shifted data is noticed. */
export function messageOf(size: number): Buffer {
  const message = Buffer.allocUnsafeSlow(size);
  for (let index = 0; index < size; index += 1) message[index] = index % 251;
  return message;
}

/** Tracks a message on its way back. */
export class Echo {
  readonly #message: Buffer;
  /** How many bytes are still to come back. */
  #left: number;
  /** The first message is compared byte by byte; of the others, the bytes are counted. */
  #compared = false;

  constructor(message: Buffer) {
    this.#message = message;
    this.#left = message.length;
  }

  /**
   * Takes the first `nbytes` bytes of `buffer`; returns `true` when the message is complete and the next one
   * may be sent.
   *
   * @throws {Error} if the bytes differ from those that were sent
   */
  take(nbytes: number, buffer: Buffer): boolean {
    if (nbytes > this.#left)
      throw new Error(`${nbytes - this.#left} bytes came back that were never sent`);
    if (!this.#compared) this.#compare(nbytes, buffer);
    this.#left -= nbytes;
    if (this.#left > 0) return false;
    this.#left = this.#message.length;
    this.#compared = true;
    return true;
  }

  #compare(nbytes: number, buffer: Buffer): void {
    const from = this.#message.length - this.#left;
    const expected = this.#message.subarray(from, from + nbytes);
    if (!expected.equals(buffer.subarray(0, nbytes)))
      throw new Error('other bytes came back than were sent');
  }
}
