/** There is something to read, or the end, or a connection. */
export const READABLE = 1;
/** There is room to send, or a connect is over. */
export const WRITABLE = 2;
/** The peer has ended, or the connection broke: from now on reading tells of it without fail. */
export const ENDED = 4;
/** Something other than plain bytes is among those to read: a receive stops short of it. */
export const DIVIDED = 8;

/** Called when a descriptor is ready. */
export interface Watched {
  readonly fd: number;
  /**
   * Told of a change: {@link READABLE}, {@link WRITABLE}, {@link ENDED}, {@link DIVIDED}.
   *
   * Called in the poll phase or right after it: it may ask for an immediate and must not throw.
   */
  onEvents(events: number): void;
}

/** A way to be told what becomes of many descriptors. */
export interface Selector {
  /**
   * Asks for news of {@link READABLE} or {@link WRITABLE}; what is so already is news, too.
   *
   * @returns whether all changes of both are reported from now on; otherwise only the next one is
   * @throws {OSError} EPERM when the descriptor is of a kind that is always ready
   */
  want(watched: Watched, events: number): boolean;

  /**
   * Has what is so now told once more, of a descriptor of which all changes are told: for who was
   * told, and could not find out.
   */
  tellAgain(watched: Watched): void;

  /** Forgets a descriptor, while it is still open. */
  forget(watched: Watched): void;
}
