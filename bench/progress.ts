/** One line on stderr that says what is going on; where nobody watches, a line each time. */
export class Progress {
  readonly #begin = performance.now();

  say(what: string): void {
    const seconds = ((performance.now() - this.#begin) / 1000).toFixed(0).padStart(3);
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${seconds} s  ${what}`);
    else process.stderr.write(`${seconds} s  ${what}\n`);
  }

  /** Takes the line away. */
  done(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
