/** Parses commands of RESP2, the protocol of Redis, from bytes that arrive in pieces. */
import { LIMITS, MAX_LINE, MAX_WORDS, type RespLimits } from './limits.ts';
import { ProtocolError, QueryTooLargeError } from './protocol-error.ts';
import { typedWords } from './typed-words.ts';

/** The memory that a word takes besides its bytes: two positions and a view. */
const WORD_OVERHEAD = 100;
/** A block of up to this many bytes may be kept for the few that are left in it. */
const SMALL_BLOCK = 1_048_576;

export { ProtocolError };

const STAR = 0x2a;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 *            * and a number                $ and a number
 *   idle ─────────────────▶ expecting words ───────────────▶ a word ──┐
 *    │ ▲                      ▲                                       │
 *    │ └── the last one ──────┴───────────── not the last one ────────┘
 *    └─▶ any other line: a command typed by hand ──▶ idle
 *
 * The received bytes of a command are kept in one block, and its words are positions in it:
 *
 *   #block:  [ done | of this command, parsed | not parsed | room ]
 *                   ↑ #start                  ↑ #start + #at  ↑ #end
 *
 * Bytes that were returned are never written to again: new ones are added only at the end of the block.
 * If it is full, the bytes that are left move to a larger one.
 */
export class CommandParser {
  readonly #limits: RespLimits;
  #block: Buffer = NOTHING;
  #start = 0;
  #end = 0;
  /** Was the block created here, so that the room at its end may be written to? */
  #own = false;
  /** How much of the command is parsed, in bytes. */
  #at = 0;
  /** How many bytes after these are known to contain no newline. */
  #searched = 0;
  /** Where the words of the command begin and end, relative to #start. */
  #places: number[] = [];
  /** How many more words are expected. */
  #left = 0;
  /** The length of the next one in bytes; -1 if it is not known yet. */
  #length = -1;

  constructor(limits: Partial<RespLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Adds bytes. The caller must not write to them any more. */
  feed(data: Uint8Array): void {
    const unread = this.#end - this.#start;
    if (unread === 0) {
      this.#block = Buffer.from(data.buffer, data.byteOffset, data.length);
      this.#start = 0;
      this.#end = data.length;
      this.#own = false;
      return;
    }
    if (!this.#own || this.#block.length - this.#end < data.length) {
      const size = unread + data.length;
      // Twice as much as needed, unless little is copied, so that all copying takes linear time.
      const twice = unread < data.length ? size : Math.min(2 * size, this.#limits.maxQuery);
      this.#move(Math.max(size, twice));
    }
    this.#block.set(data, this.#end);
    this.#end += data.length;
  }

  /**
   * Returns the words of the next command, beginning with its name. They are views of the added bytes.
   *
   * @returns `undefined` when it is not complete yet
   * @throws {ProtocolError} when it is malformed; nothing after it can be understood
   * @throws {QueryTooLargeError} when it takes too much memory
   */
  next(): Buffer[] | undefined {
    while (true) {
      if (this.#left === 0) {
        const typed = this.#begin();
        if (typed === undefined) return this.#wait();
        if (typed.length > 0) return typed;
        if (this.#left === 0) continue;
      }
      if (!this.#word()) return this.#wait();
      if (this.#left === 0) return this.#take();
    }
  }

  /** Starts a command. Returns its words if they are on this line, not on the following ones. */
  #begin(): Buffer[] | undefined {
    if (this.#start === this.#end) return undefined;
    const many = this.#block[this.#start] === STAR;
    const newline = this.#line(many ? 'too big mbulk count string' : 'too big inline request');
    if (newline < 0) return undefined;
    if (many) {
      const count = this.#count(this.#start, newline, MAX_WORDS, 'invalid multibulk length');
      this.#left = Math.max(0, count);
      if (count <= 0) this.#done();
      return [];
    }
    const line = this.#block.subarray(this.#start, newline);
    this.#done();
    return typedWords(line);
  }

  /** Parses a word. Returns `false` when it is not complete yet. */
  #word(): boolean {
    if (this.#length < 0) {
      if (this.#start + this.#at === this.#end) return false;
      const from = this.#start + this.#at;
      const first = this.#block[from] as number;
      if (first !== DOLLAR)
        throw new ProtocolError(`expected '$', got '${String.fromCharCode(first)}'`);
      const newline = this.#line('too big bulk count string');
      if (newline < 0) return false;
      const length = this.#count(from, newline, this.#limits.maxBulk, 'invalid bulk length');
      if (length < 0) throw new ProtocolError('invalid bulk length');
      this.#length = length;
    }
    // As in Redis, any two bytes may follow a word.
    const end = this.#at + this.#length;
    if (this.#end < this.#start + end + 2) return false;
    this.#places.push(this.#at, end);
    this.#at = end + 2;
    this.#length = -1;
    this.#left -= 1;
    return true;
  }

  /** Finds the end of a line. Returns the position of its newline, or -1 if it has not arrived yet. */
  #line(tooBig: string): number {
    const from = this.#start + this.#at;
    const block = this.#end < this.#block.length ? this.#block.subarray(0, this.#end) : this.#block;
    const newline = block.indexOf(LF, from + this.#searched);
    const length = (newline < 0 ? this.#end : newline) - from;
    if (length > MAX_LINE) throw new ProtocolError(tooBig);
    this.#searched = newline < 0 ? length : 0;
    if (newline >= 0) this.#at += length + 1;
    return newline;
  }

  /** The number after the first byte of a line, in Redis' format. */
  #count(from: number, newline: number, most: number, otherwise: string): number {
    const block = this.#block;
    const negative = block[from + 1] === MINUS;
    const begin = negative ? from + 2 : from + 1;
    const end = newline - 1;
    if (end <= begin || block[end] !== CR) throw new ProtocolError(otherwise);
    let value = 0;
    for (let at = begin; at < end; at += 1) {
      const digit = (block[at] as number) - ZERO;
      if (digit < 0 || digit > 9) throw new ProtocolError(otherwise);
      // No leading zeros, and no zero after a sign.
      if (at === begin && digit === 0 && (negative || end > begin + 1))
        throw new ProtocolError(otherwise);
      value = 10 * value + digit;
      if (value > (negative ? Number.MAX_SAFE_INTEGER : most)) throw new ProtocolError(otherwise);
    }
    return negative ? -value : value;
  }

  /** The words of a complete command. */
  #take(): Buffer[] {
    const words: Buffer[] = [];
    const places = this.#places;
    for (let at = 0; at < places.length; at += 2)
      words.push(
        this.#block.subarray(
          this.#start + (places[at] as number),
          this.#start + (places[at + 1] as number),
        ),
      );
    this.#done();
    return words;
  }

  #done(): void {
    this.#start += this.#at;
    this.#at = 0;
    if (this.#places.length > 0) this.#places = [];
    if (this.#start < this.#end) return;
    this.#block = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }

  /** Keeps the bytes that are left until more arrive. */
  #wait(): undefined {
    const unread = this.#end - this.#start;
    const { maxQuery } = this.#limits;
    if (unread + (this.#places.length / 2) * WORD_OVERHEAD > maxQuery)
      throw new QueryTooLargeError(`command takes more than ${maxQuery} bytes`);
    if (this.#block.length > SMALL_BLOCK && unread < this.#block.length / 4) this.#move(unread);
  }

  /** Moves the bytes that are left to a new block. */
  #move(capacity: number): void {
    const block = Buffer.allocUnsafeSlow(capacity);
    this.#end = this.#block.copy(block, 0, this.#start, this.#end);
    this.#start = 0;
    this.#block = block;
    this.#own = true;
  }
}
