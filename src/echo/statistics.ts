/** What an echo server counts while it serves. */
export class Statistics {
  /** Connections that were accepted. */
  connections = 0;
  /** Pieces that were received and sent back; what arrives together is one. */
  messages = 0;
  /** Bytes that were received and sent back. */
  bytes = 0;
  /** When counting began, in seconds on the loop's clock. */
  readonly #begin: number;

  /** @param begin - when counting begins, in seconds on the loop's clock */
  constructor(begin: number) {
    this.#begin = begin;
  }

  /** Counts a piece of `nbytes` bytes that was sent back. */
  echoed(nbytes: number): void {
    this.messages += 1;
    this.bytes += nbytes;
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
