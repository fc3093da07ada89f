/**
 * The size of the block that malloc has to see freed, in bytes: a little less than its upper limit.
 */
const LARGE_BLOCK = 32 * 1024 * 1024 - 64 * 1024;

let raised = false;

/**
 * Keeps the memory of collected large messages for the next ones.
 *
 * glibc returns free memory at the end of its heap to the system as soon as there is more than 128
 * KB, and the system has to map it again, page by page. That was up to half the cost of a message
 * of 100,000 bytes. But the threshold adapts: when a larger block is freed, glibc keeps up to twice
 * as much from then on. So we free one block, none of whose bytes is ever used. At most twice 32 MB
 * are kept.
 */
export function raiseMallocThreshold(): void {
  if (raised) return;
  raised = true;
  try {
    new ArrayBuffer(LARGE_BLOCK);
  } catch {
    // If memory is that short, there is nothing to keep.
  }
}
