import type { WireName } from '../loads.ts';

/**
 * How the client reaches a server. There are two: {@link EpollWire}, which costs hardly more than
 * a client in C, and {@link NetWire}, which every Node has.
 */
export interface Wire {
  readonly name: WireName;

  /** Starts to connect to a port of 127.0.0.1, with TCP_NODELAY; `peer` is told what comes of it. */
  connect(port: number, peer: Peer): Link;

  /**
   * Lets things happen: nothing is told to any peer at another time.
   *
   * @param seconds - the longest that it may take
   * @returns `true` when somebody called {@link stop}, `false` when the time was over
   * @throws {Error} what {@link stop} was called with
   */
  run(seconds: number): Promise<boolean>;

  /** Ends the run under way; with an error it fails, and so does every later one. */
  stop(error?: Error): void;

  /** Frees what the wire itself holds; the links are closed by those who have them. */
  close(): void;
}

/** One end of a connection. */
export interface Link {
  /** Sends all of `bytes`, at once or as the kernel takes them; one message at a time. */
  send(bytes: Buffer): void;

  /** Closes; the peer is told nothing more. Again: does nothing. */
  close(): void;
}

/** Who is at a {@link Link}. */
export interface Peer {
  connected(): void;
  /** `nbytes` bytes stand at the start of `buffer`, until this returns; to throw ends the run. */
  received(nbytes: number, buffer: Buffer): void;
  /** The connection failed, or the server closed it. */
  lost(error: Error): void;
}

/** The most that is received at once, in bytes. */
export const READ_SIZE: number = 256 * 1024;

/** Seconds that all connects, and the last messages, may take. */
export const PATIENCE = 30;
