import { Duplex } from 'node:stream';
import { ConnectionResetError } from '../base/errors/os-errors.ts';
import { brief } from '../base/printing/repr.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { Future } from '../core/futures/future.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { requireRunningLoop } from '../core/turns/running-loop.ts';
import { DuplexTransport } from '../transports/duplex-transport.ts';
import type { ProtocolCallbacks, Transport } from '../transports/transport.ts';
import type { StreamOptions, Streams } from './open-connection.ts';
import { type HandlingLoop, StreamReaderProtocol } from './stream-protocol.ts';
import { StreamReader } from './stream-reader.ts';
import { StreamWriter } from './stream-writer.ts';

/** The most bytes that are read at a time. */
const PIECE = 65_536;

/** A reader and a writer as one of Node's streams. */
class StreamsDuplex extends Duplex {
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;

  constructor([reader, writer]: Streams) {
    super({ allowHalfOpen: writer.canWriteEof() });
    this.#reader = reader;
    this.#writer = writer;
    // What was written before the peer's end is still sent, also with TLS.
    writer.transport._keepHalfOpen();
  }

  override _read(): void {
    this.#reader.read(PIECE).then(
      (data) => void this.push(data.length > 0 ? data : null),
      (error) => void this.destroy(error),
    );
  }

  override _write(data: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    try {
      if (this.#writer.isClosing()) throw new ConnectionResetError('Connection lost');
      this.#writer.write(data);
      this.#writer.drain().then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  }

  override _final(done: (error?: Error) => void): void {
    try {
      this.#writer.transport._endSending();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error === null) this.#writer.close();
    else this.#writer.transport.abort();
    // What broke the connection is known already, or nobody's business any more.
    this.#writer.waitClosed().then(
      () => done(error),
      () => done(error),
    );
  }
}

/**
 * Makes one of Node's streams of a reader and a writer, so that whatever is written for these can
 * sit on a connection of ours: `http.request({ createConnection: () => toDuplex(streams) })`.
 * `Duplex.toWeb()` makes web streams of it.
 *
 * The two are the stream's from then on. Ending the stream ends sending, with TLS, too: what the peer
 * sends after that is still read. Destroying it closes the connection, with an error at once.
 *
 * With TLS the stream ends when its peer does, once what was written is sent: `allowHalfOpen` is false.
 *
 * asyncio has not this one.
 *
 * @param streams - what `openConnection()` gives, or the two that a handler gets
 */
export function toDuplex(streams: Streams): Duplex {
  return new StreamsDuplex(streams);
}

/**
 * Makes a reader and a writer of one of Node's streams, so that what is written for these can be
 * used on whatever Node has: a pipe, a child's standard streams, a tunnel, with `Duplex.fromWeb()` a
 * pair of web streams.
 *
 * The stream is theirs from then on: closing the writer ends it, and an error of its breaks them.
 *
 * asyncio has not this one.
 *
 * @param duplex - a stream of bytes, not destroyed
 * @param options - `limit`: that of the reader
 * @returns a coroutine that gives a reader and a writer
 * @throws {TypeError} when `duplex` is no stream, or one of objects
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
 * Has a protocol told of what comes on one of Node's streams: what {@link Loop.createConnection} is
 * for sockets.
 *
 * asyncio has not this one.
 *
 * @param protocolFactory - called without arguments
 * @param duplex - a stream of bytes, not destroyed; the transport's from then on
 * @returns a coroutine that gives the transport, and what `protocolFactory` made
 * @throws {TypeError} when `duplex` is no stream, or one of objects; when what `protocolFactory`
 *   made is no protocol
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

/** A transport on a stream, when its protocol has been told. */
async function transportOn(
  loop: LoopCore,
  duplex: Duplex,
  protocol: ProtocolCallbacks,
): Promise<Transport> {
  if (!(duplex instanceof Duplex))
    throw new TypeError(`duplex must be a stream.Duplex, got ${brief(duplex)}`);
  if (duplex.readableObjectMode || duplex.writableObjectMode)
    throw new TypeError('duplex must be a byte stream, got one in object mode');
  if (duplex.destroyed) throw new RangeError('duplex must not be destroyed');
  const made = new Future<void>(loop._asOption);
  const transport = new DuplexTransport(loop, duplex, protocol, { made });
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
  return transport;
}
