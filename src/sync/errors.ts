/**
 * What the primitives themselves refuse.
 */

import { named, RuntimeError } from '../base/errors/errors.ts';

/**
 * Thrown to those who wait at a barrier that is reset or aborted, or who come to one that is
 * broken.
 *
 * @see asyncio's `BrokenBarrierError`,
 *   https://docs.python.org/3/library/asyncio-sync.html#asyncio.BrokenBarrierError
 */
export class BrokenBarrierError extends RuntimeError {
  static {
    named(this, 'BrokenBarrierError');
  }
}

/**
 * Nothing is in the queue, and the call does not wait.
 *
 * @see asyncio's `QueueEmpty`,
 *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueEmpty
 */
export class QueueEmpty extends Error {
  static {
    named(this, 'QueueEmpty');
  }
}

/**
 * No place is in the queue, and the call does not wait.
 *
 * @see asyncio's `QueueFull`,
 *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueFull
 */
export class QueueFull extends Error {
  static {
    named(this, 'QueueFull');
  }
}

/**
 * The queue was shut down: it takes nothing any more, or has nothing left to give.
 *
 * @see asyncio's `QueueShutDown`,
 *   https://docs.python.org/3/library/asyncio-queue.html#asyncio.QueueShutDown
 */
export class QueueShutDown extends Error {
  static {
    named(this, 'QueueShutDown');
  }
}
