import { checkOptions } from '../base/check-options.ts';
import { Coroutine, iscoroutine } from '../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import { checkHostPort, toPath, type UnixPath } from '../transports/addresses/check-host-port.ts';
import { CONNECTION, type ConnectionOptions } from '../transports/connect/create-connection.ts';
import { UNIX_CONNECTION, type UnixConnectionOptions } from '../transports/server/unix.ts';
import type { ProtocolCallbacks, Transport } from '../transports/transport.ts';
import { type HandlingLoop, StreamReaderProtocol } from './stream-protocol.ts';
import { StreamReader } from './stream-reader.ts';
import { StreamWriter } from './stream-writer.ts';

/** The reader's limit, for functions that create readers. */
export interface StreamOptions {
  /** The longest line, in bytes; up to twice as much is buffered. By default 65536. */
  readonly limit?: number | undefined;
}

/** What connecting needs from a loop. */
interface ConnectingLoop extends HandlingLoop {
  createConnection<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    host?: string,
    port?: number | string,
    options?: ConnectionOptions,
  ): Coroutine<[transport: Transport, protocol: P]>;
  createUnixConnection<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    path?: UnixPath,
    options?: UnixConnectionOptions,
  ): Coroutine<[transport: Transport, protocol: P]>;
}

/** A connection's reader and writer. */
export type Streams = [reader: StreamReader, writer: StreamWriter];

/**
 * Connects to a host and a port.
 *
 * @param host - a name or a numeric address
 * @param port - a number, or a string: digits or the name of a service
 * @param options - `limit`: the reader's; all others as for {@link Loop.createConnection}
 * @returns a coroutine of a reader and a writer; close the connection with the writer
 * @throws {RangeError} when `limit` is not positive
 * @throws like {@link Loop.createConnection}
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `open_connection()`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_connection
 */
export function openConnection(
  host?: string,
  port?: number | string,
  options: ConnectionOptions & StreamOptions = {},
): Coroutine<Streams> {
  checkOptions(options, `${CONNECTION} limit`);
  checkHostPort('openConnection(host, port, options)', host, port);
  const connect = (): Promise<Streams> => {
    const { limit, ...rest } = options;
    return opened(limit, (loop, factory) => loop.createConnection(factory, host, port, rest));
  };
  return new Coroutine(connect, 'openConnection', undefined);
}

/**
 * Connects to a unix path.
 *
 * @param options - `limit`: the reader's; all others as for {@link Loop.createUnixConnection}
 * @returns a coroutine of a reader and a writer; close the connection with the writer
 * @throws {RangeError} when `limit` is not positive
 * @throws like {@link Loop.createUnixConnection}
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `open_unix_connection()`,
 *   https://docs.python.org/3/library/asyncio-stream.html#asyncio.open_unix_connection
 */
export function openUnixConnection(
  path?: UnixPath,
  options: UnixConnectionOptions & StreamOptions = {},
): Coroutine<Streams> {
  checkOptions(options, `${UNIX_CONNECTION} limit`);
  const where = toPath('openUnixConnection(path, options)', path);
  const connect = (): Promise<Streams> => {
    const { limit, ...rest } = options;
    return opened(limit, (loop, factory) => loop.createUnixConnection(factory, where, rest));
  };
  return new Coroutine(connect, 'openUnixConnection', undefined);
}

async function opened(
  limit: number | undefined,
  connect: (
    loop: ConnectingLoop,
    factory: () => StreamReaderProtocol,
  ) => Coroutine<[transport: Transport, protocol: StreamReaderProtocol]>,
): Promise<Streams> {
  const loop = requireRunningLoop() as ConnectingLoop;
  const reader = new StreamReader({ limit, loop });
  const connecting = connect(loop, () => new StreamReaderProtocol(reader, undefined, { loop }));
  // A program may have replaced the loop's method, by one that returns any promise.
  const [transport, protocol] = await (iscoroutine(connecting) ? connecting._begin() : connecting);
  return [reader, new StreamWriter(transport, protocol, reader, loop)];
}
