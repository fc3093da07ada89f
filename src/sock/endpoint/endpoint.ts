import type { Address } from '../addresses/address.ts';
import type { AncillaryData } from '../messages/ancillary.ts';

/**
 * The interface of drivers: all that the rest of the library knows of one.
 *
 * An operation acts at once, returns that it would have to wait (`undefined`, `-1` or `false`, never
 * an exception: this is the hot path), or throws an `OSError`. To wait, put an object into
 * a slot; it is called once.
 *
 * Addresses have numeric hosts here; names are resolved above.
 */

/** Something that waits. One object serves many waits: nothing is made per message. */
export interface Ready {
  /**
   * An operation of the slot's side may succeed now: try it again.
   *
   * Called in the poll-phase callback that brought the news, not within a
   * `try…` of the same endpoint. It must be short and must not throw: schedule a wake-up.
   * Reactions of promises that it settles do not run before Node's next own callback.
   *
   * @param together - is it one of several that one poll reported?
   */
  ready(together?: boolean): void;
}

/** How a driver is called. */
export type DriverName = 'node' | 'memory' | 'posix';

/** What keeps a driver from being used. */
export interface Missing {
  readonly why: string;
  /** Will it be so for as long as the process runs? If not, it is asked again each time. */
  readonly lasts: boolean;
}

/** A way to make sockets. */
export interface Driver {
  readonly name: DriverName;

  /** Why it cannot be used; `undefined` where it can. */
  readonly missing?: Missing | undefined;

  /** Can it make a socket of this family and type? */
  supports(family: number, type: number): boolean;

  /**
   * Makes a socket.
   *
   * @throws {OSError} when the kind is not supported, or descriptors ran out
   */
  open(family: number, type: number, proto: number): Endpoint;

  /**
   * Makes two sockets that are connected to each other.
   *
   * @throws {OSError} when the kind is not supported, or descriptors ran out
   */
  socketpair(family: number, type: number, proto: number): [Endpoint, Endpoint];

  /**
   * Makes a socket from a descriptor.
   *
   * @param kind - its family, type and protocol; -1: ask the system
   * @param copy - duplicates the descriptor, and leaves the original alone
   * @throws {OSError} EBADF, ENOTSOCK; EBUSY when a socket of ours has it; EOPNOTSUPP when the
   *   driver has no use for descriptors
   */
  adopt(fd: number, kind: Kind, copy: boolean): Endpoint;

  /**
   * Takes over one end of a pipe, or what can be used as one. Closing it closes the descriptor, unless
   * that is a standard one: 0, 1 or 2.
   *
   * @param writes - is it the end that is written to?
   * @param leaves - is the descriptor left to somebody else to close?
   * @throws {OSError} EBADF; EBUSY when a socket of ours has it; EOPNOTSUPP when the driver cannot
   */
  adoptPipe(fd: number, kind: PipeKind, writes: boolean, leaves: boolean): PipeEnd;

  /**
   * Makes a pipe to a child process that is about to be started. Missing if the driver cannot.
   *
   * @param writes - do we write to it?
   * @throws {OSError} when descriptors ran out
   */
  readonly pipeToChild?: ((writes: boolean) => ChildPipe) | undefined;
}

/** A pipe to a child process. */
export interface ChildPipe {
  /** Our end. */
  readonly end: PipeEnd;
  /** The child's end: it blocks, and no other child inherits it. */
  readonly theirs: number;
  /** Closes the child's end here, once the child has it. */
  closeTheirs(): void;
}

/** What a descriptor is that is used as a pipe. */
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
   * On an end that is written to: does `tryRecv()` give the end, or anything at all, once nobody reads
   * the other one any more? Where not, only a write that fails tells of it.
   */
  readonly noticesReader?: boolean;
}

/** What a socket is; -1 where it is not known. */
export interface Kind {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
}

/**
 * A driver's socket.
 *
 * The slots hold whatever waits, put there after a try that would block. The driver empties the
 * slot and calls `ready()` when a try may succeed, when it would fail, and when the endpoint is
 * closed (a try then throws EBADF). `undefined` empties it. The callers decide whether two may wait.
 */
export interface Endpoint {
  readonly driver: DriverName;
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  /** Was it closed? Then every operation throws EBADF. */
  readonly closed: boolean;

  /** Who waits for bytes, a datagram, a connection to accept, or the end of these. */
  reader: Ready | undefined;
  /** Who waits for room to send, or for the outcome of a connect. */
  writer: Ready | undefined;

  /** May a receive or an accept succeed, as far as is known? Where not, `reader` will be told. */
  readonly mayReceive: boolean;

  /**
   * Makes the next try on a side ask the system, whatever is known: for a caller that tries again without having
   * been called.
   */
  tryAnew(side: 'reader' | 'writer'): void;

  /** Takes a connection that has come in; `undefined`: none has. */
  tryAccept(): Accepted | undefined;

  /** Takes up to `nbytes` bytes, at least 1, or one datagram cut to that; empty is the end, for ever. */
  tryRecv(nbytes: number): Buffer | undefined;

  /** Fills `view` from its start; how many bytes, 0 at the end, -1: would block. */
  tryRecvInto(view: Uint8Array): number;

  /** Takes one datagram with its sender; on a stream, bytes with the peer's address. */
  tryRecvfrom(nbytes: number): ReceivedFrom | undefined;

  /** Fills `view` with one datagram. */
  tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined;

  /**
   * Sends as much of `data` from index `from` as the driver takes; returns the number of bytes; -1: would block.
   *
   * The bytes taken were copied or sent: the caller may overwrite them.
   */
  trySend(data: Uint8Array, from: number): number;

  /**
   * Has the peer taken bytes since the last call, while a send would block? Not there: a driver whose
   * {@link trySend} finds out by itself.
   */
  readonly hasMovedOn?: (() => boolean) | undefined;

  /** Sends one datagram: all its bytes, or -1: would block. */
  trySendto(data: Uint8Array, address: Address): number;

  /**
   * Fills `view` as recvmsg() does; `undefined`: would block.
   *
   * @param ancbufsize - room for ancillary data, in bytes
   * @throws {OSError} EOPNOTSUPP for flags that the driver does not know, and where it has no
   *   ancillary data
   */
  tryRecvmsg(view: Uint8Array, ancbufsize: number, flags: number): ReceivedMessage | undefined;

  /**
   * Sends as sendmsg() does; returns the number of bytes; -1: would block.
   *
   * @param control - ancillary data as C lays it out
   * @param address - of a datagram; else its connection's
   * @throws {OSError} EOPNOTSUPP for flags that the driver does not know, and for ancillary data
   *   where it has none
   */
  trySendmsg(
    data: Uint8Array,
    control: Buffer | undefined,
    flags: number,
    address: Address | undefined,
  ): number;

  /**
   * Sends bytes of a file from a position, without reading them here; returns the number of bytes, 0 at the end of
   * the file, -1: would block. Missing if the driver cannot.
   *
   * @throws {OSError} EINVAL when the file is of no kind for that
   */
  readonly trySendfile?: ((file: number, offset: number, nbytes: number) => number) | undefined;

  /**
   * Starts to connect: `true` when it is done, `false` when `writer` will be called with the outcome
   * and {@link connectError} then has it.
   */
  connect(address: Address): boolean;

  /**
   * Why the last connect failed; returned once, like SO_ERROR.
   *
   * @throws {OSError} EBADF when it was closed meanwhile
   */
  connectError(): Error | undefined;

  bind(address: Address): void;
  listen(backlog: number): void;
  shutdown(how: number): void;

  /** Frees the descriptor; bytes already taken are still sent. Does nothing the second time. */
  close(): void;

  /** The own address: that of any host and port 0, or `''`, as long as there is none. */
  getsockname(): Address;

  /** @throws {OSError} ENOTCONN when there is no peer */
  getpeername(): Address;

  /** A number, or C's structure as bytes. */
  setsockopt(level: number, option: number, value: number | Uint8Array): void;
  getsockopt(level: number, option: number): number | Buffer;

  /** The descriptor; -1 when closed, and as long as the driver has none. */
  fileno(): number;

  /** Do child processes inherit the descriptor? */
  getInheritable(): boolean;

  /** @throws {OSError} EOPNOTSUPP when the driver cannot */
  setInheritable(inheritable: boolean): void;

  /** Gives the descriptor up; as {@link fileno}. */
  detach(): number;

  /**
   * Makes a second socket for the same descriptor.
   *
   * @throws {OSError} EOPNOTSUPP when the driver cannot
   */
  duplicate(): Endpoint;
}

/** A connection that was accepted. */
export interface Accepted {
  readonly endpoint: Endpoint;
  readonly address: Address;
}

/** What was received, and from whom. */
export interface ReceivedFrom {
  readonly data: Buffer;
  readonly address: Address;
}

/** How much was received into a view, and from whom. */
export interface ReceivedIntoFrom {
  readonly nbytes: number;
  readonly address: Address;
}

/** A message that was received into a view. */
export interface ReceivedMessage {
  /** With MSG_TRUNC the whole length, which may be more than the view's. */
  readonly nbytes: number;
  readonly ancillary: AncillaryData[];
  /** MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB, MSG_ERRQUEUE. */
  readonly flags: number;
  /** Of a datagram, if its sender has one. */
  readonly address: Address | undefined;
}
