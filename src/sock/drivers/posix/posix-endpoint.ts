import { Buffer } from 'node:buffer';
import { constants } from 'node:os';
import { type OSError, osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_UNIX,
  SO_ERROR,
  SO_RCVLOWAT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../constants/constants.ts';
import { SlottedEndpoint } from '../../endpoint/base-endpoint.ts';
import { EMPTY } from '../../endpoint/byte-queue.ts';
import { noteDescriptor, noteFailure } from '../../endpoint/descriptor-limit.ts';
import type {
  Accepted,
  Endpoint,
  ReceivedFrom,
  ReceivedIntoFrom,
  ReceivedMessage,
} from '../../endpoint/endpoint.ts';
import { copyReceived } from '../../endpoint/received-copy.ts';
import { unpackAncillary } from '../../messages/ancillary.ts';
import { filled, roomFor } from '../../messages/buffers.ts';
import { MSG_ERRQUEUE, MSG_OOB, MSG_PEEK } from '../../messages/flags.ts';
import { errno } from './ffi/errno.ts';
import {
  acceptFrom,
  addressOf,
  closeDescriptor,
  duplicate,
  getOption,
  handOver,
  hasSendfile,
  isInheritable,
  lastError,
  letInherit,
  libc,
  MSG_NOSIGNAL,
  sendFile,
  setOption,
} from './ffi/libc.ts';
import { hasAncillary, receiveMessage, receiveWhole, sendWhole } from './ffi/message.ts';
import {
  expectAddress,
  readAddress,
  storage,
  storageLength,
  writeAddress,
} from './ffi/sockaddr.ts';
import {
  DIVIDED,
  ENDED,
  READABLE,
  type Selector,
  type Watched,
  WRITABLE,
} from './selectors/selector.ts';

const { EAGAIN, ECONNABORTED, EINPROGRESS, EINTR } = constants.errno;

/** The most bytes that one receive takes. */
const RECEIVE_SIZE = 256 * 1024;

/** The most ancillary data of one receive, in bytes. */
const MOST_ANCILLARY = 64 * 1024;

/** One buffer for all sockets; received bytes are copied out of it. */
let receiveBuffer: Buffer | undefined;
let receiveAddress: number | undefined;

/** The open endpoints, by descriptor. */
const live: (PosixEndpoint | undefined)[] = [];

/** The endpoint that owns this descriptor, if any. */
export function endpointOf(fd: number): PosixEndpoint | undefined {
  return live[fd];
}

/**
 * A socket of the operating system.
 *
 * A call is made only if it may succeed. If it would block, that is remembered until the selector
 * reports a change. The same applies after a short receive, because then the kernel has no more.
 *
 * Its methods are `private`, not `#`, which would cost each object a field and each call a check.
 */
export class PosixEndpoint extends SlottedEndpoint implements Endpoint, Watched {
  fd: number;
  /** May a receive or an accept succeed, as far as we know? */
  #readable = true;
  /** May a send succeed, as far as we know? */
  #writable = true;
  readonly #selector: Selector;
  /** Does the selector report all changes? Otherwise each call that would block asks it. */
  #watched = false;
  /** Does the selector know the descriptor? From the first call that would block. */
  #known = false;

  // Rarely set fields are on the prototype, because there may be very many connections.

  declare readonly driver: 'posix';
  /** Has the peer ended? No changes are reported then, so each receive is tried. */
  declare private peerEnded: boolean;
  /** Is there ancillary data among the bytes? A receive stops at it, even if more bytes follow. */
  declare private divided: boolean;
  /** Is SO_RCVLOWAT set? Fewer bytes may be there without a report, so each receive is tried. */
  declare private lowWater: boolean;
  /** Did a connect that took time succeed? */
  declare private connected: boolean;

  static {
    Object.assign(this.prototype, {
      driver: 'posix',
      peerEnded: false,
      divided: false,
      lowWater: false,
      connected: false,
    });
  }

  /**
   * @param fd - a non-blocking socket
   * @param selector - this thread's selector
   */
  constructor(fd: number, family: number, type: number, proto: number, selector: Selector) {
    super(family, type, proto);
    this.fd = fd;
    this.#selector = selector;
    live[fd] = this;
    noteDescriptor(fd);
  }

  onEvents(events: number): void {
    if ((events & ENDED) !== 0) this.peerEnded = true;
    if ((events & DIVIDED) !== 0) this.divided = true;
    if ((events & READABLE) !== 0) {
      this.#readable = true;
      this.tellReader(true);
    }
    if ((events & WRITABLE) !== 0) {
      this.#writable = true;
      this.tellWriter(true);
    }
  }

  override get mayReceive(): boolean {
    return this.#readable;
  }

  override resetReadiness(side: 'reader' | 'writer'): void {
    if (side === 'reader') this.#readable = true;
    else this.#writable = true;
  }

  // ---- receiving -------------------------------------------------------------------------------

  tryRecv(nbytes: number): Buffer | undefined {
    this.mustBeOpen('recv');
    if (!this.#readable) return undefined;
    if (this.isLargeMessage(nbytes)) return this.tryRecvfrom(nbytes)?.data;
    const most = Math.min(nbytes, RECEIVE_SIZE);
    if (receiveBuffer === undefined || receiveAddress === undefined) {
      receiveBuffer = Buffer.allocUnsafeSlow(RECEIVE_SIZE);
      receiveAddress = addressOf(receiveBuffer);
    }
    const received = this.mayBeDivided
      ? this.receiveMessage(receiveAddress, most)
      : libc().recvAt(this.fd, receiveAddress, most, 0);
    if (!this.took(received, errno[0], most, 'recv')) return undefined;
    return copyReceived(receiveBuffer, received);
  }

  tryRecvInto(view: Uint8Array): number {
    this.mustBeOpen('recv');
    if (!this.#readable) return -1;
    const received = this.mayBeDivided
      ? this.receiveMessage(addressOf(view), view.length)
      : libc().recv(this.fd, view, view.length, 0);
    return this.took(received, errno[0], view.length, 'recv') ? received : -1;
  }

  /** Would receiving in pieces lose part of a message? */
  private isLargeMessage(nbytes: number): boolean {
    return nbytes > RECEIVE_SIZE && this.type !== SOCK_STREAM;
  }

  tryRecvfrom(nbytes: number): ReceivedFrom | undefined {
    if (this.isLargeMessage(nbytes)) {
      const room = roomFor(nbytes);
      const from = this.tryRecvfromInto(room);
      return from && { data: filled(room, from.nbytes), address: from.address };
    }
    receiveBuffer ??= Buffer.allocUnsafeSlow(RECEIVE_SIZE);
    const view = receiveBuffer.subarray(0, Math.min(nbytes, RECEIVE_SIZE));
    const received = this.tryRecvfromInto(view);
    return (
      received && { data: copyReceived(receiveBuffer, received.nbytes), address: received.address }
    );
  }

  tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined {
    this.mustBeOpen('recvfrom');
    if (!this.#readable) return undefined;
    if (this.mayBeDivided) this.divided = true;
    expectAddress();
    const nbytes = libc().recvfrom(this.fd, view, view.length, 0, storage, storageLength);
    if (!this.took(nbytes, errno[0], view.length, 'recvfrom')) return undefined;
    return { nbytes, address: this.sender() };
  }

  tryRecvmsg(view: Uint8Array, ancbufsize: number, flags: number): ReceivedMessage | undefined {
    this.mustBeOpen('recvmsg');
    // Memory first: received descriptors must not be lost.
    const control = Buffer.alloc(Math.min(ancbufsize, MOST_ANCILLARY));
    const outcome = receiveWhole(this.fd, view, control, flags);
    const { received: nbytes, why } = outcome;
    if (nbytes < 0) {
      // Having no such bytes or errors does not mean that there are no others.
      if (why === EAGAIN && (flags & (MSG_OOB | MSG_ERRQUEUE)) !== 0) return undefined;
      this.block(READABLE, why, 'recvmsg');
      return undefined;
    }
    if (this.mayBeDivided) this.divided = true;
    if ((flags & MSG_PEEK) === 0) this.countRead(Math.min(nbytes, view.length));
    return {
      nbytes,
      ancillary: unpackAncillary(control.subarray(0, outcome.controlLength)),
      flags: outcome.flags,
      address: (storageLength[0] as number) > 0 ? readAddress(this.family) : undefined,
    };
  }

  /** May ancillary data divide the bytes without a report by the selector? */
  private get mayBeDivided(): boolean {
    return this.family === AF_UNIX && this.type === SOCK_STREAM;
  }

  private receiveMessage(address: number, nbytes: number): number {
    const received = receiveMessage(this.fd, address, nbytes);
    if (received > 0 && hasAncillary) this.divided = true;
    return received;
  }

  /** The sender of received bytes. For a stream the kernel does not report it: it is the peer. */
  private sender(): Address {
    if ((storageLength[0] as number) > 0) return readAddress(this.family);
    return this.type === SOCK_STREAM ? this.getpeername() : unboundAddress(this.family);
  }

  /** Evaluates a receive: did it take something, or reach the end? */
  private took(received: number, why: number, most: number, syscall: string): boolean {
    if (received < 0) {
      this.block(READABLE, why, syscall);
      return false;
    }
    this.countRead(received);
    if (this.type !== SOCK_STREAM) return true;
    // At the end, it stays readable: every receive returns 0.
    const isShort = received > 0 && received < most;
    if (isShort && this.#watched && !this.peerEnded && !this.divided)
      this.#readable = this.lowWater;
    return true;
  }

  // ---- sending ---------------------------------------------------------------------------------

  trySend(data: Uint8Array, from: number): number {
    this.mustBeOpen('send');
    if (!this.#writable) return -1;
    const part = from === 0 ? data : data.subarray(from);
    return this.wrote(libc().send(this.fd, part, part.length, MSG_NOSIGNAL), errno[0], 'send');
  }

  trySendto(data: Uint8Array, address: Address): number {
    this.mustBeOpen('sendto');
    if (!this.#writable) return -1;
    const length = writeAddress(this.family, address);
    const { sendto } = libc();
    const sent = sendto(this.fd, data, data.length, MSG_NOSIGNAL, storage, length);
    return this.wrote(sent, errno[0], 'sendto');
  }

  trySendmsg(
    data: Uint8Array,
    control: Buffer | undefined,
    flags: number,
    address: Address | undefined,
  ): number {
    this.mustBeOpen('sendmsg');
    if (!this.#writable) return -1;
    const length = address === undefined ? 0 : writeAddress(this.family, address);
    const sent = sendWhole(this.fd, data, control ?? EMPTY, flags, length);
    return this.wrote(sent, errno[0], 'sendmsg');
  }

  get trySendfile(): Endpoint['trySendfile'] {
    return hasSendfile() ? this._trySendfile : undefined;
  }

  private _trySendfile(file: number, offset: number, nbytes: number): number {
    this.mustBeOpen('sendfile');
    if (!this.#writable) return -1;
    return this.wrote(sendFile(this.fd, file, offset, nbytes), errno[0], 'sendfile');
  }

  /**
   * The number of sent bytes. Only a refusal means that there is no room; a short send does not.
   */
  private wrote(sent: number, why: number, syscall: string): number {
    if (sent >= 0) {
      this.countWritten(sent);
      return sent;
    }
    this.block(WRITABLE, why, syscall);
    return -1;
  }

  // ---- connecting and accepting ----------------------------------------------------------------

  connect(address: Address): boolean {
    this.mustBeOpen('connect');
    // The kernel reports it only from the third connect on.
    if (this.connected) throw osError('EISCONN', 'connect');
    const length = writeAddress(this.family, address);
    if (libc().connect(this.fd, storage, length) === 0) return true;
    const why = errno[0];
    if (why !== EINPROGRESS) throw noteFailure(lastError('connect', why));
    this.watch(WRITABLE);
    this.#readable = true;
    this.#writable = false;
    this.peerEnded = false;
    return false;
  }

  connectError(strerror?: () => string): OSError | undefined {
    this.mustBeOpen('connect');
    const error = getOption(this.fd, SOL_SOCKET, SO_ERROR) as number;
    this.connected = error === 0 && this.type === SOCK_STREAM;
    if (error === 0) return undefined;
    return osError(-error, 'connect', { strerror: strerror?.() });
  }

  tryAccept(): Accepted | undefined {
    this.mustBeOpen('accept');
    if (!this.#readable) return undefined;
    expectAddress();
    const fd = acceptFrom(this.fd, storage, storageLength);
    if (fd < 0) {
      const why = errno[0];
      // The client gave up before it was accepted: take the next one.
      if (why === ECONNABORTED || why === EINTR) return this.tryAccept();
      if (why !== EAGAIN) throw noteFailure(lastError('accept', why));
      this.watch(READABLE);
      this.#readable = false;
      return undefined;
    }
    const address = readAddress(this.family);
    const endpoint = this.another(fd);
    // Inherited, like all options.
    if (this.lowWater) endpoint.lowWater = true;
    return { endpoint, address };
  }

  bind(address: Address): void {
    this.mustBeOpen('bind');
    const length = writeAddress(this.family, address);
    this.must(libc().bind(this.fd, storage, length), 'bind');
  }

  listen(backlog: number): void {
    this.mustBeOpen('listen');
    this.must(libc().listen(this.fd, Math.max(0, backlog)), 'listen');
    this.#readable = true;
  }

  shutdown(how: number): void {
    this.mustBeOpen('shutdown');
    this.must(libc().shutdown(this.fd, how), 'shutdown');
    // Waiters see the end, or EPIPE, at their next try.
    this.onEvents(READABLE | WRITABLE | ENDED);
  }

  close(): void {
    const fd = this.leave();
    if (fd < 0) return;
    closeDescriptor(fd);
    this.tellAll();
  }

  detach(): number {
    const fd = this.leave();
    if (fd < 0) return fd;
    handOver(fd);
    this.tellAll();
    return fd;
  }

  duplicate(): Endpoint {
    this.mustBeOpen('dup');
    const fd = duplicate(this.fd);
    if (fd < 0) throw noteFailure(lastError('dup'));
    const made = this.another(fd);
    made.learnLowWater();
    return made;
  }

  /** Creates an endpoint of the same kind. */
  private another(fd: number): PosixEndpoint {
    return new PosixEndpoint(fd, this.family, this.type, this.proto, this.#selector);
  }

  /** Releases the descriptor and returns it; -1 if it was already released. */
  private leave(): number {
    if (this.closed) return -1;
    this.closed = true;
    if (this.#known) this.#selector.forget(this);
    const { fd } = this;
    if (live[fd] === this) live[fd] = undefined;
    this.fd = -1;
    return fd;
  }

  /** Wakes the waiters, which then see that it is closed. */
  private tellAll(): void {
    this.tellReader();
    this.tellWriter();
  }

  // ---- names and options -----------------------------------------------------------------------

  getsockname(): Address {
    this.mustBeOpen('getsockname');
    expectAddress();
    this.must(libc().getsockname(this.fd, storage, storageLength), 'getsockname');
    return readAddress(this.family);
  }

  getpeername(): Address {
    this.mustBeOpen('getpeername');
    expectAddress();
    this.must(libc().getpeername(this.fd, storage, storageLength), 'getpeername');
    return readAddress(this.family);
  }

  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.mustBeOpen('setsockopt');
    setOption(this.fd, level, option, value);
    if (level === SOL_SOCKET && option === SO_RCVLOWAT) this.learnLowWater();
  }

  /** Reads SO_RCVLOWAT, which a previous owner of the descriptor may have set. */
  learnLowWater(): void {
    const bytes = getOption(this.fd, SOL_SOCKET, SO_RCVLOWAT);
    this.lowWater = typeof bytes === 'number' && bytes > 1;
    if (this.lowWater) this.#readable = true;
  }

  getsockopt(level: number, option: number): number | Buffer {
    this.mustBeOpen('getsockopt');
    return getOption(this.fd, level, option);
  }

  fileno(): number {
    return this.fd;
  }

  getInheritable(): boolean {
    this.mustBeOpen('fcntl');
    return isInheritable(this.fd);
  }

  setInheritable(inheritable: boolean): void {
    this.mustBeOpen('fcntl');
    letInherit(this.fd, inheritable);
  }

  /** Asks the selector to report a change, unless it does so anyway. */
  private watch(side: number): void {
    if (this.#watched) return;
    this.#watched = this.#selector.want(this, side);
    this.#known = true;
  }

  /**
   * A call failed. If it would block, waits for the selector to report that side.
   *
   * A call that was interrupted by a signal, or stopped at ancillary data, has not seen whether
   * there is more: then the current state is reported again.
   *
   * @param why - its errno
   * @throws {OSError} when it failed for another reason
   */
  private block(side: number, why: number, syscall: string): void {
    if (why !== EAGAIN && why !== EINTR) throw lastError(syscall, why);
    const unsure = why === EINTR || (side === READABLE && this.divided);
    if (unsure && this.#watched) this.#selector.tellAgain(this);
    else this.watch(side);
    if (side === READABLE) {
      this.#readable = this.lowWater;
      this.divided = false;
    } else this.#writable = false;
  }

  private must(status: number, syscall: string): void {
    if (status < 0) throw noteFailure(lastError(syscall));
  }
}
