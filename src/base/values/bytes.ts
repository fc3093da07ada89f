import { types } from 'node:util';

const lengthOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')
    ?.get as () => number,
) as (bytes: Uint8Array) => number;

const at = Function.prototype.call.bind(Uint8Array.prototype.at) as (
  bytes: Uint8Array,
  index: number,
) => number | undefined;

/**
 * Received bytes: a `Buffer` with memory of its own. TypeScript knows that part of the type from
 * 5.7 on, and web APIs require it.
 */
export type Received = ReturnType<BufferConstructor['alloc']>;

/** Is `value` an array of bytes, even from another realm, such as a `vm` context? */
export const isUint8Array: (value: unknown) => value is Uint8Array = types.isUint8Array;

/**
 * Is `value` an array of bytes, of its real length, with memory?
 *
 * A subclass may override `length`, and the system would read or write past the end. An array whose
 * memory was transferred, or shrunk to before its start, looks empty: sending it would silently
 * send nothing.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    isUint8Array(value) &&
    value.length === lengthOf(value) &&
    (value.length > 0 || hasMemory(value))
  );
}

/** Does it have memory? Not if it was transferred, or shrunk to before the start of the array. */
export function hasMemory(bytes: Uint8Array): boolean {
  try {
    at(bytes, 0);
    return true;
  } catch {
    // TypeError: detached, or out of bounds.
    return false;
  }
}

/** The same memory as a `Buffer`. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
