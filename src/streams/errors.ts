import { named } from '../base/errors/errors.ts';
import { asBuffer, type Received } from '../base/values/bytes.ts';

/**
 * The stream ended before all requested bytes were read.
 *
 * @see asyncio's `IncompleteReadError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.IncompleteReadError
 */
export class IncompleteReadError extends Error {
  static {
    named(this, 'IncompleteReadError');
  }

  /** The bytes before the end. */
  readonly partial: Received;
  /** How many bytes were requested; `undefined` for a separator. */
  readonly expected: number | undefined;

  /**
   * @param partial - the bytes before the end
   * @param expected - how many bytes were requested; `undefined` for a separator
   */
  constructor(partial: Uint8Array, expected: number | undefined) {
    const asked = expected === undefined ? 'undefined' : String(expected);
    super(`${partial.length} bytes read on a total of ${asked} expected bytes`);
    this.partial = asBuffer(partial) as Received;
    this.expected = expected;
  }
}

/**
 * No separator was found within the reader's limit. The bytes can still be read.
 *
 * @see asyncio's `LimitOverrunError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.LimitOverrunError
 */
export class LimitOverrunError extends Error {
  static {
    named(this, 'LimitOverrunError');
  }

  /** How many of the available bytes contain no separator. */
  readonly consumed: number;

  /** @param consumed - how many of the available bytes contain no separator */
  constructor(message: string, consumed: number) {
    super(message);
    this.consumed = consumed;
  }
}
