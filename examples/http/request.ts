/** Requests of HTTP/1.1, read from a stream: the head taken apart, and a body to be read on. */
import * as asyncio from 'asyncio-ts';
import { Body } from './body.ts';
import { HttpError } from './http-error.ts';

/** How much a client may send. */
export interface RequestLimits {
  /** The most bytes of a head: the reader's own limit. */
  readonly maxHead: number;
  /** The most lines of a head, after the first. */
  readonly maxHeaders: number;
  /** The most bytes of a body. */
  readonly maxBody: number;
}

/** What a client asks for. */
export interface HttpRequest {
  readonly method: string;
  /** The path, without what follows a question mark; `*` for all of the server. */
  readonly path: string;
  /** What follows the question mark. */
  readonly query: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  /** By name in small letters; what came several times is joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Body;
  /** Does the client want to ask for more on this connection? */
  readonly keepAlive: boolean;
}

// An empty line ends a head. One that no carriage return stands before is refused below: but it
// ends the head, too, or its client would wait for an answer.
const HEAD_ENDS = [Buffer.from('\n\r\n'), Buffer.from('\n\n')];
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/([0-9])\\.([0-9])$`);
const HEADER = new RegExp(`^(${TOKEN}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*$`);
const ABSOLUTE = /^https?:\/\/[^/?#]+/i;

/**
 * Reads the head of the next request.
 *
 * @param reader - its limit is that of a head
 * @param writer - where a client that asks whether to go on is told so, once its body is read
 * @returns `undefined` when the client has ended instead
 * @throws {HttpError} when it is none, or too large; nothing more can be read from the client then
 */
export async function readRequest(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  limits: RequestLimits,
): Promise<HttpRequest | undefined> {
  let head: string;
  do {
    const bytes = await readHead(reader);
    if (bytes === undefined) return undefined;
    head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    // Empty lines before a request: some clients end a body with one.
    while (head.startsWith('\r\n')) head = head.slice(2);
  } while (head === '');
  return parse(head, reader, writer, limits);
}

async function readHead(reader: asyncio.StreamReader): Promise<Uint8Array | undefined> {
  try {
    return await reader.readuntil(HEAD_ENDS);
  } catch (error) {
    if (error instanceof asyncio.IncompleteReadError) {
      if (error.partial.every((byte) => byte === 13 || byte === 10)) return undefined;
      throw new HttpError(400, 'the head is not complete');
    }
    if (!(error instanceof asyncio.LimitOverrunError)) throw error;
    const begin = await reader.read(error.consumed);
    if (begin.includes(10)) throw new HttpError(431, 'the head is too large');
    throw new HttpError(414, 'the target is too long');
  }
}

function parse(
  head: string,
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  { maxHeaders, maxBody }: RequestLimits,
): HttpRequest {
  const lines = head.split('\r\n');
  const [, method, target, major, digit] = REQUEST_LINE.exec(lines[0] as string) ?? [];
  if (method === undefined || target === undefined) throw new HttpError(400, 'no request line');
  if (major !== '1') throw new HttpError(505, 'only HTTP/1.0 and HTTP/1.1');
  const minor = digit === '0' ? 0 : 1;

  // The last two are empty: the head ends with two line ends.
  if (lines.length - 3 > maxHeaders) throw new HttpError(431, 'too many headers');
  const headers = new Map<string, string>();
  for (let at = 1; at < lines.length - 2; at += 1) {
    const [, name, value] = HEADER.exec(lines[at] as string) ?? [];
    if (name === undefined || value === undefined) throw new HttpError(400, 'a header is none');
    const key = name.toLowerCase();
    const before = headers.get(key);
    if (before !== undefined && key === 'host') throw new HttpError(400, 'more than one Host');
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  if (lines.at(-1) !== '' || lines.at(-2) !== '') throw new HttpError(400, 'a line end is none');
  if (minor === 1 && !headers.has('host')) throw new HttpError(400, 'no Host');

  const length = lengthOf(headers, minor);
  if (typeof length === 'number' && length > maxBody)
    throw new HttpError(413, `a body has at most ${maxBody} bytes`);
  const [path, query] = split(target, method);
  const options = { maxBody, goAhead: goAheadFor(headers, minor, writer) };
  const body = new Body(reader, length, options);
  return { method, path, query, minor, headers, body, keepAlive: keepsAlive(headers, minor) };
}

/** How long a body is said to be: a number of bytes, or as its chunks say. */
function lengthOf(headers: ReadonlyMap<string, string>, minor: number): number | 'chunked' {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) {
    // Two lengths: whoever stands between the client and us may believe the other one.
    if (length !== undefined) throw new HttpError(400, 'a length beside a transfer coding');
    if (minor === 0) throw new HttpError(400, 'HTTP/1.0 has no transfer codings');
    if (coding.toLowerCase() !== 'chunked') throw new HttpError(501, `no coding ${coding}`);
    return 'chunked';
  }
  if (length === undefined) return 0;
  if (!/^[0-9]{1,15}$/.test(length)) throw new HttpError(400, 'Content-Length is no length');
  return Number(length);
}

function split(target: string, method: string): [path: string, query: string] {
  const local = target.replace(ABSOLUTE, '') || '/';
  const isRooted = local.startsWith('/') || (local === '*' && method === 'OPTIONS');
  if (method === 'CONNECT') throw new HttpError(501, 'this is no proxy');
  if (!isRooted) throw new HttpError(400, 'the target is no path');
  const at = local.indexOf('?');
  return at < 0 ? [local, ''] : [local.slice(0, at), local.slice(at + 1)];
}

/** What a client that waits for a word before it sends its body is told. */
function goAheadFor(
  headers: ReadonlyMap<string, string>,
  minor: number,
  writer: asyncio.StreamWriter,
): (() => void) | undefined {
  const expected = headers.get('expect');
  if (expected === undefined || minor === 0) return undefined;
  if (expected.toLowerCase() !== '100-continue') throw new HttpError(417, `not ${expected}`);
  return () => writer.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
}

function keepsAlive(headers: ReadonlyMap<string, string>, minor: number): boolean {
  const options =
    headers
      .get('connection')
      ?.toLowerCase()
      .split(/\s*,\s*/) ?? [];
  return minor === 1 ? !options.includes('close') : options.includes('keep-alive');
}
