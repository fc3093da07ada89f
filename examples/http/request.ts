/** Reads HTTP/1.1 requests from a stream: parses the head, and leaves the body to be read later. */
import * as asyncio from 'asyncio-ts';
import { Body } from './body.ts';
import { listOf, parseHeader, parseRequestLine } from './header.ts';
import { HttpError } from './http-error.ts';

/** How much a client may send. */
export interface RequestLimits {
  /** The maximum length of a head, in bytes. */
  readonly maxHead: number;
  /** The maximum number of header lines. */
  readonly maxHeaders: number;
  /** The maximum length of a body, in bytes. */
  readonly maxBody: number;
  /**
   * How long a request may take, head and body, in seconds since the server began to wait for it;
   * by default, there is no limit.
   */
  readonly requestTimeout?: number | undefined;
}

/** The head of a request. */
export interface RequestHead {
  readonly method: string;
  /** The path, up to a question mark; `*` for the server as a whole. */
  readonly path: string;
  /** What follows the question mark. */
  readonly query: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  /** By name in lower case; headers that were sent several times are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Does the client want to send more requests on this connection? */
  readonly keepAlive: boolean;
}

/** A request. Its body is read on demand. */
export interface HttpRequest extends RequestHead {
  readonly body: Body;
}

// A head ends with an empty line. Bare newlines are refused below, but first they must end the head:
// otherwise the client would wait for an answer.
const HEAD_ENDS = [Buffer.from('\n\r\n'), Buffer.from('\n\n')];
const ABSOLUTE = /^https?:\/\/([^/?#]+)/i;
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

/**
 * Reads the head of the next request.
 *
 * @param reader - its limit is the limit of a head
 * @param writer - used to tell a client with `Expect: 100-continue` to send the body, when it is read
 * @returns `undefined` if the client has stopped sending instead
 * @throws {HttpError} when the request is malformed, too large or too late; after that, nothing more
 *   can be read from the client
 */
export async function readRequest(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  limits: RequestLimits,
): Promise<HttpRequest | undefined> {
  const { maxBody, requestTimeout } = limits;
  const deadline =
    requestTimeout === undefined ? undefined : asyncio.getRunningLoop().time() + requestTimeout;
  const text = await readHead(reader, limits, deadline);
  if (text === undefined) return undefined;
  const head = parseHead(text, limits);
  const { headers, minor } = head;
  const length = lengthOf(headers, minor);
  if (typeof length === 'number' && length > maxBody)
    throw new HttpError(413, `body longer than ${maxBody} bytes`);
  const goAhead = goAheadFor(headers, minor, writer);
  return { ...head, body: new Body(reader, length, { maxBody, deadline, goAhead }) };
}

/** Reads the next head, including the empty line at its end. */
async function readHead(
  reader: asyncio.StreamReader,
  { maxHead }: RequestLimits,
  deadline: number | undefined,
): Promise<string | undefined> {
  try {
    return await asyncio.timeoutAt(deadline, async () => {
      // Skips empty lines before a request, because some clients send one after a body.
      for (let skipped = 0; skipped <= maxHead; ) {
        const { buffer, byteOffset, length } = await reader.readuntil(HEAD_ENDS);
        const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
        let start = 0;
        while (text.startsWith('\r\n', start)) start += 2;
        if (start < length) return text.slice(start);
        skipped += length;
      }
      throw new HttpError(400, 'malformed request line');
    });
  } catch (error) {
    if (error instanceof asyncio.TimeoutError) throw new HttpError(408, 'request not sent in time');
    if (error instanceof asyncio.IncompleteReadError) {
      if (error.partial.every((byte) => byte === 13 || byte === 10)) return undefined;
      throw new HttpError(400, 'incomplete head');
    }
    if (!(error instanceof asyncio.LimitOverrunError)) throw error;
    const start = await reader.read(error.consumed);
    if (start.includes(10)) throw new HttpError(431, 'head too large');
    throw new HttpError(414, 'target too long');
  }
}

/**
 * Parses a head, in time proportional to its length.
 *
 * @param text - a character for each byte, with the empty line at its end
 * @throws {HttpError} when it is malformed, or has too many headers
 */
export function parseHead(
  text: string,
  { maxHeaders }: Pick<RequestLimits, 'maxHeaders'>,
): RequestHead {
  const lines = text.split('\r\n');
  const [method, target, minor] = parseRequestLine(lines[0] as string);

  // The last two are empty: the head ends with two line ends.
  if (lines.length - 3 > maxHeaders) throw new HttpError(431, 'too many headers');
  const headers = new Map<string, string>();
  for (let at = 1; at < lines.length - 2; at += 1) {
    const [name, value] = parseHeader(lines[at] as string);
    const before = headers.get(name);
    if (before !== undefined && name === 'host') throw new HttpError(400, 'more than one Host');
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (lines.at(-1) !== '' || lines.at(-2) !== '') throw new HttpError(400, 'malformed line end');

  const [authority, path, query] = split(target, method);
  const host = headers.get('host');
  if (host === undefined && minor === 1) throw new HttpError(400, 'no Host');
  if (!HOST.test(host ?? '') || !HOST.test(authority ?? ''))
    throw new HttpError(400, 'malformed Host');
  // A host in the target takes precedence over the header.
  if (authority !== undefined) headers.set('host', authority);
  return { method, path, query, minor, headers, keepAlive: keepsAlive(headers, minor) };
}

/** The length of the body in bytes, or 'chunked'. */
function lengthOf(headers: ReadonlyMap<string, string>, minor: number): number | 'chunked' {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) {
    // If there are two lengths, a proxy between the client and this server may use the other one.
    if (length !== undefined) throw new HttpError(400, 'both Content-Length and Transfer-Encoding');
    if (minor === 0) throw new HttpError(400, 'Transfer-Encoding in HTTP/1.0');
    const codings = listOf(coding);
    if (codings.indexOf('chunked') !== codings.length - 1)
      throw new HttpError(400, 'Transfer-Encoding must end with chunked, once');
    if (codings.length > 1)
      throw new HttpError(501, 'only the transfer coding chunked is supported');
    return 'chunked';
  }
  if (length === undefined) return 0;
  // A header that was sent twice has a comma in it.
  if (!/^[0-9]{1,15}$/.test(length)) throw new HttpError(400, 'malformed Content-Length');
  return Number(length);
}

function split(
  target: string,
  method: string,
): [authority: string | undefined, path: string, query: string] {
  if (method === 'CONNECT') throw new HttpError(501, 'not a proxy');
  const [prefix = '', authority] = ABSOLUTE.exec(target) ?? [];
  const rest = target.slice(prefix.length);
  const local = authority === undefined || rest.startsWith('/') ? rest : `/${rest}`;
  const isRooted = local.startsWith('/') || (local === '*' && method === 'OPTIONS');
  if (!isRooted) throw new HttpError(400, 'malformed target');
  const at = local.indexOf('?');
  return at < 0 ? [authority, local, ''] : [authority, local.slice(0, at), local.slice(at + 1)];
}

/** Tells a client to send its body, if it waits for that. */
function goAheadFor(
  headers: ReadonlyMap<string, string>,
  minor: number,
  writer: asyncio.StreamWriter,
): (() => void) | undefined {
  const expected = headers.get('expect');
  if (expected === undefined || minor === 0) return undefined;
  if (expected.toLowerCase() !== '100-continue')
    throw new HttpError(417, 'only 100-continue can be expected');
  return () => writer.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
}

function keepsAlive(headers: ReadonlyMap<string, string>, minor: number): boolean {
  const options = listOf(headers.get('connection'));
  return !options.includes('close') && (minor === 1 || options.includes('keep-alive'));
}
