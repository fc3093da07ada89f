import { named } from '../base/errors/errors.ts';
import { asBuffer, type Received } from '../base/values/bytes.ts';

/**
 * The end came before all that was asked for.
 *
 * @see asyncio's `IncompleteReadError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.IncompleteReadError
 */
export class IncompleteReadError extends Error {
  static {
    named(this, 'IncompleteReadError');
  }

  /** What came before the end. */
  readonly partial: Received;
  /** How many bytes were asked for; `undefined` where it was a separator. */
  readonly expected: number | undefined;

  /**
   * @param partial - what came before the end
   * @param expected - how many bytes were asked for; `undefined` for a separator
   */
  constructor(partial: Uint8Array, expected: number | undefined) {
    const asked = expected === undefined ? 'undefined' : String(expected);
    super(`${partial.length} bytes read on a total of ${asked} expected bytes`);
    this.partial = asBuffer(partial) as Received;
    this.expected = expected;
  }
}

/**
 * No separator came within the limit of the reader. The bytes are still there to be read.
 *
 * @see asyncio's `LimitOverrunError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.LimitOverrunError
 */
export class LimitOverrunError extends Error {
  static {
    named(this, 'LimitOverrunError');
  }

  /** How many of the bytes that are there no separator is in. */
  readonly consumed: number;

  /** @param consumed - how many of the bytes that are there no separator is in */
  constructor(message: string, consumed: number) {
    super(message);
    this.consumed = consumed;
  }
}
