/** What a process that looks into another one tells its parent. */
export interface Said {
  /** What to print. */
  readonly text?: string;
  /** It draws on the terminal: the escape sequence that leaves its screen. */
  readonly leave?: string;
}

/**
 * Prints a line by way of the parent process: it does not end before its output has been read, which can take long, but
 * this process has to, because the process that it looked into then closes its inspector.
 */
export async function say(line: string): Promise<void> {
  await new Promise<void>((resolve) => {
    // It cannot be sent if the parent has ended; then this process ends, too.
    process.send?.({ text: `${line}\n` } satisfies Said, () => resolve());
  });
}
