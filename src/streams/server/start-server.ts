import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import { checkHostsPort, checkPath } from '../../transports/connect/check-host-port.ts';
import type { Hosts, ServerOptions } from '../../transports/server/create-server.ts';
import type { Server } from '../../transports/server/server.ts';
import type { UnixServerOptions } from '../../transports/server/unix.ts';
import type { ProtocolCallbacks } from '../../transports/transport.ts';
import type { StreamOptions } from '../open-connection.ts';
import {
  asHandler,
  type ClientConnected,
  type ConnectionLimits,
  checkLimits,
  type HandlingLoop,
  StreamReaderProtocol,
} from '../stream-protocol.ts';
import { checkLimit, StreamReader } from '../stream-reader.ts';

/** What can be said of a server of streams beside what can be said of any. */
export type StreamServerOptions = StreamOptions & ConnectionLimits;

/** What serving needs of a loop. */
export interface ServingLoop extends HandlingLoop {
  createServer(
    protocolFactory: () => ProtocolCallbacks,
    host?: Hosts,
    port?: number | string,
    options?: ServerOptions,
  ): Coroutine<Server>;
  createUnixServer(
    protocolFactory: () => ProtocolCallbacks,
    path?: string,
    options?: UnixServerOptions,
  ): Coroutine<Server>;
}

/**
 * Listens on a port, and has each connection that comes in served by a task of its own.
 *
 * A connection is closed when its handler ends; what the handler throws is reported, with the
 * address of the peer. So a handler that hands its streams over to others waits for these. Unlike
 * asyncio; see docs/differences.md#handlers-end-with-their-connections.
 *
 * @param clientConnected - called with a reader and a writer for each connection; a plain function
 *   may keep them, and closes the connection itself
 * @param host - a name or a number, or several; none, or `''`, for all interfaces
 * @param port - a number, also as text; 0 for any that is free
 * @param options - `limit`: that of the readers; `idleTimeout`, `handlerTimeout`: in seconds; all
 *   others as those of {@link Loop.createServer}, `maxConnections` for instance
 * @returns a coroutine that gives the server, which accepts connections already
 * @throws {TypeError} when `clientConnected` is no function
 * @throws {RangeError} when a limit is not positive
 * @throws as {@link Loop.createServer}
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `start_server()`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.start_server
 */
export function startServer(
  clientConnected: ClientConnected,
  host?: Hosts,
  port?: number | string,
  options: ServerOptions & StreamServerOptions = {},
): Coroutine<Server> {
  const handler = asHandler(clientConnected);
  checkHostsPort('startServer(handler, host, port, options)', host, port);
  const start = async (): Promise<Server> => {
    const { limit, idleTimeout, handlerTimeout, ...rest } = options;
    const loop = requireRunningLoop() as ServingLoop;
    const factory = protocols(loop, handler, { limit, idleTimeout, handlerTimeout });
    return await loop.createServer(factory, host, port, rest);
  };
  return new Coroutine(start, 'startServer', undefined);
}

/**
 * Listens on a path of AF_UNIX, and has each connection that comes in served by a task of its own.
 *
 * All else is as in {@link startServer}.
 *
 * @param clientConnected - called with a reader and a writer for each connection
 * @param path - where to listen
 * @param options - `limit`: that of the readers; `idleTimeout`, `handlerTimeout`: in seconds; all
 *   others as those of {@link Loop.createUnixServer}
 * @returns a coroutine that gives the server, which accepts connections already
 * @throws {TypeError} when `clientConnected` is no function
 * @throws {RangeError} when a limit is not positive
 * @throws as {@link Loop.createUnixServer}
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `start_unix_server()`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.start_unix_server
 */
export function startUnixServer(
  clientConnected: ClientConnected,
  path?: string,
  options: UnixServerOptions & StreamServerOptions = {},
): Coroutine<Server> {
  const handler = asHandler(clientConnected);
  checkPath('startUnixServer(handler, path, options)', path);
  const start = async (): Promise<Server> => {
    const { limit, idleTimeout, handlerTimeout, ...rest } = options;
    const loop = requireRunningLoop() as ServingLoop;
    const factory = protocols(loop, handler, { limit, idleTimeout, handlerTimeout });
    return await loop.createUnixServer(factory, path, rest);
  };
  return new Coroutine(start, 'startUnixServer', undefined);
}

/** What makes the protocol of each connection. */
export function protocols(
  loop: ServingLoop,
  handler: ClientConnected,
  { limit, ...limits }: StreamServerOptions,
): () => StreamReaderProtocol {
  if (limit !== undefined) checkLimit(limit);
  checkLimits(limits);
  const options = { ...limits, loop };
  return () => new StreamReaderProtocol(new StreamReader({ limit, loop }), handler, options);
}
