/** One line on stderr that shows the progress; if stderr is not a terminal, one line for each step. */
export class Progress {
  readonly #begin: number = performance.now();
  readonly #watched: boolean = process.stderr.isTTY;
  #step = '';

  /** Shows the current step. */
  step(what: string): void {
    this.#step = what;
    this.#write(what);
  }

  /** Shows the progress of the step on a terminal. */
  detail(what: string): void {
    if (this.#watched) this.#write(`${this.#step}: ${what}`);
  }

  /** Prints a permanent line. */
  note(what: string): void {
    this.done();
    process.stderr.write(`${what}\n`);
  }

  /** Removes the line. */
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
