import { checkBytes, checkIterable } from '../../base/check-types.ts';
import { osError } from '../../base/errors/os-errors.ts';
import type { Received } from '../../base/values/bytes.ts';

/** The most bytes that one receive takes; more than any datagram has. */
const MOST_AT_ONCE = 1024 * 1024;

/** The most buffers that one call takes, on Linux. */
const MOST_BUFFERS = 1024;

/**
 * @throws {TypeError} when it is not an iterable of `Uint8Array`s
 * @throws {OSError} EMSGSIZE when there are more than the system takes
 */
export function checkBuffers(buffers: unknown, caller: string): Uint8Array[] {
  checkIterable(buffers, `${caller}(): buffers`);
  const list = [...buffers];
  for (const each of list) checkBytes(each, `${caller}(): a buffer`);
  if (list.length > MOST_BUFFERS) throw osError('EMSGSIZE', caller);
  return list as Uint8Array[];
}

/** Memory for one receive. */
export function roomFor(nbytes: number): Buffer {
  return Buffer.alloc(Math.min(nbytes, MOST_AT_ONCE));
}

/** The received part of `room`. Copied if small, so as not to keep a large block alive. */
export function filled(room: Buffer, nbytes: number): Received {
  const bytes = room.subarray(0, nbytes);
  return (bytes.length < room.length / 2 ? Buffer.from(bytes) : bytes) as Received;
}

/** All buffers joined. */
export function joined(buffers: readonly Uint8Array[]): Uint8Array {
  return buffers.length === 1 ? (buffers[0] as Uint8Array) : Buffer.concat(buffers);
}

/** Fills buffers one after another with as many bytes as there are. */
export function scatter(bytes: Uint8Array, buffers: readonly Uint8Array[]): void {
  let from = 0;
  for (const buffer of buffers) {
    buffer.set(bytes.subarray(from, from + buffer.length));
    from += buffer.length;
  }
}
