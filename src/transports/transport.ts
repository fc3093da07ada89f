import type { Address } from '../sock/address.ts';
import type { Socket } from '../sock/socket.ts';

/** What a transport calls: the methods of every protocol, whatever it is made of. */
export interface ProtocolCallbacks {
  /** The connection stands. */
  connectionMade(transport: Transport): void;
  /** The connection is gone; called once, and last. */
  connectionLost(error?: unknown): void;
  /** More waits to be sent than the high-water mark allows. */
  pauseWriting(): void;
  /** No more waits to be sent than the low-water mark says. */
  resumeWriting(): void;
}

/** What every transport knows, by name; any may be missing. */
export interface ExtraInfo {
  /** The socket underneath. The transport's: only to be asked, and to have options set. */
  readonly socket: Socket;
  /** The own address. */
  readonly sockname: Address;
  /** The address of the peer. */
  readonly peername: Address;
}

/**
 * A connection, as its protocol sees it: bytes go out by calls, and come in by callbacks.
 *
 * Nothing here waits. What cannot be sent at once is kept; whoever sends more than the peer takes
 * is told by the protocol's `pauseWriting()`.
 *
 * @see asyncio's `Transport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Transport
 */
export abstract class Transport {
  readonly #extra: Partial<ExtraInfo>;

  /** @param extra - what {@link getExtraInfo} shall know */
  constructor(extra: Partial<ExtraInfo> = {}) {
    this.#extra = extra;
  }

  /**
   * What is known of the connection beside its bytes; `undefined` where that is not known.
   *
   * @param name - `'socket'`, `'sockname'` or `'peername'`
   */
  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name] | undefined;
  /**
   * What is known of the connection beside its bytes.
   *
   * @param name - what a transport of another kind may know, too
   * @param fallback - what to give where that is not known
   */
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return Object.hasOwn(this.#extra, name) ? this.#extra[name as keyof ExtraInfo] : fallback;
  }

  /** Has the protocol called from now on. */
  abstract setProtocol(protocol: ProtocolCallbacks): void;

  /** Who is called; `undefined` once the connection is gone. */
  abstract getProtocol(): ProtocolCallbacks | undefined;

  /** Does it close, or is it closed? */
  abstract isClosing(): boolean;

  /**
   * Closes the connection: nothing more is received, what waits is sent, and then the protocol's
   * `connectionLost(undefined)` is called by the loop. Again: does nothing.
   */
  abstract close(): void;

  /**
   * Closes the connection at once: what waits to be sent is dropped. The protocol's
   * `connectionLost(undefined)` is called in the next turn.
   */
  abstract abort(): void;

  /** Does it receive? Not when paused or closing. */
  abstract isReading(): boolean;

  /** Leaves what comes with the system, which holds the peer back, until {@link resumeReading}. */
  abstract pauseReading(): void;

  /** Receives again. Does nothing when it was not paused, or is closing. */
  abstract resumeReading(): void;

  /**
   * Sends `data`: at once as far as it goes, the rest when the peer takes more.
   *
   * The bytes are the caller's again when the call returns. Written after the connection was lost,
   * they are dropped; from the fifth time on that is logged.
   *
   * @throws {TypeError} when `data` is no `Uint8Array`
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract write(data: Uint8Array): void;

  /**
   * Sends several pieces as if they were one.
   *
   * @throws {TypeError} when one of them is no `Uint8Array`
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract writelines(pieces: Iterable<Uint8Array>): void;

  /**
   * Ends sending, once what waits is sent; the peer may go on. Again, or when closing: does
   * nothing.
   *
   * @throws {OSError} when the connection is broken
   */
  abstract writeEof(): void;

  /** Can sending be ended alone? */
  abstract canWriteEof(): boolean;

  /**
   * Says how much may wait to be sent before the protocol is told to pause, which it may be at once.
   *
   * @param high - bytes above which `pauseWriting()` is called; 64 KiB, or four times `low`
   * @param low - bytes from which on down `resumeWriting()` is called; a quarter of `high`
   * @throws {RangeError} when not `high >= low >= 0`
   */
  abstract setWriteBufferLimits(high?: number, low?: number): void;

  /** The two marks, in bytes. */
  abstract getWriteBufferLimits(): [low: number, high: number];

  /** How many bytes wait to be sent. */
  abstract getWriteBufferSize(): number;
}
