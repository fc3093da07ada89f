import { WRITE_HIGH_WATER } from '../../base/constants.ts';
import { endsTheLoop } from '../../base/errors/errors.ts';
import { checkNumber } from '../../base/numbers.ts';

/**
 * When a protocol is to pause, and when to go on: by how many bytes wait to be sent.
 *
 *              more than high
 *   flowing ───────────────────▶ paused
 *      ▲                           │
 *      └───────────────────────────┘
 *               low, or less
 *
 * The way between the two marks keeps a protocol from being told with every write.
 *
 * @see asyncio's `_FlowControlMixin`, `Lib/asyncio/transports.py`
 */
export class WaterMarks {
  /** Bytes of the high mark where none is given. */
  readonly #usual: number;
  #high: number;
  #low: number;
  #paused = false;

  /** @param usual - bytes of the high mark where none is given */
  constructor(usual: number = WRITE_HIGH_WATER) {
    this.#usual = usual;
    this.#high = usual;
    this.#low = usual / 4;
  }

  /** Was the protocol told to pause, and not yet to go on? */
  get paused(): boolean {
    return this.#paused;
  }

  /** The marks, in bytes. */
  get limits(): [low: number, high: number] {
    return [this.#low, this.#high];
  }

  /**
   * @throws {TypeError} when one is not a number
   * @throws {RangeError} when not `high >= low >= 0`
   */
  set(high?: number, low?: number): void {
    if (high !== undefined) checkNumber(high, 'high');
    if (low !== undefined) checkNumber(low, 'low');
    const top = high ?? (low === undefined ? this.#usual : 4 * low);
    const bottom = low ?? Math.floor(top / 4);
    if (!(top >= bottom && bottom >= 0))
      throw new RangeError(`high (${top}) must be >= low (${bottom}) must be >= 0`);
    this.#high = top;
    this.#low = bottom;
  }

  /** So many bytes wait: is the protocol to be told to pause? Says so once. */
  rise(size: number): boolean {
    if (this.#paused || size <= this.#high) return false;
    this.#paused = true;
    return true;
  }

  /** So many bytes still wait: is the protocol to be told to go on? Says so once. */
  fall(size: number): boolean {
    if (!this.#paused || size > this.#low) return false;
    this.#paused = false;
    return true;
  }
}

/** Calls `pauseWriting()` or `resumeWriting()`; what it throws is reported, unless it ends the loop. */
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
