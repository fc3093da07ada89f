const lengthOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')
    ?.get as () => number,
) as (bytes: Uint8Array) => number;

/**
 * Is `value` an array of bytes, and as long as it says?
 *
 * A class of somebody's may give `length` another meaning. The system would believe it, and read
 * or write beyond.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === lengthOf(value);
}
