/** The index of each count in its memory. */
const [CONNECTIONS, MESSAGES, BYTES, COUNTS] = [0, 1, 2, 3];

/** Counts what an echo server does. */
export class Statistics {
  /** The counts, in memory that another thread may share. */
  readonly #counts: Float64Array;
  /** When counting started, in seconds on the loop's clock. */
  readonly #begin: number;

  /**
   * @param begin - when counting starts, in seconds on the loop's clock
   * @param memory - the memory for the counts; by default its own
   */
  constructor(begin: number, memory: SharedArrayBuffer = Statistics.memory()) {
    this.#begin = begin;
    this.#counts = new Float64Array(memory);
  }

  /** Memory for counts that one thread writes and another reads, all 0. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTS * Float64Array.BYTES_PER_ELEMENT);
  }

  /** Accepted connections. */
  get connections(): number {
    return this.#counts[CONNECTIONS] as number;
  }

  /** Pieces received and echoed; bytes that arrive together are one piece. */
  get messages(): number {
    return this.#counts[MESSAGES] as number;
  }

  /** Bytes received and echoed. */
  get bytes(): number {
    return this.#counts[BYTES] as number;
  }

  /** Counts an accepted connection. */
  accepted(): void {
    this.#counts[CONNECTIONS] = this.connections + 1;
  }

  /** Counts an echoed piece of `nbytes` bytes. */
  echoed(nbytes: number): void {
    this.#counts[MESSAGES] = this.messages + 1;
    this.#counts[BYTES] = this.bytes + nbytes;
  }

  /** Adds other counts. */
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
