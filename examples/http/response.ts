/** Writes HTTP/1.1 responses to a stream. */
import { STATUS_CODES } from 'node:http';
import type * as asyncio from 'asyncio-ts';
import { isHeader } from './header.ts';
import type { RequestHead } from './request.ts';

/** A response. */
export interface HttpResponse {
  /** From 200 to 599, by default 200. */
  readonly status?: number;
  /** All headers except those about the length of the body and keep-alive, which the server adds. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string, bytes, or pieces that are sent as they become available; by default empty. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** The properties of the request on which the response depends. */
type Asked = Pick<RequestHead, 'method' | 'minor'>;

const NOTHING = new Uint8Array();
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const CRLF = Buffer.from('\r\n');
/** Headers that only the server writes: a second one might contradict it. */
const OWN = new Set(['connection', 'content-length', 'date', 'transfer-encoding']);

/**
 * Sends a response, as fast as the client reads it.
 *
 * @param keepAlive - may the client send more requests on the connection?
 * @returns `false` if it may not, or if the response ends with the connection
 * @throws {RangeError} when the status is not an integer from 200 to 599; nothing is sent
 * @throws {TypeError} when a header has characters that cannot be sent, or is one that only the server writes; nothing is sent
 * @throws what the body's iterator throws; by then, part of the response has been sent
 */
export async function sendResponse(
  writer: asyncio.StreamWriter,
  { method, minor }: Asked,
  { status = 200, headers = {}, body = '' }: HttpResponse,
  keepAlive: boolean,
): Promise<boolean> {
  const whole = isWhole(body);
  const bytes = typeof body === 'string' ? Buffer.from(body) : whole ? body : NOTHING;
  const bodiless = status === 204 || status === 304;
  const chunked = !whole && !bodiless && minor === 1;
  const lasting = keepAlive && (whole || chunked || bodiless);

  let head = topOf(status, headers);
  if (chunked) head += 'Transfer-Encoding: chunked\r\n';
  else if (whole && !bodiless) head += `Content-Length: ${bytes.length}\r\n`;
  if (!lasting) head += 'Connection: close\r\n';
  else if (minor === 0) head += 'Connection: keep-alive\r\n';
  const top = Buffer.from(`${head}\r\n`, 'latin1');

  if (method === 'HEAD' || bodiless || whole) {
    if (method === 'HEAD' || bodiless || bytes.length === 0) writer.write(top);
    else writer.writelines([top, bytes]);
    await writer.drain();
    return lasting;
  }
  writer.write(top);
  for await (const piece of body) {
    if (piece.length === 0) continue;
    if (chunked) writer.writelines([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]);
    else writer.write(piece);
    await writer.drain();
  }
  if (chunked) writer.write(LAST_CHUNK);
  await writer.drain();
  return lasting;
}

/** Is the whole body available, not an iterator? */
export function isWhole(body: HttpResponse['body']): body is string | Uint8Array | undefined {
  return body === undefined || typeof body === 'string' || body instanceof Uint8Array;
}

function topOf(status: number, headers: Readonly<Record<string, string>>): string {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new RangeError(`status must be an integer from 200 to 599, got ${status}`);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nDate: ${date()}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeader(name, value))
      throw new TypeError(`header ${JSON.stringify(name)} has characters that cannot be sent`);
    if (OWN.has(name.toLowerCase())) throw new TypeError(`header ${name} is written by the server`);
    head += `${name}: ${value}\r\n`;
  }
  return head;
}

let second = 0;
let written = '';

/** The date in HTTP's format, updated once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    written = new Date().toUTCString();
  }
  return written;
}
