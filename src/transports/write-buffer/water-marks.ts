import { WRITE_HIGH_WATER } from '../../base/constants.ts';
import { endsTheLoop } from '../../base/errors/errors.ts';
import { rangeError } from '../../base/errors/refusals.ts';
import { checkNumber } from '../../base/numbers.ts';

/**
 * Decides when a protocol should pause and resume writing, by how many bytes wait to be sent.
 *
 *              more than high
 *   flowing ───────────────────▶ paused
 *      ▲                           │
 *      └───────────────────────────┘
 *               low, or less
 *
 * The distance between the two marks keeps the protocol from being called at every write.
 *
 * @see asyncio's `_FlowControlMixin`, `Lib/asyncio/transports.py`
 */
export class WaterMarks {
  /** The default high-water mark, in bytes. */
  readonly #usual: number;
  #high: number;
  #low: number;
  #paused = false;

  /** @param usual - the default high-water mark, in bytes */
  constructor(usual: number = WRITE_HIGH_WATER) {
    this.#usual = usual;
    this.#high = usual;
    this.#low = usual / 4;
  }

  /** Was the protocol paused, and not resumed? */
  get paused(): boolean {
    return this.#paused;
  }

  /** The marks, in bytes. */
  get limits(): [low: number, high: number] {
    return [this.#low, this.#high];
  }

  /**
   * @throws {TypeError} when a mark is not a number
   * @throws {RangeError} when not `high >= low >= 0`
   */
  set(high?: number, low?: number): void {
    if (high !== undefined) checkNumber(high, 'high');
    if (low !== undefined) checkNumber(low, 'low');
    const top = high ?? (low === undefined ? this.#usual : 4 * low);
    const bottom = low ?? Math.floor(top / 4);
    if (!(top >= bottom && bottom >= 0))
      throw rangeError(`high (${top}) must be >= low (${bottom}) must be >= 0`);
    this.#high = top;
    this.#low = bottom;
  }

  /** More bytes wait. Returns `true` if the protocol should pause; only once. */
  rise(size: number): boolean {
    if (this.#paused || size <= this.#high) return false;
    this.#paused = true;
    return true;
  }

  /** Fewer bytes wait. Returns `true` if the protocol should resume; only once. */
  fall(size: number): boolean {
    if (!this.#paused || size > this.#low) return false;
    this.#paused = false;
    return true;
  }
}

/**
 * Calls `pauseWriting()` or `resumeWriting()`, and reports errors, except those that end the loop.
 */
export function notifyWriting(
  protocol: { pauseWriting(): void; resumeWriting(): void } | undefined,
  method: 'pauseWriting' | 'resumeWriting',
  report: (error: unknown, message: string) => void,
): void {
  try {
    protocol?.[method]();
  } catch (error) {
    if (endsTheLoop(error)) throw error;
    report(error, `protocol.${method}() failed`);
  }
}
