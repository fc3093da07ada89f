import { Buffer } from 'node:buffer';
import { osError } from '../../base/errors/os-errors.ts';
import {
  type Address,
  inet6Address,
  inetAddress,
  unboundAddress,
} from '../../sock/addresses/address.ts';
import {
  AF_INET6,
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
} from '../../sock/constants/constants.ts';
import { MemoryEndpoint } from '../../sock/drivers/memory/memory-endpoint.ts';
import { lingerBytes, parseLinger } from '../../sock/endpoint/base-endpoint.ts';
import { ByteQueue, EMPTY } from '../../sock/endpoint/byte-queue.ts';
import type { Accepted, ReceivedFrom, ReceivedIntoFrom } from '../../sock/endpoint/endpoint.ts';
import type { Kernel } from './network.ts';
import { Wire } from './wire.ts';

/** Bytes that wait at a receiver, and at a sender, before the sender has to. */
const RECEIVE_LIMIT = 128 * 1024;
const SEND_LIMIT = 64 * 1024;

/** Seconds after which a host that is not there is given up; then between attempts to reach one that says nothing. */
const NO_ROUTE = 3;
const ATTEMPTS = [1, 2, 4, 8, 16, 32, 64];

// fresh ──▶ listening
//   │ connect()        it was accepted
//   └──────▶ connecting ─────────────▶ connected
//                │ refused, timed out
//                └──────▶ fresh, with the failure for connectError()
type State = 'fresh' | 'connecting' | 'listening' | 'connected';

/** A TCP socket of a simulated host, as Linux has it. */
export class SimulatedStream extends MemoryEndpoint {
  readonly kernel: Kernel;
  #state: State = 'fresh';
  #peer: SimulatedStream | undefined = undefined;
  /** To the peer. */
  #wire: Wire | undefined = undefined;
  readonly #received = new ByteQueue();
  #receiveLimit = RECEIVE_LIMIT;
  /** No more bytes will come. */
  #ended = false;
  /** The peer has said so. */
  #finished = false;
  /** Was SHUT_RD: what comes is dropped. */
  #deaf = false;
  #sendingEnded = false;
  #reset = false;
  #incoming: SimulatedStream[] = [];
  #backlog = 0;
  #resets = false;
  #lingerSeconds = -1;

  constructor(kernel: Kernel, family: number, proto: number) {
    super(family, SOCK_STREAM, proto, kernel.descriptors);
    this.kernel = kernel;
  }

  // ---- receiving -------------------------------------------------------------------------------

  override tryRecv(nbytes: number): Buffer | undefined {
    const received = this.#received;
    if (received.size === 0 || nbytes === 0) return this.#nothingReceived() ? EMPTY : undefined;
    const data = received.take(nbytes);
    this.#tookBytes();
    return data;
  }

  override tryRecvInto(view: Uint8Array): number {
    if (this.#received.size === 0) return this.#nothingReceived() ? 0 : -1;
    const nbytes = this.#received.takeInto(view);
    this.#tookBytes();
    return nbytes;
  }

  override tryRecvfrom(nbytes: number): ReceivedFrom | undefined {
    const data = this.tryRecv(nbytes);
    return data && { data, address: this.#sender() };
  }

  override tryRecvfromInto(view: Uint8Array): ReceivedIntoFrom | undefined {
    const nbytes = this.tryRecvInto(view);
    return nbytes < 0 ? undefined : { nbytes, address: this.#sender() };
  }

  protected override peek(nbytes: number): ReceivedFrom | undefined {
    const received = this.#received;
    const data = received.size > 0 ? received.peek(nbytes) : EMPTY;
    if (data === EMPTY && !this.#nothingReceived()) return undefined;
    return { data, address: this.#sender() };
  }

  #nothingReceived(): boolean {
    this.mustBeOpen('recv');
    // Linux looks at the end before it looks at a failure.
    if (this.#finished) return true;
    this.check('recv');
    if (this.#state !== 'connected' && !this.#reset) throw osError('ENOTCONN', 'recv');
    return this.#ended;
  }

  /** The peer learns of the room, where it waits for it. */
  #tookBytes(): void {
    const peer = this.#peer;
    const wire = this.#wire;
    if (peer?.writer === undefined || wire === undefined) return;
    if (this.#received.size > this.#receiveLimit / 2) return;
    const { network } = this.kernel;
    if (network.isClosed(wire.path)) wire.send('data', Buffer.alloc(0));
    else network.scheduler.in(network.latency(wire.path), () => peer._mayHaveRoom());
  }

  /** @internal */
  _mayHaveRoom(): void {
    this.tellWriter();
  }

  // ---- what arrives ----------------------------------------------------------------------------

  /** @internal */
  _arrive(kind: 'data' | 'fin' | 'rst', data: Buffer | undefined): void {
    if (kind === 'rst') this.#arriveReset();
    else if (this.closed || this.#reset) {
      if (kind === 'data') this.#answerReset();
    } else if (kind === 'fin') {
      this.#finished = true;
      this.#end();
    } else if (data === undefined || data.length === 0) this.tellWriter();
    else if (!this.#deaf) {
      this.#received.push(data);
      this.tellReader();
      // Where room is all that the peer waited for.
      if (this.#peer?.writer !== undefined) this.#tookBytes();
    }
  }

  #arriveReset(): void {
    this.#reset = true;
    if (this.#state === 'connecting') this._connectFailed('ECONNREFUSED');
    else this._break(this.#finished ? 'EPIPE' : 'ECONNRESET');
  }

  /** Nobody is here any more who could take it. */
  #answerReset(): void {
    if (this.#reset) return;
    this.#reset = true;
    this.#wire?.send('rst');
  }

  /** @internal the connection is broken */
  _break(code: string): void {
    if (this.closed) return;
    this.failure ??= code;
    this.#reset = true;
    this.#sendingEnded = true;
    this.#wire?.drop();
    this.#end();
    this.tellWriter();
  }

  #end(): void {
    this.#ended = true;
    this.tellReader();
  }

  // ---- sending ---------------------------------------------------------------------------------

  override trySend(data: Uint8Array, from: number): number {
    this.check('send');
    if (this.#state === 'connecting') return -1;
    const peer = this.#peer;
    const wire = this.#wire;
    if (this.#sendingEnded || peer === undefined || wire === undefined)
      throw osError('EPIPE', 'send');
    if (from >= data.length) return 0;
    const room = SEND_LIMIT + peer.#receiveLimit - wire.inFlight - peer.#received.size;
    if (room <= 0) return -1;
    const nbytes = Math.min(room, data.length - from);
    this.kernel.sendPieces(wire, Buffer.from(data.subarray(from, from + nbytes)));
    return nbytes;
  }

  override trySendto(data: Uint8Array): number {
    if (this.#state === 'connected') throw osError('EISCONN', 'sendto');
    return this.trySend(data, 0);
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.#state !== 'connected' || this.#reset) throw osError('ENOTCONN', 'shutdown');
    if ((how === SHUT_WR || how === SHUT_RDWR) && !this.#sendingEnded) {
      this.#sendingEnded = true;
      this.#wire?.send('fin');
    }
    if (how === SHUT_RD || how === SHUT_RDWR) {
      this.#deaf = true;
      this.#end();
    }
    this.tellWriter();
  }

  // ---- connecting and accepting ----------------------------------------------------------------

  override connect(address: Address): boolean {
    this.check('connect');
    if (this.#state === 'connecting') throw osError('EALREADY', 'connect');
    if (this.#state !== 'fresh') throw osError('EISCONN', 'connect');
    this.bindToAny(address);
    this.#state = 'connecting';
    this.#attempt(address, 0);
    return false;
  }

  #attempt(address: Address, attempt: number): void {
    if (this.closed || this.#state !== 'connecting') return;
    const { network } = this.kernel;
    const { scheduler } = network;
    const target = network.kernelAt(address[0] as string, this.kernel);
    if (target === undefined) {
      scheduler.in(NO_ROUTE, () => this._connectFailed('EHOSTUNREACH'));
      return;
    }
    const path = network.path(this.kernel, target);
    const delay = ATTEMPTS[attempt];
    // Another attempt, unless there is an answer.
    const again = scheduler.in(delay as number, () => {
      if (attempt + 1 < ATTEMPTS.length) this.#attempt(address, attempt + 1);
      else this._connectFailed('ETIMEDOUT');
    });
    const back = network.path(target, this.kernel);
    if (network.isClosed(path)) return;
    network.trace.sent(path, 'connect', 0, 0);
    scheduler.at(network.arrival(path, 0), () => {
      if (this.closed || this.#state !== 'connecting' || network.isClosed(path)) return;
      if (network.isClosed(back)) return;
      const listener = target.inet.find(address) as SimulatedStream | undefined;
      const refused =
        listener === undefined || listener.#state !== 'listening' || target.refuses(this.kernel);
      if (!refused && listener.#incoming.length > listener.#backlog) return;
      scheduler.cancel(again);
      if (refused) {
        scheduler.at(network.arrival(back, 0), () => this._connectFailed('ECONNREFUSED'));
        return;
      }
      const accepted = new SimulatedStream(target, this.family, this.proto);
      accepted.own = address;
      accepted.#join(this);
      listener.#incoming.push(accepted);
      listener.tellReader();
      scheduler.at(network.arrival(back, 0), () => this.#established(accepted));
    });
  }

  /** Becomes connected to `peer`. */
  #join(peer: SimulatedStream): void {
    const { network } = this.kernel;
    this.#state = 'connected';
    this.#peer = peer;
    this.peerName = peer.own;
    this.#wire = new Wire(network, network.path(this.kernel, peer.kernel), this, peer);
  }

  #established(accepted: SimulatedStream): void {
    this.#join(accepted);
    if (this.closed) this.#answerReset();
    else this.tellWriter();
  }

  /** @internal */
  _connectFailed(code: string): void {
    if (this.closed || this.#state !== 'connecting') return;
    this.#state = 'fresh';
    this.failure = code;
    this.kernel.network.trace.noted(this.kernel, code);
    this.tellWriter();
    this.tellReader();
  }

  protected override bindToAny(to: Address): void {
    if (this.own !== undefined) return;
    this.bind(this.kernel.sourceFor(this.family, to));
  }

  override bind(address: Address): void {
    this.check('bind');
    if (this.own !== undefined || this.#state !== 'fresh') throw osError('EINVAL', 'bind');
    this.kernel.checkOwn(address);
    this.own = this.kernel.inet.bind(address, this);
  }

  override listen(backlog: number): void {
    this.check('listen');
    if (this.#state === 'connected' || this.#state === 'connecting')
      throw osError('EINVAL', 'listen');
    if (this.own === undefined) this.bind(unboundAddress(this.family));
    this.#backlog = Math.max(0, backlog);
    this.#state = 'listening';
  }

  override tryAccept(): Accepted | undefined {
    this.mustBeOpen('accept');
    if (this.#state !== 'listening') throw osError('EINVAL', 'accept');
    const endpoint = this.#incoming[0]?.takeDescriptor();
    if (endpoint === undefined) return undefined;
    this.#incoming.shift();
    endpoint.inheritOptions(this);
    endpoint.#receiveLimit = this.#receiveLimit;
    endpoint.#lingerSeconds = this.#lingerSeconds;
    endpoint.#resets = this.#resets;
    return { endpoint, address: endpoint.#sender() };
  }

  // ---- closing ---------------------------------------------------------------------------------

  protected override leave(): void {
    const { inet } = this.kernel;
    if (this.own !== undefined && inet.find(this.own) === this) inet.release(this.own);
    for (const endpoint of this.#incoming) {
      endpoint.#resets = true;
      endpoint.close();
    }
    if (this.#state === 'connected' && !this.#reset) {
      // As Linux does it: bytes that were never read throw the connection away.
      if (this.#resets || this.#received.size > 0) {
        this.#reset = true;
        this.#wire?.send('rst');
      } else if (!this.#sendingEnded) this.#wire?.send('fin');
    }
    this.#received.clear();
    this.#ended = true;
  }

  /** The machine has lost power: nothing is sent, and nobody is told. */
  vanish(): void {
    this.#wire?.drop();
    this.#state = 'fresh';
    this.reader = undefined;
    this.writer = undefined;
    for (const endpoint of this.#incoming) endpoint.vanish();
    this.#incoming = [];
    this.close();
  }

  /** The host of the peer. */
  get peerKernel(): Kernel | undefined {
    return this.#peer?.kernel;
  }

  /** Breaks the connection in the middle, for both sides. */
  cut(): void {
    if (this.#state !== 'connected' || this.#reset) return;
    this.#peer?._arrive('rst', undefined);
    this._arrive('rst', undefined);
  }

  // ---- options and small things ----------------------------------------------------------------

  protected override defaultProto(): number {
    return IPPROTO_TCP;
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
    if (option === SO_SNDBUF) return this.option(level, option) || SEND_LIMIT;
    if (option === SO_LINGER)
      return lingerBytes(this.#lingerSeconds >= 0, Math.max(0, this.#lingerSeconds));
    return undefined;
  }

  override getpeername(): Address {
    this.mustBeOpen('getpeername');
    if (this.#state !== 'connected' || this.#reset) throw osError('ENOTCONN', 'getpeername');
    return this.#sender();
  }

  #sender(): Address {
    return this.peerName ?? unboundAddress(this.family);
  }
}

/** `host` and `port` in the form of a family. */
export function addressIn(family: number, host: string, port: number): Address {
  return family === AF_INET6 ? inet6Address(host, port) : inetAddress(host, port);
}
