import { isA } from '../../base/values/attempt.ts';
import { QueueShutDown } from '../../sync/errors.ts';
import { Queue } from '../../sync/queues/queue.ts';
import type { Demand, Server } from '../../transports/server/server.ts';
import type { Streams } from '../open-connection.ts';

/**
 * The connections of a server on their way to the callers that ask for them.
 *
 *                    a caller waits                 its protocol is told
 *   in the backlog ────────────────▶ coming ────────────────────────────▶ #made ──▶ taken
 *                                       │
 *                                       └──▶ failed: the next one is accepted in its place
 *
 * No more are under way than are waited for. So one stays in #made only if a wait was cancelled
 * after it was accepted: the next caller gets it. The server counts those that are coming, since it
 * knows of every way in which that ends.
 *
 * With TLS, a few more are accepted while a caller waits: a client that does not shake hands must not
 * keep the others out until its time is over. Those that are made beyond what is waited for stay in
 * #made, and nothing is accepted before they are taken.
 */
export class Arrivals implements Demand {
  #server: Server | undefined;
  /** How many wait for a connection. */
  #wanted = 0;
  readonly #made = new Queue<Streams>();
  /** How many more may come than are waited for. */
  readonly #spare: number;

  /** @param spare - how many more may come than are waited for, while a caller waits */
  constructor(spare: number) {
    this.#spare = spare;
  }

  /** Whose connections they are, once it is there. */
  comeFrom(server: Server): void {
    this.#server = server;
  }

  /** Takes the next one, waiting for it; `undefined` when the server is closed. */
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

  /** A connection is established. */
  made(streams: Streams): void {
    // The server may have been closed meanwhile.
    if (this.#made._isShutDown) streams[1].transport.abort();
    else this.#made.putNowait(streams);
  }

  isOpen(coming: number): boolean {
    const wanted = this.#wanted - this.#made.qsize();
    return wanted > 0 && coming < wanted + this.#spare;
  }

  /** Those that nobody has taken are lost, as those in the backlog are. */
  closed(): void {
    while (!this.#made.empty()) this.#made.getNowait()[1].transport.abort();
    this.#made.shutdown();
  }

  #want(more: number): void {
    this.#wanted += more;
    this.#server?._demandChanged();
  }
}
