import { type OSError, osError } from '../../base/errors/os-errors.ts';
import { traffic } from '../../base/traffic.ts';
import { type Address, unboundAddress } from '../addresses/address.ts';
import {
  SO_DOMAIN,
  SO_ERROR,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../constants/constants.ts';
import {
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
} from '../messages/flags.ts';
import { keepDetached } from './detached-endpoints.ts';
import type {
  Accepted,
  DriverName,
  Endpoint,
  Ready,
  ReceivedFrom,
  ReceivedIntoFrom,
  ReceivedMessage,
} from './endpoint.ts';

/** The base of the endpoints of all drivers: the slots, and whether they are closed. */
export abstract class SlottedEndpoint {
  abstract readonly driver: DriverName;
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  reader: Ready | undefined = undefined;
  writer: Ready | undefined = undefined;
  /** Was it closed? Then every operation throws EBADF. */
  closed = false;
  /** How many bytes the program has received. */
  bytesRead = 0;
  /** How many bytes it has taken from the program to send. */
  bytesWritten = 0;

  constructor(family: number, type: number, proto: number) {
    this.family = family;
    this.type = type;
    this.proto = proto;
  }

  get mayReceive(): boolean {
    return true;
  }

  resetReadiness(_side: 'reader' | 'writer'): void {
    // Each try asks the system anyway.
  }

  /** @throws {OSError} EBADF when closed */
  protected mustBeOpen(syscall: string): void {
    if (this.closed) throw osError('EBADF', syscall);
  }

  /** The program has received bytes. */
  protected countRead(nbytes: number): void {
    this.bytesRead += nbytes;
    if (traffic.watch !== undefined) traffic.watch(this, 'read', nbytes);
  }

  /** It has taken bytes from the program to send. */
  protected countWritten(nbytes: number): void {
    this.bytesWritten += nbytes;
    if (traffic.watch !== undefined) traffic.watch(this, 'write', nbytes);
  }

  abstract fileno(): number;

  /** Empties the reader slot and calls what was in it. */
  protected tellReader(together = false): void {
    const { reader } = this;
    if (reader === undefined) return;
    this.reader = undefined;
    reader.ready(together);
  }

  /** Empties the writer slot and calls what was in it. */
  protected tellWriter(together = false): void {
    const { writer } = this;
    if (writer === undefined) return;
    this.writer = undefined;
    writer.ready(together);
  }
}

/**
 * The base of the endpoints of all drivers except posix: options that are only stored, and errors
 * for what a kind of socket cannot do.
 */
export abstract class BaseEndpoint extends SlottedEndpoint implements Endpoint {
  /** The numbers that setsockopt() set, by level and option. */
  #options: Map<number, number> | undefined = undefined;

  tryAccept(): Accepted | undefined {
    throw this.refusal('accept');
  }

  tryRecv(_nbytes: number): Buffer | undefined {
    throw this.refusal('recv');
  }

  tryRecvInto(_view: Uint8Array): number {
    throw this.refusal('recv');
  }

  tryRecvfrom(nbytes: number): ReceivedFrom | undefined {
    const data = this.tryRecv(nbytes);
    return data && { data, address: this.sender() };
  }

  tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined {
    const nbytes = this.tryRecvInto(view);
    return nbytes < 0 ? undefined : { nbytes, address: this.sender() };
  }

  /** The sender of the bytes of a stream. */
  protected sender(): Address {
    return this.peerAddress() ?? unboundAddress(this.family);
  }

  /** The address of the peer, if it is connected. */
  protected abstract peerAddress(): Address | undefined;

  trySend(_data: Uint8Array, _from: number): number {
    throw this.refusal('send');
  }

  trySendto(_data: Uint8Array, _address: Address): number {
    throw this.refusal('sendto');
  }

  tryRecvmsg(view: Uint8Array, ancbufsize: number, flags: number): ReceivedMessage | undefined {
    this.mustBeOpen('recvmsg');
    if ((flags & ~RECEIVE_FLAGS) !== 0) throw this.unsupported('recvmsg', 'such flags');
    if (ancbufsize > 0) throw this.unsupported('recvmsg', 'ancillary data');
    const first = this.peek(view.length);
    if (first === undefined) return undefined;
    view.set(first.data.subarray(0, view.length));
    if ((flags & MSG_PEEK) === 0) this.tryRecvInto(view);
    const { length } = first.data;
    const isCut = length > view.length;
    return {
      nbytes: isCut && (flags & MSG_TRUNC) === 0 ? view.length : length,
      ancillary: [],
      flags: isCut ? MSG_TRUNC : 0,
      address: this.type === SOCK_DGRAM && first.address !== '' ? first.address : undefined,
    };
  }

  trySendmsg(
    data: Uint8Array,
    control: Buffer | undefined,
    flags: number,
    address: Address | undefined,
  ): number {
    this.mustBeOpen('sendmsg');
    if ((flags & ~SEND_FLAGS) !== 0) throw this.unsupported('sendmsg', 'such flags');
    if (control !== undefined) throw this.unsupported('sendmsg', 'ancillary data');
    return address === undefined ? this.trySend(data, 0) : this.trySendto(data, address);
  }

  /**
   * What the next receive of that many bytes would return, without removing it; a datagram is
   * returned whole. `undefined` if it would block.
   */
  protected peek(_nbytes: number): ReceivedFrom | undefined {
    throw this.refusal('recv');
  }

  getInheritable(): boolean {
    this.mustBeOpen('fcntl');
    return false;
  }

  setInheritable(inheritable: boolean): void {
    this.mustBeOpen('fcntl');
    if (inheritable) throw this.unsupported('fcntl', 'descriptors for child processes');
  }

  abstract connect(address: Address): boolean;
  abstract connectError(): OSError | undefined;
  abstract bind(address: Address): void;
  abstract shutdown(how: number): void;
  abstract close(): void;
  abstract getsockname(): Address;

  getpeername(): Address {
    this.mustBeOpen('getpeername');
    const address = this.peerAddress();
    if (address === undefined) throw osError('ENOTCONN', 'getpeername');
    return address;
  }

  detach(): number {
    const fd = keepDetached(this);
    // Waiters see that their socket is closed.
    this.tellReader();
    this.tellWriter();
    return fd;
  }

  duplicate(): Endpoint {
    this.mustBeOpen('dup');
    throw this.unsupported('dup', 'descriptors to duplicate');
  }

  listen(_backlog: number): void {
    throw this.refusal('listen');
  }

  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.mustBeOpen('setsockopt');
    if (!this.knowsOption(level, option)) throw osError('ENOPROTOOPT', 'setsockopt');
    const number = typeof value === 'number' ? value : firstInt(value);
    this.applyOption(level, option, number, value);
    this.#options ??= new Map();
    this.#options.set(optionKey(level, option), number);
  }

  getsockopt(level: number, option: number): number | Buffer {
    this.mustBeOpen('getsockopt');
    if (level === SOL_SOCKET) {
      if (option === SO_TYPE) return this.type;
      if (option === SO_DOMAIN) return this.family;
      if (option === SO_PROTOCOL) return this.proto === 0 ? this.defaultProto() : this.proto;
      if (option === SO_ERROR) return cNumber(this.connectError());
    }
    const computed = this.readOption(level, option);
    if (computed !== undefined) return computed;
    if (!this.knowsOption(level, option)) throw osError('ENOPROTOOPT', 'getsockopt');
    return this.option(level, option);
  }

  /** The number that setsockopt() set, or 0. */
  protected option(level: number, option: number): number {
    return this.#options?.get(optionKey(level, option)) ?? 0;
  }

  /**
   * Copies the options of the listening socket, as the kernel does for an accepted one.
   *
   * They are copied, not set again, because some can only be set before a bind.
   */
  protected inheritOptions(listener: BaseEndpoint): void {
    if (listener.#options !== undefined) this.#options = new Map(listener.#options);
  }

  /** All numbers that setsockopt() set. */
  protected *givenOptions(): Generator<[level: number, option: number, value: number]> {
    if (this.#options === undefined) return;
    for (const [key, value] of this.#options)
      yield [Math.floor(key / OPTIONS), key % OPTIONS, value];
  }

  /** May the option be set, even if it is only stored? */
  protected abstract knowsOption(level: number, option: number): boolean;

  /** Applies an option. */
  protected applyOption(
    _level: number,
    _option: number,
    _value: number,
    _raw: number | Uint8Array,
  ): void {}

  /** The value of an option, unless it is simply the one that was set. */
  protected readOption(_level: number, _option: number): number | Buffer | undefined {
    return undefined;
  }

  /** The protocol of a socket that was created with protocol 0. */
  protected defaultProto(): number {
    return 0;
  }

  /** The error for something that the driver does not support. */
  private unsupported(syscall: string, what: string): OSError {
    return osError('EOPNOTSUPP', syscall, {
      strerror: `Operation not supported (the ${this.driver} driver has no ${what})`,
    });
  }

  /** The error for an operation that this kind of socket does not have. */
  protected refusal(syscall: string): OSError {
    return osError(this.closed ? 'EBADF' : 'EOPNOTSUPP', syscall);
  }
}

/** Flags that have no effect here, and flags that are implemented here. */
const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const RECEIVE_FLAGS = SEND_FLAGS | MSG_WAITALL | MSG_CMSG_CLOEXEC | MSG_PEEK | MSG_TRUNC;

/** More than any option's number. */
const OPTIONS = 1000;

function optionKey(level: number, option: number): number {
  return level * OPTIONS + option;
}

function cNumber(error: OSError | undefined): number {
  return error === undefined ? 0 : Math.abs(error.errno ?? 0);
}

/** The `int` at the start of a C structure. */
function firstInt(bytes: Uint8Array): number {
  if (bytes.length < 4) return bytes[0] ?? 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

/** Reads a `struct linger` given as bytes: is lingering on, and for how many seconds? */
export function parseLinger(raw: number | Uint8Array): { on: boolean; seconds: number } {
  if (typeof raw === 'number' || raw.length < 8) throw osError('EINVAL', 'setsockopt');
  const view = new DataView(raw.buffer, raw.byteOffset);
  return { on: view.getInt32(0, true) !== 0, seconds: view.getInt32(4, true) };
}

/** `struct linger` as bytes. */
export function lingerBytes(on: boolean, seconds: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(on ? 1 : 0, 0);
  bytes.writeInt32LE(seconds, 4);
  return bytes;
}
