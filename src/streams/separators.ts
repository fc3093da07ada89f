import { rangeError, typeError } from '../base/errors/refusals.ts';
import { typeNameOf } from '../base/printing/repr.ts';
import { isUint8Array } from '../base/values/bytes.ts';
import type { ByteBuffer } from './byte-buffer.ts';

/** A separator: bytes, or a string as UTF-8. */
type Separator = Uint8Array | string;

function isSeparator(value: unknown): value is Separator {
  return isUint8Array(value) || typeof value === 'string';
}

/** The position of a separator, counted from the first unread byte. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * Searches incoming bytes for the first of one or several separators. No byte is searched twice,
 * except the last few.
 */
export class Search {
  /** Shortest first: of two that end at the same index, the shorter one is found. */
  readonly #separators: readonly Uint8Array[];
  /** How many of the first bytes cannot be the start of a separator. */
  #offset = 0;

  /**
   * @param separators - strings are encoded as UTF-8
   * @throws {TypeError} when a separator is neither bytes nor a string
   * @throws {RangeError} when there are none, or one is empty
   */
  constructor(separators: Separator | readonly Separator[]) {
    if (isUint8Array(separators) && separators.length > 0) {
      this.#separators = [separators];
      return;
    }
    const given: unknown = isSeparator(separators) ? [separators] : separators;
    if (!Array.isArray(given) || !given.every(isSeparator))
      throw typeError(
        `separator must be a Uint8Array or a string, or an array of these, got ${typeNameOf(separators)}`,
      );
    const list = given.map((each) => (typeof each === 'string' ? Buffer.from(each) : each));
    if (list.length === 0) throw rangeError('Separator should contain at least one element');
    if (list.some(({ length }) => length === 0))
      throw rangeError('Separator should be at least one-byte string');
    this.#separators = list.sort((a, b) => a.length - b.length);
  }

  /** How many of the first bytes have been searched and belong to no separator. */
  get offset(): number {
    return this.#offset;
  }

  /** Starts over, because the bytes so far were taken. */
  restart(): void {
    this.#offset = 0;
  }

  /** The separator that ends first; `undefined` if there is none yet. */
  in(bytes: ByteBuffer): Found | undefined {
    const [shortest] = this.#separators as [Uint8Array];
    if (bytes.size - this.#offset < shortest.length) return undefined;
    let first: Found | undefined;
    for (const separator of this.#separators) {
      const start = bytes.indexOf(separator, this.#offset);
      if (start < 0) continue;
      const end = start + separator.length;
      if (first === undefined || end < first.end) first = { start, end };
    }
    const longest = this.#separators.at(-1) as Uint8Array;
    if (first === undefined) this.#offset = Math.max(0, bytes.size + 1 - longest.length);
    return first;
  }
}
