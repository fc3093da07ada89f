import { repr } from '../../base/repr.ts';
import type { Driver } from '../endpoint.ts';
import { memoryDriver } from './memory/driver.ts';
import { nodeDriver } from './node/driver.ts';

const DRIVERS: ReadonlyMap<string, Driver> = new Map([
  [nodeDriver.name, nodeDriver],
  [memoryDriver.name, memoryDriver],
]);

let chosen: Driver | undefined;

/**
 * The driver of a name; without one that of the environment variable ASYNCIO_SOCKETS, which is
 * read once; without that the node driver.
 *
 * @throws {RangeError} when there is no driver of that name
 */
export function driverNamed(name?: string): Driver {
  if (name !== undefined) return find(name, 'driver');
  chosen ??= find(process.env['ASYNCIO_SOCKETS'] || nodeDriver.name, 'ASYNCIO_SOCKETS');
  return chosen;
}

function find(name: string, what: string): Driver {
  const driver = DRIVERS.get(name);
  if (driver !== undefined) return driver;
  const names = [...DRIVERS.keys()].join(' or ');
  const because = name === 'posix' ? ': the posix driver is not built yet' : '';
  throw new RangeError(`${what} must be ${names}, got ${repr(name)}${because}`);
}
