/** An entry of the ready queue: a handle, the start of a task, the wake-up of an awaiter. */
export interface Runnable {
  /** @internal runs once; reports its own errors, and never throws */
  _run(): void;
  /** @internal what it runs, if not itself: the task that it wakes */
  readonly _subject?: unknown;
}
