// Imported, because the global `Buffer` is a getter, which is called at each use.
import { Buffer } from 'node:buffer';
import { noteBuffer } from '../../base/collection-requests.ts';
import { EMPTY } from './byte-queue.ts';
import { keepFreedMemory } from './kept-memory.ts';

/** From this length on, received bytes get their own memory. */
const LARGE = 16 * 1024;

let source: Buffer = EMPTY;
/** The part of it that was copied last. Reused, because messages tend to have the same size. */
let part: Buffer = EMPTY;

/**
 * A copy of the first `nbytes` bytes of a buffer into which a driver receives for all its sockets.
 */
export function copyReceived(from: Buffer, nbytes: number): Buffer {
  if (nbytes === 0) return EMPTY;
  keepFreedMemory(nbytes >= LARGE);
  if (nbytes >= LARGE) noteBuffer(nbytes);
  if (part.length !== nbytes || source !== from) {
    part = from.subarray(0, nbytes);
    source = from;
  }
  const data = Buffer.allocUnsafe(nbytes);
  data.set(part);
  return data;
}
