import { checkBytes } from '../base/check-types.ts';
import { type BlockingIOError, cErrno, OSError, osError } from '../base/errors/os-errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { warnResource } from '../base/log/warnings.ts';
import { checkSecondsFromZero, checkWhole } from '../base/numbers.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import { isUint8Array, type Received } from '../base/values/bytes.ts';
import {
  type Address,
  type AddressInput,
  checkAddress,
  unboundAddress,
} from './addresses/address.ts';
import { resolveLocally } from './addresses/resolve.ts';
import { SHUT_RD, SHUT_RDWR, SOCK_STREAM } from './constants/constants.ts';
import { getdefaulttimeout } from './default-timeout.ts';
import { EMPTY } from './endpoint/byte-queue.ts';
import type { DriverName, Endpoint, ReceivedMessage } from './endpoint/endpoint.ts';
import { type AncillaryData, type AncillaryInput, packAncillary } from './messages/ancillary.ts';
import { checkBuffers, filled, joined, roomFor, scatter } from './messages/buffers.ts';
import { checkInt, viewOf } from './socket-arguments.ts';
import { socketText } from './socket-text.ts';

/** How many connections wait for accept() by default: Python's `min(SOMAXCONN, 128)`. */
const DEFAULT_BACKLOG = 128;

/** Closes the endpoint of a socket that was collected. It must not refer to the socket. */
const forgotten = new FinalizationRegistry<Endpoint>((endpoint) => {
  if (endpoint.closed) return;
  warnResource(`unclosed ${socketText(endpoint, false)}`);
  endpoint.close();
});

/**
 * Python's socket object, without blocking.
 *
 * No method waits. A method that would have to wait throws {@link BlockingIOError}; use
 * the methods of the loop to wait (`loop.sockRecv()`, …). A socket starts in blocking mode, as in
 * Python, but that is only a flag here, which the loop checks in debug mode.
 *
 * A socket that is collected while open is closed, with a ResourceWarning in debug mode.
 *
 * @see Python's socket objects, https://docs.python.org/3/library/socket.html#socket-objects
 */
export class Socket {
  static {
    printsAsText(this);
  }

  /** @internal called for each new socket, to find those that stay open */
  static _onMade: ((made: Socket) => void) | undefined;

  readonly #endpoint: Endpoint;
  /** Seconds set by settimeout(); 0: non-blocking; undefined: blocking. */
  #timeout = getdefaulttimeout();
  /** Was it closed or detached? */
  #closed = false;

  private constructor(endpoint: Endpoint) {
    if (typeof endpoint !== 'object')
      throw typeError(`sockets are created with socket(), got new Socket(${brief(endpoint)})`);
    this.#endpoint = endpoint;
    Socket._onMade?.(this);
    forgotten.register(this, endpoint, this);
  }

  /** @internal creates a blocking socket for an endpoint */
  static _of(endpoint: Endpoint): Socket {
    return new Socket(endpoint);
  }

  /** @internal the non-throwing side of the socket, for the loop; closed after detach() */
  get _endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** @internal was it closed or detached? */
  get _isClosed(): boolean {
    return this.#closed || this.#endpoint.closed;
  }

  /** The address family: AF_INET, AF_INET6 or AF_UNIX. */
  get family(): number {
    return this.#endpoint.family;
  }

  /** SOCK_STREAM or SOCK_DGRAM. */
  get type(): number {
    return this.#endpoint.type;
  }

  /** The protocol it was created with; 0 for the family's default. */
  get proto(): number {
    return this.#endpoint.proto;
  }

  /** The driver behind the socket: `'posix'`, `'node'` or `'memory'`. */
  get driver(): DriverName {
    return this.#endpoint.driver;
  }

  /**
   * Binds the socket to an address.
   *
   * The host is a numeric address, with its zone if it is link-local (`fe80::1%eth0`), `''` for
   * any, `localhost`, this machine's name, or a name in the hosts file. Other names are not looked
   * up, because that would block.
   *
   * @throws {TypeError} when the address does not have the shape of the family
   * @throws {RangeError} when the port is not an integer from 0 to 65535
   * @throws {gaierror} when the host is another name
   * @throws {OSError} when the system refuses: EADDRINUSE, EADDRNOTAVAIL, EACCES, …
   */
  bind(address: AddressInput): void {
    const checked = checkAddress(this.family, address, 'bind');
    this.#open('bind').bind(resolveLocally(this.family, checked));
  }

  /**
   * Starts accepting connections.
   *
   * @param backlog - how many connections may wait for accept(), by default 128; systems may limit it
   * @throws {OSError} EADDRINUSE when another socket listens there; EINVAL when it is connected
   */
  listen(backlog: number = DEFAULT_BACKLOG): void {
    checkInt(backlog, 'listen(): backlog');
    this.#open('listen').listen(backlog);
  }

  /**
   * Accepts an incoming connection.
   *
   * @returns the connection, a new blocking socket for the caller to close, and its peer's address
   * @throws {BlockingIOError} when there is none
   * @throws {OSError} EMFILE when descriptors ran out; EINVAL when the socket does not listen
   */
  accept(): [connection: Socket, address: Address] {
    const accepted = this.#freshEndpoint('accept', 'reader').tryAccept();
    if (accepted === undefined) throw wouldBlock('accept');
    return [Socket._of(accepted.endpoint), accepted.address];
  }

  /**
   * Connects to an address.
   *
   * @throws {BlockingIOError} EINPROGRESS when it cannot complete at once, as always over TCP;
   *   EALREADY when a connect is already in progress
   * @throws {OSError} when the connection fails immediately
   */
  connect(address: AddressInput): void {
    const checked = checkAddress(this.family, address, 'connect');
    const endpoint = this.#open('connect');
    if (!endpoint.connect(resolveLocally(this.family, checked)))
      throw osError('EINPROGRESS', 'connect');
  }

  /**
   * Connects to an address, and returns a failure as C's error number instead of throwing it.
   *
   * @returns 0 when connected; 115 (EINPROGRESS) when it is in progress
   */
  connectEx(address: AddressInput): number {
    try {
      this.connect(address);
      return 0;
    } catch (error) {
      // A wrong argument is not an outcome of connecting.
      if (error instanceof OSError && error.code !== undefined) return cErrno(error.code);
      throw error;
    }
  }

  /**
   * Receives what is available.
   *
   * @param nbytes - the most to receive, in bytes
   * @param flags - `MSG_PEEK` and others
   * @returns the bytes, in an array that nothing else writes to; empty at the end
   * @throws {BlockingIOError} when nothing is available
   * @throws {RangeError} when `nbytes` is not an integer >= 0
   * @throws {OSError} when the connection broke; EOPNOTSUPP when the driver does not support the
   *   flags
   */
  recv(nbytes: number, flags: number = 0): Received {
    checkWhole(nbytes, 0, Number.MAX_SAFE_INTEGER, 'recv(): nbytes');
    checkInt(flags, 'recv(): flags');
    const endpoint = this.#freshEndpoint('recv', 'reader');
    // As in Python, receiving 0 bytes does not look at the socket.
    if (nbytes === 0) return EMPTY as Received;
    if (flags !== 0) {
      const room = roomFor(nbytes);
      return filled(room, this.#recvmsg('recv', room, 0, flags).nbytes);
    }
    const data = endpoint.tryRecv(nbytes);
    if (data === undefined) throw wouldBlock('recv');
    return data as Received;
  }

  /**
   * Receives into an array, from its start.
   *
   * @param nbytes - the most to receive, in bytes; 0 for as many as fit
   * @returns the number of bytes; 0 at the end
   * @throws {BlockingIOError} when nothing is available
   * @throws {RangeError} when `nbytes` is not an integer up to the length of `buffer`
   */
  recvInto(buffer: Uint8Array, nbytes: number = 0, flags: number = 0): number {
    const view = viewOf(buffer, nbytes, 'recvInto');
    checkInt(flags, 'recvInto(): flags');
    const endpoint = this.#freshEndpoint('recv', 'reader');
    if (view.length === 0) return 0;
    if (flags !== 0) return this.#recvmsg('recv', view, 0, flags).nbytes;
    const received = endpoint.tryRecvInto(view);
    if (received < 0) throw wouldBlock('recv');
    return received;
  }

  /**
   * Receives a datagram and its sender's address. The rest of a datagram longer than `nbytes` is
   * lost.
   *
   * @throws {BlockingIOError} when none is available
   */
  recvfrom(nbytes: number, flags: number = 0): [data: Received, address: Address] {
    checkWhole(nbytes, 0, Number.MAX_SAFE_INTEGER, 'recvfrom(): nbytes');
    checkInt(flags, 'recvfrom(): flags');
    if (flags !== 0) {
      const room = roomFor(nbytes);
      const message = this.#recvmsg('recvfrom', room, 0, flags);
      return [filled(room, message.nbytes), this.#senderOf(message)];
    }
    const received = this.#freshEndpoint('recvfrom', 'reader').tryRecvfrom(nbytes);
    if (received === undefined) throw wouldBlock('recvfrom');
    return [received.data as Received, received.address];
  }

  /**
   * Receives a datagram into an array, and its sender's address.
   *
   * @param nbytes - the most to receive, in bytes; 0 for as many as fit
   * @throws {BlockingIOError} when none is available
   */
  recvfromInto(
    buffer: Uint8Array,
    nbytes: number = 0,
    flags: number = 0,
  ): [nbytes: number, address: Address] {
    const view = viewOf(buffer, nbytes, 'recvfromInto');
    checkInt(flags, 'recvfromInto(): flags');
    if (flags !== 0) {
      const message = this.#recvmsg('recvfrom', view, 0, flags);
      return [message.nbytes, this.#senderOf(message)];
    }
    const received = this.#freshEndpoint('recvfrom', 'reader').tryRecvfromInto(view);
    if (received === undefined) throw wouldBlock('recvfrom');
    return [received.nbytes, received.address];
  }

  /**
   * Receives bytes and ancillary data, such as descriptors. The node and memory drivers have no
   * ancillary data.
   *
   * The caller has to close received descriptors. Child processes never inherit them.
   *
   * @param ancbufsize - room for ancillary data, in bytes: a sum of {@link CMSG_SPACE}. What does
   *   not fit is lost, and `MSG_CTRUNC` says so.
   * @returns also the flags of the message, and the sender's address, unless the socket is
   *   connected
   * @throws {BlockingIOError} when nothing is available; wait with `loop.addReader()`
   * @throws {OSError} like {@link recv}
   * @see Python's `socket.recvmsg()`,
   *   https://docs.python.org/3/library/socket.html#socket.socket.recvmsg
   */
  recvmsg(
    bufsize: number,
    ancbufsize: number = 0,
    flags: number = 0,
  ): [data: Received, ancdata: AncillaryData[], flags: number, address: Address | undefined] {
    checkWhole(bufsize, 0, Number.MAX_SAFE_INTEGER, 'recvmsg(): bufsize');
    const room = roomFor(bufsize);
    const message = this.#recvmsg('recvmsg', room, ancbufsize, flags);
    return [filled(room, message.nbytes), message.ancillary, message.flags, message.address];
  }

  /**
   * Like {@link recvmsg}, but fills several arrays, one after another.
   *
   * @see Python's `socket.recvmsg_into()`,
   *   https://docs.python.org/3/library/socket.html#socket.socket.recvmsg_into
   */
  recvmsgInto(
    buffers: Iterable<Uint8Array>,
    ancbufsize: number = 0,
    flags: number = 0,
  ): [nbytes: number, ancdata: AncillaryData[], flags: number, address: Address | undefined] {
    const list = checkBuffers(buffers, 'recvmsgInto');
    const size = list.reduce((sum, each) => sum + each.length, 0);
    const room = list.length === 1 ? (list[0] as Uint8Array) : roomFor(size);
    const message = this.#recvmsg('recvmsg', room, ancbufsize, flags);
    if (list.length > 1) scatter(room.subarray(0, message.nbytes), list);
    return [message.nbytes, message.ancillary, message.flags, message.address];
  }

  #recvmsg(syscall: string, view: Uint8Array, ancbufsize: number, flags: number): ReceivedMessage {
    checkWhole(ancbufsize, 0, 0x7fffffff, 'recvmsg(): ancbufsize');
    checkInt(flags, 'recvmsg(): flags');
    const message = this.#freshEndpoint(syscall, 'reader').tryRecvmsg(view, ancbufsize, flags);
    if (message === undefined) throw wouldBlock(syscall);
    return message;
  }

  #senderOf({ address }: ReceivedMessage): Address {
    if (address !== undefined) return address;
    return this.type === SOCK_STREAM ? this.getpeername() : unboundAddress(this.family);
  }

  /**
   * Sends as much of `data` as possible without waiting, which may not be all of it.
   *
   * @param flags - `MSG_OOB` and others
   * @returns the number of bytes sent, from the start of `data`
   * @throws {BlockingIOError} when nothing can be sent
   * @throws {TypeError} when `data` is not a Uint8Array
   * @throws {OSError} when the connection broke, or sending was shut down; EOPNOTSUPP when the
   *   driver does not support the flags
   */
  send(data: Uint8Array, flags: number = 0): number {
    checkBytes(data, 'send(): data');
    checkInt(flags, 'send(): flags');
    if (flags !== 0) return this.#sendmsg('send', data, undefined, flags);
    const sent = this.#freshEndpoint('send', 'writer').trySend(data, 0);
    if (sent < 0) throw wouldBlock('send');
    return sent;
  }

  /**
   * Sends all of `data` without waiting. `loop.sockSendall()` waits for room; this method does not.
   *
   * @throws {BlockingIOError} when there is no room for the rest; it is unknown how much was sent
   */
  sendall(data: Uint8Array, flags: number = 0): void {
    let sent = this.send(data, flags);
    while (sent < data.length) sent += this.send(data.subarray(sent), flags);
  }

  /**
   * Sends several arrays joined, with ancillary data such as descriptors.
   *
   * @param ancdata - items `[level, type, data]`; only with the posix driver on Linux
   * @throws like {@link send}; {OSError} EBADF when a descriptor to send is not open
   * @see Python's `socket.sendmsg()`,
   *   https://docs.python.org/3/library/socket.html#socket.socket.sendmsg
   */
  sendmsg(
    buffers: Iterable<Uint8Array>,
    ancdata: Iterable<AncillaryInput> = [],
    flags: number = 0,
    address?: AddressInput,
  ): number {
    const list = checkBuffers(buffers, 'sendmsg');
    const control = packAncillary(ancdata);
    checkInt(flags, 'sendmsg(): flags');
    return this.#sendmsg('sendmsg', joined(list), control, flags, address);
  }

  #sendmsg(
    syscall: string,
    data: Uint8Array,
    control: Buffer | undefined,
    flags: number,
    address?: AddressInput,
  ): number {
    const to =
      address === undefined
        ? undefined
        : resolveLocally(this.family, checkAddress(this.family, address, syscall));
    const sent = this.#freshEndpoint(syscall, 'writer').trySendmsg(data, control, flags, to);
    if (sent < 0) throw wouldBlock(syscall);
    return sent;
  }

  /**
   * Sends one datagram.
   *
   * @returns the number of bytes: all of `data`
   * @throws {BlockingIOError} when it cannot be sent now
   */
  sendto(data: Uint8Array, address: AddressInput): number;
  /** Sends one datagram, with flags. */
  sendto(data: Uint8Array, flags: number, address: AddressInput): number;
  sendto(data: Uint8Array, ...rest: readonly unknown[]): number {
    checkBytes(data, 'sendto(): data');
    const [flags, address] = rest.length > 1 ? rest : [0, ...rest];
    checkInt(flags, 'sendto(): flags');
    const checked = checkAddress(this.family, address, 'sendto');
    if (flags !== 0) return this.#sendmsg('sendto', data, undefined, flags, checked);
    const endpoint = this.#freshEndpoint('sendto', 'writer');
    const sent = endpoint.trySendto(data, resolveLocally(this.family, checked));
    if (sent < 0) throw wouldBlock('sendto');
    return sent;
  }

  /**
   * Shuts down receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR). The peer still receives
   * what was sent before, then the end.
   *
   * @throws {OSError} ENOTCONN when it is not connected
   */
  shutdown(how: number): void {
    checkWhole(how, SHUT_RD, SHUT_RDWR, 'shutdown(): how');
    this.#open('shutdown').shutdown(how);
  }

  /**
   * Closes the socket. Earlier sends still go out. Closing it again has no effect.
   *
   * Unlike in asyncio, an operation that waits on the socket fails with EBADF. See
   * docs/differences.md#closing-under-an-operation.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    this.#endpoint.close();
  }

  /**
   * Gives up the descriptor without closing it. An operation that waits on the socket fails, as
   * with {@link close}.
   *
   * With the posix driver this is a real descriptor, for the caller to close or to pass on, for
   * example to `new net.Socket({ fd })`. With other drivers only `socket()` accepts it.
   *
   * @returns the descriptor, which `socket(-1, -1, -1, { fileno })` adopts
   */
  detach(): number {
    if (this.#closed) return -1;
    this.#closed = true;
    forgotten.unregister(this);
    return this.#endpoint.detach();
  }

  /**
   * Creates a second socket for the same connection or address. What one receives, the other does
   * not. A connection ends when both are closed.
   *
   * @returns a socket with this one's mode and timeout, for the caller to close
   * @throws {OSError} EOPNOTSUPP when the driver has no descriptors; EMFILE when they ran out
   */
  dup(): Socket {
    const made = new Socket(this.#open('dup').duplicate());
    made.#timeout = this.#timeout;
    return made;
  }

  /** The descriptor; -1 when closed, and with the node driver until bind() or connect(). */
  fileno(): number {
    return this.#closed ? -1 : this.#endpoint.fileno();
  }

  /** Do child processes inherit the descriptor? By default they do not. */
  getInheritable(): boolean {
    return this.#open('fcntl').getInheritable();
  }

  /**
   * Sets whether child processes inherit the descriptor.
   *
   * @throws {OSError} EOPNOTSUPP for `true`, when the driver is not posix
   */
  setInheritable(inheritable: boolean): void {
    this.#open('fcntl').setInheritable(Boolean(inheritable));
  }

  /** The socket's own address. */
  getsockname(): Address {
    return this.#open('getsockname').getsockname();
  }

  /**
   * The address of the peer.
   *
   * @throws {OSError} ENOTCONN when it is not connected
   */
  getpeername(): Address {
    return this.#open('getpeername').getpeername();
  }

  /**
   * Sets an option.
   *
   * @param value - a number, or a C structure as bytes (SO_LINGER: two ints)
   * @throws {OSError} ENOPROTOOPT when the driver does not have the option
   */
  setsockopt(level: number, option: number, value: number | boolean | Uint8Array): void {
    checkInt(level, 'setsockopt(): level');
    checkInt(option, 'setsockopt(): option');
    const given = typeof value === 'boolean' ? Number(value) : value;
    if (!isUint8Array(given)) checkInt(given, 'setsockopt(): value');
    this.#open('setsockopt').setsockopt(level, option, given);
  }

  /**
   * Reads a numeric option.
   *
   * @throws {OSError} ENOPROTOOPT when the driver does not have the option
   */
  getsockopt(level: number, option: number): number;
  /**
   * Reads an option as bytes.
   *
   * @param buflen - the most bytes to return, from 1 to 1024
   * @throws {OSError} ENOPROTOOPT when the driver does not have the option
   */
  getsockopt(level: number, option: number, buflen: number): Received;
  getsockopt(level: number, option: number, buflen?: number): number | Received {
    checkInt(level, 'getsockopt(): level');
    checkInt(option, 'getsockopt(): option');
    const value = this.#open('getsockopt').getsockopt(level, option);
    if (buflen === undefined) return typeof value === 'number' ? value : value.readInt32LE(0);
    checkWhole(buflen, 1, 1024, 'getsockopt(): buflen');
    if (typeof value !== 'number') return value.subarray(0, buflen) as Received;
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes.subarray(0, buflen);
  }

  /** Sets whether the socket is blocking. It never blocks; the loop requires `false`. */
  setblocking(blocking: boolean): void {
    this.#timeout = blocking ? undefined : 0;
  }

  /** Is the socket marked as blocking? */
  getblocking(): boolean {
    return this.#timeout !== 0;
  }

  /**
   * Sets the timeout. It has no effect here, because no operation waits.
   *
   * @param timeout - in seconds; 0 for non-blocking, undefined for blocking
   * @throws {RangeError} when it is negative or not finite
   */
  settimeout(timeout: number | undefined): void {
    if (timeout !== undefined) {
      checkSecondsFromZero(timeout, 'settimeout(): timeout');
    }
    this.#timeout = timeout;
  }

  /** The timeout, in seconds; 0 for a non-blocking socket, undefined for a blocking one. */
  gettimeout(): number | undefined {
    return this.#timeout;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** `<socket.socket fd=3, family=2, type=1, proto=0, laddr=('127.0.0.1', 8000)>`, like CPython. */
  toString(): string {
    return socketText(this.#endpoint, this._isClosed);
  }

  #open(syscall: string): Endpoint {
    if (this.#closed) throw osError('EBADF', syscall);
    return this.#endpoint;
  }

  /** The endpoint; its next try asks the system, even if the last one would have blocked. */
  #freshEndpoint(syscall: string, side: 'reader' | 'writer'): Endpoint {
    const endpoint = this.#open(syscall);
    endpoint.resetReadiness(side);
    return endpoint;
  }
}

/** A new error each time, so that its stack shows the call. */
function wouldBlock(syscall: string): OSError {
  return osError('EAGAIN', syscall);
}
