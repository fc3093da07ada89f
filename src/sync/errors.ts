import { named, RuntimeError } from '../base/errors/errors.ts';

/**
 * Thrown to tasks that wait at a barrier when it is reset or aborted. Tasks that come to a broken
 * barrier get it, too.
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
 * The queue is empty, and the call does not wait.
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
 * The queue is full, and the call does not wait.
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
 * The queue was shut down: it accepts no more items, or has none left.
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

/** All receivers of the channel were closed: nothing would receive the item. */
export class ChannelBroken extends Error {
  static {
    named(this, 'ChannelBroken');
  }
}

/** All senders of the channel were closed, and no items are left. */
export class EndOfChannel extends Error {
  static {
    named(this, 'EndOfChannel');
  }
}
