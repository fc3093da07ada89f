import * as asyncio from '../index.ts';
import { BACKLOG, type Clients, type EchoOptions, listenOn, reset } from './echo-sock.ts';
import { serveUntilCancelled } from './serve-until-cancelled.ts';
import { Statistics } from './statistics.ts';

/**
 * Like `serveEcho()`, with protocols: calls instead of a task for each client.
 *
 * @throws {OSError} when it cannot listen on the address
 * @throws {CancelledError} when the task was cancelled; everything is closed
 */
export const serveEchoOnProtocols: asyncio.CoroutineFunction<unknown, [EchoOptions], never> =
  asyncio.coroutine(async function serveEchoOnProtocols(options: EchoOptions): Promise<never> {
    const loop = asyncio.getRunningLoop();
    const statistics = options.statistics ?? new Statistics(loop.time());
    const clients: Clients = new Map();
    const sock = listenOn(options);
    const server = await loop.createServer(
      () => new Echo(clients, statistics, options, loop.createFuture<void>()),
      undefined,
      undefined,
      { sock, backlog: BACKLOG, ssl: options.ssl },
    );
    return await serveUntilCancelled(server, sock, clients, statistics, options);
  });

/** Sends back what it receives; stops receiving while the client does not read what was sent. */
class Echo extends asyncio.Protocol {
  readonly #clients: Clients;
  readonly #statistics: Statistics;
  readonly #options: EchoOptions;
  /** Done when the connection is gone; cancelling it aborts the connection. */
  readonly #ended: asyncio.Future<void>;
  #transport: asyncio.Transport | undefined;
  #address: asyncio.ExtraInfo['peername'] = '';

  constructor(
    clients: Clients,
    statistics: Statistics,
    options: EchoOptions,
    ended: asyncio.Future<void>,
  ) {
    super();
    this.#clients = clients;
    this.#statistics = statistics;
    this.#options = options;
    this.#ended = ended;
  }

  override connectionMade(transport: asyncio.Transport): void {
    this.#transport = transport;
    this.#address = transport.getExtraInfo('peername') ?? '';
    this.#statistics.accepted();
    this.#clients.set(this.#ended, this.#address);
    this.#ended.addDoneCallback((ended) => {
      this.#clients.delete(ended);
      if (!ended.cancelled()) return;
      if (transport.getWriteBufferSize() > 0) reset(transport);
      else transport.abort();
    });
    this.#options.onConnection?.(`got a connection from ${this.#address}`);
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport?.write(data);
    this.#statistics.echoed(data.length);
  }

  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }

  override connectionLost(error?: unknown): void {
    if (error !== undefined) this.#options.say(`${this.#address}: ${error}`);
    if (!this.#ended.done()) this.#ended.setResult();
  }
}
