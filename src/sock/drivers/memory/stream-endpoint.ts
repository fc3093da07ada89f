import { osError } from '../../../base/errors/os-errors.ts';
import { type Address, unboundAddress } from '../../addresses/address.ts';
import {
  AF_UNIX,
  IPPROTO_TCP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
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
import { MemoryEndpoint } from './memory-endpoint.ts';
import { type MemorySystem, memorySystem } from './memory-system.ts';

/** How many bytes a receiver queues before its peer has to wait; set by SO_RCVBUF. */
const RECEIVE_LIMIT = 64 * 1024;

// fresh ──▶ listening, or fresh ──▶ connected. A connect succeeds or fails at once: the listener's
// queue is the only place where a connection can wait.
type State = 'fresh' | 'listening' | 'connected';

/**
 * A stream socket in memory: what one side sends is put into the queue of the other.
 *
 * A slot is called inside the peer's send, shutdown or close that it waited for. That is safe,
 * because it only schedules a wake-up.
 */
export class MemoryStreamEndpoint extends MemoryEndpoint {
  readonly #system: MemorySystem;
  #state: State = 'fresh';
  /** The other side, until it is closed. */
  #peer: MemoryStreamEndpoint | undefined = undefined;
  readonly #received = new ByteQueue();
  #receiveLimit = RECEIVE_LIMIT;
  /** No more bytes will come. */
  #ended = false;
  #sendingEnded = false;
  #incoming: MemoryStreamEndpoint[] = [];
  #backlog = 0;
  #resets = false;
  #lingerSeconds = -1;

  constructor(family: number, proto: number, system: MemorySystem = memorySystem) {
    super(family, SOCK_STREAM, proto, system.descriptors);
    this.#system = system;
  }

  /** Connects two fresh endpoints to each other. */
  static join(one: MemoryStreamEndpoint, other: MemoryStreamEndpoint): void {
    one.#state = 'connected';
    other.#state = 'connected';
    one.#peer = other;
    other.#peer = one;
    one.peerName = other.own ?? '';
    other.peerName = one.own ?? '';
  }

  // ---- receiving -------------------------------------------------------------------------------

  override tryRecv(nbytes: number): Buffer | undefined {
    const received = this.#received;
    if (received.size > 0 && nbytes > 0) {
      const data = received.take(nbytes);
      if (this.#peer !== undefined) this.#peer.#mayHaveRoom();
      return data;
    }
    return this.#nothingReceived() ? EMPTY : undefined;
  }

  override tryRecvInto(view: Uint8Array): number {
    if (this.#received.size > 0) {
      const nbytes = this.#received.takeInto(view);
      if (this.#peer !== undefined) this.#peer.#mayHaveRoom();
      return nbytes;
    }
    return this.#nothingReceived() ? 0 : -1;
  }

  protected override peek(nbytes: number): ReceivedFrom | undefined {
    const received = this.#received;
    const data = received.size > 0 ? received.peek(nbytes) : EMPTY;
    if (data === EMPTY && !this.#nothingReceived()) return undefined;
    return { data, address: this.sender() };
  }

  #nothingReceived(): boolean {
    this.check('recv');
    if (this.#state !== 'connected') throw osError('ENOTCONN', 'recv');
    return this.#ended;
  }

  /** The peer took bytes that this side had sent. */
  #mayHaveRoom(): void {
    const peer = this.#peer;
    // Not for every few bytes: like kernels, when half of the buffer is free.
    if (peer !== undefined && peer.#received.size <= peer.#receiveLimit / 2) this.tellWriter();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.tellReader();
  }

  #broke(code: string): void {
    this.failure ??= code;
    this.#sendingEnded = true;
    this.#end();
    this.tellWriter();
  }

  // ---- sending ---------------------------------------------------------------------------------

  override trySend(data: Uint8Array, from: number): number {
    this.check('send');
    if (this.#sendingEnded) throw osError('EPIPE', 'send');
    if (this.#state !== 'connected')
      throw osError(this.family === AF_UNIX ? 'ENOTCONN' : 'EPIPE', 'send');
    const peer = this.#peer;
    if (peer === undefined) throw osError('EPIPE', 'send');
    if (from >= data.length) return 0;
    const room = peer.#receiveLimit - peer.#received.size;
    if (room <= 0) return -1;
    const nbytes = Math.min(room, data.length - from);
    // Bytes that arrive after SHUT_RD are dropped without telling the sender.
    if (!peer.#ended) peer.#received.push(Buffer.from(data.subarray(from, from + nbytes)));
    peer.tellReader();
    return nbytes;
  }

  override trySendto(data: Uint8Array): number {
    if (this.#state === 'connected') throw osError('EISCONN', 'sendto');
    return this.trySend(data, 0);
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.#state !== 'connected') throw osError('ENOTCONN', 'shutdown');
    if (how === SHUT_WR || how === SHUT_RDWR) {
      this.#sendingEnded = true;
      if (this.#peer !== undefined) this.#peer.#end();
    }
    if (how === SHUT_RD || how === SHUT_RDWR) this.#end();
    this.tellWriter();
  }

  // ---- connecting and accepting ----------------------------------------------------------------

  override connect(address: Address): boolean {
    this.check('connect');
    if (this.#state !== 'fresh') throw osError('EISCONN', 'connect');
    const listener = this.#system.streams.find(address) as MemoryStreamEndpoint | undefined;
    if (listener === undefined && this.family === AF_UNIX) throw osError('ENOENT', 'connect');
    if (listener === undefined || listener.#state !== 'listening')
      throw osError('ECONNREFUSED', 'connect');
    if (listener.#incoming.length > listener.#backlog)
      throw osError(this.family === AF_UNIX ? 'EAGAIN' : 'ECONNREFUSED', 'connect');
    this.bindToAny(address);
    const accepted = new MemoryStreamEndpoint(this.family, this.proto, this.#system);
    // The accepted side has the listener's address, but does not bind it.
    accepted.own = address;
    MemoryStreamEndpoint.join(this, accepted);
    listener.#incoming.push(accepted);
    listener.tellReader();
    return true;
  }

  override bind(address: Address): void {
    this.check('bind');
    if (this.own !== undefined || this.#state !== 'fresh') throw osError('EINVAL', 'bind');
    this.own = this.#system.streams.bind(address, this);
  }

  override listen(backlog: number): void {
    this.check('listen');
    if (this.#state === 'connected') throw osError('EINVAL', 'listen');
    if (this.own === undefined) {
      if (this.family === AF_UNIX) throw osError('EINVAL', 'listen');
      this.bind(unboundAddress(this.family));
    }
    this.#backlog = Math.max(0, backlog);
    this.#state = 'listening';
  }

  override tryAccept(): Accepted | undefined {
    this.mustBeOpen('accept');
    if (this.#state !== 'listening') throw osError('EINVAL', 'accept');
    const endpoint = this.#incoming[0]?.takeDescriptor();
    if (endpoint === undefined) return undefined;
    this.#incoming.shift();
    endpoint.#inherit(this);
    return { endpoint, address: endpoint.peerName ?? unboundAddress(this.family) };
  }

  #inherit(listener: MemoryStreamEndpoint): void {
    // Over AF_UNIX nothing is inherited.
    if (this.family === AF_UNIX) return;
    this.inheritOptions(listener);
    this.#receiveLimit = listener.#receiveLimit;
    this.#lingerSeconds = listener.#lingerSeconds;
    this.#resets = listener.#resets;
  }

  // ---- closing ---------------------------------------------------------------------------------

  protected override leave(): void {
    if (this.own !== undefined && this.#system.streams.find(this.own) === this)
      this.#system.streams.release(this.own);
    for (const endpoint of this.#incoming) {
      endpoint.#resets = true;
      endpoint.close();
    }
    const peer = this.#peer;
    this.#peer = undefined;
    if (peer !== undefined) {
      peer.#peer = undefined;
      // Like kernels do: closing with unread bytes resets the connection.
      if (this.#resets || this.#received.size > 0) peer.#broke('ECONNRESET');
      else peer.#end();
      peer.tellWriter();
    }
    this.#received.clear();
    this.#ended = true;
  }

  // ---- options and small things ----------------------------------------------------------------

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
    if (option === SO_RCVBUF) this.#receiveLimit = Math.max(1, value);
    if (option === SO_LINGER) {
      const { on, seconds } = parseLinger(raw);
      this.#lingerSeconds = on ? seconds : -1;
      this.#resets = on && seconds === 0;
    }
  }

  protected override readOption(level: number, option: number): number | Buffer | undefined {
    if (level !== SOL_SOCKET) return undefined;
    if (option === SO_ACCEPTCONN) return this.#state === 'listening' ? 1 : 0;
    if (option === SO_RCVBUF) return this.#receiveLimit;
    if (option === SO_SNDBUF) return this.option(level, option) || RECEIVE_LIMIT;
    if (option === SO_LINGER)
      return lingerBytes(this.#lingerSeconds >= 0, Math.max(0, this.#lingerSeconds));
    return undefined;
  }
}
