/**
 * What Python's `socket` module offers, as far as sockets do not block: `import * as socket from
 * 'asyncio-ts/socket'`.
 *
 * @module
 * @see Python's `socket`, https://docs.python.org/3/library/socket.html
 */

import { hostname } from 'node:os';
import { checkWhole } from './sock/address.ts';
import { AF_INET, AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './sock/constants.ts';
import { driverNamed } from './sock/drivers/registry.ts';
import type { DriverName } from './sock/endpoint.ts';
import { Socket } from './sock/socket.ts';

export { gaierror, OSError as error, TimeoutError as timeout } from './base/os-errors.ts';
export type { Address, AddressInput, Inet6Address, InetAddress } from './sock/address.ts';
export * from './sock/constants.ts';
export type { DriverName } from './sock/endpoint.ts';
export { Socket } from './sock/socket.ts';

/** Can sockets of AF_INET6 be made? What Node runs on has it, even where no interface does. */
export const hasIPv6 = true;

/** What can be said of a new socket beyond family, type and protocol. */
export interface SocketOptions {
  /**
   * How it is made; else as the environment's ASYNCIO_SOCKETS says; else `'posix'` where koffi
   * loads, and `'node'` where it does not.
   */
  readonly driver?: DriverName | undefined;
  /** Takes up the socket that gave this descriptor with `detach()`; the rest is then ignored. */
  readonly fileno?: number | undefined;
}

/**
 * Makes a socket.
 *
 * @param family - AF_INET, AF_INET6 or AF_UNIX
 * @param type - SOCK_STREAM or SOCK_DGRAM; SOCK_NONBLOCK and SOCK_CLOEXEC may be or-ed to it
 * @param proto - 0 for the family's own
 * @returns a socket in blocking mode, which is only a flag; the caller's to close
 * @throws {OSError} EAFNOSUPPORT, ESOCKTNOSUPPORT when the driver has no such sockets
 * @throws {RangeError} when there is no such driver
 * @see Python's `socket.socket()`, https://docs.python.org/3/library/socket.html#socket.socket
 */
export function socket(
  family: number = AF_INET,
  type: number = SOCK_STREAM,
  proto: number = 0,
  { driver, fileno }: SocketOptions = {},
): Socket {
  checkWhole(family, -1, 0xffff, 'socket(): family');
  checkWhole(type, -1, 0x7fffffff, 'socket(): type');
  checkWhole(proto, -1, 0xffff, 'socket(): proto');
  if (fileno !== undefined) return Socket._adopt(fileno);
  const made = Socket._of(
    driverNamed(driver).open(family === -1 ? AF_INET : family, plain(type), Math.max(0, proto)),
  );
  if (type !== -1 && (type & SOCK_NONBLOCK) !== 0) made.setblocking(false);
  return made;
}

/**
 * Makes two sockets that are connected to each other.
 *
 * The node driver makes them of memory: Node cannot make a pair of descriptors.
 *
 * @throws {OSError} EOPNOTSUPP when the family is not AF_UNIX
 * @see Python's `socket.socketpair()`, https://docs.python.org/3/library/socket.html#socket.socketpair
 */
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  proto: number = 0,
  { driver }: Pick<SocketOptions, 'driver'> = {},
): [Socket, Socket] {
  checkWhole(family, 0, 0xffff, 'socketpair(): family');
  checkWhole(type, 0, 0x7fffffff, 'socketpair(): type');
  checkWhole(proto, 0, 0xffff, 'socketpair(): proto');
  const [one, other] = driverNamed(driver).socketpair(family, plain(type), proto);
  const pair: [Socket, Socket] = [Socket._of(one), Socket._of(other)];
  if ((type & SOCK_NONBLOCK) !== 0) for (const made of pair) made.setblocking(false);
  return pair;
}

/** The name of this machine. */
export function gethostname(): string {
  return hostname();
}

/** Is a port of both IP versions to be had through one socket? Linux's answer. */
export function hasDualstackIPv6(): boolean {
  return true;
}

/** The type without the flags that may be or-ed to it; Python hides them too. */
function plain(type: number): number {
  return type === -1 ? SOCK_STREAM : type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
}
