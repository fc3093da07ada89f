import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, inet6Address, inetAddress } from '../../addresses/address.ts';
import { needsZone } from '../../addresses/numeric-host.ts';
import { zoneIndex, zoneName } from '../../addresses/zones.ts';
import { AF_INET6 } from '../../constants/constants.ts';
import type { HandleAddress } from './handles.ts';

/** libuv has the zone of an address in the text of its host: by name, and on Windows by number. */
const ZONES_HAVE_NAMES = process.platform !== 'win32';

/** The address that a handle told. */
export function fromHandle(family: number, { address = '', port = 0 }: HandleAddress): Address {
  if (family !== AF_INET6) return inetAddress(address, port);
  const at = address.indexOf('%');
  if (at < 0) return inet6Address(address, port);
  const zone = address.slice(at + 1);
  const scopeid = zoneIndex(zone) ?? (Number(zone) || 0);
  return inet6Address(address.slice(0, at), port, 0, scopeid);
}

/**
 * The host of an address, for a handle.
 *
 * @throws {OSError} ENODEV when its zone is none
 */
export function hostForHandle(address: Address, syscall: string): string {
  const [host, , , scopeid] = address as readonly [string, number, number?, number?];
  // Kernels heed the zone of no other address.
  if (!scopeid || !needsZone(host)) return host;
  const zone = ZONES_HAVE_NAMES ? zoneName(scopeid) : scopeid;
  if (zone === undefined) throw osError('ENODEV', syscall);
  return `${host}%${zone}`;
}
