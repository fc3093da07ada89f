import type { Address } from '../../sock/addresses/address.ts';
import type { FakeDescriptors } from '../../sock/drivers/memory/fake-descriptors.ts';
import type { MemoryEndpoint } from '../../sock/drivers/memory/memory-endpoint.ts';
import { isAny, type Network as Names } from '../../sock/drivers/memory/network.ts';
import type { Random } from '../clock/random.ts';
import type { Scheduler } from '../clock/scheduler.ts';
import type { Faults } from './faults.ts';
import type { Place, Trace } from './trace.ts';

/** The properties of a link between two hosts; by default those of the fault profile. */
export interface LinkOptions {
  /** The one-way latency in seconds: minimum and maximum. */
  readonly latency?: readonly [least: number, most: number] | undefined;
  /** Bytes per second, in each direction. */
  readonly bandwidth?: number | undefined;
  /** The share of packets that are lost. Streams send them again; datagrams are gone. */
  readonly loss?: number | undefined;
  /** The share of datagrams that arrive twice. */
  readonly duplicate?: number | undefined;
}

/** The operating system of a host, as seen by its sockets and the network. */
export interface Kernel extends Place {
  readonly network: Network;
  readonly address: string;
  /** Is the machine powered off? */
  down: boolean;
  readonly descriptors: FakeDescriptors;
  readonly inet: Names<MemoryEndpoint>;
  readonly inetDatagrams: Names<MemoryEndpoint>;
  /** @throws {OSError} EADDRNOTAVAIL for an address of another host */
  checkOwn(address: Address): void;
  /** The local address for an unbound socket that connects or sends to another address. */
  sourceFor(family: number, to: Address, syscall: string): Address;
  /** Sends bytes, as a whole or in pieces. */
  sendPieces(wire: HalfConnection, data: Buffer): void;
}

/** One direction of a connection, to send bytes through. */
export interface HalfConnection {
  readonly path: Path;
  send(kind: 'data', data: Buffer, later: number): void;
}

/** The path from one host to another. */
export interface Path {
  readonly from: Kernel;
  readonly to: Kernel;
  link: LinkOptions;
  /** While there are any, packets are lost, and streams try again later. */
  readonly partitions: Set<object | undefined>;
  /** Is it held? All packets wait. */
  held: boolean;
  /** When the last sent byte leaves, in seconds. */
  busyUntil: number;
  /** Streams that could not send their data. */
  readonly waiting: Set<{ resume(atOnce: boolean): void }>;
  /** Datagrams that are held. */
  readonly datagrams: (() => void)[];
}

/** The latency between two sockets of the same host, in seconds. */
const LOOPBACK = 0.00002;

/** The first delay after which a stream retransmits, in seconds; the delays double. */
export const RETRANSMIT = 0.2;

/** Determines how long packets take, and which ones never arrive. */
export class Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly trace: Trace;
  /** By address. */
  readonly kernels: Map<string, Kernel> = new Map();
  /** Addresses, or the code of a failure, by name: these precede the names of hosts. */
  readonly names: Map<string, readonly string[] | string> = new Map();
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
      partitions: new Set(),
      held: false,
      busyUntil: 0,
      waiting: new Set(),
      datagrams: [],
    };
    return row[to.index] as Path;
  }

  /** Is it blocked? */
  isClosed({ from, to, partitions, held }: Path): boolean {
    return partitions.size > 0 || held || from.down || to.down;
  }

  /** When a packet sent now would arrive, in seconds. */
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
    // Most packets are fast.
    return least + (most - least) * random * random * random;
  }

  /** How much later a stream's packet arrives because it was lost and retransmitted. */
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
      // Independent delays: a later datagram may arrive earlier.
      this.scheduler.at(this.arrival(path, nbytes), () => {
        if (!path.to.down) arrive();
      });
    }
  }

  /** Closes or reopens a path. */
  change(path: Path, change: (path: Path) => void): void {
    const wasHeld = path.held;
    change(path);
    this.opened(path, wasHeld);
  }

  /**
   * Sends what waits on a path if it is open again.
   *
   * @param atOnce - the packets were held, not lost, so they need not be retransmitted
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

  /** The host with an address; a loopback address is the host's own. */
  kernelAt(host: string, from: Kernel): Kernel | undefined {
    if (host.startsWith('127.') || host === '::1' || isAny(host)) return from;
    return this.kernels.get(host);
  }

  /** The next free address. */
  newAddress(): string {
    for (let number = 2; ; number += 1) {
      const address = `10.0.${number >> 8}.${number & 255}`;
      if (!this.kernels.has(address)) return address;
    }
  }
}
