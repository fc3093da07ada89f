import { type OSError, osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_INET6,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from '../../constants/constants.ts';
import { BaseEndpoint } from '../../endpoint/base-endpoint.ts';
import type { DriverName } from '../../endpoint/endpoint.ts';
import { SOCKET_OPTIONS } from '../../endpoint/socket-options.ts';
import type { FakeDescriptors } from './fake-descriptors.ts';
import { hasPort, isAny, loopbackOf, type Network, withPort } from './network.ts';

/** The base of stream and datagram sockets in memory. */
export abstract class MemoryEndpoint extends BaseEndpoint {
  readonly driver: DriverName;
  protected readonly names: Network<MemoryEndpoint>;
  readonly #descriptors: FakeDescriptors;
  #fd = -1;
  /** The bound address. */
  protected own: Address | undefined = undefined;
  /** The address it is connected to. */
  protected peerName: Address | undefined = undefined;
  /** The error code with which the next operation fails. */
  protected failure: string | undefined = undefined;

  constructor(
    family: number,
    type: number,
    proto: number,
    descriptors: FakeDescriptors,
    names: Network<MemoryEndpoint>,
  ) {
    super(family, type, proto);
    this.names = names;
    this.driver = descriptors.driver;
    this.#descriptors = descriptors;
  }

  /** @throws {OSError} EMFILE when no descriptor is left */
  takeDescriptor(): this {
    this.#fd = this.#descriptors.take(this);
    return this;
  }

  override getsockname(): Address {
    this.mustBeOpen('getsockname');
    return this.own ?? unboundAddress(this.family);
  }

  protected override peerAddress(): Address | undefined {
    const { peerName } = this;
    return peerName && hasPort(peerName, 0) ? undefined : peerName;
  }

  override connectError(): OSError | undefined {
    this.mustBeOpen('connect');
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? undefined : osError(failure, 'connect');
  }

  /** @throws {OSError} when it is closed, or an earlier failure has not been reported */
  protected check(syscall: string): void {
    this.mustBeOpen(syscall);
    const { failure } = this;
    if (failure === undefined) return;
    this.failure = undefined;
    throw osError(failure, syscall);
  }

  override fileno(): number {
    return this.closed ? -1 : this.#fd;
  }

  override close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#fd >= 0) this.#descriptors.free(this.#fd);
    this.leave();
    this.tellReader();
    this.tellWriter();
  }

  /** Leaves the network; close() calls it once. */
  protected abstract leave(): void;

  override bind(address: Address): void {
    this.check('bind');
    if (this.own !== undefined) throw osError('EINVAL', 'bind');
    this.checkAddress(address);
    this.own = this.names.bind(address, this);
  }

  /** @throws {OSError} when this host does not have the address */
  protected checkAddress(_address: Address): void {}

  /** The source address for packets to another host. */
  protected sourceFor(to: Exclude<Address, string>, _syscall: string): Address {
    return loopbackOf(to);
  }

  /** Binds a socket that connects to `to` to its source address, unless it is bound to one. */
  protected bindFor(to: Address): void {
    const { own } = this;
    if (typeof to === 'string' || (own !== undefined && !isAny(own[0] as string))) return;
    const source = withPort(this.sourceFor(to, 'connect'), (own?.[1] as number) ?? 0);
    if (own !== undefined) this.names.release(own);
    this.own = this.names.bind(source, this);
  }

  protected override knowsOption(level: number, option: number): boolean {
    if (level === SOL_SOCKET) return SOCKET_OPTIONS.includes(option) || option === SO_BROADCAST;
    if (level === IPPROTO_TCP) return option === TCP_NODELAY || option === TCP_KEEPIDLE;
    if (level === IPPROTO_IP) return option === IP_TTL;
    return level === IPPROTO_IPV6 && this.family === AF_INET6 && option === IPV6_V6ONLY;
  }
}
