import type { ChildProcess } from 'node:child_process';
import type { CipherNameAndProtocol, PeerCertificate, SecureContext, TLSSocket } from 'node:tls';
import type { Received } from '../base/values/bytes.ts';
import type { Address, AddressInput } from '../sock/addresses/address.ts';
import type { TransportSocket } from './transport-socket.ts';

/** The methods that transports of every kind call. */
export interface BaseCallbacks {
  /** The connection is gone. Called once, last. */
  connectionLost(error?: unknown): void;
  /** More data waits to be sent than the high-water mark allows. */
  pauseWriting(): void;
  /** The waiting data has fallen to the low-water mark. */
  resumeWriting(): void;
}

/** The methods of a stream protocol, which its transport calls. */
export interface ProtocolCallbacks extends BaseCallbacks {
  /** The connection is established. */
  connectionMade(transport: Transport): void;
  /**
   * The server is shutting down: close the transport once current work is done. Without this method
   * the server closes it immediately.
   *
   * Not in asyncio. See {@link Server.shutdown}.
   */
  shutdownRequested?(): void;
  /** @internal returns received data that has not been read */
  _takeUnread?(): Received;
  /** @internal the connection continues on another transport */
  _replaceTransport?(transport: Transport): void;
  /** @internal another transport takes over; `paused`: has it told the protocol to pause? */
  _adoptWriting?(paused: boolean): void;
}

/** The callback that every protocol has. */
export type EndCallbacks = Pick<BaseCallbacks, 'connectionLost'>;

/** The methods that the reading end of a pipe calls. */
export interface ReadPipeCallbacks extends EndCallbacks {
  /** The pipe is open. */
  connectionMade(transport: ReadTransport): void;
  /** Bytes were received. */
  dataReceived(data: Received): void;
  /** The writers are gone. */
  eofReceived(): unknown;
}

/** The methods that the writing end of a pipe calls. */
export interface WritePipeCallbacks extends BaseCallbacks {
  /** The pipe is open. */
  connectionMade(transport: WriteTransport): void;
}

/** The methods that the transport of a child process calls. */
export interface SubprocessCallbacks extends BaseCallbacks {
  /** The child is running and its pipes are open. */
  connectionMade(transport: SubprocessTransport): void;
  /** The child wrote to its descriptor `fd`: 1 or 2. */
  pipeDataReceived(fd: number, data: Received): void;
  /** A pipe was closed. */
  pipeConnectionLost(fd: number, error?: unknown): void;
  /** The child has exited. */
  processExited(): void;
}

/** The methods that a datagram transport calls. */
export interface DatagramCallbacks extends BaseCallbacks {
  /** Datagrams can be sent and received. */
  connectionMade(transport: DatagramTransport): void;
  /** A datagram was received. */
  datagramReceived(data: Received, address: Address): void;
  /** An earlier send, or a receive, failed. */
  errorReceived(error: Error): void;
}

/** Information about a connection, by name; any may be missing. */
export interface ExtraInfo {
  /**
   * The underlying socket, owned by the transport. Use it only to read its state and to set
   * options.
   */
  readonly socket: TransportSocket;
  /** The local address. */
  readonly sockname: Address;
  /** The address of the peer. */
  readonly peername: Address;
  /** With TLS, the context that encrypts the connection. */
  readonly sslcontext: SecureContext;
  /** With TLS, the peer's certificate, if it has one, in Node's form. */
  readonly peercert: PeerCertificate | undefined;
  /** With TLS, the cipher, in Node's form. */
  readonly cipher: CipherNameAndProtocol;
  /** With TLS, the compression: none in Node. */
  readonly compression: undefined;
  /**
   * With TLS, Node's own socket. Only read from it: `alpnProtocol`, `servername`, `authorized`,
   * `getProtocol()`, `getSession()`, …
   */
  readonly sslObject: TLSSocket;
  /**
   * For a pipe, the object passed to {@link Loop.connectReadPipe} or {@link Loop.connectWritePipe}.
   */
  readonly pipe: unknown;
  /** For a child process, Node's own object. Only read from it. */
  readonly subprocess: ChildProcess;
}

/**
 * The base of all transports.
 *
 * @see asyncio's `BaseTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport
 */
export abstract class BaseTransport {
  readonly #extra: Partial<ExtraInfo>;

  /** @param extra - what {@link getExtraInfo} returns */
  constructor(extra: Partial<ExtraInfo> = {}) {
    this.#extra = extra;
  }

  /**
   * Extra information about the connection; `undefined` if unknown.
   *
   * @param name - `'socket'`, `'sockname'`, `'peername'`; with TLS also `'sslcontext'`,
   *   `'peercert'`, `'cipher'`, `'sslObject'`
   */
  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name] | undefined;
  /**
   * Extra information about the connection; `fallback` if unknown.
   *
   * @param fallback - returned if unknown
   */
  getExtraInfo<Name extends keyof ExtraInfo, Fallback>(
    name: Name,
    fallback: Fallback,
  ): ExtraInfo[Name] | Fallback;
  /**
   * Extra information about the connection.
   *
   * @param name - a name that other transports may define
   * @param fallback - returned if unknown
   */
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return Object.hasOwn(this.#extra, name) ? this.#extra[name as keyof ExtraInfo] : fallback;
  }

  /** Is it closing or closed? */
  abstract isClosing(): boolean;

  /**
   * Closes the connection when buffered data has been sent. It stops receiving at once. In the end,
   * the loop calls the protocol's `connectionLost(undefined)`. Closing it again has no effect.
   */
  abstract close(): void;
}

/**
 * The reading end of a pipe, as its protocol sees it.
 *
 * Every {@link Transport} is also an `instanceof` this.
 *
 * @see asyncio's `ReadTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.ReadTransport
 */
export abstract class ReadTransport extends BaseTransport {
  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this === ReadTransport && value instanceof Transport) return true;
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /** Sets the protocol to call from now on. */
  abstract setProtocol(protocol: EndCallbacks): void;

  /** The current protocol; `undefined` once the pipe is closed. */
  abstract getProtocol(): EndCallbacks | undefined;

  /** Is it receiving? Not while paused or closing. */
  abstract isReading(): boolean;

  /** Stops reading until {@link resumeReading}. The pipe then holds the writer back. */
  abstract pauseReading(): void;

  /** Resumes receiving. Has no effect if it was not paused, or is closing. */
  abstract resumeReading(): void;
}

/**
 * What a protocol writes to: the end of a pipe, or a whole connection.
 *
 * Nothing here waits. Data that cannot be sent at once is buffered; if too much is buffered, the
 * protocol's `pauseWriting()` is called.
 *
 * @see asyncio's `WriteTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport
 */
export abstract class WriteTransport extends BaseTransport {
  /**
   * @internal how a file is sent: by a system call, or by reading and writing it; `undefined` if
   *   not at all
   */
  get _sendsFiles(): 'by the system' | 'by writing' | undefined {
    return undefined;
  }

  /** @internal was the protocol paused, and not resumed? */
  get _writingPaused(): boolean {
    return false;
  }

  /**
   * @internal how many bytes were received, plus how many waiting bytes the peer has taken. Only
   *   compared with earlier values, so a transport that does not count uses what waits to be sent
   */
  get _traffic(): number {
    return -this.getWriteBufferSize();
  }

  /**
   * @internal sends what the system takes now, without waiting to be called
   *
   * @returns has the peer taken anything since the last answer? `undefined` if {@link _traffic}
   *   shows that
   */
  _trySend(): Promise<boolean> | undefined {
    return undefined;
  }

  /**
   * @internal keeps the connection open when the peer ends, also with TLS, until `_endSending()`
   */
  _keepHalfOpen(): void {}

  /** @internal `writeEof()`, and also with TLS after `_keepHalfOpen()` */
  _endSending(): void {
    this.writeEof();
  }

  /** Sets the protocol to call from now on. */
  abstract setProtocol(protocol: BaseCallbacks): void;

  /** The current protocol; `undefined` once the connection is gone. */
  abstract getProtocol(): BaseCallbacks | undefined;

  /**
   * Closes the connection immediately, and drops buffered data. The protocol's
   * `connectionLost(undefined)` is called in the next turn.
   */
  abstract abort(): void;

  /**
   * Sends `data`: as much as possible immediately, the rest when the peer takes more. A string is
   * sent as UTF-8; a lone surrogate becomes U+FFFD, as everywhere in JavaScript. Unlike asyncio,
   * which does not accept strings; see docs/differences.md#strings-are-sent-as-utf-8.
   *
   * Small writes with nothing received in between are sent together at the end of the turn. See
   * docs/differences.md#small-writes.
   *
   * The caller may reuse `data` once the call returns. Data written after the connection was lost
   * is dropped, and logged from the fifth time on.
   *
   * @throws {TypeError} when `data` is neither a `Uint8Array` nor a string
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract write(data: Uint8Array | string): void;

  /**
   * Sends several pieces as one.
   *
   * @throws {TypeError} when one of them is neither a `Uint8Array` nor a string, or `pieces` is
   *   itself a string
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract writelines(pieces: Iterable<Uint8Array | string>): void;

  /**
   * Ends sending once buffered data is sent; the peer may continue. Has no effect if it has ended
   * or is closing.
   *
   * @throws {OSError} when the connection is broken
   */
  abstract writeEof(): void;

  /** Can sending be ended separately? */
  abstract canWriteEof(): boolean;

  /**
   * Sets how much data may be buffered before the protocol's `pauseWriting()` is called, which may
   * happen immediately.
   *
   * @param high - bytes above which `pauseWriting()` is called; by default 64 KiB (512 KiB with
   *   TLS), or four times `low`
   * @param low - bytes at or below which `resumeWriting()` is called; by default a quarter of
   *   `high`
   * @throws {RangeError} when not `high >= low >= 0`
   */
  abstract setWriteBufferLimits(high?: number, low?: number): void;

  /** The limits, in bytes. */
  abstract getWriteBufferLimits(): [low: number, high: number];

  /** How many bytes wait to be sent. */
  abstract getWriteBufferSize(): number;
}

/**
 * A connection, as its protocol sees it: calls send bytes, and callbacks receive them.
 *
 * Nothing here waits. Data that cannot be sent at once is buffered; if too much is buffered, the
 * protocol's `pauseWriting()` is called.
 *
 * @see asyncio's `Transport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Transport
 */
export abstract class Transport extends WriteTransport {
  /** Sets the protocol to call from now on. */
  abstract override setProtocol(protocol: ProtocolCallbacks): void;

  /** The current protocol; `undefined` once the connection is gone. */
  abstract override getProtocol(): ProtocolCallbacks | undefined;

  /** Is it receiving? Not while paused or closing. */
  abstract isReading(): boolean;

  /** Stops receiving until {@link resumeReading}. The system then holds the peer back. */
  abstract pauseReading(): void;

  /** Resumes receiving. Has no effect if it was not paused, or is closing. */
  abstract resumeReading(): void;
}

/**
 * A child process, as its protocol sees it.
 *
 * @see asyncio's `SubprocessTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport
 */
export abstract class SubprocessTransport extends BaseTransport {
  /** Sets the protocol to call from now on. */
  abstract setProtocol(protocol: SubprocessCallbacks): void;

  /** The current protocol; `undefined` once the child has exited and its pipes are closed. */
  abstract getProtocol(): SubprocessCallbacks | undefined;

  /** The process id. */
  abstract getPid(): number;

  /**
   * The return code: the exit code, or minus the number of the signal that ended the child;
   * `undefined` while it runs.
   */
  abstract getReturncode(): number | undefined;

  /**
   * The transport of a pipe to the child.
   *
   * @param fd - 0 for its input, 1 and 2 for its output
   * @returns `undefined` if there is no such pipe
   */
  abstract getPipeTransport(fd: number): ReadTransport | WriteTransport | undefined;

  /**
   * Sends a signal to the child. Has no effect if it has just exited.
   *
   * @param signal - the signal's name, such as `'SIGTERM'`, or its number
   * @throws {TypeError} when it is neither
   * @throws {RangeError} when there is no such signal
   * @throws {ProcessLookupError} when the child has exited, and its protocol was notified
   * @throws {PermissionError} when the child runs as another user
   */
  abstract sendSignal(signal: NodeJS.Signals | number): void;

  /**
   * Asks the child to end: sends SIGTERM.
   * @throws like {@link sendSignal}
   */
  abstract terminate(): void;

  /**
   * Kills the child: sends SIGKILL.
   * @throws like {@link sendSignal}
   */
  abstract kill(): void;

  /** Closes the pipes, and kills the child if it still runs. Closing it again has no effect. */
  abstract override close(): void;
}

/**
 * A datagram socket, as its protocol sees it.
 *
 * @see asyncio's `DatagramTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramTransport
 */
export abstract class DatagramTransport extends BaseTransport {
  /** Sets the protocol to call from now on. */
  abstract setProtocol(protocol: DatagramCallbacks): void;

  /** The current protocol; `undefined` once the transport is closed. */
  abstract getProtocol(): DatagramCallbacks | undefined;

  /**
   * Sends one datagram, immediately or when the system takes more. The caller may reuse `data` once
   * the call returns.
   *
   * A failure goes to the protocol's `errorReceived()`, and does not close the transport.
   *
   * @param data - the datagram; may be empty
   * @param address - the receiver; not needed if the transport has a remote address
   * @throws {TypeError} when `data` is not a `Uint8Array`
   * @throws {RangeError} when `address` differs from the transport's remote address
   */
  abstract sendto(data: Uint8Array, address?: AddressInput): void;

  /**
   * Closes the socket immediately, and drops buffered data. The protocol's
   * `connectionLost(undefined)` is called in the next turn.
   */
  abstract abort(): void;

  /**
   * Sets how much data may be buffered before the protocol's `pauseWriting()` is called, which may
   * happen immediately.
   *
   * @param high - bytes above which `pauseWriting()` is called; by default 64 KiB, or four times
   *   `low`
   * @param low - bytes at or below which `resumeWriting()` is called; by default a quarter of
   *   `high`
   * @throws {RangeError} when not `high >= low >= 0`
   */
  abstract setWriteBufferLimits(high?: number, low?: number): void;

  /** The limits, in bytes. */
  abstract getWriteBufferLimits(): [low: number, high: number];

  /** How many bytes wait to be sent. */
  abstract getWriteBufferSize(): number;
}
