import { hostname } from 'node:os';
import { osError } from '../../base/errors/os-errors.ts';
import { net } from '../../base/node-modules.ts';
import { AF_INET, AF_INET6 } from '../constants/constants.ts';
import { type Address, inet6Address, inetAddress } from './address.ts';
import { type NumericHost, numericHost } from './numeric-host.ts';
import { simulatedSystem } from './simulated-system.ts';
import { linesOf } from './system-files.ts';

/**
 * Resolves the names that need no look-up, so that `bind()` can act immediately: numeric addresses,
 * `''` for any, `localhost`, this machine's own name, and names in the hosts file.
 *
 * The loop looks up all other names first, off the main thread.
 */

/**
 * Returns `address` with a numeric host.
 *
 * @throws {gaierror} when the name is neither local nor in the hosts file, the numeric address is
 *   of the other family, or its zone is unknown
 */
export function resolveLocally(family: number, address: Address): Address {
  if (typeof address === 'string') return address;
  const { 0: host, 1: port, 2: flowinfo, 3: scopeid } = address;
  if (family === AF_INET)
    return net().isIPv4(host) ? address : inetAddress(numericHostOf(family, host).host, port);
  const found = numericHostOf(family, host);
  if (found.host === host) return address;
  return inet6Address(found.host, port, flowinfo, scopeid || found.scopeid);
}

function numericHostOf(family: number, host: string): NumericHost {
  const six = family === AF_INET6;
  const local = (four: string, other: string): NumericHost => ({
    family,
    host: six ? other : four,
    scopeid: 0,
  });
  if (host === '') return local('0.0.0.0', '::');
  if (host === '<broadcast>' && !six) return local('255.255.255.255', '');
  const numeric = numericHost(family, host);
  if (numeric !== undefined) return numeric;
  const name = asKey(host);
  // Regardless of the hosts file.
  if (isLocalhost(name)) return local('127.0.0.1', '::1');
  const simulated = simulatedSystem();
  if (simulated !== undefined)
    return { family, host: simulated.find(name, family)[0]?.address as string, scopeid: 0 };
  const found = hostsFileEntry(family, name);
  if (found !== undefined) return found;
  if (name === hostname().toLowerCase()) return local('127.0.0.1', '::1');
  throw osError('EAI_NONAME', 'getaddrinfo');
}

/** Normalizes a name for comparison: in lower case, without a final dot. */
export function asKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Does it always mean this machine (RFC 6761)? */
export function isLocalhost(key: string): boolean {
  return key === 'localhost' || key.endsWith('.localhost');
}

function hostsFileEntry(family: number, name: string): NumericHost | undefined {
  const isOurs = family === AF_INET ? net().isIPv4 : net().isIPv6;
  for (const [number = '', ...names] of linesOf('hosts'))
    if (isOurs(number) && names.some((other) => other.toLowerCase() === name))
      return numericHost(family, number);
  return undefined;
}
