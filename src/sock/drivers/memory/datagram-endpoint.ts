import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_UDP,
  SHUT_RD,
  SHUT_RDWR,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../constants/constants.ts';
import { EMPTY } from '../../endpoint/byte-queue.ts';
import type { ReceivedFrom, ReceivedIntoFrom } from '../../endpoint/endpoint.ts';
import { MemoryEndpoint } from './memory-endpoint.ts';
import { type MemorySystem, memorySystem } from './memory-system.ts';
import { hasPort, isAny, type Network, reached, withPort } from './network.ts';

/**
 * How many datagrams a receiver queues. Over IPv4 and IPv6 further ones are lost; over AF_UNIX they
 * wait.
 */
const RECEIVE_LIMIT = 64;

/** The longest datagrams that fit into an IP packet, in bytes. */
const LONGEST = 65_507;
const LONGEST_IPV6 = 65_527;

/** Linux's initial SO_SNDBUF, and the part of it that an AF_UNIX datagram cannot use, in bytes. */
const SEND_BUFFER = 212_992;
const SEND_OVERHEAD = 32;

/** A datagram socket in memory. */
export class MemoryDatagramEndpoint extends MemoryEndpoint {
  readonly #received: ReceivedFrom[] = [];
  /** The other half of a socketpair(), or the socket found by connect(). */
  #peer: MemoryDatagramEndpoint | undefined = undefined;
  /** The endpoints that wait for room here. */
  #senders: Set<MemoryDatagramEndpoint> = new Set();
  #ended = false;

  constructor(
    family: number,
    proto: number,
    system: MemorySystem = memorySystem,
    names: Network<MemoryEndpoint> = system.datagrams,
  ) {
    super(family, SOCK_DGRAM, proto, system.descriptors, names);
  }

  /** Connects two fresh endpoints to each other. */
  static join(one: MemoryDatagramEndpoint, other: MemoryDatagramEndpoint): void {
    one.#peer = other;
    other.#peer = one;
    one.peerName = '';
    other.peerName = '';
  }

  override tryRecv(nbytes: number): Buffer | undefined {
    return this.tryRecvfrom(nbytes)?.data;
  }

  override tryRecvInto(view: Uint8Array): number {
    return this.tryRecvfromInto(view)?.nbytes ?? -1;
  }

  override tryRecvfrom(nbytes: number): ReceivedFrom | undefined {
    this.check('recvfrom');
    const first = this.#received.shift();
    if (first === undefined)
      return this.#ended ? { data: EMPTY, address: unboundAddress(this.family) } : undefined;
    this.countRead(first.data.length);
    for (const sender of this.#senders) sender.tellWriter();
    this.#senders.clear();
    return { data: first.data.subarray(0, nbytes), address: first.address };
  }

  protected override peek(): ReceivedFrom | undefined {
    this.check('recvmsg');
    const end = { data: EMPTY, address: unboundAddress(this.family) };
    return this.#received[0] ?? (this.#ended ? end : undefined);
  }

  override tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined {
    const first = this.tryRecvfrom(view.length);
    if (first === undefined) return undefined;
    view.set(first.data);
    return { nbytes: first.data.length, address: first.address };
  }

  override trySend(data: Uint8Array, from: number): number {
    this.check('send');
    if (this.peerName === undefined)
      throw osError(this.family === AF_UNIX ? 'ENOTCONN' : 'EDESTADDRREQ', 'send');
    return this.#deliver(from === 0 ? data : data.subarray(from), this.peerName);
  }

  override trySendto(data: Uint8Array, address: Address): number {
    this.check('sendto');
    if (this.peerName !== undefined) throw osError('EISCONN', 'sendto');
    return this.#deliver(data, reached(address));
  }

  /** @throws {OSError} EMSGSIZE when it is too long for a datagram */
  #checkLength(data: Uint8Array): void {
    const { family } = this;
    const longest =
      family === AF_UNIX
        ? this.#sendBuffer - SEND_OVERHEAD
        : family === AF_INET6
          ? LONGEST_IPV6
          : LONGEST;
    if (data.length > longest) throw osError('EMSGSIZE', 'send');
  }

  /** Sends a datagram; returns its length, or -1 if it would block. */
  #deliver(data: Uint8Array, address: Address): number {
    const from = this.#sourceTo(address);
    this.#checkLength(data);
    if (this.peerName === undefined && hasPort(address, 0)) throw osError('EINVAL', 'sendto');
    if (!this.carry(Buffer.from(data), from, address)) return -1;
    this.countWritten(data.length);
    return data.length;
  }

  /** The source address of a datagram to `to`. */
  #sourceTo(to: Address): Address {
    if (typeof to === 'string') return this.own ?? '';
    if (this.own === undefined) this.bind(unboundAddress(this.family));
    const own = this.own as Exclude<Address, string>;
    return isAny(own[0]) ? withPort(this.sourceFor(to, 'sendto'), own[1]) : own;
  }

  /** Delivers a datagram; returns `false` if it would block. */
  protected carry(data: Buffer, from: Address, address: Address): boolean {
    const unix = this.family === AF_UNIX;
    const to = this.#peer ?? (this.names.find(address) as MemoryDatagramEndpoint | undefined);
    if (to === undefined || to.closed || !to._hears(from)) {
      // The network reports an unreachable peer one operation later.
      if (unix) throw osError('ECONNREFUSED', 'send');
      this._refused();
    } else if (unix && to.#received.length >= RECEIVE_LIMIT) {
      to.#senders.add(this);
      return false;
    } else to._receive(data, from);
    return true;
  }

  /** @internal does it accept datagrams from there? A connected socket accepts only its peer's. */
  _hears(from: Address): boolean {
    const peer = this.peerName;
    return typeof from === 'string' || !peer || (peer[0] === from[0] && peer[1] === from[1]);
  }

  /** @internal a datagram has arrived; it is dropped if the queue is full */
  _receive(data: Buffer, address: Address): void {
    if (this.closed || this.#received.length >= RECEIVE_LIMIT) return;
    this.#received.push({ data, address });
    this.tellReader();
  }

  /** @internal the network reports that there was no receiver */
  _refused(): void {
    if (this.peerName === undefined) return;
    this.failure = 'ECONNREFUSED';
    this.tellReader();
  }

  override connect(to: Address): boolean {
    const address = reached(to);
    this.check('connect');
    if (this.family === AF_UNIX && this.names.find(address) === undefined)
      throw osError('ENOENT', 'connect');
    this.bindFor(address);
    this.peerName = address;
    return true;
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.peerName === undefined) throw osError('ENOTCONN', 'shutdown');
    if (how === SHUT_RD || how === SHUT_RDWR) this.#ended = true;
    this.tellReader();
  }

  protected override leave(): void {
    if (this.own !== undefined) this.names.release(this.own);
    this.#received.length = 0;
    for (const sender of this.#senders) sender.tellWriter();
    this.#senders.clear();
  }

  get #sendBuffer(): number {
    return this.option(SOL_SOCKET, SO_SNDBUF) || SEND_BUFFER;
  }

  protected override readOption(level: number, option: number): number | undefined {
    return level === SOL_SOCKET && option === SO_SNDBUF ? this.#sendBuffer : undefined;
  }

  protected override defaultProto(): number {
    return this.family === AF_UNIX ? 0 : IPPROTO_UDP;
  }
}
