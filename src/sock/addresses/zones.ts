import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The zones of link-local addresses: the name of an interface, as in `fe80::1%eth0`, and its
 * number.
 *
 * Node has no if_nametoindex(). Linux has a file for each interface that has IPv6, in the network
 * namespace of the process. Elsewhere an interface is found by its link-local address; without one
 * it is not a zone.
 */

const DIRECTORY = '/proc/net/dev_snmp6';

/** The number of an interface; `undefined` if there is no interface with that name. */
export function zoneIndex(name: string): number | undefined {
  if (process.platform !== 'linux')
    return networkInterfaces()[name]?.find((each) => each.family === 'IPv6' && each.scopeid)
      ?.scopeid;
  if (name === '' || /[/\s\0]|^\.\.?$/.test(name)) return undefined;
  try {
    const found = /^ifIndex\s+(\d+)/m.exec(readFileSync(`${DIRECTORY}/${name}`, 'latin1'));
    return found ? Number(found[1]) : undefined;
  } catch {
    // ENOENT: there is no such interface, or no IPv6.
    return undefined;
  }
}

/** Names found earlier; an interface may have been renamed since. */
const names = new Map<number, string>();

/** The name of an interface; `undefined` if there is no interface with that number. */
export function zoneName(index: number): string | undefined {
  const known = names.get(index);
  if (known !== undefined && zoneIndex(known) === index) return known;
  const found = interfaceNames().find((name) => zoneIndex(name) === index);
  if (found === undefined) names.delete(index);
  else names.set(index, found);
  return found;
}

function interfaceNames(): string[] {
  if (process.platform !== 'linux') return Object.keys(networkInterfaces());
  try {
    return readdirSync(DIRECTORY);
  } catch {
    // ENOENT: there is no IPv6.
    return [];
  }
}
