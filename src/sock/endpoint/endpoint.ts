import type { Address } from '../addresses/address.ts';
import type { AncillaryData } from '../messages/ancillary.ts';

/**
 * The interface of a driver: all that the rest of the library knows of it.
 *
 * An operation acts immediately, reports that it would block (`undefined`, `-1` or `false`; never
 * an exception, because this is the hot path), or throws an `OSError`. To wait, put an object into
 * a slot; it is called once.
 *
 * Hosts in addresses are numeric here; names are resolved above.
 */

/** Something that waits. One object serves many waits, so that nothing is allocated per message. */
export interface Ready {
  /**
   * An operation of the slot's side may succeed now: try it again.
   *
   * Called in the poll phase, not inside a `try…` of the same endpoint. It must be short and must
   * not throw: schedule a wake-up. If it settles promises, their reactions run only after the next
   * callback of Node itself.
   *
   * @param together - is it one of several that one poll reported?
   */
  ready(together?: boolean): void;
}

/** The name of a driver. */
export type DriverName = 'node' | 'memory' | 'posix' | 'simulation';

/** Why a driver is unavailable. */
export interface Missing {
  readonly why: string;
  /** Is it permanent? If not, it is checked again each time. */
  readonly permanent: boolean;
}

/** Creates sockets. */
export interface Driver {
  readonly name: DriverName;

  /** Why it is unavailable; `undefined` if it is available. */
  readonly missing?: Missing | undefined;

  /** Can it create a socket of this family and type? */
  supports(family: number, type: number): boolean;

  /**
   * Creates a socket.
   *
   * @throws {OSError} when the kind is not supported, or descriptors ran out
   */
  open(family: number, type: number, proto: number): Endpoint;

  /**
   * Creates two sockets that are connected to each other.
   *
   * @throws {OSError} when the kind is not supported, or descriptors ran out
   */
  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint];

  /**
   * Creates a socket from a descriptor.
   *
   * @param kind - its family, type and protocol; -1 to ask the system
   * @param copy - uses a duplicate of the descriptor
   * @throws {OSError} EBADF, ENOTSOCK; EBUSY when it belongs to one of our sockets; EOPNOTSUPP when
   *   the driver cannot use descriptors
   */
  adopt(fd: number, kind: Kind, copy: boolean): Endpoint;

  /**
   * Takes over one end of a pipe, or something that can be used as one. Closing it closes the
   * descriptor, except for the standard ones: 0, 1 and 2.
   *
   * @param writes - is it the writing end?
   * @param leaves - does something else close the descriptor?
   * @throws {OSError} EBADF; EBUSY when it belongs to one of our sockets; EOPNOTSUPP when the
   *   driver cannot
   */
  adoptPipe(fd: number, kind: PipeKind, writes: boolean, leaves: boolean): PipeEnd;

  /**
   * Creates a pipe for a child process that is about to be started. Missing if the driver cannot.
   *
   * @param writes - does this process write to it?
   * @throws {OSError} when descriptors ran out
   */
  readonly pipeToChild?: ((writes: boolean) => ChildPipe) | undefined;
}

/** A pipe to a child process. */
export interface ChildPipe {
  /** Our end. */
  readonly end: PipeEnd;
  /** The child's end. It blocks, and no other child inherits it. */
  readonly theirs: number;
  /** Closes the child's end in this process, once the child has it. */
  closeTheirs(): void;
}

/** The kind of a descriptor that is used as a pipe. */
export type PipeKind = 'fifo' | 'socket' | 'device';

/** One end of a pipe: a part of an {@link Endpoint}. */
export interface PipeEnd
  extends Pick<
    Endpoint,
    | 'driver'
    | 'reader'
    | 'writer'
    | 'mayReceive'
    | 'tryRecv'
    | 'trySend'
    | 'close'
    | 'closed'
    | 'fileno'
  > {
  /**
   * For a writing end: does `tryRecv()` return something once the reader is gone? If not, only a
   * failing write shows it.
   */
  readonly noticesReader?: boolean;
}

/** What a socket is; -1 if unknown. */
export interface Kind {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
}

/**
 * A driver's socket.
 *
 * The slots hold what waits, put there after a try that would block. The driver empties a slot and
 * calls `ready()` when a try may succeed, when it would fail, and when the endpoint is closed (a
 * try then throws EBADF). Setting `undefined` empties it. Callers ensure that only one waits.
 */
export interface Endpoint {
  readonly driver: DriverName;
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  /** Was it closed? Then every operation throws EBADF. */
  readonly closed: boolean;

  /** Waits for bytes, a datagram, a connection to accept, or the end. */
  reader: Ready | undefined;
  /** Waits for room to send, or for the outcome of a connect. */
  writer: Ready | undefined;

  /** How many bytes the program has received. */
  readonly bytesRead: number;
  /** How many bytes it has taken from the program to send. */
  readonly bytesWritten: number;

  /** May a receive or an accept succeed, as far as is known? If not, `reader` will be called. */
  readonly mayReceive: boolean;

  /**
   * Makes the next try on a side ask the system regardless of what is remembered: for callers that
   * try again without having been called.
   */
  resetReadiness(side: 'reader' | 'writer'): void;

  /** Accepts an incoming connection; `undefined` if there is none. */
  tryAccept(): Accepted | undefined;

  /**
   * Takes up to `nbytes` bytes, at least 1, or one datagram cut to that length. An empty result
   * means the end; it is then returned by every call.
   */
  tryRecv(nbytes: number): Buffer | undefined;

  /** Fills `view` from its start; returns how many bytes, 0 at the end, -1 if it would block. */
  tryRecvInto(view: Uint8Array): number;

  /** Takes one datagram with its sender; on a stream, bytes with the peer's address. */
  tryRecvfrom(nbytes: number): ReceivedFrom | undefined;

  /** Fills `view` with one datagram. */
  tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined;

  /**
   * Sends as much of `data` from index `from` as the driver takes. Returns the number of bytes; -1
   * if it would block.
   *
   * The bytes were copied or sent: the caller may overwrite them.
   */
  trySend(data: Uint8Array, from: number): number;

  /**
   * Has the peer taken bytes since the last answer, while a send would block? The first answer is
   * yes. Missing in drivers whose {@link trySend} detects it; `undefined` if that cannot be known.
   */
  readonly hasMovedOn?: (() => Promise<boolean> | undefined) | undefined;

  /** Sends one datagram. Returns its length; -1 if it would block. */
  trySendto(data: Uint8Array, address: Address): number;

  /**
   * Fills `view` like recvmsg(); `undefined` if it would block.
   *
   * @param ancbufsize - room for ancillary data, in bytes
   * @throws {OSError} EOPNOTSUPP for unsupported flags, or if the driver has no ancillary data
   */
  tryRecvmsg(view: Uint8Array, ancbufsize: number, flags: number): ReceivedMessage | undefined;

  /**
   * Sends like sendmsg(). Returns the number of bytes; -1 if it would block.
   *
   * @param control - ancillary data as C lays it out
   * @param address - of the receiver of a datagram; by default the connection's
   * @throws {OSError} EOPNOTSUPP for unsupported flags, or if the driver has no ancillary data
   */
  trySendmsg(
    data: Uint8Array,
    control: Buffer | undefined,
    flags: number,
    address: Address | undefined,
  ): number;

  /**
   * Sends bytes of a file from a position without reading them into this process. Returns the
   * number of bytes, 0 at the end of the file, -1 if it would block. Missing if the driver cannot.
   *
   * @throws {OSError} EINVAL when this kind of file cannot be sent
   */
  readonly trySendfile?: ((file: number, offset: number, nbytes: number) => number) | undefined;

  /**
   * Starts to connect. Returns `true` when connected; `false` when `writer` will be called with the
   * outcome, which {@link connectError} then returns.
   */
  connect(address: Address): boolean;

  /**
   * Why the last connect failed; returned once, like SO_ERROR.
   *
   * @param strerror - makes the text in place of the system's; a driver may ignore it
   * @throws {OSError} EBADF when it was closed in the meantime
   */
  connectError(strerror?: () => string): Error | undefined;

  bind(address: Address): void;
  listen(backlog: number): void;
  shutdown(how: number): void;

  /** Frees the descriptor. Bytes that were taken are still sent. Calling it again has no effect. */
  close(): void;

  /** The socket's own address; while there is none, that of any host and port 0, or `''`. */
  getsockname(): Address;

  /** @throws {OSError} ENOTCONN when there is no peer */
  getpeername(): Address;

  /** The value is a number, or a C structure as bytes. */
  setsockopt(level: number, option: number, value: number | Uint8Array): void;
  getsockopt(level: number, option: number): number | Buffer;

  /** The descriptor; -1 if it is closed or the driver has none yet. */
  fileno(): number;

  /** Do child processes inherit the descriptor? */
  getInheritable(): boolean;

  /** @throws {OSError} EOPNOTSUPP when the driver cannot */
  setInheritable(inheritable: boolean): void;

  /** Gives up the descriptor and returns it, like {@link fileno}. */
  detach(): number;

  /**
   * Creates a second socket for the same descriptor.
   *
   * @throws {OSError} EOPNOTSUPP when the driver cannot
   */
  duplicate(): Endpoint;
}

/** An accepted connection. */
export interface Accepted {
  readonly endpoint: Endpoint;
  readonly address: Address;
}

/** Received bytes, and their sender. */
export interface ReceivedFrom {
  readonly data: Buffer;
  readonly address: Address;
}

/** How many bytes were received into a view, and their sender. */
export interface ReceivedIntoFrom {
  readonly nbytes: number;
  readonly address: Address;
}

/** A message received into a view. */
export interface ReceivedMessage {
  /** With MSG_TRUNC the full length, which may exceed the view's. */
  readonly nbytes: number;
  readonly ancillary: AncillaryData[];
  /** MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE. */
  readonly flags: number;
  /** For a datagram, if its sender has an address. */
  readonly address: Address | undefined;
}
