import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, inet6Address, inetAddress } from '../../addresses/address.ts';

/**
 * A network in memory: which listener or datagram socket has which address.
 *
 * An address bound to any host is reachable through every host of its family.
 */
export class Network<Place> {
  /** By port for IPv4 and IPv6, by path for AF_UNIX; then by host. */
  readonly #places = new Map<string, Map<string, Place>>();
  /** The port to try next. It advances, so that a port is not reused as soon as it is freed. */
  #nextPort = FIRST_FREE_PORT;

  /**
   * Binds `place` to an address; port 0 means any free port.
   *
   * @returns the bound address
   * @throws {OSError} EADDRINUSE when it is in use
   */
  bind(address: Address, place: Place): Address {
    const bound = hasPort(address, 0) ? this.#withFreePort(address) : address;
    if (this.#isTaken(bound)) throw osError('EADDRINUSE', 'bind');
    const key = portKeyOf(bound);
    const hosts = this.#places.get(key) ?? new Map<string, Place>();
    this.#places.set(key, hosts);
    hosts.set(hostIn(bound), place);
    return bound;
  }

  /** Frees an address. */
  release(address: Address): void {
    const key = portKeyOf(address);
    const hosts = this.#places.get(key);
    hosts?.delete(hostIn(address));
    if (hosts?.size === 0) this.#places.delete(key);
  }

  /** The socket that an address reaches. */
  find(address: Address): Place | undefined {
    const hosts = this.#places.get(portKeyOf(address));
    return hosts?.get(hostIn(address)) ?? hosts?.get(anyOf(address));
  }

  #isTaken(address: Address): boolean {
    const hosts = this.#places.get(portKeyOf(address));
    if (hosts === undefined) return false;
    const host = hostIn(address);
    return isAny(host) || hosts.has(host) || hosts.has(anyOf(address));
  }

  #withFreePort(address: Exclude<Address, string>): Address {
    for (let tries = FIRST_FREE_PORT; tries <= LAST_PORT; tries += 1) {
      const candidate = withPort(address, this.#nextPort);
      this.#nextPort = this.#nextPort === LAST_PORT ? FIRST_FREE_PORT : this.#nextPort + 1;
      if (!this.#isTaken(candidate)) return candidate;
    }
    throw osError('EADDRINUSE', 'bind');
  }
}

/** Where Linux starts looking for a free port. */
const FIRST_FREE_PORT = 32_768;
const LAST_PORT = 65_535;

/** Does the address have this port? A path has none. */
export function hasPort(address: Address, port: number): address is Exclude<Address, string> {
  return typeof address !== 'string' && address[1] === port;
}

/** An address with another port; a path stays as it is. */
export function withPort(address: Address, port: number): Address {
  if (typeof address === 'string') return address;
  return address.length === 4
    ? inet6Address(address[0], port, address[2], address[3])
    : inetAddress(address[0], port);
}

function portKeyOf(address: Address): string {
  return typeof address === 'string' ? address : `${address.length === 4 ? 6 : 4}:${address[1]}`;
}

function hostIn(address: Address): string {
  return typeof address === 'string' ? '' : address[0];
}

/** Does it stand for all addresses of the machine? */
export function isAny(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function anyOf(address: Address): string {
  if (typeof address === 'string') return '';
  return address.length === 4 ? '::' : '0.0.0.0';
}

/** The loopback address of the same family, with the same port. */
export function loopbackOf(address: Exclude<Address, string>): Address {
  return address.length === 4
    ? inet6Address('::1', address[1])
    : inetAddress('127.0.0.1', address[1]);
}

/** The address that a connect or send to `address` reaches: the wildcard host means loopback. */
export function reached(address: Address): Address {
  return typeof address !== 'string' && isAny(address[0]) ? loopbackOf(address) : address;
}
