import { checkOptions } from '../base/check-options.ts';
import { OSError, osError } from '../base/errors/os-errors.ts';
import { rangeError } from '../base/errors/refusals.ts';
import { checkWhole } from '../base/numbers.ts';
import { repr } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { type Address, type AddressInput, checkAddress } from './addresses/address.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from './constants/constants.ts';
import { driverNamed } from './drivers/registry.ts';
import type { DriverName } from './endpoint/endpoint.ts';
import { Socket } from './socket.ts';

/** Options of {@link createServer}. */
export interface ServerSocketOptions {
  /** AF_INET, AF_INET6 or AF_UNIX; by default AF_INET. */
  readonly family?: number | undefined;
  /** How many connections may wait for accept(); by default 128. */
  readonly backlog?: number | undefined;
  /** Shares the port with other sockets that set this, too. */
  readonly reusePort?: boolean | undefined;
  /** For AF_INET6: also accepts IPv4 connections. */
  readonly dualstackIpv6?: boolean | undefined;
  /** As in {@link socket}. */
  readonly driver?: DriverName | undefined;
}

/**
 * Creates a listening stream socket.
 *
 * @returns the socket, in blocking mode, for the caller to close
 * @throws {RangeError} when `dualstackIpv6` is set for a family other than AF_INET6
 * @throws {OSError} when it cannot bind: EADDRINUSE, EADDRNOTAVAIL, …
 * @see Python's `socket.create_server()`,
 *   https://docs.python.org/3/library/socket.html#socket.create_server
 */
export function createServer(address: AddressInput, options: ServerSocketOptions = {}): Socket {
  checkOptions(options, 'family backlog reusePort dualstackIpv6 driver');
  const { family = AF_INET, backlog, reusePort, dualstackIpv6, driver } = options;
  checkWhole(family, 0, 0xffff, 'createServer(): family');
  if (dualstackIpv6 && family !== AF_INET6)
    throw rangeError('dualstackIpv6 requires the AF_INET6 family');
  const endpoint = driverNamed(driver).open(family, SOCK_STREAM, 0);
  const sock = Socket._of(endpoint);
  try {
    const checked = checkAddress(family, address, 'createServer');
    if (family !== AF_UNIX) sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (reusePort) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    if (family === AF_INET6) sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, !dualstackIpv6);
    bind(sock, checked);
    sock.listen(backlog);
    return sock;
  } catch (error) {
    sock.close();
    throw error;
  }
}

function bind(sock: Socket, address: Address): void {
  try {
    sock.bind(address);
  } catch (error) {
    if (!isA(error, OSError) || error.code === undefined) throw error;
    const strerror = `${error.strerror} (while attempting to bind on address ${repr(address)})`;
    throw osError(error.code, 'bind', { strerror });
  }
}
