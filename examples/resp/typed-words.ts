/** Parses commands typed by hand: a line of words, some of them in quotes. */
import { ProtocolError } from './protocol-error.ts';

const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const X = 0x78;
const ESCAPES = new Map(
  Object.entries({ n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }).map(
    ([letter, meant]) => [letter.charCodeAt(0), meant.charCodeAt(0)] as const,
  ),
);

/**
 * Splits a line as Redis' `sdssplitargs()` does, in time proportional to its length.
 *
 * @param line - with or without its line end
 * @throws {ProtocolError} when a quote is not closed, or the next word follows it directly
 */
export function typedWords(line: Buffer): Buffer[] {
  const zero = line.indexOf(0);
  const end = zero < 0 ? line.length : zero; // a string of C
  const words: Buffer[] = [];
  /** All words, one after another. No word is longer than its quoted form. */
  const bytes = Buffer.allocUnsafeSlow(end);
  let size = 0;
  let at = 0;
  while (true) {
    while (at < end && isSpace(line[at])) at += 1;
    if (at === end) return words;
    const start = size;
    let quote = 0;
    for (; at < end; at += 1) {
      const byte = line[at] as number;
      if (quote === 0) {
        if (isSpace(byte)) break;
        if (byte === DOUBLE || byte === SINGLE) quote = byte;
        else bytes[size++] = byte;
      } else if (byte === quote) {
        quote = 0;
        at += 1;
        if (at < end && !isSpace(line[at])) throw unbalanced();
        break;
      } else if (byte === BACKSLASH && quote === SINGLE && line[at + 1] === SINGLE) {
        at += 1;
        bytes[size++] = SINGLE;
      } else if (byte === BACKSLASH && quote === DOUBLE && at + 1 < end) {
        const hex = line[at + 1] === X ? line.toString('latin1', at + 2, at + 4) : '';
        if (/^[0-9a-f]{2}$/i.test(hex)) {
          bytes[size++] = Number.parseInt(hex, 16);
          at += 3;
        } else {
          at += 1;
          const letter = line[at] as number;
          bytes[size++] = ESCAPES.get(letter) ?? letter;
        }
      } else bytes[size++] = byte;
    }
    if (quote !== 0) throw unbalanced();
    words.push(bytes.subarray(start, size));
  }
}

function unbalanced(): ProtocolError {
  return new ProtocolError('unbalanced quotes in request');
}

/** White space, as in C. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
