import type { Address } from '../../sock/addresses/address.ts';
import type { FakeDescriptors } from '../../sock/drivers/memory/fake-descriptors.ts';
import type { MemoryEndpoint } from '../../sock/drivers/memory/memory-endpoint.ts';
import type { Network as Names } from '../../sock/drivers/memory/network.ts';
import type { Random } from '../clock/random.ts';
import type { Scheduler } from '../clock/scheduler.ts';
import type { Faults } from './faults.ts';
import type { Place, Trace } from './trace.ts';

/** What a link between two hosts is like; what is left out is as the profile of the faults has it. */
export interface LinkOptions {
  /** One way, in seconds: the least and the most. */
  readonly latency?: readonly [least: number, most: number] | undefined;
  /** Bytes per second, each way. */
  readonly bandwidth?: number | undefined;
  /** The share of packets that are lost: a stream sends them again, a datagram is gone. */
  readonly loss?: number | undefined;
  /** The share of datagrams that come twice. */
  readonly duplicate?: number | undefined;
}

/** The operating system of a host, as its sockets and the network see it. */
export interface Kernel extends Place {
  readonly network: Network;
  readonly address: string;
  /** Has the machine no power? */
  readonly down: boolean;
  readonly descriptors: FakeDescriptors;
  readonly inet: Names<MemoryEndpoint>;
  readonly inetDatagrams: Names<MemoryEndpoint>;
  /** @throws {OSError} EADDRNOTAVAIL for an address of another host */
  checkOwn(address: Address): void;
  /** The address that a socket without one gets to reach another. */
  sourceFor(family: number, to: Address): Address;
  /** Is a connection refused by a fault? */
  refuses(from: Kernel): boolean;
  /** Sends bytes, whole or cut anywhere. */
  sendPieces(wire: ByteWay, data: Buffer): void;
}

/** What bytes are sent over. */
export interface ByteWay {
  readonly path: Path;
  send(kind: 'data', data: Buffer, later: number): void;
}

/** A way from one host to another. */
export interface Path {
  readonly from: Kernel;
  readonly to: Kernel;
  link: LinkOptions;
  /** Partitioned: packets are lost, and streams try again later. */
  parted: boolean;
  /** Held: packets wait, all of them. */
  held: boolean;
  /** When the last byte that was sent has left, in seconds. */
  busyUntil: number;
  /** Streams with something to send that could not. */
  readonly waiting: Set<{ resume(atOnce: boolean): void }>;
  /** Datagrams that are held. */
  readonly datagrams: (() => void)[];
}

/** In a host, from a socket to another one, in seconds. */
const LOOPBACK = 0.00002;

/** The first of the delays after which a stream sends again, in seconds; they double. */
export const RETRANSMIT = 0.2;

/** How long a packet is on its way, and which ones never arrive. */
export class Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly kernels: Map<string, Kernel> = new Map();
  readonly #paths: Path[][] = [];

  constructor(scheduler: Scheduler, random: Random, faults: Faults, trace: Trace) {
    this.scheduler = scheduler;
    this.random = random;
    this.faults = faults;
    this.trace = trace;
  }

  path(from: Kernel, to: Kernel): Path {
    this.#paths[from.index] ??= [];
    const row = this.#paths[from.index] as Path[];
    row[to.index] ??= {
      from,
      to,
      link: {},
      parted: false,
      held: false,
      busyUntil: 0,
      waiting: new Set(),
      datagrams: [],
    };
    return row[to.index] as Path;
  }

  /** Does nothing get through? */
  isClosed({ from, to, parted, held }: Path): boolean {
    return parted || held || from.down || to.down;
  }

  /** When a packet that is sent now arrives. */
  arrival(path: Path, nbytes: number): number {
    const { now } = this.scheduler;
    if (path.from === path.to) return now + LOOPBACK;
    const { link } = path;
    let at = now;
    const bandwidth = link.bandwidth ?? this.faults.weights.bandwidth;
    if (bandwidth !== Number.POSITIVE_INFINITY) {
      path.busyUntil = Math.max(path.busyUntil, now) + nbytes / bandwidth;
      at = path.busyUntil;
    }
    return at + this.latency(path);
  }

  latency({ from, to, link }: Path): number {
    if (from === to) return LOOPBACK;
    const [least, most] = link.latency ?? this.faults.weights.latency;
    const random = this.random.next();
    // Most packets are quick.
    return least + (most - least) * random * random * random;
  }

  /** How much later a stream's packet is because it was lost and sent again. */
  lostFor({ from, to, link }: Path): number {
    const loss = link.loss ?? this.faults.weights.loss;
    if (loss === 0 || from === to) return 0;
    let delay = 0;
    for (let wait = RETRANSMIT; this.random.chance(loss) && wait < 100; wait *= 2) delay += wait;
    return delay;
  }

  /** Sends a datagram, which may be lost or arrive twice. */
  sendDatagram(path: Path, nbytes: number, arrive: () => void): void {
    if (path.held) {
      path.datagrams.push(() => this.sendDatagram(path, nbytes, arrive));
      return;
    }
    if (this.isClosed(path)) return;
    const { link } = path;
    const far = path.from !== path.to;
    const copies =
      far && this.random.chance(link.duplicate ?? this.faults.weights.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (far && this.random.chance(link.loss ?? this.faults.weights.loss)) continue;
      // Each on its own: what was sent later may come earlier.
      this.scheduler.at(this.arrival(path, nbytes), () => {
        if (!path.to.down) arrive();
      });
    }
  }

  /** Opens a path again, or closes it. */
  set(path: Path, state: { parted?: boolean; held?: boolean }): void {
    const wasHeld = path.held;
    Object.assign(path, state);
    this.opened(path, wasHeld);
  }

  /**
   * A path may be open again: what waits goes on.
   *
   * @param atOnce - what was held was not lost, so nobody has to send it again
   */
  opened(path: Path, atOnce = false): void {
    if (this.isClosed(path)) return;
    for (const wire of path.waiting) wire.resume(atOnce);
    for (const send of path.datagrams.splice(0)) send();
  }

  /** All paths of a host may be open again. */
  hostIsUp(kernel: Kernel): void {
    for (const other of this.kernels.values()) {
      this.opened(this.path(kernel, other));
      if (other !== kernel) this.opened(this.path(other, kernel));
    }
  }

  /** Who has an address; a loopback one is the host's own. */
  kernelAt(host: string, from: Kernel): Kernel | undefined {
    if (host.startsWith('127.') || host === '::1' || host === '0.0.0.0' || host === '::')
      return from;
    return this.kernels.get(host);
  }

  /** The next free address. */
  newAddress(): string {
    const number = this.kernels.size + 1;
    return `10.0.${number >> 8}.${number & 255}`;
  }
}
