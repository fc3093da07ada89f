import { printsAsText } from '../../base/printing/inspect.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { Server } from '../../transports/server/server.ts';
import type { TransportSocket } from '../../transports/transport-socket.ts';
import type { Streams } from '../open-connection.ts';
import type { AcceptedConnections } from './accepted-connections.ts';

/**
 * A server whose connections are accepted one by one: `for await (const [reader, writer] of
 * server)`.
 *
 * A connection is accepted only when a caller waits for it. Until then it is in the system's
 * backlog, and clients wait when that is full. So a program that accepts connections only as fast
 * as it serves them slows the clients down. With TLS, up to `backlog` more are accepted while a
 * caller waits, because a client that does not shake hands must not hold up the others.
 *
 * The caller that accepted a connection owns it; close it with its writer.
 *
 * Not in asyncio.
 */
export class StreamServer implements AsyncIterable<Streams>, AsyncDisposable {
  static {
    printsAsText(this);
  }

  /** The underlying server, for example to shut it down or to close its clients. */
  readonly server: Server;
  readonly #accepted: AcceptedConnections;

  /** @internal created by `openServer()` and the like */
  constructor(server: Server, accepted: AcceptedConnections) {
    this.server = server;
    this.#accepted = accepted;
  }

  /** The sockets that it listens on; empty once it is closed. */
  get sockets(): readonly TransportSocket[] {
    return this.server.sockets;
  }

  /** The port that it listens on; see {@link Server.port}. */
  get port(): number | undefined {
    return this.server.port;
  }

  /**
   * Accepts a connection; waits until one comes. Of several waiting callers, the first gets it.
   *
   * Cancelling loses no connection: it goes to the next caller.
   *
   * @returns a coroutine of a reader and a writer, or of `undefined` when the server is closed
   * @throws {CancelledError} when the waiting task is cancelled
   */
  accept(): Coroutine<Streams | undefined> {
    return new Coroutine(() => this.#accepted.take(), 'StreamServer.accept', undefined);
  }

  /**
   * Accepts connections until the server is closed. Leaving the iteration closes nothing; another
   * one continues from there.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Streams, void, undefined> {
    for (let streams = await this.accept(); streams !== undefined; streams = await this.accept())
      yield streams;
  }

  /**
   * Closes the listening sockets, which ends iterations. Accepted connections stay open; the others
   * are lost.
   */
  close(): void {
    this.server.close();
  }

  /**
   * Waits until the server is closed and its last connection is gone. Does not close it.
   *
   * @returns a coroutine
   * @throws {CancelledError} when the waiting task is cancelled
   */
  waitClosed(): Coroutine<void> {
    const wait = async (): Promise<void> => await this.server.waitClosed();
    return new Coroutine(wait, 'StreamServer.waitClosed', undefined);
  }

  /** `close()` and `waitClosed()`, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.server.waitClosed();
  }

  /** `<StreamServer sockets=(<asyncio.TransportSocket fd=6, …>,)>` */
  toString(): string {
    return `<${this.constructor.name} sockets=${this.sockets}>`;
  }
}
