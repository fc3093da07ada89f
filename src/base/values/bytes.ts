const lengthOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')
    ?.get as () => number,
) as (bytes: Uint8Array) => number;

const at = Function.prototype.call.bind(Uint8Array.prototype.at) as (
  bytes: Uint8Array,
  index: number,
) => number | undefined;

/**
 * Bytes that were received: a `Buffer` on memory that nothing shares. That part of the type is known from
 * TypeScript 5.7 on, and the web's types ask for it.
 */
export type Received = ReturnType<BufferConstructor['alloc']>;

/**
 * Is `value` an array of bytes, as long as it says, with its own memory?
 *
 * A class of somebody's may give `length` another meaning. The system would believe it, and read
 * or write beyond. And an array whose memory was transferred, or shrank below its start, looks
 * like an empty one: sending it would send nothing without a word.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array &&
    value.length === lengthOf(value) &&
    (value.length > 0 || hasMemory(value))
  );
}

/** Has it memory? Not where that was transferred, or shrank below the start of the array. */
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
