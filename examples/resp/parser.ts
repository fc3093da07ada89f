/** Commands of RESP2, the protocol of Redis, parsed from bytes that come in pieces. */
import { LIMITS, MAX_LINE, MAX_WORDS, type RespLimits } from './limits.ts';
import { ProtocolError, QueryTooLargeError } from './protocol-error.ts';
import { typedWords } from './typed-words.ts';

/** What a word costs beside its bytes: two places and a view. */
const WORD_OVERHEAD = 100;
/** A block of at most this many bytes may be kept for the few that are left in it. */
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
 *            * and a number               $ and a number
 *   idle ─────────────────▶ words to come ───────────────▶ a word ──┐
 *    │ ▲                      ▲                                     │
 *    │ └── the last one ──────┴───────────── one of them ───────────┘
 *    └─▶ any other line: a command typed by hand ──▶ idle
 *
 * What has come of a command waits in one block, and its words are places in it:
 *
 *   #block:  [ done | of this command, parsed | not parsed | room ]
 *                   ↑ #start                  ↑ #start + #at  ↑ #end
 *
 * Bytes that were handed out are never written to again: the block is only filled at its end, and
 * what is left moves to a larger one when it is full.
 */
export class CommandParser {
  readonly #limits: RespLimits;
  #block: Buffer = NOTHING;
  #start = 0;
  #end = 0;
  /** Is the block our own, with room that nobody else writes to? */
  #own = false;
  /** How much of the command is parsed, in bytes. */
  #at = 0;
  /** How many bytes from there on have no newline in them. */
  #searched = 0;
  /** Where the words of the command begin and end, counted from #start. */
  #places: number[] = [];
  /** How many more words come. */
  #left = 0;
  /** How long the next one is, in bytes; -1 where that is not known yet. */
  #length = -1;

  constructor(limits: Partial<RespLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Adds bytes, which must not be written to any more. */
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
      // Twice as much as is needed, unless little is copied: so all copies together are linear.
      const twice = unread < data.length ? size : Math.min(2 * size, this.#limits.maxQuery);
      this.#move(Math.max(size, twice));
    }
    this.#block.set(data, this.#end);
    this.#end += data.length;
  }

  /**
   * The next command: its words, the name first. They are parts of what was fed.
   *
   * @returns `undefined` when it is not complete yet
   * @throws {ProtocolError} when it is malformed; nothing after it can be understood
   * @throws {QueryTooLargeError} when too much has come of it
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

  /** Begins a command. Returns its words where they are on the line, and none where they follow. */
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
    // As in Redis, the two bytes after a word may be any.
    const end = this.#at + this.#length;
    if (this.#end < this.#start + end + 2) return false;
    this.#places.push(this.#at, end);
    this.#at = end + 2;
    this.#length = -1;
    this.#left -= 1;
    return true;
  }

  /** Parses a line up to its newline. Returns where that is, or -1 while it has not come. */
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

  /** The number after the first byte of a line, written as Redis writes it. */
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
      // No zeros before other digits, and none behind a sign.
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

  /** Keeps what has come until more comes. */
  #wait(): undefined {
    const unread = this.#end - this.#start;
    const { maxQuery } = this.#limits;
    if (unread + (this.#places.length / 2) * WORD_OVERHEAD > maxQuery)
      throw new QueryTooLargeError(`command takes more than ${maxQuery} bytes`);
    if (this.#block.length > SMALL_BLOCK && unread < this.#block.length / 4) this.#move(unread);
  }

  /** Moves what is left to a block of its own. */
  #move(capacity: number): void {
    const block = Buffer.allocUnsafeSlow(capacity);
    this.#end = this.#block.copy(block, 0, this.#start, this.#end);
    this.#start = 0;
    this.#block = block;
    this.#own = true;
  }
}
