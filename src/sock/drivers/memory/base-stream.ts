import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_UNIX,
  IPPROTO_TCP,
  SO_ACCEPTCONN,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../constants/constants.ts';
import { lingerBytes, parseLinger } from '../../endpoint/base-endpoint.ts';
import { ByteQueue, EMPTY } from '../../endpoint/byte-queue.ts';
import type { Accepted, ReceivedFrom } from '../../endpoint/endpoint.ts';
import type { FakeDescriptors } from './fake-descriptors.ts';
import { MemoryEndpoint } from './memory-endpoint.ts';
import type { Network } from './network.ts';

/** How many bytes are queued before a sender has to wait. */
export interface StreamLimits {
  /** At the receiver; SO_RCVBUF changes it. */
  readonly receive: number;
  /** At the sender; also the initial SO_SNDBUF. */
  readonly send: number;
}

/**
 * The base of stream sockets in memory, however their bytes are carried: the queue of received
 * bytes, the backlog of a listener, and options.
 */
export abstract class BaseStream extends MemoryEndpoint {
  protected state: 'fresh' | 'connecting' | 'listening' | 'connected' = 'fresh';
  protected readonly received: ByteQueue = new ByteQueue();
  protected receiveLimit: number;
  /** No more bytes will come. */
  protected ended = false;
  protected sendingEnded = false;
  /** Connections that have not been accepted. */
  protected incoming: BaseStream[] = [];
  protected backlog = 0;
  /** Does close() reset the connection? */
  protected resets = false;
  readonly #sendLimit: number;
  #lingerSeconds = -1;

  constructor(
    family: number,
    proto: number,
    descriptors: FakeDescriptors,
    names: Network<MemoryEndpoint>,
    limits: StreamLimits,
  ) {
    super(family, SOCK_STREAM, proto, descriptors, names);
    this.receiveLimit = limits.receive;
    this.#sendLimit = limits.send;
  }

  /** Called when nothing is queued: is this the end of the stream? */
  protected abstract atEof(): boolean;

  /** Bytes were taken from the queue. */
  protected abstract tookBytes(): void;

  override tryRecv(nbytes: number): Buffer | undefined {
    const { received } = this;
    if (received.size === 0 || nbytes === 0) return this.atEof() ? EMPTY : undefined;
    const data = received.take(nbytes);
    this.countRead(data.length);
    this.tookBytes();
    return data;
  }

  override tryRecvInto(view: Uint8Array): number {
    const { received } = this;
    if (received.size === 0) return this.atEof() ? 0 : -1;
    const nbytes = received.takeInto(view);
    this.countRead(nbytes);
    this.tookBytes();
    return nbytes;
  }

  protected override peek(nbytes: number): ReceivedFrom | undefined {
    const { received } = this;
    const data = received.size > 0 ? received.peek(nbytes) : EMPTY;
    if (data === EMPTY && !this.atEof()) return undefined;
    return { data, address: this.sender() };
  }

  override trySendto(data: Uint8Array): number {
    if (this.state === 'connected') throw osError('EISCONN', 'sendto');
    return this.trySend(data, 0);
  }

  override bind(address: Address): void {
    if (this.state !== 'fresh') throw osError('EINVAL', 'bind');
    super.bind(address);
  }

  override listen(backlog: number): void {
    this.check('listen');
    if (this.state === 'connected' || this.state === 'connecting')
      throw osError('EINVAL', 'listen');
    if (this.own === undefined) {
      if (this.family === AF_UNIX) throw osError('EINVAL', 'listen');
      this.bind(unboundAddress(this.family));
    }
    this.backlog = Math.max(0, backlog);
    this.state = 'listening';
  }

  override tryAccept(): Accepted | undefined {
    this.mustBeOpen('accept');
    if (this.state !== 'listening') throw osError('EINVAL', 'accept');
    const endpoint = this.incoming[0]?.takeDescriptor();
    if (endpoint === undefined) return undefined;
    this.incoming.shift();
    endpoint.#inherit(this);
    return { endpoint, address: endpoint.sender() };
  }

  #inherit(listener: BaseStream): void {
    // Over AF_UNIX nothing is inherited.
    if (this.family === AF_UNIX) return;
    this.inheritOptions(listener);
    this.receiveLimit = listener.receiveLimit;
    this.#lingerSeconds = listener.#lingerSeconds;
    this.resets = listener.resets;
  }

  protected override leave(): void {
    const { names } = this;
    // An accepted socket has the address of its listener.
    if (this.own !== undefined && names.find(this.own) === this) names.release(this.own);
    for (const endpoint of this.incoming) {
      endpoint.resets = true;
      endpoint.close();
    }
    this.disconnect();
    this.received.clear();
    this.ended = true;
  }

  /** Notifies the peer that this side is closed. Unread bytes are still in the queue. */
  protected abstract disconnect(): void;

  protected override defaultProto(): number {
    return this.family === AF_UNIX ? 0 : IPPROTO_TCP;
  }

  protected override applyOption(
    level: number,
    option: number,
    value: number,
    raw: number | Uint8Array,
  ): void {
    if (level !== SOL_SOCKET) return;
    if (option === SO_RCVBUF) this.receiveLimit = Math.max(1, value);
    if (option === SO_LINGER) {
      const { on, seconds } = parseLinger(raw);
      this.#lingerSeconds = on ? seconds : -1;
      this.resets = on && seconds === 0;
    }
  }

  protected override readOption(level: number, option: number): number | Buffer | undefined {
    if (level !== SOL_SOCKET) return undefined;
    if (option === SO_ACCEPTCONN) return this.state === 'listening' ? 1 : 0;
    if (option === SO_RCVBUF) return this.receiveLimit;
    if (option === SO_SNDBUF) return this.option(level, option) || this.#sendLimit;
    if (option === SO_LINGER)
      return lingerBytes(this.#lingerSeconds >= 0, Math.max(0, this.#lingerSeconds));
    return undefined;
  }
}
