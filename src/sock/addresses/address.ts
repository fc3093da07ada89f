import { checkText } from '../../base/check-types.ts';
import { OSError } from '../../base/errors/os-errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { checkWhole } from '../../base/numbers.ts';
import { inspectsAsText } from '../../base/printing/inspect.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import { AF_INET, AF_INET6, AF_UNIX } from '../constants/constants.ts';

/** An IPv4 address: numeric host and port. Prints as `('127.0.0.1', 33090)`. */
export type InetAddress = readonly [host: string, port: number];

/** An IPv6 address. Prints as `('::1', 41471, 0, 0)`. */
export type Inet6Address = readonly [host: string, port: number, flowinfo: number, scopeid: number];

/**
 * A socket address as in Python: a tuple for IPv4 and IPv6, a path for AF_UNIX (`''` if unnamed).
 *
 * The tuples are frozen arrays: `const [host, port] = address` works, and `String(address)` prints
 * it as Python does.
 */
export type Address = InetAddress | Inet6Address | string;

/** An address as functions accept it: any `[host, port]`, or a path. */
export type AddressInput =
  | readonly [host: string, port: number]
  | readonly [host: string, port: number, flowinfo: number, scopeid?: number]
  | readonly [host: string, port: number, flowinfo?: number, scopeid?: number]
  | string;

/** An array that prints as a Python tuple. */
class Tuple extends Array<string | number> {
  static {
    inspectsAsText(this);
  }

  // map() and slice() of an address return plain arrays.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override toString(): string {
    return `(${Array.from(this, repr).join(', ')})`;
  }
}

/** Creates an IPv4 address. */
export function inetAddress(host: string, port: number): InetAddress {
  const made = new Tuple(2);
  made[0] = host;
  made[1] = port;
  return Object.freeze(made) as unknown as InetAddress;
}

/** Creates an IPv6 address. */
export function inet6Address(host: string, port: number, flowinfo = 0, scopeid = 0): Inet6Address {
  const made = new Tuple(4);
  made[0] = host;
  made[1] = port;
  made[2] = flowinfo;
  made[3] = scopeid;
  return Object.freeze(made) as unknown as Inet6Address;
}

/** The address of a socket that has none yet. */
export function unboundAddress(family: number): Address {
  if (family === AF_INET) return inetAddress('0.0.0.0', 0);
  return family === AF_INET6 ? inet6Address('::', 0) : '';
}

/** Prints an address as Python prints it inside a socket: a path without quotes. */
export function addressText(address: Address): string {
  return String(address);
}

/** The longest path that fits `struct sockaddr_un` on Linux, in bytes; 4 more than on macOS. */
const LONGEST_PATH = 107;

/** The system would silently cut longer paths, and paths with NUL bytes. */
function checkPath(path: string): string {
  const abstract = path.startsWith('\0');
  if (Buffer.byteLength(path) > LONGEST_PATH + Number(abstract))
    throw new OSError('AF_UNIX path too long');
  if (!abstract && path.includes('\0')) throw new OSError('AF_UNIX path contains a NUL byte');
  return path;
}

/** The highest port. */
export const LAST_PORT = 65_535;

/**
 * Checks an address that was passed in, and completes it. Names are not resolved.
 *
 * @param caller - the method, for the error text
 * @throws {TypeError} when the address does not have the shape of the family
 * @throws {RangeError} when the port is not an integer from 0 to 65535, or the host contains a
 *   null character
 * @throws {OSError} when a path is too long for the system, or contains a NUL byte
 */
export function checkAddress(family: number, input: unknown, caller: string): Address {
  if (family === AF_UNIX) {
    if (typeof input === 'string') return checkPath(input);
    throw typeError(`${caller}(): an AF_UNIX address must be a path, got ${brief(input)}`);
  }
  const six = family === AF_INET6;
  if (!Array.isArray(input) || input.length < 2 || input.length > (six ? 4 : 2)) {
    const shape = six
      ? 'AF_INET6 address must be [host, port[, flowinfo[, scopeid]]]'
      : 'AF_INET address must be [host, port]';
    throw typeError(`${caller}(): an ${shape}, got ${brief(input)}`);
  }
  const { 0: host, 1: port, 2: flowinfo = 0, 3: scopeid = 0 } = input as unknown[];
  checkText(host, `${caller}(): the host`);
  checkWhole(port, 0, LAST_PORT, `${caller}(): the port`);
  if (!six) return inetAddress(host, port);
  checkWhole(flowinfo, 0, 0xfffff, `${caller}(): flowinfo`);
  checkWhole(scopeid, 0, 0xffffffff, `${caller}(): scopeid`);
  return inet6Address(host, port, flowinfo, scopeid);
}
