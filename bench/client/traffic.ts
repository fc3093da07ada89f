import { Histogram } from './histogram.ts';
import { Echo, messageOf } from './message.ts';
import { type Link, PATIENCE, type Peer, type Wire } from './wire.ts';

/** How many connects are pending at a time: fewer than any server's backlog. */
const CONNECTS_AT_ONCE = 64;

/** Messages back and forth on connections that stay open, one at a time on each. */
export class Traffic {
  /** Messages that came back. */
  messages = 0;
  readonly latencies: Histogram = new Histogram();
  readonly wire: Wire;
  readonly message: Buffer;
  /** Is a message that came back sent again? */
  going = false;
  readonly #port: number;
  readonly #connections: Connection[] = [];
  #wanted = 0;
  #underWay = 0;

  constructor(wire: Wire, port: number, size: number) {
    this.wire = wire;
    this.#port = port;
    this.message = messageOf(size);
  }

  /** Opens connections, and exchanges one message on each, so that the server has accepted them all. */
  async open(count: number): Promise<void> {
    this.#wanted = count;
    this.#underWay = count;
    for (let started = 0; started < Math.min(count, CONNECTS_AT_ONCE); started += 1)
      this.openNext();
    await this.#settled('not all connections were served');
  }

  /** Sends on all connections, repeatedly. */
  begin(): void {
    this.going = true;
    this.#underWay = this.#connections.length;
    for (const connection of this.#connections) connection.send();
  }

  /** Stops sending, and waits for pending messages. */
  async finish(): Promise<void> {
    this.going = false;
    await this.#settled('not all messages have come back');
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  openNext(): void {
    if (this.#connections.length < this.#wanted)
      this.#connections.push(new Connection(this, this.#port));
  }

  rested(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.wire.stop();
  }

  async #settled(otherwise: string): Promise<void> {
    if (this.#underWay === 0) return;
    if (!(await this.wire.run(PATIENCE))) throw new Error(`${otherwise} in ${PATIENCE} s`);
  }
}

class Connection implements Peer {
  readonly #traffic: Traffic;
  readonly #link: Link;
  readonly #echo: Echo;
  /** When the pending message was sent, in milliseconds. */
  #sent = 0;

  constructor(traffic: Traffic, port: number) {
    this.#traffic = traffic;
    this.#echo = new Echo(traffic.message);
    this.#link = traffic.wire.connect(port, this);
  }

  connected(): void {
    this.send();
    this.#traffic.openNext();
  }

  send(now: number = performance.now()): void {
    this.#sent = now;
    this.#link.send(this.#traffic.message);
  }

  received(nbytes: number, buffer: Buffer): void {
    const traffic = this.#traffic;
    if (!this.#echo.take(nbytes, buffer)) return;
    const now = performance.now();
    traffic.messages += 1;
    traffic.latencies.add(now - this.#sent);
    if (traffic.going) this.send(now);
    else traffic.rested();
  }

  lost(error: Error): void {
    this.#traffic.wire.stop(error);
  }

  close(): void {
    this.#link.close();
  }
}
