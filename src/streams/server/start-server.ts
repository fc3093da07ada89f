import { checkOptions } from '../../base/check-options.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import {
  checkHostsPort,
  toPath,
  type UnixPath,
} from '../../transports/addresses/check-host-port.ts';
import {
  type Hosts,
  SERVER,
  type ServerOptions,
  type ServingOptions,
} from '../../transports/server/create-server.ts';
import type { Server } from '../../transports/server/server.ts';
import { UNIX_SERVER, type UnixServerOptions } from '../../transports/server/unix.ts';
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

/** Additional options for a stream server. */
export type StreamServerOptions = StreamOptions & ConnectionLimits;

/** The names of {@link StreamServerOptions}, and `startServing`. */
const STREAMS = ' startServing limit idleTimeout handlerTimeout';

/** What serving needs from a loop. */
export interface ServingLoop extends HandlingLoop {
  createServer(
    protocolFactory: () => ProtocolCallbacks,
    host?: Hosts,
    port?: number | string,
    options?: ServerOptions,
  ): Coroutine<Server>;
  createUnixServer(
    protocolFactory: () => ProtocolCallbacks,
    path?: UnixPath,
    options?: UnixServerOptions,
  ): Coroutine<Server>;
}

/**
 * Listens on a port, and serves each incoming connection in a task.
 *
 * A connection is closed when its handler ends, so a handler that passes its streams on must wait
 * for the tasks that use them. Its errors are reported, with the peer's address. Unlike asyncio;
 * see docs/differences.md#handlers-end-with-their-connections.
 *
 * @param clientConnected - called with a reader and a writer for each connection. A plain function
 *   may keep them, and then has to close the connection
 * @param host - a name or a numeric address, or several; `undefined` or `''` for all interfaces
 * @param port - a number, or a string: digits or the name of a service; 0 for any free port
 * @param options - `limit`: the readers'; `idleTimeout`, `handlerTimeout`: in seconds; all others,
 *   such as `maxConnections`, as for {@link Loop.createServer}
 * @returns a coroutine of the server, which already accepts connections
 * @throws {TypeError} when `clientConnected` is not a function
 * @throws {RangeError} when a limit is not positive
 * @throws like {@link Loop.createServer}
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
  checkOptions(options, SERVER + STREAMS);
  const handler = asHandler(clientConnected);
  checkHostsPort('startServer(handler, host, port, options)', host, port);
  const start = (): Promise<Server> =>
    started(handler, options, (loop, factory, rest) =>
      loop.createServer(factory, host, port, rest),
    );
  return new Coroutine(start, 'startServer', undefined);
}

/**
 * Listens on a unix path, and serves each incoming connection in a task.
 *
 * Otherwise like {@link startServer}.
 *
 * @param clientConnected - called with a reader and a writer for each connection
 * @param path - where to listen: a string, its bytes in UTF-8, or a `file:` URL
 * @param options - `limit`: the readers'; `idleTimeout`, `handlerTimeout`: in seconds; all others
 *   as for {@link Loop.createUnixServer}
 * @returns a coroutine of the server, which already accepts connections
 * @throws {TypeError} when `clientConnected` is not a function
 * @throws {RangeError} when a limit is not positive
 * @throws like {@link Loop.createUnixServer}
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `start_unix_server()`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.start_unix_server
 */
export function startUnixServer(
  clientConnected: ClientConnected,
  path?: UnixPath,
  options: UnixServerOptions & StreamServerOptions = {},
): Coroutine<Server> {
  checkOptions(options, UNIX_SERVER + STREAMS);
  const handler = asHandler(clientConnected);
  const where = toPath('startUnixServer(handler, path, options)', path);
  const start = (): Promise<Server> =>
    started(handler, options, (loop, factory, rest) => loop.createUnixServer(factory, where, rest));
  return new Coroutine(start, 'startUnixServer', undefined);
}

async function started(
  handler: ClientConnected,
  { limit, idleTimeout, handlerTimeout, ...rest }: ServingOptions & StreamServerOptions,
  serve: (
    loop: ServingLoop,
    factory: () => ProtocolCallbacks,
    options: ServingOptions,
  ) => Coroutine<Server>,
): Promise<Server> {
  const loop = requireRunningLoop() as ServingLoop;
  const factory = protocols(loop, handler, { limit, idleTimeout, handlerTimeout });
  return await serve(loop, factory, rest);
}

/** Returns a function that creates the protocol of each connection. */
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
