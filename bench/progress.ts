/** One line on stderr that says what is going on; where nobody watches, a line for each step. */
export class Progress {
  readonly #begin: number = performance.now();
  readonly #watched: boolean = process.stderr.isTTY;
  #step = '';

  /** Says what is going on. */
  step(what: string): void {
    this.#step = what;
    this.#write(what);
  }

  /** Says how far the step is, to those who watch. */
  detail(what: string): void {
    if (this.#watched) this.#write(`${this.#step}: ${what}`);
  }

  /** Says something that stays. */
  note(what: string): void {
    this.done();
    process.stderr.write(`${what}\n`);
  }

  /** Takes the line away. */
  done(): void {
    if (this.#watched) process.stderr.write('\r\x1b[K');
  }

  #write(what: string): void {
    const seconds = ((performance.now() - this.#begin) / 1000).toFixed(0).padStart(3);
    process.stderr.write(
      this.#watched ? `\r\x1b[K${seconds} s  ${what}` : `${seconds} s  ${what}\n`,
    );
  }
}
