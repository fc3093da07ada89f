/** Where in its memory each count is. */
const [CONNECTIONS, MESSAGES, BYTES, COUNTS] = [0, 1, 2, 3];

/** What an echo server counts while it serves. */
export class Statistics {
  /** The counts; whoever was given their memory may be another thread. */
  readonly #counts: Float64Array;
  /** When counting began, in seconds on the loop's clock. */
  readonly #begin: number;

  /**
   * @param begin - when counting begins, in seconds on the loop's clock
   * @param memory - where the counts are; left out, in its own memory
   */
  constructor(begin: number, memory: SharedArrayBuffer = Statistics.memory()) {
    this.#begin = begin;
    this.#counts = new Float64Array(memory);
  }

  /** Memory for counts that one thread writes and another reads; all are 0. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTS * Float64Array.BYTES_PER_ELEMENT);
  }

  /** Connections that were accepted. */
  get connections(): number {
    return this.#counts[CONNECTIONS] as number;
  }

  /** Pieces that were received and sent back; what arrives together is one. */
  get messages(): number {
    return this.#counts[MESSAGES] as number;
  }

  /** Bytes that were received and sent back. */
  get bytes(): number {
    return this.#counts[BYTES] as number;
  }

  /** Counts a connection that was accepted. */
  accepted(): void {
    this.#counts[CONNECTIONS] = this.connections + 1;
  }

  /** Counts a piece of `nbytes` bytes that was sent back. */
  echoed(nbytes: number): void {
    this.#counts[MESSAGES] = this.messages + 1;
    this.#counts[BYTES] = this.bytes + nbytes;
  }

  /** Counts what somebody else has counted. */
  add(other: Statistics): void {
    for (const [n, count] of other.#counts.entries())
      this.#counts[n] = (this.#counts[n] as number) + count;
  }

  /**
   * `3 connections, 12 messages, 4,096 bytes in 2.0 s: 6 messages/s`
   *
   * @param end - when counting ended, in seconds on the loop's clock
   */
  summary(end: number): string {
    const seconds = end - this.#begin;
    const rate = seconds > 0 ? this.messages / seconds : 0;
    const counts = [
      counted(this.connections, 'connection'),
      counted(this.messages, 'message'),
      counted(this.bytes, 'byte'),
    ];
    return `${counts.join(', ')} in ${seconds.toFixed(1)} s: ${digits(Math.round(rate))} messages/s`;
  }
}

/** `1 connection`, `2,000 connections` */
export function counted(count: number, thing: string): string {
  return `${digits(count)} ${thing}${count === 1 ? '' : 's'}`;
}

function digits(count: number): string {
  return count.toLocaleString('en-US');
}
