import { checkWhole } from '../base/numbers.ts';
import { typeNameOf } from '../base/printing/repr.ts';
import { isBytes } from '../base/values/bytes.ts';

/** Checks of the arguments of a socket's methods. */

export function checkBytes(data: unknown, caller: string): asserts data is Uint8Array {
  if (!isBytes(data))
    throw new TypeError(`${caller}(): data must be a Uint8Array, got ${typeNameOf(data)}`);
}

export function checkInt(value: unknown, what: string): asserts value is number {
  checkWhole(value, -0x80000000, 0x7fffffff, what);
}

export function viewOf(buffer: unknown, nbytes: unknown, caller: string): Uint8Array {
  if (!isBytes(buffer))
    throw new TypeError(`${caller}(): buffer must be a Uint8Array, got ${typeNameOf(buffer)}`);
  checkWhole(nbytes, 0, buffer.length, `${caller}(): nbytes`);
  return nbytes === 0 || nbytes === buffer.length ? buffer : buffer.subarray(0, nbytes);
}
