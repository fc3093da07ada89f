import { RuntimeError } from '../../base/errors.ts';
import { repr } from '../../base/repr.ts';
import type { Driver } from '../endpoint.ts';
import { memoryDriver } from './memory/driver.ts';
import { nodeDriver } from './node/driver.ts';
import { polledDriver, posixDriver } from './posix/driver.ts';

const DRIVERS: ReadonlyMap<string, Driver> = new Map([
  [nodeDriver.name, nodeDriver],
  [posixDriver.name, posixDriver],
  [memoryDriver.name, memoryDriver],
]);

/** As macOS has it; for the tests on other systems. */
const HIDDEN: ReadonlyMap<string, Driver> = new Map([['posix, uv_poll', polledDriver]]);

let chosen: Driver | undefined;

/**
 * The driver of a name; without one that of the environment variable ASYNCIO_SOCKETS, which is
 * read once; without that the posix driver where it can be used, and else the node driver.
 *
 * @throws {RangeError} when there is no driver of that name
 * @throws {RuntimeError} when it cannot be used here
 */
export function driverNamed(name?: string): Driver {
  if (name !== undefined) return find(name, 'driver');
  chosen ??= choose(process.env['ASYNCIO_SOCKETS']);
  return chosen;
}

function choose(wanted: string | undefined): Driver {
  if (wanted) return find(wanted, 'ASYNCIO_SOCKETS');
  return posixDriver.missing === undefined ? posixDriver : nodeDriver;
}

function find(name: string, what: string): Driver {
  const driver = DRIVERS.get(name) ?? HIDDEN.get(name);
  if (driver === undefined) {
    const names = [...DRIVERS.keys()].join(' or ');
    throw new RangeError(`${what} must be ${names}, got ${repr(name)}`);
  }
  if (driver.missing !== undefined)
    throw new RuntimeError(
      `${what} is ${repr(name)}, and that driver cannot be used: ${driver.missing}`,
    );
  return driver;
}
