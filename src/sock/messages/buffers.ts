import { osError } from '../../base/errors/os-errors.ts';
import { typeNameOf } from '../../base/printing/repr.ts';
import { isBytes, type Received } from '../../base/values/bytes.ts';

/** @throws {TypeError} when a value is no iterable, or a string */
export function checkIterable(value: unknown, what: string): asserts value is Iterable<unknown> {
  const { [Symbol.iterator]: iterator } = Object(value) as { [Symbol.iterator]?: unknown };
  if (typeof iterator !== 'function' || typeof value === 'string')
    throw new TypeError(`${what} must be an iterable, got ${typeNameOf(value)}`);
}

/** The most that one receive takes, in bytes; more than any datagram has. */
const MOST_AT_ONCE = 1024 * 1024;

/** The most pieces of memory that one call of Linux takes. */
const MOST_BUFFERS = 1024;

/**
 * @throws {TypeError} when it is not an iterable of `Uint8Array`s
 * @throws {OSError} EMSGSIZE when they are more than the system takes
 */
export function checkBuffers(buffers: unknown, caller: string): Uint8Array[] {
  checkIterable(buffers, `${caller}(): buffers`);
  const list = [...buffers];
  for (const each of list)
    if (!isBytes(each))
      throw new TypeError(`${caller}(): a buffer must be a Uint8Array, got ${typeNameOf(each)}`);
  if (list.length > MOST_BUFFERS) throw osError('EMSGSIZE', caller);
  return list as Uint8Array[];
}

/** Memory for what one receive may take. */
export function roomFor(nbytes: number): Buffer {
  return Buffer.alloc(Math.min(nbytes, MOST_AT_ONCE));
}

/** What was received of it; little does not keep much memory. */
export function filled(room: Buffer, nbytes: number): Received {
  const bytes = room.subarray(0, nbytes);
  return (bytes.length < room.length / 2 ? Buffer.from(bytes) : bytes) as Received;
}

/** All buffers as one. */
export function gather(buffers: readonly Uint8Array[]): Uint8Array {
  return buffers.length === 1 ? (buffers[0] as Uint8Array) : Buffer.concat(buffers);
}

/** Fills buffers one after another, as far as the bytes reach. */
export function scatter(bytes: Uint8Array, buffers: readonly Uint8Array[]): void {
  let from = 0;
  for (const buffer of buffers) {
    buffer.set(bytes.subarray(from, from + buffer.length));
    from += buffer.length;
  }
}
