/** The most that malloc adapts to, in bytes: a little less than the upper limit. */
const LARGE_BLOCK = 32 * 1024 * 1024 - 64 * 1024;
/** Enough for the small messages that become garbage between two young collections. */
const SMALL_BLOCK = 8 * 1024 * 1024;

let raisedTo = 0;

/**
 * Keeps the memory of collected messages for the next ones.
 *
 * glibc returns free memory at the end of its heap to the system as soon as there is more than 128
 * KB, and the system has to map it again, page by page. That was up to half the cost of a message
 * of 100,000 bytes, and up to a third of one of 1,000. But the threshold adapts: when a larger block
 * is freed, glibc keeps up to twice as much from then on. So we free one block, none of whose bytes
 * is ever used. At most 16 MB are kept for small messages, and 64 MB for large ones.
 */
export function keepFreedMemory(forLarge: boolean): void {
  const block = forLarge ? LARGE_BLOCK : SMALL_BLOCK;
  if (raisedTo >= block) return;
  raisedTo = block;
  try {
    new ArrayBuffer(block);
  } catch {
    // If memory is that short, there is nothing to keep.
  }
}
