import { checkOptions } from '../base/check-options.ts';
import { OSError, osError, TimeoutError } from '../base/errors/os-errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { checkSecondsFromZero } from '../base/numbers.ts';
import { brief } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import type { Loop } from '../loop/loop.ts';
import type { AddressInfo } from '../loop/name-lookup.ts';
import type { AddressInput } from '../sock/addresses/address.ts';
import { SOCK_STREAM } from '../sock/constants/constants.ts';
import { getdefaulttimeout } from '../sock/default-timeout.ts';
import { driverNamed } from '../sock/drivers/registry.ts';
import type { DriverName } from '../sock/endpoint/endpoint.ts';
import { Socket } from '../sock/socket.ts';
import { ExceptionGroup } from '../tasks/groups/exception-group.ts';
import { waitFor } from '../tasks/limits/wait-for.ts';

/** Options of {@link createConnection}. */
export interface ConnectOptions {
  /**
   * The timeout of each attempt, in seconds, and then of the socket; by default
   * `getdefaulttimeout()`.
   */
  readonly timeout?: number | undefined;
  /** The local address to bind the socket to. */
  readonly sourceAddress?: AddressInput | undefined;
  /** Throw the errors of all attempts, in a group? By default the last one is thrown. */
  readonly allErrors?: boolean | undefined;
  /** As in {@link socket}. */
  readonly driver?: DriverName | undefined;
}

/**
 * Connects a new socket to a host and a port, trying the addresses of the host one after another.
 *
 * @returns a coroutine of the socket, which has this `timeout`, for the caller to close
 * @throws {TimeoutError} when the last attempt took too long
 * @throws {OSError} when it failed otherwise; `gaierror` when the host is unknown
 * @throws {ExceptionGroup} of all errors, with `allErrors`
 * @throws {TypeError} when `address` is not `[host, port]`
 * @throws {CancelledError} when the waiting task is cancelled
 * @see Python's `socket.create_connection()`,
 *   https://docs.python.org/3/library/socket.html#socket.create_connection
 */
export function createConnection(
  address: readonly [host: string | undefined, port: number | string | undefined],
  options: ConnectOptions = {},
): Coroutine<Socket> {
  checkOptions(options, 'timeout sourceAddress allErrors driver');
  if (!Array.isArray(address) || address.length !== 2)
    throw typeError(`createConnection(): address must be [host, port], got ${brief(address)}`);
  const timeout = 'timeout' in options ? options.timeout : getdefaulttimeout();
  if (timeout !== undefined) checkSecondsFromZero(timeout, 'createConnection(): timeout');
  const connect = async (): Promise<Socket> => {
    const loop = requireRunningLoop() as Loop;
    const [host, port] = address;
    const failures: OSError[] = [];
    for (const info of await loop.getaddrinfo(host, port, { type: SOCK_STREAM })) {
      try {
        return await connectTo(loop, info, timeout, options);
      } catch (error) {
        if (!isA(error, OSError)) throw error;
        failures.push(error);
      }
    }
    if (options.allErrors) throw new ExceptionGroup('create_connection failed', failures);
    throw failures.at(-1) ?? new OSError('getaddrinfo returns an empty list');
  };
  return new Coroutine(connect, 'createConnection', undefined);
}

async function connectTo(
  loop: Loop,
  [family, type, proto, , address]: AddressInfo,
  timeout: number | undefined,
  { driver, sourceAddress }: ConnectOptions,
): Promise<Socket> {
  const sock = Socket._of(driverNamed(driver).open(family, type, proto));
  try {
    sock.setblocking(false);
    if (sourceAddress !== undefined) sock.bind(sourceAddress);
    if (timeout === 0) sock.connect(address);
    else await waitFor(loop.sockConnect(sock, address), timeout);
    sock.settimeout(timeout);
    return sock;
  } catch (error) {
    sock.close();
    throw asSocketError(error);
  }
}

/** The error with the text of the `socket` module: asyncio's contains the address. */
function asSocketError(error: unknown): unknown {
  if (!isA(error, OSError)) return error;
  if (error.code !== undefined) return osError(error.code, error.syscall);
  return isA(error, TimeoutError) ? new TimeoutError('timed out', { cause: error }) : error;
}
