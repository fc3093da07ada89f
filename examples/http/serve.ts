/** An HTTP/1.1 server on streams: one task a connection, one request after the other. */
import * as asyncio from 'asyncio-ts';
import { HttpError } from './http-error.ts';
import { type HttpRequest, type RequestLimits, readRequest } from './request.ts';
import { type HttpResponse, sendResponse } from './response.ts';

/** Answers a request; what it throws becomes an answer, too: 500, unless it is an HttpError. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export type HttpOptions = Partial<RequestLimits> & asyncio.ServerOptions & asyncio.ConnectionLimits;

/** Seconds that a client which is being refused may still send in. */
const LINGER = 2;
/** What is answered before it is known what was asked. */
const UNKNOWN = { method: '', minor: 1 } as const;

/**
 * Serves HTTP on a port.
 *
 * Requests that a client sends without waiting for answers are answered in order. A connection on
 * which nothing happens for `idleTimeout` seconds, 60 by default, is cut off.
 *
 * `server.shutdown({ grace })` ends it in good order: requests that are being answered are, and idle
 * connections are closed.
 *
 * @param host - where to listen, as `port`; neither with the option `sock`
 * @param options - `maxHead`, `maxBody`: in bytes; `maxHeaders`: a number; the rest as those of
 *   `asyncio.startServer()`
 */
export async function serveHttp(
  handler: HttpHandler,
  host: string | undefined,
  port: number | undefined,
  options: HttpOptions = {},
): Promise<asyncio.Server> {
  const { maxHead = 16_384, maxHeaders = 100, maxBody = 1_048_576, ...rest } = options;
  const limits: RequestLimits = { maxHead, maxHeaders, maxBody };
  const connection = asyncio.coroutine(async function connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
  ) {
    try {
      while (await exchange(reader, writer, handler, limits));
      await linger(reader, writer);
    } catch (error) {
      // The client is gone, which is its right.
      if (!isGone(error, writer)) throw error;
    }
  });
  return await asyncio.startServer(connection, host, port, {
    idleTimeout: 60,
    ...rest,
    limit: maxHead,
  });
}

/** Serves one request; `false`: it was the last one of its connection. */
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
  const isRead = await rest(request);
  return await sendResponse(writer, request, response, request.keepAlive && isRead);
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

/** Was it the client's connection that broke, and no other? */
function isGone(error: unknown, writer: asyncio.StreamWriter): boolean {
  return error instanceof asyncio.ConnectionError && writer.isClosing();
}

/** Is the request read to its end, so that another can follow? */
async function rest({ body }: HttpRequest): Promise<boolean> {
  try {
    return await body.discard();
  } catch (error) {
    // The answer is there; that its body was none says the end of the connection.
    if (error instanceof HttpError) return false;
    throw error;
  }
}

function asResponse({ status, message, headers }: HttpError): HttpResponse {
  return { status, headers, body: `${message}\n` };
}

/**
 * Ends sending, and lets the client finish: closed with bytes unread, the connection would be reset,
 * and the client might never see the answer.
 */
async function linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  if (writer.isClosing()) return;
  writer.writeEof();
  try {
    await asyncio.timeout(LINGER, async () => {
      while ((await reader.read(65_536)).length > 0);
    });
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
  }
}
