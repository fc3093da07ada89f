import type { ChildProcess } from 'node:child_process';
import type { CipherNameAndProtocol, PeerCertificate, SecureContext, TLSSocket } from 'node:tls';
import type { Received } from '../base/values/bytes.ts';
import type { Address, AddressInput } from '../sock/addresses/address.ts';
import type { TransportSocket } from './transport-socket.ts';

/** What the transports of every kind call. */
export interface BaseCallbacks {
  /** The connection is gone. Called once, last. */
  connectionLost(error?: unknown): void;
  /** More waits to be sent than the high-water mark allows. */
  pauseWriting(): void;
  /** No more waits to be sent than the low-water mark says. */
  resumeWriting(): void;
}

/** What a transport calls: the methods of every protocol, whatever it is made of. */
export interface ProtocolCallbacks extends BaseCallbacks {
  /** The connection is established. */
  connectionMade(transport: Transport): void;
  /**
   * The server shuts down: close the transport once current work is done. Without this
   * method the server closes it at once.
   *
   * Not in asyncio. See {@link Server.shutdown}.
   */
  shutdownRequested?(): void;
  /** @internal gives away what was received and not read */
  _takeUnread?(): Received;
  /** @internal the connection goes on over another transport */
  _replaceTransport?(transport: Transport): void;
  /** @internal a transport calls it from now on, whose protocol was told to pause, or was not */
  _adoptWriting?(paused: boolean): void;
}

/** What every protocol has. */
export type EndCallbacks = Pick<BaseCallbacks, 'connectionLost'>;

/** What the end of a pipe that is read from calls. */
export interface ReadPipeCallbacks extends EndCallbacks {
  /** The pipe is open. */
  connectionMade(transport: ReadTransport): void;
  /** Bytes came. */
  dataReceived(data: Received): void;
  /** Nobody writes any more. */
  eofReceived(): unknown;
}

/** What the end of a pipe that is written to calls. */
export interface WritePipeCallbacks extends BaseCallbacks {
  /** The pipe is open. */
  connectionMade(transport: WriteTransport): void;
}

/** What the transport of a child process calls. */
export interface SubprocessCallbacks extends BaseCallbacks {
  /** The child runs, and its pipes are open. */
  connectionMade(transport: SubprocessTransport): void;
  /** The child wrote to its descriptor `fd`: 1 or 2. */
  pipeDataReceived(fd: number, data: Received): void;
  /** A pipe is closed. */
  pipeConnectionLost(fd: number, error?: unknown): void;
  /** The child has exited. */
  processExited(): void;
}

/** What a transport of datagrams calls. */
export interface DatagramCallbacks extends BaseCallbacks {
  /** Datagrams can be sent and received. */
  connectionMade(transport: DatagramTransport): void;
  /** A datagram came. */
  datagramReceived(data: Received, address: Address): void;
  /** An earlier send, or a receive, failed. */
  errorReceived(error: Error): void;
}

/** What every transport knows, by name; any may be missing. */
export interface ExtraInfo {
  /** The socket underneath. The transport's: only to be asked, and to have options set. */
  readonly socket: TransportSocket;
  /** The own address. */
  readonly sockname: Address;
  /** The address of the peer. */
  readonly peername: Address;
  /** With TLS, what the connection is encrypted by. */
  readonly sslcontext: SecureContext;
  /** With TLS, the certificate of the peer, if it has one, as Node has it. */
  readonly peercert: PeerCertificate | undefined;
  /** With TLS, the cipher, as Node has it. */
  readonly cipher: CipherNameAndProtocol;
  /** With TLS, how it is compressed: Node never does. */
  readonly compression: undefined;
  /**
   * With TLS, Node's own socket. Only read from it: `alpnProtocol`, `servername`, `authorized`,
   * `getProtocol()`, `getSession()`, …
   */
  readonly sslObject: TLSSocket;
  /** Of a pipe, what {@link Loop.connectReadPipe} or {@link Loop.connectWritePipe} was given. */
  readonly pipe: unknown;
  /** Of a child process, Node's own: only to be asked. */
  readonly subprocess: ChildProcess;
}

/**
 * What all transports have in common.
 *
 * @see asyncio's `BaseTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.BaseTransport
 */
export abstract class BaseTransport {
  readonly #extra: Partial<ExtraInfo>;

  /** @param extra - what {@link getExtraInfo} shall know */
  constructor(extra: Partial<ExtraInfo> = {}) {
    this.#extra = extra;
  }

  /**
   * Extra information about the connection; `undefined` if it is not known.
   *
   * @param name - `'socket'`, `'sockname'`, `'peername'`; with TLS `'sslcontext'`, `'peercert'`,
   *   `'cipher'`, `'sslObject'`, too
   */
  getExtraInfo<Name extends keyof ExtraInfo>(name: Name): ExtraInfo[Name] | undefined;
  /**
   * Extra information about the connection; `fallback` if it is not known.
   *
   * @param fallback - returned if it is not known
   */
  getExtraInfo<Name extends keyof ExtraInfo, Fallback>(
    name: Name,
    fallback: Fallback,
  ): ExtraInfo[Name] | Fallback;
  /**
   * Extra information about the connection.
   *
   * @param name - a name that other transports may know
   * @param fallback - returned if it is not known
   */
  getExtraInfo(name: string, fallback?: unknown): unknown;
  getExtraInfo(name: string, fallback?: unknown): unknown {
    return Object.hasOwn(this.#extra, name) ? this.#extra[name as keyof ExtraInfo] : fallback;
  }

  /** Does it close, or is it closed? */
  abstract isClosing(): boolean;

  /**
   * Closes the connection: nothing more is received, buffered data is sent, and then the protocol's
   * `connectionLost(undefined)` is called by the loop. Does nothing if it is closing already.
   */
  abstract close(): void;
}

/**
 * The end of a pipe that is read from, as its protocol sees it.
 *
 * Every {@link Transport} counts as one, too: `instanceof` says so.
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

  /** Has the protocol called from now on. */
  abstract setProtocol(protocol: EndCallbacks): void;

  /** Who is called; `undefined` once the pipe is closed. */
  abstract getProtocol(): EndCallbacks | undefined;

  /** Does it receive? Not when paused or closing. */
  abstract isReading(): boolean;

  /** Leaves what comes in the pipe, which holds the writer back, until {@link resumeReading}. */
  abstract pauseReading(): void;

  /** Receives again. Does nothing when it was not paused, or is closing. */
  abstract resumeReading(): void;
}

/**
 * Where a protocol writes: the end of a pipe, or a whole connection.
 *
 * Nothing here waits. Data that cannot be sent at once is buffered; a protocol that sends more than the reader takes
 * has its `pauseWriting()` called.
 *
 * @see asyncio's `WriteTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport
 */
export abstract class WriteTransport extends BaseTransport {
  /** @internal how a file is sent: by the system, or by reading it and writing; else not at all */
  get _sendsFiles(): 'by the system' | 'by writing' | undefined {
    return undefined;
  }

  /** @internal was the protocol told to pause, and not yet to go on? */
  get _writingPaused(): boolean {
    return false;
  }

  /**
   * @internal how many bytes the peer has sent so far, and has taken of what had to wait; only ever
   * compared with an earlier answer, so a transport without a count tells by what waits to be sent
   */
  get _traffic(): number {
    return -this.getWriteBufferSize();
  }

  /** @internal sends now what the system takes, without being told that it does */
  _sendWhatGoes(): void {}

  /** @internal keeps the connection when the peer ends, also with TLS, until `_endSending()` */
  _keepHalfOpen(): void {}

  /** @internal `writeEof()`, and also with TLS after `_keepHalfOpen()` */
  _endSending(): void {
    this.writeEof();
  }

  /** Has the protocol called from now on. */
  abstract setProtocol(protocol: BaseCallbacks): void;

  /** Who is called; `undefined` once the connection is gone. */
  abstract getProtocol(): BaseCallbacks | undefined;

  /**
   * Closes the connection at once, and drops buffered data. The protocol's
   * `connectionLost(undefined)` is called in the next turn.
   */
  abstract abort(): void;

  /**
   * Sends `data`: as much as possible at once, the rest when the peer takes more. A string is sent as
   * UTF-8; half a surrogate pair becomes U+FFFD, as everywhere in JavaScript. Unlike
   * asyncio, which takes no strings; see docs/differences.md#strings-are-sent-as-utf-8.
   *
   * Small pieces that are written with nothing received in between are sent together at
   * the end of the turn. See docs/differences.md#small-writes.
   *
   * When the call returns, the bytes are the caller's again. Data written after the connection was lost
   * is dropped, and logged from the fifth time on.
   *
   * @throws {TypeError} when `data` is neither a `Uint8Array` nor a string
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract write(data: Uint8Array | string): void;

  /**
   * Sends several pieces as if they were one.
   *
   * @throws {TypeError} when one of them is neither a `Uint8Array` nor a string; when `pieces` is a
   *   string itself
   * @throws {RuntimeError} after {@link writeEof}
   */
  abstract writelines(pieces: Iterable<Uint8Array | string>): void;

  /**
   * Ends sending once buffered data is sent; the peer may go on. If it has ended or is closing, does
   * nothing.
   *
   * @throws {OSError} when the connection is broken
   */
  abstract writeEof(): void;

  /** Can sending be ended alone? */
  abstract canWriteEof(): boolean;

  /**
   * Sets how much data may be buffered before the protocol's `pauseWriting()` is called, possibly at once.
   *
   * @param high - bytes above which `pauseWriting()` is called; by default 64 KiB, or four times `low`
   * @param low - bytes at or below which `resumeWriting()` is called; by default a quarter of `high`
   * @throws {RangeError} when not `high >= low >= 0`
   */
  abstract setWriteBufferLimits(high?: number, low?: number): void;

  /** The two marks, in bytes. */
  abstract getWriteBufferLimits(): [low: number, high: number];

  /** How many bytes wait to be sent. */
  abstract getWriteBufferSize(): number;
}

/**
 * A connection, as its protocol sees it: calls send bytes, and callbacks receive them.
 *
 * Nothing here waits. Data that cannot be sent at once is buffered; a protocol that sends more than the peer takes
 * has its `pauseWriting()` called.
 *
 * @see asyncio's `Transport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.Transport
 */
export abstract class Transport extends WriteTransport {
  /** Has the protocol called from now on. */
  abstract override setProtocol(protocol: ProtocolCallbacks): void;

  /** Who is called; `undefined` once the connection is gone. */
  abstract override getProtocol(): ProtocolCallbacks | undefined;

  /** Does it receive? Not when paused or closing. */
  abstract isReading(): boolean;

  /** Leaves what comes with the system, which holds the peer back, until {@link resumeReading}. */
  abstract pauseReading(): void;

  /** Receives again. Does nothing when it was not paused, or is closing. */
  abstract resumeReading(): void;
}

/**
 * A child process, as its protocol sees it.
 *
 * @see asyncio's `SubprocessTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.SubprocessTransport
 */
export abstract class SubprocessTransport extends BaseTransport {
  /** Has the protocol called from now on. */
  abstract setProtocol(protocol: SubprocessCallbacks): void;

  /** Who is called; `undefined` once the child has exited and its pipes are closed. */
  abstract getProtocol(): SubprocessCallbacks | undefined;

  /** The number of the process. */
  abstract getPid(): number;

  /**
   * How the child ended: its exit code, or minus the number of the signal that killed it; `undefined`
   * while it runs.
   */
  abstract getReturncode(): number | undefined;

  /**
   * The transport of a pipe to the child.
   *
   * @param fd - 0: what it reads; 1 and 2: what it writes
   * @returns `undefined` where there is no pipe
   */
  abstract getPipeTransport(fd: number): ReadTransport | WriteTransport | undefined;

  /**
   * Sends a signal to the child. Has no effect if it has exited.
   *
   * @param signal - the signal's name, such as `'SIGTERM'`, or its number
   * @throws {TypeError} when it is neither
   * @throws {RangeError} when there is no such signal
   * @throws {ProcessLookupError} when the child has exited, and its protocol was told of the end
   * @throws {PermissionError} when the child belongs to somebody else
   */
  abstract sendSignal(signal: NodeJS.Signals | number): void;

  /** Asks the child to end: sends SIGTERM. @throws as {@link sendSignal} */
  abstract terminate(): void;

  /** Ends the child: sends SIGKILL. @throws as {@link sendSignal} */
  abstract kill(): void;

  /** Closes the pipes, and kills a child that still runs. Does nothing the second time. */
  abstract override close(): void;
}

/**
 * A datagram socket, as its protocol sees it.
 *
 * @see asyncio's `DatagramTransport`,
 *   https://docs.python.org/3/library/asyncio-protocol.html#asyncio.DatagramTransport
 */
export abstract class DatagramTransport extends BaseTransport {
  /** Has the protocol called from now on. */
  abstract setProtocol(protocol: DatagramCallbacks): void;

  /** Who is called; `undefined` once the transport is closed. */
  abstract getProtocol(): DatagramCallbacks | undefined;

  /**
   * Sends one datagram, at once or when the system takes more; the bytes are the caller's again
   * when the call returns.
   *
   * A failure goes to the protocol's `errorReceived()`, and does not close the transport.
   *
   * @param data - the datagram; may be empty
   * @param address - the receiver; not needed if the transport has a remote address
   * @throws {TypeError} when `data` is not a `Uint8Array`
   * @throws {RangeError} when the transport has another remote address than `address`
   */
  abstract sendto(data: Uint8Array, address?: AddressInput): void;

  /**
   * Closes the socket at once, and drops buffered data. The protocol's
   * `connectionLost(undefined)` is called in the next turn.
   */
  abstract abort(): void;

  /**
   * Sets how much data may be buffered before the protocol's `pauseWriting()` is called, possibly at once.
   *
   * @param high - bytes above which `pauseWriting()` is called; by default 64 KiB, or four times `low`
   * @param low - bytes at or below which `resumeWriting()` is called; by default a quarter of `high`
   * @throws {RangeError} when not `high >= low >= 0`
   */
  abstract setWriteBufferLimits(high?: number, low?: number): void;

  /** The two marks, in bytes. */
  abstract getWriteBufferLimits(): [low: number, high: number];

  /** How many bytes wait to be sent. */
  abstract getWriteBufferSize(): number;
}
