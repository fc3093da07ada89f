import { posixDriver } from '../drivers/posix/driver.ts';
import { seek } from '../drivers/posix/ffi/libc.ts';

/** Puts a file's position there, in bytes from its start, where that can be done: Node cannot. */
export function setFilePosition(file: number, position: number): void {
  if (posixDriver.missing === undefined) seek(file, position);
}
