/**
 * The non-blocking part of Python's `socket` module: `import * as socket from 'asyncio-ts/socket'`.
 *
 * @module
 * @see Python's `socket`, https://docs.python.org/3/library/socket.html
 */

import { checkOptions } from './base/check-options.ts';
import { checkWhole } from './base/numbers.ts';
import {
  AF_INET,
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from './sock/constants/constants.ts';
import { driverNamed } from './sock/drivers/registry.ts';
import { takeDetached } from './sock/endpoint/detached-endpoints.ts';
import type { DriverName, Endpoint, Kind } from './sock/endpoint/endpoint.ts';
import { Socket } from './sock/socket.ts';

export {
  gaierror,
  herror,
  OSError as error,
  TimeoutError as timeout,
} from './base/errors/os-errors.ts';
export { type ConnectOptions, createConnection } from './hosts/create-connection.ts';
export {
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbynameEx,
  gethostname,
  getnameinfo,
  type HostEntry,
} from './hosts/name-lookup.ts';
export type { AddressInfo, AddressInfoOptions } from './loop/name-lookup.ts';
export type { Address, AddressInput, Inet6Address, InetAddress } from './sock/addresses/address.ts';
export { htonl, htons, ntohl, ntohs } from './sock/addresses/byte-order.ts';
export { inetAton, inetNtoa, inetNtop, inetPton } from './sock/addresses/inet.ts';
export { ifIndextoname, ifNameindex, ifNametoindex } from './sock/addresses/interfaces.ts';
export { getprotobyname, getservbyname, getservbyport } from './sock/addresses/services.ts';
export * from './sock/constants/constants.ts';
export * from './sock/constants/system-constants.ts';
export { createServer, type ServerSocketOptions } from './sock/create-server.ts';
export { getdefaulttimeout, setdefaulttimeout } from './sock/default-timeout.ts';
export { close, dup } from './sock/descriptors/close-and-dup.ts';
export { recvFds, sendFds } from './sock/descriptors/pass-descriptors.ts';
export type { DriverName } from './sock/endpoint/endpoint.ts';
export {
  type AncillaryData,
  type AncillaryInput,
  CMSG_LEN,
  CMSG_SPACE,
} from './sock/messages/ancillary.ts';
export * from './sock/messages/flags.ts';
export {
  Socket,
  Socket as SocketType,
} from './sock/socket.ts';

/** Can AF_INET6 sockets be created? Node always supports them, even if no interface has IPv6. */
export const hasIpv6 = true;
/** The same as {@link hasIpv6}. */
export const hasIPv6 = true;

/** Options for a new socket in addition to family, type and protocol. */
export interface SocketOptions {
  /**
   * The driver; by default the one in the environment variable ASYNCIO_SOCKETS, otherwise `'posix'`
   * if koffi loads, else `'node'`.
   */
  readonly driver?: DriverName | undefined;
  /**
   * A descriptor to adopt, which the socket owns and makes non-blocking. The system is asked for
   * family, type and protocol if they are -1.
   */
  readonly fileno?: number | undefined;
}

/**
 * Creates a socket.
 *
 * @param family - AF_INET, AF_INET6 or AF_UNIX; -1 for AF_INET
 * @param type - SOCK_STREAM or SOCK_DGRAM; SOCK_NONBLOCK and SOCK_CLOEXEC may be or-ed to it; -1
 *   for SOCK_STREAM
 * @param proto - 0 or -1 for the family's default
 * @returns a socket in blocking mode, which is only a flag, for the caller to close
 * @throws {OSError} EAFNOSUPPORT, ESOCKTNOSUPPORT when the driver has no such sockets; for a
 *   descriptor EBADF, ENOTSOCK, EBUSY when it belongs to another Socket, and EOPNOTSUPP when the
 *   driver cannot use descriptors
 * @throws {RuntimeError} when the driver is unavailable here
 * @throws {RangeError} when there is no such driver
 * @see Python's `socket.socket()`, https://docs.python.org/3/library/socket.html#socket.socket
 */
export function socket(
  family: number = -1,
  type: number = -1,
  proto: number = -1,
  options: SocketOptions = {},
): Socket {
  checkOptions(options, 'driver fileno');
  const { driver, fileno } = options;
  checkWhole(family, -1, 0xffff, 'socket(): family');
  checkWhole(type, -1, 0x7fffffff, 'socket(): type');
  checkWhole(proto, -1, 0xffff, 'socket(): proto');
  const made = Socket._of(
    fileno === undefined
      ? driverNamed(driver).open(family === -1 ? AF_INET : family, plain(type), Math.max(0, proto))
      : adopt(fileno, { family, type: type === -1 ? -1 : plain(type), proto }, driver),
  );
  if (type !== -1 && (type & SOCK_NONBLOCK) !== 0) made.setblocking(false);
  return made;
}

function adopt(fileno: number, kind: Kind, driver?: DriverName): Endpoint {
  checkWhole(fileno, 0, 0x7fffffff, 'socket(): fileno');
  return takeDetached(fileno, driver) ?? driverNamed(driver).adopt(fileno, kind, false);
}

/**
 * Creates a socket from a duplicate of a descriptor.
 *
 * To convert a Node socket, call `fromfd(handle.fd, …)` and then its `destroy()`. Both are
 * non-blocking from then on.
 *
 * @param fd - the descriptor of a socket
 * @param family - as in {@link socket}; -1 asks the system, also for `type` and `proto`
 * @throws {OSError} EBADF, ENOTSOCK, EMFILE; EOPNOTSUPP when the driver cannot use descriptors
 * @see Python's `socket.fromfd()`, https://docs.python.org/3/library/socket.html#socket.fromfd
 */
export function fromfd(
  fd: number,
  family: number = -1,
  type: number = -1,
  proto: number = -1,
  options: Pick<SocketOptions, 'driver'> = {},
): Socket {
  checkOptions(options, 'driver');
  checkWhole(fd, 0, 0x7fffffff, 'fromfd(): fd');
  checkWhole(family, -1, 0xffff, 'fromfd(): family');
  checkWhole(type, -1, 0x7fffffff, 'fromfd(): type');
  checkWhole(proto, -1, 0xffff, 'fromfd(): proto');
  const kind = { family, type: type === -1 ? -1 : plain(type), proto };
  return Socket._of(driverNamed(options.driver).adopt(fd, kind, true));
}

/**
 * Creates two sockets that are connected to each other.
 *
 * With the node driver they are in memory, because Node cannot create a pair of descriptors.
 *
 * @throws {OSError} EOPNOTSUPP when the family is not AF_UNIX
 * @see Python's `socket.socketpair()`,
 *   https://docs.python.org/3/library/socket.html#socket.socketpair
 */
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  proto: number = 0,
  options: Pick<SocketOptions, 'driver'> = {},
): [Socket, Socket] {
  checkOptions(options, 'driver');
  checkWhole(family, 0, 0xffff, 'socketpair(): family');
  checkWhole(type, 0, 0x7fffffff, 'socketpair(): type');
  checkWhole(proto, 0, 0xffff, 'socketpair(): proto');
  const [one, other] = driverNamed(options.driver).socketpair(family, plain(type), proto);
  const pair: [Socket, Socket] = [Socket._of(one), Socket._of(other)];
  if ((type & SOCK_NONBLOCK) !== 0) for (const made of pair) made.setblocking(false);
  return pair;
}

/** Can one socket serve a port with both IP versions? Always true, as on Linux. */
export function hasDualstackIpv6(): boolean {
  return true;
}

/** The same as {@link hasDualstackIpv6}. */
export function hasDualstackIPv6(): boolean {
  return hasDualstackIpv6();
}

/** The type without the flags that may be or-ed to it; Python hides them, too. */
function plain(type: number): number {
  return type === -1 ? SOCK_STREAM : type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}
