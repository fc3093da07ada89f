import { osError } from '../../base/errors/os-errors.ts';
import type { DriverName, Endpoint } from './endpoint.ts';

/**
 * Endpoints that were given up with detach() but have no descriptor in the kernel. Each has a
 * number until it is adopted.
 */
const detached = new Map<number, Endpoint>();

/** Keeps an endpoint until its number is adopted; returns the number. */
export function keepDetached(endpoint: Endpoint): number {
  const fd = endpoint.fileno();
  if (fd >= 0) detached.set(fd, endpoint);
  return fd;
}

/**
 * Removes and returns the endpoint with a number, if there is one; if a driver is named, only that
 * driver's.
 */
export function takeDetached(fd: number, driver?: DriverName): Endpoint | undefined {
  const endpoint = detached.get(fd);
  if (endpoint === undefined || (driver ?? endpoint.driver) !== endpoint.driver) return undefined;
  detached.delete(fd);
  return endpoint;
}

/** Refuses a descriptor that the driver cannot use. */
export function refuseDescriptor(driver: DriverName): never {
  throw osError('EOPNOTSUPP', 'socket', {
    strerror: `Operation not supported (the ${driver} driver adopts only descriptors from its own detach())`,
  });
}
