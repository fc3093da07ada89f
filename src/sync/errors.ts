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

/** This end of the channel was closed. */
export class ChannelClosed extends Error {
  static {
    named(this, 'ChannelClosed');
  }
}

/** All receivers of the channel were closed: nobody will get what is sent. */
export class ChannelBroken extends Error {
  static {
    named(this, 'ChannelBroken');
  }
}

/** All senders of the channel were closed, and it has nothing left to give. */
export class EndOfChannel extends Error {
  static {
    named(this, 'EndOfChannel');
  }
}
