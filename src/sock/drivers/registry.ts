import { RuntimeError } from '../../base/errors/errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { warnRuntime } from '../../base/log/warnings.ts';
import { brief } from '../../base/printing/repr.ts';
import { simulatedSystem } from '../addresses/simulated-system.ts';
import type { Driver } from '../endpoint/endpoint.ts';
import { memoryDriver } from './memory/driver.ts';
import { nodeDriver } from './node/driver.ts';
import { polledDriver, posixDriver } from './posix/driver.ts';

const DRIVERS: ReadonlyMap<string, Driver> = new Map([
  [nodeDriver.name, nodeDriver],
  [posixDriver.name, posixDriver],
  [memoryDriver.name, memoryDriver],
]);

/** The driver as on macOS; for tests on other systems. */
const HIDDEN: ReadonlyMap<string, Driver> = new Map([['posix, uv_poll', polledDriver]]);

/** The default driver; not set while another driver replaces it temporarily. */
let chosen: Driver | undefined;
let warned = false;

/**
 * The driver with a name. Without a name, the one in the environment variable ASYNCIO_SOCKETS,
 * which is read once; otherwise the posix driver if it is available, else the node driver. The node
 * driver also replaces the posix driver during a temporary shortage, such as of descriptors.
 *
 * @throws {RangeError} when there is no driver with that name
 * @throws {RuntimeError} when it is unavailable here
 */
export function driverNamed(name?: string): Driver {
  if (name !== undefined) return findDriver(name, 'driver');
  const simulated = simulatedSystem();
  if (simulated !== undefined) return simulated.driver as Driver;
  if (chosen !== undefined) return chosen;
  const wanted = process.env['ASYNCIO_SOCKETS'];
  if (wanted) {
    chosen = findDriver(wanted, 'ASYNCIO_SOCKETS');
    return chosen;
  }
  const { missing } = posixDriver;
  if (missing === undefined) chosen = posixDriver;
  else if (missing.permanent) chosen = nodeDriver;
  else if (!warned) {
    warned = true;
    warnRuntime(`using the node driver, because the posix driver is unavailable: ${missing.why}`);
  }
  return chosen ?? nodeDriver;
}

function findDriver(name: string, what: string): Driver {
  const driver = DRIVERS.get(name) ?? HIDDEN.get(name);
  if (driver === undefined) {
    const names = [...DRIVERS.keys()].join(' or ');
    throw rangeError(`${what} must be ${names}, got ${brief(name)}`);
  }
  const { missing } = driver;
  if (missing !== undefined)
    throw new RuntimeError(
      `${what} is ${brief(name)}, and that driver is unavailable: ${missing.why}`,
    );
  return driver;
}
