import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { rangeError, typeError } from '../base/errors/refusals.ts';
import { stream } from '../base/node-modules.ts';
import { brief } from '../base/printing/repr.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { Future } from '../core/futures/future.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import { DuplexTransport } from '../transports/duplex-transport.ts';
import { whenMade } from '../transports/lifecycle.ts';
import type { ProtocolCallbacks, Transport } from '../transports/transport.ts';
import type { StreamOptions, Streams } from './open-connection.ts';
import { toSocket } from './socket-stream.ts';
import { type HandlingLoop, StreamReaderProtocol } from './stream-protocol.ts';
import { StreamReader } from './stream-reader.ts';
import { StreamWriter } from './stream-writer.ts';

/**
 * Creates a Node stream from a reader and a writer.
 *
 * Code for Node streams can then use this connection: `http.request({ createConnection: () =>
 * toDuplex(streams) })`. `Duplex.toWeb()` converts it to web streams.
 *
 * The stream owns both. Ending the stream ends sending, also with TLS; what the peer sends after
 * that is still read. Destroying it closes the connection, immediately if with an error.
 *
 * With TLS, and on a client's side, the stream ends when its peer does, once written data has been
 * sent, like Node's sockets: `allowHalfOpen` is false. Set it to write after the peer's end.
 *
 * It also has the methods of a `net.Socket` and, with TLS, of a `tls.TLSSocket`, so that packages
 * that expect one work: `new pg.Client({ stream: () => toDuplex(streams) })`. It is connected, so
 * `connect()` only emits `'connect'`. `ref()` and `unref()` have no effect. It is not an instance of
 * these classes, so what Node wraps around it, such as a `tls.TLSSocket`, has no `remoteAddress`.
 *
 * Not in asyncio.
 *
 * @param streams - the result of `openConnection()`, or the two arguments of a handler
 * @throws {TypeError} when `streams` is not `[reader, writer]`
 */
export function toDuplex(streams: Streams): Socket {
  if (!(streams?.[0] instanceof StreamReader && streams[1] instanceof StreamWriter))
    throw typeError(`streams must be [reader, writer], got ${brief(streams)}`);
  return toSocket(streams);
}

/**
 * Creates a reader and a writer for a Node stream.
 *
 * It may be a pipe, a child's standard streams, a tunnel, or with `Duplex.fromWeb()` a pair of web
 * streams.
 *
 * They own the stream: closing the writer ends it, and an error of the stream breaks them.
 *
 * Not in asyncio.
 *
 * @param duplex - a byte stream, not destroyed
 * @param options - `limit`: the reader's
 * @returns a coroutine of a reader and a writer
 * @throws {TypeError} when `duplex` is not a stream, or is in object mode
 * @throws {RangeError} when it is destroyed, or `limit` is not positive
 */
export function fromDuplex(duplex: Duplex, { limit }: StreamOptions = {}): Coroutine<Streams> {
  const connect = async (): Promise<Streams> => {
    const loop = requireRunningLoop() as HandlingLoop;
    const reader = new StreamReader({ limit, loop });
    const protocol = new StreamReaderProtocol(reader, undefined, { loop });
    const transport = await transportOn(loop, duplex, protocol);
    return [reader, new StreamWriter(transport, protocol, reader, loop)];
  };
  return new Coroutine(connect, 'fromDuplex', undefined);
}

/**
 * Calls a protocol with what a Node stream receives, like {@link Loop.createConnection} for
 * sockets.
 *
 * Not in asyncio.
 *
 * @param protocolFactory - called without arguments
 * @param duplex - a byte stream, not destroyed, which the transport owns
 * @returns a coroutine of the transport and the protocol
 * @throws {TypeError} when `duplex` is not a stream, or is in object mode; when `protocolFactory`
 *   does not return a protocol
 * @throws {RangeError} when `duplex` is destroyed
 */
export function connectDuplex<P extends ProtocolCallbacks>(
  protocolFactory: () => P,
  duplex: Duplex,
): Coroutine<[transport: Transport, protocol: P]> {
  const connect = async (): Promise<[Transport, P]> => {
    const protocol = protocolFactory();
    return [await transportOn(requireRunningLoop(), duplex, protocol), protocol];
  };
  return new Coroutine(connect, 'connectDuplex', undefined);
}

/** Creates a transport on a stream, and waits until its protocol has been called. */
async function transportOn(
  loop: LoopCore,
  duplex: Duplex,
  protocol: ProtocolCallbacks,
): Promise<Transport> {
  if (!(duplex instanceof stream().Duplex))
    throw typeError(`duplex must be a stream.Duplex, got ${brief(duplex)}`);
  if (duplex.readableObjectMode || duplex.writableObjectMode)
    throw typeError('duplex must be a byte stream, got one in object mode');
  if (duplex.destroyed) throw rangeError('duplex must not be destroyed');
  const made = new Future<void>(loop._asOption);
  const transport = new DuplexTransport(loop, duplex, protocol, { made });
  await whenMade(transport, made);
  return transport;
}
