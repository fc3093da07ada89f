import { closeSync } from 'node:fs';
import { fromNodeError, osError } from '../../base/errors/os-errors.ts';
import { checkWhole } from '../../base/numbers.ts';
import { checkNotOwned, duplicateDescriptor } from '../drivers/posix/driver.ts';
import { takeDetached } from '../endpoint/detached-endpoints.ts';

/**
 * Closes a descriptor that `detach()` or `recvFds()` returned.
 *
 * @throws {OSError} EBADF when it is not open; EBUSY when it belongs to a socket of the posix
 *   driver
 * @see Python's `socket.close()`, https://docs.python.org/3/library/socket.html#socket.close
 */
export function close(fd: number): void {
  checkDescriptor(fd, 'close');
  const detached = takeDetached(fd);
  if (detached !== undefined) {
    detached.close();
    return;
  }
  checkNotOwned(fd, 'close');
  try {
    closeSync(fd);
  } catch (error) {
    throw fromNodeError(error);
  }
}

/**
 * Duplicates a descriptor. Child processes do not inherit the new one.
 *
 * @returns the new descriptor, for the caller to {@link close}
 * @throws {OSError} EBADF, EMFILE; EOPNOTSUPP if the posix driver is unavailable
 */
export function dup(fd: number): number {
  checkDescriptor(fd, 'dup');
  return duplicateDescriptor(fd);
}

function checkDescriptor(fd: unknown, caller: string): void {
  checkWhole(fd, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, `${caller}(): fd`);
  if (fd < 0 || fd > 0x7fffffff) throw osError('EBADF', caller);
}
