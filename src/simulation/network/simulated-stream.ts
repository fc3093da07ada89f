import { Buffer } from 'node:buffer';
import { osError } from '../../base/errors/os-errors.ts';
import { type Address, inet6Address, inetAddress } from '../../sock/addresses/address.ts';
import { AF_INET6, SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../sock/constants/constants.ts';
import { BaseStream } from '../../sock/drivers/memory/base-stream.ts';
import { reached } from '../../sock/drivers/memory/network.ts';
import type { Kernel } from './network.ts';
import { Wire, type WireEnd } from './wire.ts';

const LIMITS = { receive: 128 * 1024, send: 64 * 1024 };

/** How long to try to reach a host that does not exist, in seconds. */
const NO_ROUTE = 3;
/** The first bytes of a TLS handshake. */
const TLS_HANDSHAKE = 22;
const TLS_VERSION = 3;
/** The seconds between the attempts to reach a host that does not answer. */
const ATTEMPTS = [1, 2, 4, 8, 16, 32, 64];

/**
 * A TCP socket of a simulated host, which behaves as on Linux.
 *
 *   fresh ──▶ listening
 *     │ connect()        it was accepted
 *     └──────▶ connecting ─────────────▶ connected
 *                  │ refused, timed out
 *                  └──────▶ fresh, with the failure for connectError()
 */
export class SimulatedStream extends BaseStream implements WireEnd {
  readonly kernel: Kernel;
  #peer: SimulatedStream | undefined = undefined;
  /** To the peer. */
  #wire: Wire | undefined = undefined;
  /** Has the peer ended its stream? */
  #finished = false;
  /** After SHUT_RD, what arrives is dropped. */
  #readShutdown = false;
  #reset = false;
  #resetSent = false;
  /** Has it failed to connect? */
  #failed = false;

  constructor(kernel: Kernel, family: number, proto: number) {
    super(family, proto, kernel.descriptors, kernel.inet, LIMITS);
    this.kernel = kernel;
  }

  // ---- receiving -------------------------------------------------------------------------------

  protected override atEof(): boolean {
    this.mustBeOpen('recv');
    // Linux reports the end before a failure.
    if (this.#finished) return true;
    this.check('recv');
    if ((this.state === 'fresh' && !this.#failed && !this.#reset) || this.state === 'listening')
      throw osError('ENOTCONN', 'recv');
    return this.ended || this.#failed;
  }

  /** Tells the peer about free space if it waits for it. */
  protected override tookBytes(): void {
    const peer = this.#peer;
    const wire = this.#wire;
    if (peer?.writer === undefined || wire === undefined) return;
    if (this.received.size > this.receiveLimit / 2) return;
    const { network } = this.kernel;
    if (network.isClosed(wire.path)) wire.send('data', Buffer.alloc(0));
    else network.scheduler.in(network.latency(wire.path), () => peer.tellWriter());
  }

  // ---- what arrives ----------------------------------------------------------------------------

  /** @internal */
  _arrive(kind: 'data' | 'fin' | 'rst', data: Buffer | undefined): void {
    if (kind === 'rst') this.#arriveReset();
    else if (this.closed || this.#reset) {
      // A machine that lost its power, or a side that gave up, knows nothing of the connection.
      if (kind === 'data' || this.#reset || this.state === 'fresh') this.#answerReset();
    } else if (kind === 'fin') {
      this.#finished = true;
      this.#end();
    } else if (data === undefined || data.length === 0) this.tellWriter();
    else if (!this.#readShutdown) {
      this.received.push(data);
      this.tellReader();
      // The peer may only be waiting for space.
      if (this.#peer?.writer !== undefined) this.tookBytes();
    } else if (this.sendingEnded) {
      // Shut down both ways, as if it were closed.
      this._break('ECONNRESET');
      this.#answerReset();
    }
  }

  #arriveReset(): void {
    this.#reset = true;
    if (this.state === 'connecting') this.#connectFailed('ECONNREFUSED');
    else this._break(this.#finished ? 'EPIPE' : 'ECONNRESET');
  }

  /** Answers data that arrives too late with a reset. */
  #answerReset(): void {
    if (!this.#resetSent) this.#wire?.send('rst');
    this.#resetSent = true;
    this.#reset = true;
  }

  /** @internal the connection is broken */
  _break(code: string): void {
    if (this.closed) return;
    this.failure ??= code;
    this.#reset = true;
    this.sendingEnded = true;
    this.#wire?.drop();
    this.#end();
    this.tellWriter();
  }

  #end(): void {
    this.ended = true;
    this.tellReader();
  }

  // ---- sending ---------------------------------------------------------------------------------

  override trySend(data: Uint8Array, from: number): number {
    this.check('send');
    if (this.state === 'connecting') return -1;
    const peer = this.#peer;
    const wire = this.#wire;
    if (this.sendingEnded || peer === undefined || wire === undefined)
      throw osError('EPIPE', 'send');
    if (from >= data.length) return 0;
    const room = LIMITS.send + peer.receiveLimit - wire.inFlight - peer.received.size;
    if (room <= 0) return -1;
    const nbytes = Math.min(room, data.length - from);
    this.countWritten(nbytes);
    // A handshake begins.
    if (data[from] === TLS_HANDSHAKE && data[from + 1] === TLS_VERSION) wire.isSecret = true;
    this.kernel.sendPieces(wire, Buffer.from(data.subarray(from, from + nbytes)));
    return nbytes;
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.state !== 'connected' || this.#reset) throw osError('ENOTCONN', 'shutdown');
    if ((how === SHUT_WR || how === SHUT_RDWR) && !this.sendingEnded) {
      this.sendingEnded = true;
      this.#wire?.send('fin');
    }
    if (how === SHUT_RD || how === SHUT_RDWR) {
      this.#readShutdown = true;
      this.#end();
    }
    this.tellWriter();
  }

  // ---- connecting and accepting ----------------------------------------------------------------

  override connect(to: Address): boolean {
    const address = reached(to);
    this.check('connect');
    if (this.state === 'connecting') throw osError('EALREADY', 'connect');
    if (this.state !== 'fresh') throw osError('EISCONN', 'connect');
    if (this.#failed) {
      // Linux reports this once.
      this.#failed = false;
      throw osError('ECONNABORTED', 'connect');
    }
    this.bindFor(address);
    this.state = 'connecting';
    this.#attempt(address, 0);
    return false;
  }

  #attempt(address: Address, attempt: number): void {
    if (this.closed || this.state !== 'connecting') return;
    const { network } = this.kernel;
    const { scheduler } = network;
    const target = network.kernelAt(address[0] as string, this.kernel);
    if (target === undefined) {
      scheduler.in(NO_ROUTE, () => this.#connectFailed('EHOSTUNREACH'));
      return;
    }
    const path = network.path(this.kernel, target);
    // Tries again unless there is an answer.
    const again = scheduler.in(ATTEMPTS[attempt] as number, () => {
      if (attempt + 1 < ATTEMPTS.length) this.#attempt(address, attempt + 1);
      else this.#connectFailed('ETIMEDOUT');
    });
    const back = network.path(target, this.kernel);
    if (network.isClosed(path)) return;
    network.trace.sent(path, 'connect', undefined, 0);
    scheduler.at(network.arrival(path, 0), () => {
      if (this.closed || this.state !== 'connecting' || network.isClosed(path)) return;
      if (network.isClosed(back)) return;
      const listener = target.inet.find(address) as SimulatedStream | undefined;
      const fails = (kind: 'refuse' | 'backlog'): boolean =>
        path.from !== path.to &&
        network.faults.draws(kind, `${path.from.hostname} → ${path.to.hostname}`);
      const refused = listener?.state !== 'listening' || fails('refuse');
      if (!refused && (listener.incoming.length > listener.backlog || fails('backlog'))) return;
      scheduler.cancel(again);
      if (refused) {
        scheduler.at(network.arrival(back, 0), () => this.#connectFailed('ECONNREFUSED'));
        return;
      }
      const accepted = new SimulatedStream(target, this.family, this.proto);
      accepted.own = address;
      accepted.#join(this);
      listener.incoming.push(accepted);
      listener.tellReader();
      scheduler.at(network.arrival(back, 0), () => this.#established(accepted));
    });
  }

  /** Becomes connected to `peer`. */
  #join(peer: SimulatedStream): void {
    const { network } = this.kernel;
    this.state = 'connected';
    this.#peer = peer;
    this.peerName = peer.own;
    this.#wire = new Wire(network, network.path(this.kernel, peer.kernel), this, peer);
  }

  #established(accepted: SimulatedStream): void {
    this.#join(accepted);
    if (this.closed) this.#answerReset();
    else this.tellWriter();
  }

  #connectFailed(code: string): void {
    if (this.closed || this.state !== 'connecting') return;
    this.state = 'fresh';
    this.#failed = true;
    this.failure = code;
    this.kernel.network.trace.noted(this.kernel, code);
    this.tellWriter();
    this.tellReader();
  }

  protected override sourceFor(to: Address, syscall: string): Address {
    return this.kernel.sourceFor(this.family, to, syscall);
  }

  protected override checkAddress(address: Address): void {
    this.kernel.checkOwn(address);
  }

  // ---- closing ---------------------------------------------------------------------------------

  protected override disconnect(): void {
    if (this.state !== 'connected' || this.#reset) return;
    // As on Linux, closing with unread bytes resets the connection.
    if (this.resets || this.received.size > 0) this.#answerReset();
    else if (!this.sendingEnded) this.#wire?.send('fin');
  }

  /** The machine has lost power: nothing is sent, and the peer is not notified. */
  vanish(): void {
    this.#wire?.drop();
    this.state = 'fresh';
    this.reader = undefined;
    this.writer = undefined;
    for (const endpoint of this.incoming as SimulatedStream[]) endpoint.vanish();
    this.incoming = [];
    this.close();
  }

  /** The host of the peer. */
  get peerKernel(): Kernel | undefined {
    return this.#peer?.kernel;
  }

  /** Resets the connection on both sides. */
  cut(): void {
    if (this.state !== 'connected' || this.#reset) return;
    this.#peer?._arrive('rst', undefined);
    this._arrive('rst', undefined);
  }

  override getpeername(): Address {
    const isConnected = this.state === 'connected' && !this.#reset;
    if (!isConnected && !this.closed) throw osError('ENOTCONN', 'getpeername');
    return super.getpeername();
  }
}

/** `host` and `port` in the form of a family. */
export function addressIn(family: number, host: string, port: number): Address {
  return family === AF_INET6 ? inet6Address(host, port) : inetAddress(host, port);
}
