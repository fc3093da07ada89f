/** Parses header lines: those of a head, and the trailers after a chunked body. */
import { HttpError } from './http-error.ts';

/** The characters that are allowed in methods and header names. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const NAME = new RegExp(`^${TOKEN}$`);
/** No control characters except the tab, and no characters above 255. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/([0-9])\\.([0-9])$`);
// White space is allowed only in quotes: servers disagree about what it means elsewhere.
const QUOTED =
  '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const CHUNK = new RegExp(`^([0-9A-Fa-f]{1,12})((?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*)$`);

/**
 * Splits a request line.
 *
 * @throws {HttpError} 400 when it is malformed, 505 when the version is not HTTP/1.0 or HTTP/1.1
 */
export function parseRequestLine(line: string): [method: string, target: string, minor: 0 | 1] {
  const [, method, target, major, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined)
    throw new HttpError(400, 'malformed request line');
  if (major !== '1') throw new HttpError(505, 'only HTTP/1.0 and HTTP/1.1 are supported');
  return [method, target, minor === '0' ? 0 : 1];
}

/**
 * Splits a header line, in time proportional to its length.
 *
 * @param line - without its line end
 * @returns the name in lower case, and the value without the spaces and tabs around it
 * @throws {HttpError} 400 when it is malformed
 */
export function parseHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  const value = trimmed(line.slice(colon + 1));
  if (!NAME.test(name) || !VALUE.test(value)) throw new HttpError(400, 'malformed header');
  return [name.toLowerCase(), value];
}

/**
 * Parses the line before a chunk.
 *
 * @param line - without its line end
 * @throws {HttpError} 400 when it is malformed
 */
export function parseChunkLine(line: string): [size: number, extensions: string] {
  const [, size, extensions] = CHUNK.exec(line) ?? [];
  if (size === undefined || extensions === undefined)
    throw new HttpError(400, 'malformed chunk size');
  return [Number.parseInt(size, 16), extensions];
}

/** The items of a comma-separated list, in lower case; none if the header is missing. */
export function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : value.toLowerCase().split(',').map(trimmed);
}

/** May this header be sent? */
export function isHeader(name: string, value: string): boolean {
  return NAME.test(name) && VALUE.test(value);
}

/** Removes the spaces and tabs around a text. A pattern such as `[ \t]*$` can take quadratic time. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
