import type { WireName } from '../loads.ts';

/**
 * How the client connects to a server. There are two ways: {@link EpollWire}, which costs little more than
 * a client in C, and {@link NetWire}, which works in every Node.
 */
export interface Wire {
  readonly name: WireName;

  /** Starts to connect to a port of 127.0.0.1, with TCP_NODELAY; `peer` is notified of the outcome. */
  connect(port: number, peer: Peer): Link;

  /**
   * Processes events: peers are only called during this.
   *
   * @param seconds - the maximum time
   * @returns `true` if {@link stop} was called, `false` if the time was up
   * @throws {Error} the argument of {@link stop}
   */
  run(seconds: number): Promise<boolean>;

  /** Ends the current run; with an error, it fails, and so does every later one. */
  stop(error?: Error): void;

  /** Frees what the wire itself holds; the links are closed by their owners. */
  close(): void;
}

/** One end of a connection. */
export interface Link {
  /** Sends all of `bytes`, immediately or as the kernel accepts them; one message at a time. */
  send(bytes: Buffer): void;

  /** Closes; the peer is not called any more. Does nothing the second time. */
  close(): void;
}

/** The user of a {@link Link}. */
export interface Peer {
  connected(): void;
  /** `nbytes` bytes are at the start of `buffer`, until this returns; an error ends the run. */
  received(nbytes: number, buffer: Buffer): void;
  /** The connection failed, or the server closed it. */
  lost(error: Error): void;
}

/** The maximum number of bytes received at a time. */
export const READ_SIZE: number = 256 * 1024;

/** The maximum time in seconds for all connects, and for the last messages. */
export const PATIENCE = 30;
