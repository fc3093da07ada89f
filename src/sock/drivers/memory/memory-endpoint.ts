import { type OSError, osError } from '../../../base/errors/os-errors.ts';
import {
  type Address,
  inet6Address,
  inetAddress,
  unboundAddress,
} from '../../addresses/address.ts';
import {
  AF_INET6,
  AF_UNIX,
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

/** What stream and datagram sockets in memory share. */
export abstract class MemoryEndpoint extends BaseEndpoint {
  readonly driver: DriverName;
  readonly #descriptors: FakeDescriptors;
  #fd = -1;
  /** The bound address. */
  protected own: Address | undefined = undefined;
  /** The address it is connected to. */
  protected peerName: Address | undefined = undefined;
  /** The error code of the next operation. */
  protected failure: string | undefined = undefined;

  constructor(family: number, type: number, proto: number, descriptors: FakeDescriptors) {
    super(family, type, proto);
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
    return this.peerName;
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

  /** Binds a socket that connects or sends to `_to` without being bound. */
  protected bindToAny(_to: Address): void {
    if (this.own !== undefined || this.family === AF_UNIX) return;
    this.bind(this.family === AF_INET6 ? inet6Address('::1', 0) : inetAddress('127.0.0.1', 0));
  }

  protected override knowsOption(level: number, option: number): boolean {
    if (level === SOL_SOCKET) return SOCKET_OPTIONS.includes(option) || option === SO_BROADCAST;
    if (level === IPPROTO_TCP) return option === TCP_NODELAY || option === TCP_KEEPIDLE;
    if (level === IPPROTO_IP) return option === IP_TTL;
    return level === IPPROTO_IPV6 && this.family === AF_INET6 && option === IPV6_V6ONLY;
  }
}
