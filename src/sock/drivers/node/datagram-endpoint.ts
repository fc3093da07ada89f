import { type OSError, osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../constants/constants.ts';
import { BaseEndpoint } from '../../endpoint/base-endpoint.ts';
import { EMPTY } from '../../endpoint/byte-queue.ts';
import { noteDescriptor, noteFailure } from '../../endpoint/descriptor-limit.ts';
import type { ReceivedFrom, ReceivedIntoFrom } from '../../endpoint/endpoint.ts';
import { fromHandle, hostForHandle } from './addresses.ts';
import type { HandleAddress, SendRequest, UdpHandle } from './handles/handle-types.ts';
import {
  datagramClasses,
  hasReusePort,
  IPV6_ONLY,
  outside,
  UDP_REUSE_ADDRESS,
  UDP_REUSE_PORT,
} from './handles/node-handles.ts';

/** How many unread datagrams are kept here before the kernel has to keep or drop the rest. */
const RECEIVE_LIMIT = 64;

/** How many datagrams libuv may hold before a send would block. */
const SEND_LIMIT = 64;

/** A UDP socket on a Node handle. */
export class DatagramEndpoint extends BaseEndpoint {
  readonly driver = 'node' as const;
  #handle: UdpHandle | undefined = undefined;
  #fd = -1;
  #bound = false;
  #peer: Address | undefined = undefined;
  readonly #received: ReceivedFrom[] = [];
  /** Does libuv poll for datagrams? It starts with the first try that finds nothing. */
  #reading = false;
  /** How many datagrams libuv holds that the kernel has not taken. */
  #sending = 0;
  /** The errno that the next operation fails with, negative; or 0. */
  #failure = 0;

  constructor(family: number, proto: number) {
    super(family, SOCK_DGRAM, proto);
  }

  override tryRecv(nbytes: number): Buffer | undefined {
    return this.#next('recv') && cut((this.#take() as ReceivedFrom).data, nbytes);
  }

  override tryRecvInto(view: Uint8Array): number {
    return this.tryRecvfromInto(view)?.nbytes ?? -1;
  }

  override tryRecvfrom(nbytes: number): ReceivedFrom | undefined {
    if (!this.#next('recvfrom')) return undefined;
    const { data, address } = this.#take() as ReceivedFrom;
    return { data: cut(data, nbytes), address };
  }

  override tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined {
    if (!this.#next('recvfrom')) return undefined;
    const { data, address } = this.#take() as ReceivedFrom;
    const fitting = cut(data, view.length);
    view.set(fitting);
    return { nbytes: fitting.length, address };
  }

  protected override peek(): ReceivedFrom | undefined {
    return this.#next('recvmsg');
  }

  /** The next datagram; if there is none, `undefined`, and libuv polls for one. */
  #next(syscall: string): ReceivedFrom | undefined {
    this.#check(syscall);
    const [first] = this.#received;
    if (first === undefined) this.#readOn();
    return first;
  }

  #take(): ReceivedFrom | undefined {
    const first = this.#received.shift();
    if (first !== undefined) this.countRead(first.data.length);
    if (!this.#reading) this.#readOn();
    return first;
  }

  #readOn(): void {
    if (this.#reading || this.#received.length >= RECEIVE_LIMIT) return;
    // Before a bind nothing can arrive. The send that binds starts reading if something waits.
    if (!this.#bound) return;
    const status = (this.#handle as UdpHandle).recvStart();
    if (status < 0) throw osError(status, 'recvmsg');
    this.#reading = true;
  }

  #onMessage(nread: number, data: Buffer | undefined, from: HandleAddress): void {
    if (nread < 0) {
      this.#failure ||= nread;
    } else {
      const address = fromHandle(this.family, from);
      this.#received.push({ data: data ?? EMPTY, address });
      if (this.#received.length >= RECEIVE_LIMIT) {
        (this.#handle as UdpHandle).recvStop();
        this.#reading = false;
      }
    }
    this.tellReader();
  }

  override trySend(data: Uint8Array, from: number): number {
    this.#check('send');
    if (this.#peer === undefined) throw osError('EDESTADDRREQ', 'send');
    return this.#send(data.subarray(from), undefined);
  }

  override trySendto(data: Uint8Array, address: Address): number {
    this.#check('sendto');
    if (this.#peer !== undefined) throw osError('EISCONN', 'sendto');
    return this.#send(data, address);
  }

  #send(data: Uint8Array, address: Address | undefined): number {
    if (this.#sending >= SEND_LIMIT) return -1;
    const handle = this.#needHandle();
    const request = outside(makeSendRequest);
    // The caller may overwrite its data, but libuv sends later what the kernel does not take at
    // once.
    const list = [Buffer.from(data)];
    const send = this.family === AF_INET6 ? handle.send6 : handle.send;
    const outcome =
      address === undefined
        ? send.call(handle, request, list, 1, true)
        : send.call(handle, request, list, 1, address[1], hostForHandle(address, 'sendto'), true);
    if (outcome < 0) throw osError(outcome, address === undefined ? 'send' : 'sendto');
    if (outcome === 0) {
      this.#sending += 1;
      request.list = list;
      request.oncomplete = (status) => this.#sent(status);
    }
    this.#nowBound();
    this.countWritten(data.length);
    return data.length;
  }

  #sent(status: number): void {
    this.#sending -= 1;
    if (this.closed) return;
    if (status < 0) {
      this.#failure ||= status;
      this.tellReader();
    }
    this.tellWriter();
  }

  override connect(address: Address): boolean {
    this.#check('connect');
    const handle = this.#needHandle();
    if (this.#peer !== undefined) handle.disconnect();
    const [host, port] = [hostForHandle(address, 'connect'), address[1] as number];
    const status =
      this.family === AF_INET6 ? handle.connect6(host, port) : handle.connect(host, port);
    if (status < 0) throw osError(status, 'connect');
    this.#peer = address;
    this.#nowBound();
    return true;
  }

  override connectError(): OSError | undefined {
    this.mustBeOpen('connect');
    const failure = this.#failure;
    this.#failure = 0;
    return failure === 0 ? undefined : osError(failure, 'connect');
  }

  override bind(address: Address): void {
    this.#check('bind');
    if (this.#bound) throw osError('EINVAL', 'bind');
    const handle = this.#needHandle();
    const [host, port] = [hostForHandle(address, 'bind'), address[1] as number];
    const status =
      this.family === AF_INET6
        ? handle.bind6(host, port, this.#bindFlags())
        : handle.bind(host, port, this.#bindFlags());
    if (status < 0) {
      this.#release();
      throw noteFailure(osError(status, 'bind'));
    }
    this.#nowBound();
  }

  #bindFlags(): number {
    const address = this.option(SOL_SOCKET, SO_REUSEADDR) !== 0 ? UDP_REUSE_ADDRESS : 0;
    const port = this.option(SOL_SOCKET, SO_REUSEPORT) !== 0 ? UDP_REUSE_PORT : 0;
    const only6 = this.option(IPPROTO_IPV6, IPV6_V6ONLY) !== 0 ? IPV6_ONLY : 0;
    return address | port | only6;
  }

  /** The kernel has bound the socket, in bind(), connect() or a first send. */
  #nowBound(): void {
    if (this.#bound) return;
    this.#bound = true;
    this.#fd = this.#handle?.fd ?? -1;
    noteDescriptor(this.#fd);
    for (const [level, option, value] of this.givenOptions()) this.#applyNow(level, option, value);
    if (this.reader !== undefined) this.#readOn();
  }

  override shutdown(_how: number): void {
    this.#check('shutdown');
    if (this.#peer === undefined) throw osError('ENOTCONN', 'shutdown');
    throw osError('EOPNOTSUPP', 'shutdown');
  }

  override close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#received.length = 0;
    this.#release();
    this.tellReader();
    this.tellWriter();
  }

  #release(): void {
    this.#handle?.close();
    this.#handle = undefined;
    this.#reading = false;
    this.#fd = -1;
  }

  override getsockname(): Address {
    this.mustBeOpen('getsockname');
    return this.#name((handle, out) => handle.getsockname(out)) ?? unboundAddress(this.family);
  }

  protected override peerAddress(): Address | undefined {
    return this.#peer && this.#name((handle, out) => handle.getpeername(out));
  }

  #name(ask: (handle: UdpHandle, out: HandleAddress) => number): Address | undefined {
    const out: HandleAddress = {};
    if (!this.#bound || this.#handle === undefined || ask(this.#handle, out) < 0) return undefined;
    return fromHandle(this.family, out);
  }

  override fileno(): number {
    return this.closed ? -1 : this.#fd;
  }

  protected override defaultProto(): number {
    return IPPROTO_UDP;
  }

  protected override knowsOption(level: number, option: number): boolean {
    switch (level) {
      case SOL_SOCKET:
        return SOCKET_OPTIONS.includes(option);
      case IPPROTO_IP:
        return IP_OPTIONS.includes(option);
      case IPPROTO_IPV6:
        return this.family === AF_INET6 && option === IPV6_V6ONLY;
      default:
        return false;
    }
  }

  protected override applyOption(
    level: number,
    option: number,
    value: number,
    raw: number | Uint8Array,
  ): void {
    if (level === SOL_SOCKET && option === SO_REUSEPORT && value !== 0 && !hasReusePort)
      throw osError('ENOPROTOOPT', 'setsockopt');
    // Fail here, not when a bind or a send applies the option.
    const refused =
      level === IPPROTO_IP ? isWrongHops(option, value) : level === IPPROTO_IPV6 && this.#bound;
    if (refused) throw osError('EINVAL', 'setsockopt');
    if (level === IPPROTO_IP && (option === IP_ADD_MEMBERSHIP || option === IP_DROP_MEMBERSHIP)) {
      this.#membership(option, raw);
      return;
    }
    if (this.#bound) this.#applyNow(level, option, value);
  }

  #applyNow(level: number, option: number, value: number): void {
    const handle = this.#handle as UdpHandle;
    let status = 0;
    if (level === SOL_SOCKET && option === SO_BROADCAST)
      status = handle.setBroadcast(value ? 1 : 0);
    if (level === SOL_SOCKET && (option === SO_SNDBUF || option === SO_RCVBUF))
      handle.bufferSize(value, option === SO_RCVBUF, {});
    if (level === IPPROTO_IP && option === IP_TTL) status = handle.setTTL(value);
    if (level === IPPROTO_IP && option === IP_MULTICAST_TTL) status = handle.setMulticastTTL(value);
    if (level === IPPROTO_IP && option === IP_MULTICAST_LOOP)
      status = handle.setMulticastLoopback(value ? 1 : 0);
    if (status < 0) throw osError(status, 'setsockopt');
  }

  /** `struct ip_mreq`: the group, and the address of the interface. */
  #membership(option: number, raw: number | Uint8Array): void {
    if (typeof raw === 'number' || raw.length < 8) throw osError('EINVAL', 'setsockopt');
    const group = raw.subarray(0, 4).join('.');
    const through = raw.subarray(4, 8).join('.');
    const handle = this.#needHandle();
    const status =
      option === IP_ADD_MEMBERSHIP
        ? handle.addMembership(group, through)
        : handle.dropMembership(group, through);
    if (status < 0) throw osError(status, 'setsockopt');
  }

  #check(syscall: string): void {
    this.mustBeOpen(syscall);
    const failure = this.#failure;
    if (failure === 0) return;
    this.#failure = 0;
    throw osError(failure, syscall);
  }

  #needHandle(): UdpHandle {
    if (this.#handle === undefined) {
      const handle = outside(makeUdpHandle);
      handle.onmessage = (nread, _handle, data, from) => this.#onMessage(nread, data, from);
      this.#handle = handle;
    }
    return this.#handle;
  }
}

const SOCKET_OPTIONS: readonly number[] = [
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
];

const IP_OPTIONS: readonly number[] = [
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TTL,
];

function isWrongHops(option: number, value: number): boolean {
  if (option === IP_TTL) return value < 1 || value > 255;
  return option === IP_MULTICAST_TTL && (value < 0 || value > 255);
}

function makeUdpHandle(): UdpHandle {
  const { udp } = datagramClasses();
  const handle = new udp();
  handle.unref();
  return handle;
}

function makeSendRequest(): SendRequest {
  const { send } = datagramClasses();
  return new send();
}

/** The requested part of a datagram; the rest is lost, as in a kernel. */
function cut(data: Buffer, nbytes: number): Buffer {
  return data.length <= nbytes ? data : data.subarray(0, nbytes);
}
