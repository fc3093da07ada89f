import { osError } from '../../../base/errors/os-errors.ts';
import type { Address } from '../../addresses/address.ts';
import { AF_UNIX, SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../constants/constants.ts';
import { BaseStream } from './base-stream.ts';
import { type MemorySystem, memorySystem } from './memory-system.ts';
import { reached } from './network.ts';

const LIMITS = { receive: 64 * 1024, send: 64 * 1024 };

/**
 * A stream socket in memory: what one side sends is put into the queue of the other.
 *
 * fresh ──▶ listening, or fresh ──▶ connected. A connect succeeds or fails at once: the listener's
 * queue is the only place where a connection can wait.
 *
 * A slot is called inside the peer's send, shutdown or close that it waited for. That is safe,
 * because it only schedules a wake-up.
 */
export class MemoryStreamEndpoint extends BaseStream {
  readonly #system: MemorySystem;
  /** The other side, until it is closed. */
  #peer: MemoryStreamEndpoint | undefined = undefined;

  constructor(family: number, proto: number, system: MemorySystem = memorySystem) {
    super(family, proto, system.descriptors, system.streams, LIMITS);
    this.#system = system;
  }

  /** Connects two fresh endpoints to each other. */
  static join(one: MemoryStreamEndpoint, other: MemoryStreamEndpoint): void {
    one.state = 'connected';
    other.state = 'connected';
    one.#peer = other;
    other.#peer = one;
    one.peerName = other.own ?? '';
    other.peerName = one.own ?? '';
  }

  // ---- receiving -------------------------------------------------------------------------------

  protected override atEof(): boolean {
    this.check('recv');
    if (this.state !== 'connected') throw osError('ENOTCONN', 'recv');
    return this.ended;
  }

  protected override tookBytes(): void {
    // Like kernels, not for every few bytes, but when half of the buffer is free.
    if (this.received.size <= this.receiveLimit / 2) this.#peer?.tellWriter();
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.tellReader();
  }

  #broke(code: string): void {
    this.failure ??= code;
    this.sendingEnded = true;
    this.#end();
    this.tellWriter();
  }

  // ---- sending ---------------------------------------------------------------------------------

  override trySend(data: Uint8Array, from: number): number {
    this.check('send');
    if (this.sendingEnded) throw osError('EPIPE', 'send');
    if (this.state !== 'connected')
      throw osError(this.family === AF_UNIX ? 'ENOTCONN' : 'EPIPE', 'send');
    const peer = this.#peer;
    if (peer === undefined) throw osError('EPIPE', 'send');
    if (from >= data.length) return 0;
    const room = peer.receiveLimit - peer.received.size;
    if (room <= 0) return -1;
    const nbytes = Math.min(room, data.length - from);
    // Bytes that arrive after SHUT_RD are dropped without telling the sender.
    if (!peer.ended) peer.received.push(Buffer.from(data.subarray(from, from + nbytes)));
    this.countWritten(nbytes);
    peer.tellReader();
    return nbytes;
  }

  override shutdown(how: number): void {
    this.check('shutdown');
    if (this.state !== 'connected') throw osError('ENOTCONN', 'shutdown');
    if (how === SHUT_WR || how === SHUT_RDWR) {
      this.sendingEnded = true;
      if (this.#peer !== undefined) this.#peer.#end();
    }
    if (how === SHUT_RD || how === SHUT_RDWR) this.#end();
    this.tellWriter();
  }

  // ---- connecting and closing ------------------------------------------------------------------

  override connect(to: Address): boolean {
    const address = reached(to);
    this.check('connect');
    if (this.state !== 'fresh') throw osError('EISCONN', 'connect');
    const listener = this.names.find(address) as MemoryStreamEndpoint | undefined;
    if (listener === undefined && this.family === AF_UNIX) throw osError('ENOENT', 'connect');
    if (listener === undefined || listener.state !== 'listening')
      throw osError('ECONNREFUSED', 'connect');
    if (listener.incoming.length > listener.backlog)
      throw osError(this.family === AF_UNIX ? 'EAGAIN' : 'ECONNREFUSED', 'connect');
    this.bindFor(address);
    const accepted = new MemoryStreamEndpoint(this.family, this.proto, this.#system);
    // The accepted side has the listener's address, but does not bind it.
    accepted.own = address;
    MemoryStreamEndpoint.join(this, accepted);
    listener.incoming.push(accepted);
    listener.tellReader();
    return true;
  }

  protected override disconnect(): void {
    const peer = this.#peer;
    this.#peer = undefined;
    if (peer === undefined) return;
    peer.#peer = undefined;
    // As in kernels, closing with unread bytes resets the connection.
    if (this.resets || this.received.size > 0) peer.#broke('ECONNRESET');
    else peer.#end();
    peer.tellWriter();
  }
}
