import { hostname } from 'node:os';
import { checkText } from '../base/check-types.ts';
import { gaierror, herror, OSError } from '../base/errors/os-errors.ts';
import { net } from '../base/node-modules.ts';
import { isA } from '../base/values/attempt.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import type { Operation } from '../core/futures/operation.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import type { Loop } from '../loop/loop.ts';
import type { AddressInfo, AddressInfoOptions } from '../loop/name-lookup.ts';
import { simulatedSystem } from '../sock/addresses/simulated-system.ts';
import { hostsFileNames } from '../sock/addresses/system-files.ts';
import { AF_INET, NI_NAMEREQD, SOCK_STREAM } from '../sock/constants/constants.ts';

/** The name of this machine. */
export function gethostname(): string {
  return simulatedSystem()?.hostname ?? hostname();
}

/** A host: its name, aliases, and addresses. */
export type HostEntry = [hostname: string, aliases: string[], addresses: string[]];

/**
 * `loop.getaddrinfo()` of the running loop.
 *
 * @throws {RuntimeError} when no loop is running
 */
export function getaddrinfo(
  host: string | undefined,
  port: number | string | undefined,
  options?: AddressInfoOptions,
): Operation<AddressInfo[]> {
  return loop().getaddrinfo(host, port, options);
}

/**
 * `loop.getnameinfo()` of the running loop.
 *
 * @throws {RuntimeError} when no loop is running
 */
export function getnameinfo(
  sockaddr: readonly [host: string, port: number, ...rest: unknown[]],
  flags: number = 0,
): Operation<[host: string, service: string]> {
  return loop().getnameinfo(sockaddr, flags);
}

/**
 * Looks up the first IPv4 address of a host, off the main thread.
 *
 * @throws {TypeError} when `hostname` is not a string
 * @throws {OSError} `gaierror` when there is none
 * @see Python's `socket.gethostbyname()`, https://docs.python.org/3/library/socket.html#socket.gethostbyname
 */
export function gethostbyname(hostname: string): Coroutine<string> {
  checkText(hostname, 'gethostbyname(): hostname');
  return coroutine('gethostbyname', async () => {
    if (hostname === '') return '0.0.0.0';
    if (hostname === '<broadcast>') return '255.255.255.255';
    const [first] = await addressesOf(hostname, AF_INET);
    return first as string;
  });
}

/**
 * Looks up the names and the IPv4 addresses of a host. Aliases come from the hosts file.
 *
 * @throws {TypeError} when `hostname` is not a string
 * @throws {OSError} `gaierror` when there is no address; `herror` for `''` and `'<broadcast>'`
 * @see Python's `socket.gethostbyname_ex()`,
 *   https://docs.python.org/3/library/socket.html#socket.gethostbyname_ex
 */
export function gethostbynameEx(hostname: string): Coroutine<HostEntry> {
  checkText(hostname, 'gethostbynameEx(): hostname');
  return coroutine('gethostbynameEx', async () => {
    if (hostname === '' || hostname === '<broadcast>') throw unknownHost();
    const addresses = await addressesOf(hostname, AF_INET);
    const [name = hostname, ...aliases] = hostsFileNames(
      (number, names) => net().isIPv4(number) && names.includes(hostname),
    );
    return [name, aliases, addresses];
  });
}

/**
 * Looks up the names of an address, or of the first address of a host. Aliases come from the hosts
 * file.
 *
 * @throws {TypeError} when `address` is not a string
 * @throws {OSError} `herror` when the address has no name, `gaierror` when the host has no address
 * @see Python's `socket.gethostbyaddr()`,
 *   https://docs.python.org/3/library/socket.html#socket.gethostbyaddr
 */
export function gethostbyaddr(address: string): Coroutine<HostEntry> {
  checkText(address, 'gethostbyaddr(): address');
  return coroutine('gethostbyaddr', () => hostOf(address));
}

/**
 * The full name of a host: the first of its names that contains a dot.
 *
 * @param name - a name or an address; `''` for this machine
 * @returns `name` itself, if it is unknown
 * @throws {TypeError} when `name` is not a string
 * @see Python's `socket.getfqdn()`, https://docs.python.org/3/library/socket.html#socket.getfqdn
 */
export function getfqdn(name: string = ''): Coroutine<string> {
  checkText(name, 'getfqdn(): name');
  return coroutine('getfqdn', async () => {
    const given = name.trim();
    const asked = ['', '0.0.0.0', '::'].includes(given) ? gethostname() : given;
    try {
      const [first, aliases] = await hostOf(asked);
      return [first, ...aliases].find((each) => each.includes('.')) ?? first;
    } catch (error) {
      if (!isA(error, OSError)) throw error;
      return asked;
    }
  });
}

async function hostOf(address: string): Promise<HostEntry> {
  if (address === '') throw new OSError('wildcard resolved to multiple address');
  if (address === '<broadcast>') throw unknownHost();
  const [number] = (await addressesOf(address, 0)) as [string];
  const [known, ...aliases] = hostsFileNames((each) => each === number);
  if (known !== undefined) return [known, aliases, [number]];
  try {
    const [name] = await loop().getnameinfo([number, 0], NI_NAMEREQD);
    return [name, [], [number]];
  } catch (error) {
    if (!isA(error, gaierror)) throw error;
    throw unknownHost(error);
  }
}

async function addressesOf(host: string, family: number): Promise<string[]> {
  const found = await loop().getaddrinfo(host, undefined, { family, type: SOCK_STREAM });
  return found.map(([, , , , address]) => address[0] as string);
}

function unknownHost(cause?: unknown): herror {
  const strerror = 'Unknown host';
  return new herror(`[Errno 1] ${strerror}`, { code: 'HOST_NOT_FOUND', strerror, cause });
}

function coroutine<T>(name: string, body: () => Promise<T>): Coroutine<T> {
  return new Coroutine(body, name, undefined);
}

function loop(): Loop {
  return requireRunningLoop() as Loop;
}
