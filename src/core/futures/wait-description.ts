/** What a task waits for, to explain why it does not continue. */
export interface WaitDescription {
  /**
   * The operation, by the name that programs use: `'Queue.get'`; undefined if it awaits a future or
   * a task.
   */
  readonly operation?: string;
  /** The object that it waits on. */
  readonly on?: unknown;
  /** The progress of the wait: `'4.2 s to go'`. */
  readonly detail?: string;
  /** The futures that hold it up, if known: the holder of a lock, those of a `gather()`. */
  readonly heldBy?: Iterable<unknown> | undefined;
  /** Is it enough if one of them is done? */
  readonly any?: boolean;
  /** When it ends in any case, on the loop's clock. */
  readonly until?: number | undefined;
}

/** What a wait is for; `more` is called on demand. */
export interface Purpose extends WaitDescription {
  readonly more?: (() => WaitDescription) | undefined;
}

/** Describes what a wait for `future` is for, if its class does not. */
export function describeAs<F extends { _purpose: Purpose | undefined }>(
  future: F,
  operation: string,
  on?: unknown,
  more?: () => WaitDescription,
): F {
  future._purpose = { operation, on, more };
  return future;
}
