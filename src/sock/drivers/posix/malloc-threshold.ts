/** Bytes of a block that the C library has to see freed: a little less than the most it learns from. */
const LARGE_BLOCK = 32 * 1024 * 1024 - 64 * 1024;

let stays = false;

/**
 * Sees to it that memory which the collector frees of large messages is there for the next ones.
 *
 * The C library of Linux gives what is free at the end of its memory back to the system as soon as
 * that is more than 128 KB, and then the system has to map it again, page by page: that was up to
 * the half of what a message of 100,000 bytes cost. But it learns: when a larger block is freed, it
 * keeps twice as much from then on. So it gets one, of which no byte is ever used. What it keeps is
 * at most twice 32 MB.
 */
export function raiseMallocThreshold(): void {
  if (stays) return;
  stays = true;
  try {
    new ArrayBuffer(LARGE_BLOCK);
  } catch {
    // So short of memory, there is nothing to be kept.
  }
}
