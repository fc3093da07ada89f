/** A message to its parent from a process that looks into another one. */
export interface ParentMessage {
  /** What to print. */
  readonly text?: string;
  /** It draws on the terminal: the escape sequence that leaves its screen. */
  readonly leave?: string;
}

/**
 * Prints a line through the parent process. The parent only ends when its output has been read, which can take long.
 * This process must end earlier, because only then does the process that it looked into close its inspector.
 */
export async function say(line: string): Promise<void> {
  await new Promise<void>((resolve) => {
    // It cannot be sent if the parent has ended; then this process ends, too.
    process.send?.({ text: `${line}\n` } satisfies ParentMessage, () => resolve());
  });
}
