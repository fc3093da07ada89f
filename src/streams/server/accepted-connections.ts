import { isA } from '../../base/values/attempt.ts';
import { QueueShutDown } from '../../sync/errors.ts';
import { Queue } from '../../sync/queues/queue.ts';
import type { Demand, Server } from '../../transports/server/server.ts';
import type { Streams } from '../open-connection.ts';

class Made extends Queue<Streams> {
  server: Server | undefined;

  override get _operationOfGet(): readonly [string, object] {
    return ['StreamServer.accept', this.server as Server];
  }
}

/**
 * The connections of a server on their way to the callers that accept them.
 *
 *                    a caller waits                 connectionMade()
 *   in the backlog ────────────────▶ coming ────────────────────────────▶ #made ──▶ taken
 *                                       │
 *                                       └──▶ failed: the next one is accepted in its place
 *
 * There are never more connections coming than callers waiting. So one stays in #made only if a
 * wait was cancelled after it was accepted; the next caller gets it. The server counts those that
 * are coming, because it knows all ways in which that ends.
 *
 * With TLS, a few more are accepted while a caller waits, so that a client that does not shake
 * hands does not keep the others out until its timeout. Extra ones stay in #made, and nothing is
 * accepted before they are taken.
 */
export class AcceptedConnections implements Demand {
  #server: Server | undefined;
  /** How many callers wait for a connection. */
  #wanted = 0;
  readonly #made = new Made();
  /** How many more connections may be coming than callers are waiting. */
  readonly #spare: number;

  /** @param spare - how many more connections may be coming than callers are waiting, if any is */
  constructor(spare: number) {
    this.#spare = spare;
  }

  /** Sets the server that the connections come from. */
  setServer(server: Server): void {
    this.#server = server;
    this.#made.server = server;
  }

  /** Takes the next connection, waiting for it; `undefined` when the server is closed. */
  async take(): Promise<Streams | undefined> {
    this.#want(1);
    try {
      return await this.#made.get();
    } catch (error) {
      if (isA(error, QueueShutDown)) return undefined;
      throw error;
    } finally {
      this.#want(-1);
    }
  }

  /** A connection was established. */
  made(streams: Streams): void {
    // The server may have been closed in the meantime.
    if (this.#made._isShutDown) streams[1].transport.abort();
    else this.#made.putNowait(streams);
  }

  isOpen(coming: number): boolean {
    const wanted = this.#wanted - this.#made.qsize();
    return wanted > 0 && coming < wanted + this.#spare;
  }

  /** Connections that were not taken are lost, like those in the backlog. */
  closed(): void {
    while (!this.#made.empty()) this.#made.getNowait()[1].transport.abort();
    this.#made.shutdown();
  }

  #want(more: number): void {
    this.#wanted += more;
    this.#server?._demandChanged();
  }
}
