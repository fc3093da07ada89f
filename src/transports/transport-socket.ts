import { rangeError } from '../base/errors/refusals.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import { type Address, addressText } from '../sock/addresses/address.ts';
import type { Socket } from '../sock/socket.ts';

/**
 * The socket under a transport or a server, to read its state and to set options. It has no methods
 * that would interfere with the transport, such as receiving, sending or closing.
 *
 * @see asyncio's `TransportSocket`, `Lib/asyncio/trsock.py`
 */
export class TransportSocket {
  static {
    printsAsText(this);
  }

  /** @internal the socket that it represents */
  readonly _sock: Socket;

  /** @internal created by transports and servers */
  constructor(sock: Socket) {
    this._sock = sock;
  }

  /** The address family: AF_INET, AF_INET6 or AF_UNIX. */
  get family(): number {
    return this._sock.family;
  }

  /** SOCK_STREAM or SOCK_DGRAM. */
  get type(): number {
    return this._sock.type;
  }

  /** The protocol it was created with; 0 for the family's default. */
  get proto(): number {
    return this._sock.proto;
  }

  /** The descriptor; -1 when closed. */
  fileno(): number {
    return this._sock.fileno();
  }

  /**
   * A second socket for the same connection, for the caller to close.
   *
   * @throws {OSError} EOPNOTSUPP when the driver has no descriptors; EMFILE when they ran out
   */
  dup(): Socket {
    return this._sock.dup();
  }

  /** Do child processes inherit the descriptor? */
  getInheritable(): boolean {
    return this._sock.getInheritable();
  }

  /**
   * The socket's own address.
   *
   * @throws {OSError} EBADF when it is closed
   */
  getsockname(): Address {
    return this._sock.getsockname();
  }

  /**
   * The address of the peer.
   *
   * @throws {OSError} ENOTCONN when it is not connected, EBADF when the socket is closed
   */
  getpeername(): Address {
    return this._sock.getpeername();
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
  getsockopt(level: number, option: number, buflen: number): Buffer;
  getsockopt(level: number, option: number, buflen?: number): number | Buffer {
    return buflen === undefined
      ? this._sock.getsockopt(level, option)
      : this._sock.getsockopt(level, option, buflen);
  }

  /**
   * Sets an option.
   *
   * @param value - a number, or a C structure as bytes
   * @throws {OSError} ENOPROTOOPT when the driver does not have the option
   */
  setsockopt(level: number, option: number, value: number | boolean | Uint8Array): void {
    this._sock.setsockopt(level, option, value);
  }

  /**
   * Shuts down receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR).
   *
   * @throws {OSError} ENOTCONN when it is not connected
   */
  shutdown(how: number): void {
    this._sock.shutdown(how);
  }

  /**
   * Only accepts `false`: the socket is non-blocking.
   *
   * @throws {RangeError} for anything but `false`
   */
  setblocking(blocking: boolean): void {
    if (blocking) throw rangeError('setblocking(): transport sockets cannot be blocking');
  }

  /**
   * Only accepts 0: the socket is non-blocking.
   *
   * @param timeout - in seconds
   * @throws {RangeError} for anything but 0
   */
  settimeout(timeout: number | undefined): void {
    if (timeout !== 0)
      throw rangeError(
        `settimeout(): only 0 timeout is allowed on transport sockets, got ${brief(timeout)}`,
      );
  }

  /** The timeout in seconds: 0. */
  gettimeout(): number {
    return 0;
  }

  /** `<asyncio.TransportSocket fd=6, family=2, type=1, proto=6, laddr=('127.0.0.1', 8888)>` */
  toString(): string {
    const fd = this.fileno();
    const parts = [
      `fd=${fd}`,
      `family=${this.family}`,
      `type=${this.type}`,
      `proto=${this.proto}`,
      ...(fd === -1 ? [] : [...named('laddr', this._sock.getsockname.bind(this._sock))]),
      ...(fd === -1 ? [] : [...named('raddr', this._sock.getpeername.bind(this._sock))]),
    ];
    return `<asyncio.TransportSocket ${parts.join(', ')}>`;
  }
}

/** An address as part of the printed form; empty if there is none, or it is an empty path. */
function* named(name: string, ask: () => Address): Generator<string> {
  let address: Address;
  try {
    address = ask();
  } catch {
    // ENOTCONN, or the connection is gone.
    return;
  }
  if (address !== '') yield `${name}=${addressText(address)}`;
}
