/** Answers of HTTP/1.1, written to a stream. */
import { STATUS_CODES } from 'node:http';
import type * as asyncio from 'asyncio-ts';
import type { HttpRequest } from './request.ts';

/** What is answered. */
export interface HttpResponse {
  /** By default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text, bytes, or pieces that come one after the other; by default none. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Of the request: what its answer depends on. */
type Asked = Pick<HttpRequest, 'method' | 'minor'>;

const NOTHING = new Uint8Array();
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Sends an answer, as fast as the client takes it.
 *
 * @param keepAlive - may the client ask for more on the connection?
 * @returns `false` where it may not, because only the end of the connection ends this answer
 * @throws {TypeError} when a header has more than one line
 * @throws what the pieces of the body throw; half an answer is sent then
 */
export async function sendResponse(
  writer: asyncio.StreamWriter,
  { method, minor }: Asked,
  { status = 200, headers = {}, body = '' }: HttpResponse,
  keepAlive: boolean,
): Promise<boolean> {
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  const bytes = typeof body === 'string' ? Buffer.from(body) : whole ? body : NOTHING;
  const bodiless = status === 204 || status === 304;
  const chunked = !whole && !bodiless && minor === 1;
  const lasting = keepAlive && (whole || chunked || bodiless);

  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nDate: ${date()}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n]/.test(value)) throw new TypeError(`header ${name} has more than one line`);
    head += `${name}: ${value}\r\n`;
  }
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

const CRLF = Buffer.from('\r\n');
let second = 0;
let written = '';

/** The date, as HTTP writes it; made once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    written = new Date().toUTCString();
  }
  return written;
}
