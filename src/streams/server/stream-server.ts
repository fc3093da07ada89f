import { printsAsText } from '../../base/printing/inspect.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { Server } from '../../transports/server/server.ts';
import type { TransportSocket } from '../../transports/transport-socket.ts';
import type { Streams } from '../open-connection.ts';
import type { Arrivals } from './accepted-connections.ts';

/**
 * A server whose connections are taken one by one: `for await (const [reader, writer] of server)`.
 *
 * A connection is accepted only when somebody waits for it. Until then it is in the
 * system's backlog, and clients wait when that is full. So a program that takes connections no
 * faster than it serves them holds the clients back. With TLS, up to `backlog` more are accepted
 * while a caller waits, because a client that does not shake hands must not hold up the others.
 *
 * A connection belongs to the caller that took it; close it with its writer.
 *
 * Not in asyncio.
 */
export class StreamServer implements AsyncIterable<Streams>, AsyncDisposable {
  static {
    printsAsText(this);
  }

  /** The server underneath: to be shut down, or to have its clients closed. */
  readonly server: Server;
  readonly #arrivals: Arrivals;

  /** @internal made by `openServer()` and the like */
  constructor(server: Server, arrivals: Arrivals) {
    this.server = server;
    this.#arrivals = arrivals;
  }

  /** The sockets that it listens on, to be asked; none once it is closed. */
  get sockets(): readonly TransportSocket[] {
    return this.server.sockets;
  }

  /** The port that it listens on, as {@link Server.port} has it. */
  get port(): number | undefined {
    return this.server.port;
  }

  /**
   * Takes a connection; waits until one comes. Of several waiting callers, the first gets it.
   *
   * Cancelling loses no connection: one that has come in goes to the next caller.
   *
   * @returns a coroutine of a reader and a writer, or of `undefined` when the server is closed
   * @throws {CancelledError} when the waiting task is cancelled
   */
  accept(): Coroutine<Streams | undefined> {
    return new Coroutine(() => this.#arrivals.take(), 'StreamServer.accept', undefined);
  }

  /**
   * Takes connections until the server is closed. Leaving the iteration does not close anything: another one
   * continues where it ended.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Streams, void, undefined> {
    for (let streams = await this.accept(); streams !== undefined; streams = await this.accept())
      yield streams;
  }

  /**
   * Closes the listening sockets, which ends its iterations. Connections that were taken
   * are left alone; the others are lost.
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
