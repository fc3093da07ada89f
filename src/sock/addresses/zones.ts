import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The zones of link-local addresses: a name of an interface, as in `fe80::1%eth0`, and its number.
 *
 * Node has no if_nametoindex(). Linux has a file for each interface that has IPv6, in the network
 * namespace of the process; elsewhere an interface is known by its link-local address, without which
 * it is no zone of anything.
 */

const DIRECTORY = '/proc/net/dev_snmp6';

/** The number of the interface; `undefined`: there is none of that name. */
export function zoneIndex(name: string): number | undefined {
  if (process.platform !== 'linux')
    return networkInterfaces()[name]?.find((each) => each.family === 'IPv6' && each.scopeid)
      ?.scopeid;
  if (name === '' || /[/\s\0]|^\.\.?$/.test(name)) return undefined;
  try {
    const found = /^ifIndex\s+(\d+)/m.exec(readFileSync(`${DIRECTORY}/${name}`, 'latin1'));
    return found ? Number(found[1]) : undefined;
  } catch {
    // ENOENT: there is no such interface, or IPv6 is not there at all.
    return undefined;
  }
}

/** The names that were found before; an interface may have got another one since. */
const names = new Map<number, string>();

/** The name of the interface; `undefined`: there is none of that number. */
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
    // ENOENT: IPv6 is not there at all.
    return [];
  }
}
