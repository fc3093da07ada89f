/** What a task waits for, for people who want to know why it does not go on. */
export interface WaitDescription {
  /** The operation, as a program calls it: `'Queue.get'`; none where it awaits a future or a task. */
  readonly operation?: string;
  /** The object that it waits on. */
  readonly on?: unknown;
  /** How far the wait is: `'4.2 s to go'`. */
  readonly detail?: string;
  /** The tasks by which it is held up, where they are known: who holds a lock. */
  readonly heldBy?: readonly unknown[];
}

/** Says what a wait for `future` is for, where its class does not say. */
export function describeAs<F extends { _purpose: WaitDescription | undefined }>(
  future: F,
  operation: string,
  on?: unknown,
): F {
  future._purpose = { operation, on };
  return future;
}
