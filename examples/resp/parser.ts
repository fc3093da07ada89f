/** Commands of RESP2, the protocol of Redis, found in bytes that come in pieces. */

/** The bytes are none of the protocol: nothing after them can be understood. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The most words of a command. */
const MAX_WORDS = 1_048_576;
/** The most bytes of a word. */
const MAX_WORD = 64 * 1024 * 1024;
/** The most bytes of a line: a number, or a command typed by hand. */
const MAX_LINE = 65_536;

const [STAR, DOLLAR, CR, LF] = Buffer.from('*$\r\n') as unknown as [number, number, number, number];
const NOTHING = Buffer.alloc(0);

/**
 *            * and a number               $ and a number
 *   idle ─────────────────▶ words to come ───────────────▶ a word ──┐
 *    │ ▲                      ▲                                     │
 *    │ └── the last one ──────┴───────────── one of them ───────────┘
 *    └─▶ any other line: a command typed by hand ──▶ idle
 *
 * What is not a whole command yet waits in #bytes.
 */
export class CommandParser {
  #bytes: Buffer = NOTHING;
  /** What of #bytes is done with. */
  #at = 0;
  /** What has come of a long word behind #bytes, and is put together when all of it is there. */
  #more: Buffer[] = [];
  #moreSize = 0;
  /** Where to look on for the end of a line, counted from #at. */
  #searched = 0;
  /** The words of a command that is coming. */
  #words: Buffer[] = [];
  /** How many more come. */
  #left = 0;
  /** How long the next one is; -1 where that is not known yet. */
  #length = -1;

  /** Adds bytes, which must not be written to any more. */
  feed(data: Uint8Array): void {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    const rest = this.#bytes.subarray(this.#at);
    this.#more.push(bytes);
    this.#moreSize += bytes.length;
    if (rest.length + this.#moreSize < this.#length + 2) return;
    this.#bytes =
      rest.length === 0 && this.#more.length === 1 ? bytes : Buffer.concat([rest, ...this.#more]);
    this.#at = 0;
    this.#more = [];
    this.#moreSize = 0;
  }

  /**
   * The next command: its words, the name first. They are parts of what was fed.
   *
   * @returns `undefined` when it has not come to its end yet
   * @throws {ProtocolError} when it is none
   */
  next(): Buffer[] | undefined {
    while (true) {
      if (this.#left === 0) {
        const words = this.#begin();
        if (words === undefined || words.length > 0) return words;
        if (this.#left === 0) continue;
      }
      const word = this.#word();
      if (word === undefined) return undefined;
      this.#words.push(word);
      this.#left -= 1;
      if (this.#left > 0) continue;
      const words = this.#words;
      this.#words = [];
      return words;
    }
  }

  /** Begins a command; answers its words where they are all on the line, and none where they follow. */
  #begin(): Buffer[] | undefined {
    if (this.#bytes.length === this.#at) return undefined;
    const many = this.#bytes[this.#at] === STAR;
    const line = this.#line(many ? 'too big mbulk count string' : 'too big inline request');
    if (line === undefined) return undefined;
    if (!many) return typedWords(line);
    this.#left = Math.max(0, numberOf(line, MAX_WORDS, 'invalid multibulk length'));
    return [];
  }

  /** The next word, if all of it is there. */
  #word(): Buffer | undefined {
    if (this.#length < 0) {
      const first = this.#bytes[this.#at];
      if (first === undefined) return undefined;
      if (first !== DOLLAR)
        throw new ProtocolError(`expected '$', got '${String.fromCharCode(first)}'`);
      const line = this.#line('too big bulk count string');
      if (line === undefined) return undefined;
      const length = numberOf(line, MAX_WORD, 'invalid bulk length');
      if (length < 0) throw new ProtocolError('invalid bulk length');
      this.#length = length;
    }
    const end = this.#at + this.#length;
    if (this.#bytes.length < end + 2) return undefined;
    const word = this.#bytes.subarray(this.#at, end);
    this.#at = end + 2;
    this.#length = -1;
    return word;
  }

  /** The next line without its end. */
  #line(tooBig: string): Buffer | undefined {
    const from = this.#at;
    const end = this.#bytes.indexOf(LF, from + this.#searched);
    const length = (end < 0 ? this.#bytes.length : end) - from;
    if (length > MAX_LINE) throw new ProtocolError(tooBig);
    this.#searched = end < 0 ? length : 0;
    if (end < 0) return undefined;
    this.#at = end + 1;
    return this.#bytes.subarray(from, this.#bytes[end - 1] === CR && end > from ? end - 1 : end);
  }
}

/** The number behind the first byte of a line. */
function numberOf(line: Buffer, most: number, otherwise: string): number {
  let value = 0;
  const negative = line[1] === 0x2d;
  const begin = negative ? 2 : 1;
  for (let at = begin; at < line.length; at += 1) {
    const digit = (line[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw new ProtocolError(otherwise);
    value = 10 * value + digit;
    if (value > most) throw new ProtocolError(otherwise);
  }
  if (line.length === begin) throw new ProtocolError(otherwise);
  return negative ? -value : value;
}

/** The words of a line that was typed by hand: apart by spaces, unless they are in quotes. */
function typedWords(line: Buffer): Buffer[] {
  const words: Buffer[] = [];
  const text = line.toString('latin1');
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?!\S)/sy;
  while (word.lastIndex < text.trimEnd().length) {
    const match = word.exec(text);
    if (match === null) throw new ProtocolError('unbalanced quotes in request');
    const [, double, single, plain] = match;
    const meant =
      double?.replace(/\\(?:x([0-9a-f]{2})|(.))/gis, unescaped) ??
      single?.replaceAll("\\'", "'") ??
      (plain as string);
    words.push(Buffer.from(meant, 'latin1'));
  }
  return words;
}

function unescaped(_all: string, hex: string | undefined, letter: string): string {
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  return { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }[letter] ?? letter;
}
