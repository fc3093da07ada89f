// Imported, because the global `Buffer` is a getter, which is called at each use.
import { Buffer } from 'node:buffer';
import { EMPTY } from '../../endpoint/byte-queue.ts';

/**
 * The buffers through which all sockets of the node driver read and write, so that each does not
 * need its own.
 */

/** How much one read takes from the kernel, in bytes. */
const READ_SIZE = 64 * 1024;

/** The most that one send takes, in bytes, and so the most that waits outside the kernel. */
export const SEND_LIMIT: number = 64 * 1024;

const ON_WINDOWS = process.platform === 'win32';

let sharedReadBuffer: Buffer | undefined;

/**
 * The buffer to read into. All sockets share it: libuv asks for it, fills it and reports that with
 * nothing in between. On Windows each socket has its own, because the kernel fills it while others read.
 */
export function readBuffer(): Buffer {
  if (ON_WINDOWS) return Buffer.allocUnsafeSlow(READ_SIZE);
  sharedReadBuffer ??= Buffer.allocUnsafeSlow(READ_SIZE);
  return sharedReadBuffer;
}

/**
 * Every send is copied into this buffer first. The caller may overwrite its data as soon as the send
 * returns, but libuv sends later, from the same memory, what the kernel did not take at once. The rare
 * send that has to wait keeps the buffer.
 */
let staging: Buffer | undefined;
/** The part of it that the last send filled. */
let staged: Buffer = EMPTY;

/** Copies as much of `data`, from index `from`, as one send takes into the staging buffer. */
export function stage(data: Uint8Array, from: number): Buffer {
  const nbytes = Math.min(data.length - from, SEND_LIMIT);
  staging ??= Buffer.allocUnsafeSlow(SEND_LIMIT);
  if (staged.length !== nbytes) staged = staging.subarray(0, nbytes);
  if (from === 0 && data.length === nbytes) staged.set(data);
  else staged.set(data.subarray(from, from + nbytes));
  return staged;
}

/** Leaves the staging buffer to the send that waits with it; the next send gets a new one. */
export function giveUpStaging(): void {
  staging = undefined;
  staged = EMPTY;
}
