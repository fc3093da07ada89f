import { osError } from '../../base/errors/os-errors.ts';
import type { DriverName, Endpoint } from './endpoint.ts';

/**
 * Endpoints that were given up with detach() and are no descriptors of the kernel's to others: a
 * number represents each until it is adopted.
 */
const detached = new Map<number, Endpoint>();

/** Keeps an endpoint until its number is adopted; returns the number. */
export function keepDetached(endpoint: Endpoint): number {
  const fd = endpoint.fileno();
  if (fd >= 0) detached.set(fd, endpoint);
  return fd;
}

/** Takes an endpoint up that was kept; of a driver, if one is named. */
export function takeDetached(fd: number, driver?: DriverName): Endpoint | undefined {
  const endpoint = detached.get(fd);
  if (endpoint === undefined || (driver ?? endpoint.driver) !== endpoint.driver) return undefined;
  detached.delete(fd);
  return endpoint;
}

/** Refuses a descriptor, for a driver that has no use for one. */
export function refuseDescriptor(driver: DriverName): never {
  throw osError('EOPNOTSUPP', 'socket', {
    strerror: `Operation not supported (the ${driver} driver takes up only what its own detach() gave)`,
  });
}
