import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { checkText } from '../../base/check-types.ts';
import { OSError, osError } from '../../base/errors/os-errors.ts';
import { checkWhole } from '../../base/numbers.ts';

const DIRECTORY = '/sys/class/net';

/**
 * The network interfaces of this machine, as pairs of number and name. Except on Linux, only those
 * with a link-local IPv6 address.
 */
export function ifNameindex(): [index: number, name: string][] {
  const found = namesOfAll().map((name): [number, string] => [indexOf(name) ?? 0, name]);
  return found.filter(([index]) => index > 0).sort(([one], [other]) => one - other);
}

/**
 * The number of a network interface.
 *
 * @throws {OSError} when there is no such interface
 */
export function ifNametoindex(name: string): number {
  checkText(name, 'ifNametoindex(): name');
  const index = namesOfAll().includes(name) ? indexOf(name) : undefined;
  if (index === undefined) throw new OSError('no interface with this name');
  return index;
}

/**
 * The name of a network interface.
 *
 * @throws {OSError} ENXIO when there is no such interface
 */
export function ifIndextoname(index: number): string {
  checkWhole(index, 0, 0xffffffff, 'ifIndextoname(): index');
  const found = ifNameindex().find(([each]) => each === index);
  if (found === undefined) throw osError('ENXIO', 'if_indextoname');
  return found[1];
}

function namesOfAll(): string[] {
  if (process.platform !== 'linux') return Object.keys(networkInterfaces());
  return readdirSync(DIRECTORY);
}

/** Except on Linux, Node shows the number of an interface only in its link-local address. */
function indexOf(name: string): number | undefined {
  if (process.platform !== 'linux')
    return networkInterfaces()[name]?.find((each) => each.family === 'IPv6' && each.scopeid)
      ?.scopeid;
  try {
    return Number(readFileSync(`${DIRECTORY}/${name}/ifindex`, 'latin1'));
  } catch {
    // ENOENT: gone in the meantime, or not an interface, such as `bonding_masters`.
    return undefined;
  }
}
