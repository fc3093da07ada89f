/** The size of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** q, and Ctrl-C, which is an ordinary key in raw mode. */
const QUIT = ['q', '\x03'];

/**
 * Reads single keys for another process that draws on the terminal. Calls `quit` with the key that quits.
 *
 * @param leave - the escape sequence that leaves the screen on which that process draws
 * @returns a function that restores the terminal, also called when this process exits;
 *   `hasLeft`: did the other process leave the screen itself?
 */
export function takeKeys(
  leave: string,
  quit: (key: string) => void,
  resized: (size: Size) => void,
): (hasLeft: boolean) => void {
  const { stdin, stdout } = process;
  let isTaken = true;
  const restoreTerminal = (hasLeft: boolean): void => {
    if (!isTaken) return;
    isTaken = false;
    if (stdin.isTTY) stdin.setRawMode(false).pause();
    if (!hasLeft) stdout.write(leave);
  };
  process.once('exit', () => restoreTerminal(false));
  stdout.on('resize', () => resized({ columns: stdout.columns, rows: stdout.rows }));
  if (stdin.isTTY) {
    stdin.setRawMode(true).setEncoding('latin1');
    stdin.on('data', (keys: string) => {
      const key = QUIT.find((one) => keys.includes(one));
      if (key !== undefined) quit(key);
    });
  }
  return restoreTerminal;
}
