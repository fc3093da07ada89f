import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, inet6Address, inetAddress } from '../../addresses/address.ts';
import { needsZone } from '../../addresses/numeric-host.ts';
import { zoneIndex, zoneName } from '../../addresses/zones.ts';
import { AF_INET6 } from '../../constants/constants.ts';
import type { HandleAddress } from './handles/handle-types.ts';

/** libuv appends the zone to the host: its name, or on Windows its number. */
const ZONES_HAVE_NAMES = process.platform !== 'win32';

/** Converts an address from a handle. */
export function fromHandle(family: number, { address = '', port = 0 }: HandleAddress): Address {
  if (family !== AF_INET6) return inetAddress(address, port);
  const at = address.indexOf('%');
  if (at < 0) return inet6Address(address, port);
  const zone = address.slice(at + 1);
  const scopeid = zoneIndex(zone) ?? (Number(zone) || 0);
  return inet6Address(address.slice(0, at), port, 0, scopeid);
}

/**
 * The host of an address, as handles expect it.
 *
 * @throws {OSError} ENODEV when its zone does not exist
 */
export function hostForHandle(address: Address, syscall: string): string {
  const [host, , , scopeid] = address as readonly [string, number, number?, number?];
  // Kernels ignore the zone of other addresses.
  if (!scopeid || !needsZone(host)) return host;
  const zone = ZONES_HAVE_NAMES ? zoneName(scopeid) : scopeid;
  if (zone === undefined) throw osError('ENODEV', syscall);
  return `${host}%${zone}`;
}
