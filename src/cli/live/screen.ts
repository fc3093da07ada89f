import type { ParentMessage } from '../process/say.ts';

/** Switches to the alternate screen, without a cursor, and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** Moves to the top. */
const HOME = '\x1b[H';

/**
 * Draws on a terminal whose keys the parent process reads.
 *
 * When this process ends, Node restores the terminal mode from its start. So the parent changes the mode only after
 * this process has told it that it draws, and how to leave the screen if this process is killed.
 */
export class Screen {
  constructor() {
    process.stdout.write(ENTER);
    process.send?.({ leave: LEAVE } satisfies ParentMessage);
  }

  draw(lines: readonly string[]): void {
    process.stdout.write(HOME + lines.join('\n'));
  }

  leave(): void {
    process.stdout.write(LEAVE);
  }
}
