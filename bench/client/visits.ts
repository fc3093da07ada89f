import { Histogram } from './histogram.ts';
import { Echo, messageOf } from './message.ts';
import { type Link, PATIENCE, type Peer, type Wire } from './wire.ts';

/** How many visitors are connected at a time. */
const AT_ONCE = 16;

/** How many bytes a visitor sends in its only message. */
const SIZE = 1000;

/** Clients that connect, exchange one message, and close; then others connect. */
export class Visits {
  /** Visitors whose message came back. */
  messages = 0;
  /** From the connect to the return of the message. */
  readonly latencies: Histogram = new Histogram();
  readonly wire: Wire;
  readonly port: number;
  readonly message: Buffer = messageOf(SIZE);
  readonly #present = new Set<Visitor>();
  #going = true;

  constructor(wire: Wire, port: number) {
    this.wire = wire;
    this.port = port;
  }

  begin(): void {
    for (let started = 0; started < AT_ONCE; started += 1) this.#present.add(new Visitor(this));
  }

  /** Starts no more visitors, and waits for the pending ones. */
  async finish(): Promise<void> {
    this.#going = false;
    if (this.#present.size > 0 && !(await this.wire.run(PATIENCE)))
      throw new Error(`not all connections were served in ${PATIENCE} s`);
  }

  close(): void {
    for (const visitor of this.#present) visitor.close();
  }

  left(visitor: Visitor): void {
    this.#present.delete(visitor);
    if (this.#going) this.#present.add(new Visitor(this));
    else if (this.#present.size === 0) this.wire.stop();
  }
}

class Visitor implements Peer {
  readonly #visits: Visits;
  readonly #link: Link;
  readonly #echo: Echo;
  readonly #began: number = performance.now();

  constructor(visits: Visits) {
    this.#visits = visits;
    this.#echo = new Echo(visits.message);
    this.#link = visits.wire.connect(visits.port, this);
  }

  connected(): void {
    this.#link.send(this.#visits.message);
  }

  received(nbytes: number, buffer: Buffer): void {
    const visits = this.#visits;
    if (!this.#echo.take(nbytes, buffer)) return;
    visits.messages += 1;
    visits.latencies.add(performance.now() - this.#began);
    this.close();
    visits.left(this);
  }

  lost(error: Error): void {
    this.#visits.wire.stop(error);
  }

  close(): void {
    this.#link.close();
  }
}
