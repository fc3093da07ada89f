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

/**
 * How many datagrams a receiver queues. Over IPv4 and IPv6 further ones are lost; over AF_UNIX they
 * wait.
 */
const RECEIVE_LIMIT = 64;

/** The longest datagrams that fit into an IP packet, in bytes. */
const LONGEST = 65_507;
const LONGEST_IPV6 = 65_527;

/** SO_SNDBUF at first, and how much of it a datagram over AF_UNIX cannot use, in bytes; Linux's. */
const SEND_BUFFER = 212_992;
const SEND_OVERHEAD = 32;

/** A datagram socket in memory. */
export class MemoryDatagramEndpoint extends MemoryEndpoint {
  readonly #system: MemorySystem;
  readonly #received: ReceivedFrom[] = [];
  /** The other half of a socketpair(), or the socket found by connect(). */
  #peer: MemoryDatagramEndpoint | undefined = undefined;
  /** The endpoints that wait for room here. */
  #senders: Set<MemoryDatagramEndpoint> = new Set();
  #ended = false;

  constructor(family: number, proto: number, system: MemorySystem = memorySystem) {
    super(family, SOCK_DGRAM, proto, system.descriptors);
    this.#system = system;
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
    return this.deliver(from === 0 ? data : data.subarray(from), this.peerName);
  }

  override trySendto(data: Uint8Array, address: Address): number {
    this.check('sendto');
    if (this.peerName !== undefined) throw osError('EISCONN', 'sendto');
    return this.deliver(data, address);
  }

  /** @throws {OSError} EMSGSIZE when it is too long for a datagram */
  protected checkLength(data: Uint8Array): void {
    const { family } = this;
    const longest =
      family === AF_UNIX
        ? this.#sendBuffer - SEND_OVERHEAD
        : family === AF_INET6
          ? LONGEST_IPV6
          : LONGEST;
    if (data.length > longest) throw osError('EMSGSIZE', 'send');
  }

  /** Sends a datagram; returns the number of its bytes; -1: would block. */
  protected deliver(data: Uint8Array, address: Address): number {
    const unix = this.family === AF_UNIX;
    this.checkLength(data);
    this.bindToAny(address);
    const to =
      this.#peer ?? (this.#system.datagrams.find(address) as MemoryDatagramEndpoint | undefined);
    if (to === undefined || to.closed) {
      // The network reports an unreachable peer one operation later.
      if (unix) throw osError('ECONNREFUSED', 'send');
      if (this.peerName !== undefined) this._refused();
      return data.length;
    }
    if (to.#received.length >= RECEIVE_LIMIT) {
      if (!unix) return data.length;
      to.#senders.add(this);
      return -1;
    }
    this.countWritten(data.length);
    to._receive(Buffer.from(data), this.own ?? '');
    return data.length;
  }

  /** @internal a datagram has come; it is lost where too many wait */
  _receive(data: Buffer, address: Address): void {
    if (this.closed || this.#received.length >= RECEIVE_LIMIT) return;
    this.#received.push({ data, address });
    this.tellReader();
  }

  /** @internal the network reports that there was no receiver */
  _refused(): void {
    this.failure = 'ECONNREFUSED';
    this.tellReader();
  }

  override connect(address: Address): boolean {
    this.check('connect');
    if (this.family === AF_UNIX && this.#system.datagrams.find(address) === undefined)
      throw osError('ENOENT', 'connect');
    this.bindToAny(address);
    this.peerName = address;
    return true;
  }

  override bind(address: Address): void {
    this.check('bind');
    if (this.own !== undefined) throw osError('EINVAL', 'bind');
    this.own = this.#system.datagrams.bind(address, this);
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.peerName === undefined) throw osError('ENOTCONN', 'shutdown');
    if (how === SHUT_RD || how === SHUT_RDWR) this.#ended = true;
    this.tellReader();
  }

  protected override leave(): void {
    if (this.own !== undefined) this.#system.datagrams.release(this.own);
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
