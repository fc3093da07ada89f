import { checkBytes, checkText } from '../../base/check-types.ts';
import { OSError, osError } from '../../base/errors/os-errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { net } from '../../base/node-modules.ts';
import { brief } from '../../base/printing/repr.ts';
import type { Received } from '../../base/values/bytes.ts';
import { AF_INET, AF_INET6 } from '../constants/constants.ts';
import { dottedForm, inet6Groups, inet6Text } from './numeric-host.ts';

/**
 * Parses an IPv4 address, also in short, octal or hexadecimal form.
 *
 * @returns its 4 bytes
 * @throws {OSError} when it is not an IPv4 address
 */
export function inetAton(ip: string): Received {
  checkText(ip, 'inetAton(): ip');
  // Like C's, which stops at white space.
  const dotted = dottedForm(ip.replace(/[\t-\r ].*$/s, ''));
  if (dotted === undefined) throw illegal('inet_aton');
  return fromDotted(dotted);
}

/**
 * Prints the 4 bytes of an IPv4 address.
 *
 * @throws {OSError} when there are not 4
 */
export function inetNtoa(packed: Uint8Array): string {
  checkBytes(packed, 'inetNtoa(): packed');
  if (packed.length !== 4) throw new OSError('packed IP wrong length for inet_ntoa');
  return packed.join('.');
}

/**
 * Parses an address of AF_INET or AF_INET6, without a zone.
 *
 * @returns its 4 or 16 bytes
 * @throws {OSError} when it is not an address of the family; EAFNOSUPPORT for another family
 */
export function inetPton(family: number, ip: string): Received {
  checkText(ip, 'inetPton(): ip');
  if (family === AF_INET) {
    if (!net().isIPv4(ip)) throw illegal('inet_pton');
    return fromDotted(ip);
  }
  if (family !== AF_INET6) throw osError('EAFNOSUPPORT', 'inet_pton');
  if (!net().isIPv6(ip) || ip.includes('%')) throw illegal('inet_pton');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of inet6Groups(ip).entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

/**
 * Prints the 4 or 16 bytes of an address.
 *
 * @throws {RangeError} when the length is wrong, or the family is neither AF_INET nor AF_INET6
 */
export function inetNtop(family: number, packed: Uint8Array): string {
  checkBytes(packed, 'inetNtop(): packed');
  if (family !== AF_INET && family !== AF_INET6)
    throw rangeError(`inetNtop(): family must be AF_INET or AF_INET6, got ${brief(family)}`);
  const length = family === AF_INET ? 4 : 16;
  if (packed.length !== length)
    throw rangeError(`inetNtop(): packed must have ${length} bytes, got ${packed.length}`);
  if (family === AF_INET) return packed.join('.');
  const bytes = Buffer.from(packed);
  return inet6Text(Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2)));
}

function fromDotted(dotted: string): Received {
  return Buffer.from(dotted.split('.').map(Number));
}

function illegal(call: string): OSError {
  return new OSError(`illegal IP address string passed to ${call}`);
}
