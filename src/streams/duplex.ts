import { Duplex } from 'node:stream';
import type { Streams } from './open-connection.ts';
import type { StreamReader } from './stream-reader.ts';
import type { StreamWriter } from './stream-writer.ts';

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
  }

  override _read(): void {
    this.#reader.read(PIECE).then(
      (data) => void this.push(data.length > 0 ? data : null),
      (error) => void this.destroy(error),
    );
  }

  override _write(data: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    try {
      this.#writer.write(data);
      this.#writer.drain().then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  }

  override _final(done: (error?: Error) => void): void {
    try {
      this.#writer.writeEof();
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
 * The two are the stream's from then on. Ending the stream ends sending; destroying it closes the
 * connection, with an error at once.
 *
 * asyncio has not this one.
 *
 * @param streams - what `openConnection()` gives, or the two that a handler gets
 */
export function toDuplex(streams: Streams): Duplex {
  return new StreamsDuplex(streams);
}
