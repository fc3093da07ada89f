import { checkOptions } from '../../base/check-options.ts';
import { SERVER_BACKLOG } from '../../base/constants.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import {
  checkHostsPort,
  toPath,
  type UnixPath,
} from '../../transports/addresses/check-host-port.ts';
import {
  DEMAND,
  type Hosts,
  SERVER,
  type ServerOptions,
  type ServingOptions,
} from '../../transports/server/create-server.ts';
import type { Server } from '../../transports/server/server.ts';
import { UNIX_SERVER, type UnixServerOptions } from '../../transports/server/unix.ts';
import type { ProtocolCallbacks } from '../../transports/transport.ts';
import type { StreamOptions } from '../open-connection.ts';
import type { ConnectionLimits } from '../stream-protocol.ts';
import { AcceptedConnections } from './accepted-connections.ts';
import { protocols, type ServingLoop } from './start-server.ts';
import { StreamServer } from './stream-server.ts';

/** Options for a server whose connections are accepted one by one. */
export type OpenServerOptions = StreamOptions & Pick<ConnectionLimits, 'idleTimeout'>;

/**
 * Listens on a port, and lets you accept connections one by one:
 *
 * ```ts
 * const echo = asyncio.coroutine(async ([reader, writer]: asyncio.Streams) => {
 *   for await (const line of reader) writer.write(line);
 *   writer.close();
 * });
 * await using server = await asyncio.openServer('127.0.0.1', 8888);
 * for await (const streams of server) asyncio.createTask(echo(streams));
 * ```
 *
 * Each is accepted only when you ask for it; see {@link StreamServer}. With TLS, up to `backlog`
 * more shake hands meanwhile, so that a silent client does not hold up the others. Nothing is
 * closed automatically: close the writer of each connection. {@link startServer} calls a handler
 * instead, and closes its connection when it ends.
 *
 * Not in asyncio.
 *
 * @param host - a name or a numeric address, or several; `undefined` or `''` for all interfaces
 * @param port - a number, or a string: digits or the name of a service; 0 for any free port
 * @param options - `backlog`: how many connections may wait, on each socket; `limit`: the readers';
 *   `idleTimeout`: in seconds; all others as for {@link Loop.createServer}
 * @returns a coroutine of the server
 * @throws {RangeError} when a limit is not positive
 * @throws like {@link Loop.createServer}
 * @throws {CancelledError} when the waiting task is cancelled
 */
export function openServer(
  host?: Hosts,
  port?: number | string,
  options: Omit<ServerOptions, 'startServing'> & OpenServerOptions = {},
): Coroutine<StreamServer> {
  checkOptions(options, `${SERVER} limit idleTimeout`);
  checkHostsPort('openServer(host, port, options)', host, port);
  const open = async (): Promise<StreamServer> =>
    await opened(options, (loop, factory, rest) => loop.createServer(factory, host, port, rest));
  return new Coroutine(open, 'openServer', undefined);
}

/**
 * Listens on a unix path, and lets you accept connections one by one.
 *
 * Otherwise like {@link openServer}.
 *
 * @param path - where to listen: a string, its bytes in UTF-8, or a `file:` URL
 * @param options - as for {@link openServer}; all others as for {@link Loop.createUnixServer}
 * @returns a coroutine of the server
 * @throws {RangeError} when a limit is not positive
 * @throws like {@link Loop.createUnixServer}
 * @throws {CancelledError} when the waiting task is cancelled
 */
export function openUnixServer(
  path?: UnixPath,
  options: Omit<UnixServerOptions, 'startServing'> & OpenServerOptions = {},
): Coroutine<StreamServer> {
  checkOptions(options, `${UNIX_SERVER} limit idleTimeout`);
  const where = toPath('openUnixServer(path, options)', path);
  const open = async (): Promise<StreamServer> =>
    await opened(options, (loop, factory, rest) => loop.createUnixServer(factory, where, rest));
  return new Coroutine(open, 'openUnixServer', undefined);
}

async function opened(
  { limit, idleTimeout, ...rest }: ServingOptions & OpenServerOptions,
  serve: (
    loop: ServingLoop,
    factory: () => ProtocolCallbacks,
    options: ServingOptions,
  ) => Coroutine<Server>,
): Promise<StreamServer> {
  const loop = requireRunningLoop() as ServingLoop;
  const { ssl, backlog = SERVER_BACKLOG } = rest;
  const accepted = new AcceptedConnections(ssl === undefined ? 0 : backlog);
  const factory = protocols(loop, (...streams) => accepted.made(streams), { limit, idleTimeout });
  const server = await serve(loop, factory, { ...rest, startServing: true, [DEMAND]: accepted });
  accepted.setServer(server);
  return new StreamServer(server, accepted);
}
