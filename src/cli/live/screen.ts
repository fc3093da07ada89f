/** A screen of its own, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** To its top. */
const HOME = '\x1b[H';

/**
 * Draws on a terminal whose keys the parent process reads.
 *
 * When this process ends, Node gives the terminal back the mode that it had at its start. So the parent changes it
 * only when it is told that this one draws, and how to leave the screen if this one is killed.
 */
export class Screen {
  constructor() {
    process.stdout.write(ENTER);
    process.send?.(LEAVE);
  }

  draw(lines: readonly string[]): void {
    process.stdout.write(HOME + lines.join('\n'));
  }

  leave(): void {
    process.stdout.write(LEAVE);
  }
}
