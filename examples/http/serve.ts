/** An HTTP/1.1 server with streams: a task for each connection, one request after another. */
import * as asyncio from 'asyncio-ts';
import { HttpError } from './http-error.ts';
import { type HttpRequest, type RequestLimits, readRequest } from './request.ts';
import { type HttpResponse, isWhole, sendResponse } from './response.ts';

/** Answers a request. If it throws, the response has the status of the HttpError, or 500. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export type HttpOptions = Partial<RequestLimits> & asyncio.ServerOptions & asyncio.ConnectionLimits;

/** How long a client may keep sending after its request was refused, in seconds. */
const LINGER = 2;
/** Stands for a request that could not be read. */
const UNKNOWN = { method: '', minor: 1 } as const;

/**
 * Serves HTTP on a port.
 *
 * Pipelined requests are answered in order. A request that is malformed, too large or too late is answered
 * with an error, and ends the connection, because it is unknown where the next request begins.
 *
 * A connection that is idle for `idleTimeout` seconds, 60 by default, is aborted. So is one that lasts
 * longer than `handlerTimeout` seconds.
 *
 * `server.shutdown({ grace })` stops the server: requests that are being answered may finish, and idle
 * connections are closed.
 *
 * @param handler - answers each request
 * @param host - where to listen, like `port`; `undefined` with the option `sock`
 * @param options - `maxHead`, by default 16 KiB, and `maxBody`, 1 MiB: in bytes; `maxHeaders`: 100;
 *   `requestTimeout`: 300 seconds; the rest as for `asyncio.startServer()`
 */
export async function serveHttp(
  handler: HttpHandler,
  host: string | undefined,
  port: number | undefined,
  options: HttpOptions = {},
): Promise<asyncio.Server> {
  const {
    maxHead = 16_384,
    maxHeaders = 100,
    maxBody = 1_048_576,
    requestTimeout = 300,
    ...rest
  } = options;
  const limits: RequestLimits = { maxHead, maxHeaders, maxBody, requestTimeout };
  const connection = asyncio.coroutine(async function connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
  ) {
    try {
      while (await exchange(reader, writer, handler, limits));
      await linger(reader, writer);
    } catch (error) {
      // The client may disconnect at any time.
      if (!isGone(error, writer)) throw error;
    }
  });
  return await asyncio.startServer(connection, host, port, {
    idleTimeout: 60,
    ...rest,
    limit: maxHead,
  });
}

/** Serves one request. Returns `false` when it was the last one of its connection. */
async function exchange(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
  handler: HttpHandler,
  limits: RequestLimits,
): Promise<boolean> {
  let request: HttpRequest | undefined;
  try {
    request = await readRequest(reader, writer, limits);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return await sendResponse(writer, UNKNOWN, asResponse(error), false);
  }
  if (request === undefined) return false;
  const response = await answer(handler, request, writer);
  return isWhole(response.body)
    ? await respond(writer, request, response)
    : await stream(writer, request, response);
}

async function answer(
  handler: HttpHandler,
  request: HttpRequest,
  writer: asyncio.StreamWriter,
): Promise<HttpResponse> {
  try {
    return await handler(request);
  } catch (exception) {
    if (exception instanceof HttpError) return asResponse(exception);
    if (!asyncio.isException(exception) || isGone(exception, writer)) throw exception;
    const message = `Exception in the handler of ${request.method} ${request.path}`;
    asyncio.getRunningLoop().callExceptionHandler({ message, exception });
    return { status: 500, body: 'Internal Server Error\n' };
  }
}

/** Reads the rest of the request, and sends the response. A malformed body is still refused. */
async function respond(
  writer: asyncio.StreamWriter,
  request: HttpRequest,
  response: HttpResponse,
): Promise<boolean> {
  let isRead: boolean;
  try {
    isRead = await request.body.discard();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return await sendResponse(writer, request, asResponse(error), false);
  }
  return await sendResponse(writer, request, response, request.keepAlive && isRead);
}

/** Sends a response piece by piece. The pieces may come from the body of the request. */
async function stream(
  writer: asyncio.StreamWriter,
  request: HttpRequest,
  response: HttpResponse,
): Promise<boolean> {
  const { body, keepAlive } = request;
  try {
    const mayLast = keepAlive && body.failure === undefined;
    if (!(await sendResponse(writer, request, response, mayLast))) return false;
  } catch (error) {
    if (error !== body.failure) throw error;
    // It is too late for another status. An HTTP/1.1 client notices that the last chunk is missing.
    writer.transport.abort();
    return false;
  }
  try {
    return await body.discard();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return false; // the response is sent, and the client does not expect a second one
  }
}

/** Is this an error of the client's own connection, not of another one? */
function isGone(error: unknown, writer: asyncio.StreamWriter): boolean {
  return error instanceof asyncio.ConnectionError && writer.isClosing();
}

function asResponse({ status, message, headers }: HttpError): HttpResponse {
  const all = { 'Content-Type': 'text/plain; charset=utf-8', ...headers };
  return { status, headers: all, body: `${message}\n` };
}

/**
 * Stops sending, and lets the client finish. If the connection were closed with bytes unread, it would
 * be reset, and the client might never see the response.
 */
async function linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  if (writer.isClosing()) return;
  // TLS cannot end only one direction. A client that knows where the response ends closes the connection.
  if (writer.canWriteEof()) writer.writeEof();
  try {
    await asyncio.timeout(LINGER, async () => {
      while ((await reader.read(65_536)).length > 0);
    });
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
  }
}
