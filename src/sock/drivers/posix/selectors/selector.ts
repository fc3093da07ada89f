/** There is something to read, a connection to accept, or the end. */
export const READABLE = 1;
/** There is room to send, or a connect has finished. */
export const WRITABLE = 2;
/** The peer has ended, or the connection broke: reading reports it from now on. */
export const ENDED = 4;
/** There is ancillary data among the bytes: a receive stops at it. */
export const DIVIDED = 8;

/** Called when a descriptor is ready. */
export interface Watched {
  readonly fd: number;
  /**
   * Called on a change, with {@link READABLE}, {@link WRITABLE}, {@link ENDED}, {@link DIVIDED}.
   *
   * Called in the poll phase or right after it: it may request an immediate, and must not throw.
   */
  onEvents(events: number): void;
}

/** Reports changes of many descriptors. */
export interface Selector {
  /**
   * Requests a report of {@link READABLE} or {@link WRITABLE}, even if it is already ready.
   *
   * @returns `true` if all changes are reported from now on; otherwise only the next one is
   * @throws {OSError} EPERM when the descriptor is always ready, like a file
   */
  want(watched: Watched, events: number): boolean;

  /**
   * Repeats the current state of a descriptor whose changes are all reported, for a receiver that
   * could not act on the report.
   */
  tellAgain(watched: Watched): void;

  /** Stops watching a descriptor that is still open. */
  forget(watched: Watched): void;
}
