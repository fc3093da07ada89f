import { type Network, type Path, RETRANSMIT } from './network.ts';

/** A socket at the end of a wire. */
export interface WireEnd {
  /** @internal */
  _arrive(kind: Segment['kind'], data: Buffer | undefined): void;
  /** @internal the connection is broken */
  _break(code: string): void;
}

/** What is sent over a wire. */
export interface Segment {
  readonly serial: number;
  readonly kind: 'data' | 'fin' | 'rst';
  readonly data: Buffer | undefined;
}

/** How long Linux retransmits the same bytes before it gives up a connection, in seconds. */
const GIVES_UP = 924;

/** Two segments arrive at least this far apart, in seconds. */
const APART = 1e-8;

/** The maximum time between two attempts, in seconds. */
const LONGEST_RETRY = 120;

/**
 * One direction of a connection. Data arrives later, in order, and only while the path is open.
 */
export class Wire {
  /** The number of bytes that were sent and have not arrived. */
  inFlight = 0;
  /** Are its bytes encrypted? */
  isSecret = false;
  readonly path: Path;
  readonly #network: Network;
  readonly #sender: WireEnd;
  readonly #receiver: WireEnd;
  #serial = 0;
  #lastArrival = 0;
  /** Segments that did not get through, in order. */
  #waiting: Segment[] = [];
  #since = 0;
  /** The serial number of the next segment, and segments that arrived early. */
  #next = 1;
  readonly #early = new Map<number, Segment>();

  constructor(network: Network, path: Path, sender: WireEnd, receiver: WireEnd) {
    this.#network = network;
    this.path = path;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  send(kind: Segment['kind'], data?: Buffer, later = 0): void {
    this.#serial += 1;
    const segment: Segment = { serial: this.#serial, kind, data };
    if (data !== undefined) this.inFlight += data.length;
    if (this.#waiting.length > 0 || this.#network.isClosed(this.path)) this.#wait(segment);
    else this.#transmit(segment, later);
  }

  #transmit(segment: Segment, later: number): void {
    const network = this.#network;
    const nbytes = segment.data?.length ?? 0;
    const arrival = network.arrival(this.path, nbytes) + network.lostFor(this.path) + later;
    // Events at the same instant happen in any order.
    this.#lastArrival = Math.max(arrival, this.#lastArrival + APART);
    const kind = this.isSecret && nbytes > 0 ? 'tls' : segment.kind;
    network.trace.sent(this.path, kind, segment.data, this.#lastArrival);
    network.scheduler.at(this.#lastArrival, () => this.#arrive(segment));
  }

  #arrive(segment: Segment): void {
    // In flight when the path was closed: it is lost, and sent again.
    if (this.#waiting.length > 0 || this.#network.isClosed(this.path)) {
      this.#wait(segment);
      return;
    }
    // An earlier segment may still be in flight, for the second time.
    this.#early.set(segment.serial, segment);
    for (let next = this.#early.get(this.#next); next; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      this.#next += 1;
      if (next.data !== undefined) this.inFlight -= next.data.length;
      this.#receiver._arrive(next.kind, next.data);
    }
  }

  #wait(segment: Segment): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) {
      const since = this.#network.scheduler.now;
      this.#since = since;
      this.path.waiting.add(this);
      this.#network.scheduler.in(GIVES_UP, () => {
        if (this.#waiting.length > 0 && this.#since === since) this.#giveUp();
      });
    }
    // What arrives now was sent before the waiting segments.
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as Segment).serial > segment.serial) at -= 1;
    waiting.splice(at, 0, segment);
  }

  #giveUp(): void {
    this.drop();
    this.#sender._break('ETIMEDOUT');
  }

  /** Drops what did not get through: a reset may follow, and does not wait for it. */
  drop(): void {
    this.#waiting = [];
    this.#next = this.#serial + 1;
    this.path.waiting.delete(this);
  }

  /**
   * The path is open again.
   *
   * @param atOnce - sends the waiting data immediately, not with the next attempt
   */
  resume(atOnce: boolean): void {
    const { scheduler } = this.#network;
    let again = atOnce ? scheduler.now : this.#since;
    for (
      let wait = RETRANSMIT;
      !atOnce && again <= scheduler.now;
      wait = Math.min(2 * wait, LONGEST_RETRY)
    )
      again += wait;
    scheduler.at(again, () => {
      if (this.#waiting.length === 0 || this.#network.isClosed(this.path)) return;
      this.path.waiting.delete(this);
      for (const segment of this.#waiting.splice(0)) this.#transmit(segment, 0);
    });
  }
}
