import { typeNameOf } from '../base/printing/repr.ts';
import type { ByteBuffer } from './byte-buffer.ts';

/** What ends a portion: bytes, or a string in UTF-8. */
type Separator = Uint8Array | string;

function isSeparator(value: unknown): value is Separator {
  return value instanceof Uint8Array || typeof value === 'string';
}

/** The position of a separator, counted from the first unread byte. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * Looks for the first of one or several separators in bytes that are still coming in, and looks at
 * no byte twice but the last few.
 */
export class Search {
  /** Shortest first: of two that end at the same place, the shorter one is found. */
  readonly #separators: readonly Uint8Array[];
  /** Bytes at the beginning in which no separator begins. */
  #offset = 0;

  /**
   * @param separators - strings are UTF-8
   * @throws {TypeError} when a separator is neither bytes nor a string
   * @throws {RangeError} when there is none, or one is empty
   */
  constructor(separators: Separator | readonly Separator[]) {
    if (separators instanceof Uint8Array && separators.length > 0) {
      this.#separators = [separators];
      return;
    }
    const given: unknown = isSeparator(separators) ? [separators] : separators;
    if (!Array.isArray(given) || !given.every(isSeparator))
      throw new TypeError(
        `separator must be a Uint8Array or a string, or an array of such, got ${typeNameOf(separators)}`,
      );
    const list = given.map((each) => (typeof each === 'string' ? Buffer.from(each) : each));
    if (list.length === 0) throw new RangeError('Separator should contain at least one element');
    if (list.some(({ length }) => length === 0))
      throw new RangeError('Separator should be at least one-byte string');
    this.#separators = list.sort((a, b) => a.length - b.length);
  }

  /** Bytes at the beginning that belong to no separator, as far as was looked. */
  get offset(): number {
    return this.#offset;
  }

  /** The bytes so far are gone: begins anew with the next ones. */
  restart(): void {
    this.#offset = 0;
  }

  /** The separator that ends first; `undefined`: none is there yet. */
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
