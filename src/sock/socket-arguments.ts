import { checkBytes } from '../base/check-types.ts';
import { checkWhole } from '../base/numbers.ts';

/** Checks of the arguments of a socket's methods. */

export function checkInt(value: unknown, what: string): asserts value is number {
  checkWhole(value, -0x80000000, 0x7fffffff, what);
}

export function viewOf(buffer: unknown, nbytes: unknown, caller: string): Uint8Array {
  checkBytes(buffer, `${caller}(): buffer`);
  checkWhole(nbytes, 0, buffer.length, `${caller}(): nbytes`);
  return nbytes === 0 || nbytes === buffer.length ? buffer : buffer.subarray(0, nbytes);
}
