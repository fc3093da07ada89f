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
  /** The tasks that hold it up, if known: the holder of a lock. */
  readonly heldBy?: readonly unknown[];
}

/** Describes what a wait for `future` is for, if its class does not. */
export function describeAs<F extends { _purpose: WaitDescription | undefined }>(
  future: F,
  operation: string,
  on?: unknown,
): F {
  future._purpose = { operation, on };
  return future;
}
