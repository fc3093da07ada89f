import type { Buffer } from 'node:buffer';
import type { LookupAddress } from 'node:dns';
import { osError } from '../../base/errors/os-errors.ts';
import { net } from '../../base/node-modules.ts';
import type { Address } from '../../sock/addresses/address.ts';
import { asKey, isLocalhost } from '../../sock/addresses/resolve.ts';
import type { SimulatedSystem } from '../../sock/addresses/simulated-system.ts';
import { AF_INET6, AF_UNIX, AF_UNSPEC } from '../../sock/constants/constants.ts';
import { MemoryDatagramEndpoint } from '../../sock/drivers/memory/datagram-endpoint.ts';
import { driverOf } from '../../sock/drivers/memory/driver.ts';
import { FakeDescriptors } from '../../sock/drivers/memory/fake-descriptors.ts';
import type { MemoryEndpoint } from '../../sock/drivers/memory/memory-endpoint.ts';
import type { MemorySystem } from '../../sock/drivers/memory/memory-system.ts';
import { Network as Names } from '../../sock/drivers/memory/network.ts';
import { MemoryStreamEndpoint } from '../../sock/drivers/memory/stream-endpoint.ts';
import type { Driver } from '../../sock/endpoint/endpoint.ts';
import type { HalfConnection, Kernel, Network } from './network.ts';
import { SimulatedDatagram } from './simulated-datagram.ts';
import { addressIn, SimulatedStream } from './simulated-stream.ts';

/** The maximum number of pieces into which a message is cut. */
const MOST_PIECES = 4;

/** The operating system of a simulated host: addresses, ports, descriptors, and sockets. */
export class SimulatedKernel implements SimulatedSystem, MemorySystem, Kernel {
  readonly network: Network;
  readonly index: number;
  readonly hostname: string;
  readonly address: string;
  /** Its IPv6 address, if it has one. */
  readonly address6: string | undefined;
  /** Is the machine powered off? */
  down = false;
  readonly descriptors: FakeDescriptors;
  readonly driver: Driver;
  readonly inet: Names<MemoryEndpoint> = new Names();
  readonly inetDatagrams: Names<MemoryEndpoint> = new Names();
  // Of AF_UNIX.
  readonly streams: Names<MemoryEndpoint> = new Names();
  readonly datagrams: Names<MemoryEndpoint> = new Names();

  constructor(
    network: Network,
    hostname: string,
    address: string,
    descriptors: number,
    address6?: string,
  ) {
    this.network = network;
    this.index = network.kernels.size;
    this.hostname = hostname;
    this.address = address;
    this.address6 = address6;
    // 0, 1 and 2 are taken.
    this.descriptors = new FakeDescriptors('simulation', 3, Math.max(0, descriptors - 3));
    this.driver = driverOf(
      this,
      (family, proto) =>
        family === AF_UNIX
          ? new MemoryStreamEndpoint(family, proto, this)
          : new SimulatedStream(this, family, proto),
      (family, proto) =>
        family === AF_UNIX
          ? new MemoryDatagramEndpoint(family, proto, this)
          : new SimulatedDatagram(this, family, proto),
    );
    network.kernels.set(address, this);
    if (address6 !== undefined) network.kernels.set(address6, this);
  }

  find(name: string, family: number): LookupAddress[] {
    const { names, kernels } = this.network;
    const known = [...kernels];
    // If IPv6 can be used, it comes first, as on Linux.
    if (this.address6 !== undefined) known.reverse();
    const own = isLocalhost(name)
      ? ['::1', '127.0.0.1']
      : known.flatMap(([address, { hostname }]) => (asKey(hostname) === name ? address : []));
    const found = names.get(name) ?? (own.length > 0 ? own : 'EAI_NONAME');
    if (typeof found === 'string') throw osError(found, 'getaddrinfo');
    const wanted = found
      .map((address) => ({ address, family: net().isIP(address) }))
      .filter((each) => family === AF_UNSPEC || (each.family === 6) === (family === AF_INET6));
    if (wanted.length === 0) throw osError('EAI_NODATA', 'getaddrinfo');
    return wanted;
  }

  lookUp(
    name: string,
    family: number,
    finish: (found: LookupAddress[]) => void,
    fail: (error: unknown) => void,
  ): void {
    const key = asKey(name);
    this.#ask(name, isLocalhost(key), () => finish(this.find(key, family)), fail);
  }

  lookUpName(
    address: string,
    finish: (name: string) => void,
    fail: (error: unknown) => void,
  ): void {
    const { network } = this;
    const isOwn = network.kernelAt(address, this) === this;
    const answer = (): void => {
      const name = network.kernels.get(address)?.hostname ?? (isOwn ? 'localhost' : undefined);
      if (name === undefined) throw osError('EAI_NONAME', 'getnameinfo');
      finish(name);
    };
    this.#ask(address, isOwn, answer, fail);
  }

  /** Asks the resolver for a name or an address. */
  #ask(what: string, isLocal: boolean, answer: () => void, fail: (error: unknown) => void): void {
    const { faults, random, scheduler } = this.network;
    scheduler.in(isLocal ? 0 : random.between(...faults.weights.latency), () => {
      try {
        if (!isLocal && faults.draws('lookup', `${what} from ${this.hostname}`))
          throw osError('EAI_AGAIN', 'getaddrinfo');
        answer();
      } catch (error) {
        fail(error);
      }
    });
  }

  checkOwn(address: Address): void {
    const host = address[0] as string;
    if (this.network.kernelAt(host, this) !== this) throw osError('EADDRNOTAVAIL', 'bind');
  }

  sourceFor(family: number, to: Address, syscall: string): Address {
    const host = to[0] as string;
    const near = this.network.kernelAt(host, this) === this && !this.network.kernels.has(host);
    const six = family === AF_INET6;
    const own = six ? (near ? '::1' : this.address6) : near ? '127.0.0.1' : this.address;
    if (own === undefined) throw osError('ENETUNREACH', syscall);
    return addressIn(family, own, 0);
  }

  sendPieces(wire: HalfConnection, data: Buffer): void {
    const { faults, random } = this.network;
    const { from, to } = wire.path;
    const far = from !== to;
    const later =
      far && faults.draws('stall', `${from.hostname} → ${to.hostname}`) ? random.between(0, 1) : 0;
    if (data.length < 2 || !random.chance(faults.weights.cut)) {
      wire.send('data', data, later);
      return;
    }
    let at = 0;
    for (let piece = 1; piece < MOST_PIECES && at < data.length - 1; piece += 1) {
      const next = at + 1 + random.below(data.length - at - 1);
      wire.send('data', data.subarray(at, next), later);
      at = next;
    }
    wire.send('data', data.subarray(at), later);
  }

  /** The connections that are open. */
  openStreams(): SimulatedStream[] {
    return [...this.descriptors.open.values()].filter(
      (endpoint): endpoint is SimulatedStream => endpoint instanceof SimulatedStream,
    );
  }

  /** Closes all sockets, as when the process is killed. */
  closeAll(): void {
    for (const endpoint of [...this.descriptors.open.values()] as SimulatedStream[]) {
      endpoint.reader = undefined;
      endpoint.writer = undefined;
      endpoint.close();
    }
  }

  /** Drops all sockets without notifying their peers. */
  vanish(): void {
    this.down = true;
    for (const endpoint of this.openStreams()) endpoint.vanish();
    this.closeAll();
  }
}
