import { posixDriver } from '../drivers/posix/driver.ts';
import { seek } from '../drivers/posix/ffi/libc.ts';

/**
 * Sets the position of a file, in bytes from its start. Only if the posix driver is available,
 * because Node cannot.
 */
export function setFilePosition(file: number, position: number): void {
  if (posixDriver.missing === undefined) seek(file, position);
}
