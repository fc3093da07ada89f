import { MAX_READ_SIZE } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors/errors.ts';
import { OSError } from '../base/errors/os-errors.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { isA } from '../base/values/attempt.ts';
import type { Received } from '../base/values/bytes.ts';
import type { Future } from '../core/futures/future.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Address } from '../sock/addresses/address.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  SHUT_WR,
  TCP_NODELAY,
} from '../sock/constants/constants.ts';
import type { Endpoint } from '../sock/endpoint/endpoint.ts';
import { sendMost } from '../sock/endpoint/send-most.ts';
import type { Socket } from '../sock/socket.ts';
import { BorrowedSocket } from './borrowed-socket.ts';
import { type ConnectionCounter, describe, Lifecycle, type TransportKind } from './lifecycle.ts';
import { type BufferedProtocol, bufferFrom, isBuffered, type Protocol } from './protocols.ts';
import { type ProtocolCallbacks, Transport } from './transport.ts';
import { SendQueue } from './write-buffer/send-queue.ts';
import { joinBytes, toBytes } from './write-buffer/to-bytes.ts';

/** The longest write that may be held back to be sent with others, in bytes. */
const HELD_PIECE = 4 * 1024;

/** The most bytes that are held back. */
const HELD_ALL = 16 * 1024;

/** Options for a new transport. */
export interface SocketTransportOptions {
  /** Finished after `connectionMade()`, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  /** The server that the connection belongs to. */
  readonly server?: ConnectionCounter | undefined;
  /** The address of the peer, if known. */
  readonly peername?: Address | undefined;
}

/**
 * A transport on a connected stream socket, which it owns. For its states, see {@link Lifecycle}.
 *
 * Unsent data waits in #unsent, for one of two reasons:
 *
 *             small, and follows a write          the end of the turn, or too much for that
 *   nothing ──────────────────────────────▶ held ───────────────────────────────────────────┐
 *      │ ▲                                                                                   │
 *      │ └── all was taken ──────────────────────────────────────────────────────────────────┤
 *      │                        the peer takes no more                                       ▼
 *      └────────────────────────────────────────────▶ refused ◀── the peer takes no more ── sending
 *                                                        └────────── room ───────────────────▲
 *
 * @see asyncio's `_SelectorSocketTransport`, `Lib/asyncio/selector_events.py`
 */
export class SocketTransport extends Transport {
  static {
    printsAsText(this);
  }

  static readonly #kind: TransportKind<SocketTransport, ProtocolCallbacks> = {
    name: '_SelectorSocketTransport',
    lostName: '_SelectorSocketTransport._call_connection_lost',
    connect: (transport, protocol) => protocol.connectionMade(transport),
    receiving: {
      side: 'reader',
      name: '_SelectorSocketTransport._read_ready',
      attempt: (transport) => transport.#receive(),
    },
    sending: {
      side: 'writer',
      name: '_SelectorSocketTransport._write_ready',
      attempt: (transport) => {
        transport.#flush();
        return false;
      },
    },
    drop: (transport) => transport.#drop(),
    sendHeld: (transport) => {
      if (transport.#held) transport.#sendLast();
    },
    sendLast: (transport) => transport.#sendLast(),
    lost: (transport, error) => transport.#borrowed?.lose(error),
    waiting: (transport) => transport.getWriteBufferSize(),
  };

  readonly #life: Lifecycle<SocketTransport, ProtocolCallbacks>;
  readonly #endpoint: Endpoint;
  readonly #unsent = new SendQueue();
  /** Does all of #unsent only wait for the end of the turn? */
  #held = false;
  /** The turn in which data was last sent, unless some was received since. */
  #sentIn: number | undefined;
  /** Does the protocol provide its own receive buffer? */
  #buffered: boolean;
  /** Was `writeEof()` called? */
  #ended = false;
  /** Received bytes, and waiting bytes that the peer has taken. */
  #traffic = 0;
  /** Set while other code sends on the socket. */
  #borrowed: BorrowedSocket | undefined;

  /**
   * Calls `connectionMade()` in the next turn, and starts receiving.
   *
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RuntimeError} when another transport owns the socket, an operation waits on it, or the
   *   loop is closed
   */
  constructor(
    loop: LoopCore,
    sock: Socket,
    protocol: ProtocolCallbacks,
    { made, server, peername }: SocketTransportOptions = {},
  ) {
    super(describe(sock, peername));
    this.#endpoint = sock._endpoint;
    this.#buffered = isBuffered(protocol);
    sendAtOnce(sock);
    const parts = { sock, protocol, made, server };
    this.#life = new Lifecycle(this as SocketTransport, loop, SocketTransport.#kind, parts);
  }

  setProtocol(protocol: ProtocolCallbacks): void {
    this.#life.protocol = protocol;
    this.#buffered = isBuffered(protocol);
    protocol._adoptWriting?.(this.#life.marks.paused);
  }

  getProtocol(): ProtocolCallbacks | undefined {
    return this.#life.protocol;
  }

  isClosing(): boolean {
    return this.#life.closing;
  }

  close(): void {
    this.#sendHeld();
    this.#life.close();
  }

  abort(): void {
    this.#life.forceClose(undefined);
  }

  // ── receiving ──────────────────────────────────────────────────────────────────────────────

  isReading(): boolean {
    return !this.#life.closing && !this.#life.paused;
  }

  pauseReading(): void {
    if (!this.isReading()) return;
    this.#life.paused = true;
    this.#life.reader.stop();
  }

  resumeReading(): void {
    if (this.#life.closing || !this.#life.paused) return;
    this.#life.paused = false;
    this.#life.readOn();
  }

  /** Receives once; returns `false` if it would block, or nothing more is wanted. */
  #receive(): boolean {
    if (this.#buffered) return this.#receiveInto();
    let data: Buffer | undefined;
    try {
      data = this.#endpoint.tryRecv(MAX_READ_SIZE);
    } catch (error) {
      this.#life.fail(error, 'Fatal read error on socket transport');
      return false;
    }
    if (data === undefined) return false;
    if (data.length === 0) return this.#receiveEnd();
    this.#traffic += data.length;
    this.#sentIn = undefined;
    try {
      (this.#life.protocol as Protocol).dataReceived(data as Received);
    } catch (error) {
      this.#protocolFailed(error, 'dataReceived');
    }
    return true;
  }

  /** Receives into the protocol's buffer. */
  #receiveInto(): boolean {
    const protocol = this.#life.protocol as unknown as BufferedProtocol;
    let buffer: Uint8Array;
    try {
      buffer = bufferFrom(protocol);
    } catch (error) {
      this.#protocolFailed(error, 'getBuffer');
      return false;
    }
    let nbytes: number;
    try {
      nbytes = this.#endpoint.tryRecvInto(buffer);
    } catch (error) {
      this.#life.fail(error, 'Fatal read error on socket transport');
      return false;
    }
    if (nbytes < 0) return false;
    if (nbytes === 0) return this.#receiveEnd();
    this.#traffic += nbytes;
    this.#sentIn = undefined;
    try {
      protocol.bufferUpdated(nbytes);
    } catch (error) {
      this.#protocolFailed(error, 'bufferUpdated');
    }
    return true;
  }

  #receiveEnd(): boolean {
    try {
      if ((this.#life.protocol as Protocol).eofReceived()) this.#life.reader.stop();
      else this.close();
    } catch (error) {
      this.#protocolFailed(error, 'eofReceived');
    }
    return true;
  }

  #protocolFailed(error: unknown, method: string): void {
    if (endsTheLoop(error)) throw error;
    this.#life.fail(error, `Fatal error: protocol.${method}() call failed.`);
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  write(written: Uint8Array | string): void {
    const data = toBytes(written);
    if (this.#ended) throw new RuntimeError('Cannot call write() after writeEof()');
    if (this.#borrowed !== undefined)
      throw new RuntimeError('unable to write; sendfile is in progress');
    if (data.length === 0) return;
    if (this.#held && !this.#mayHold(data)) this.#sendHeld();
    const life = this.#life;
    if (life.lost > 0) {
      life.countLostWrite();
      return;
    }
    if (this.#unsent.size > 0) this.#unsent.push(data, 0);
    else if (this.#sentIn === life.loop._turns.turn && this.#mayHold(data)) this.#hold(data);
    else this.#send(data);
    life.pauseIfFull();
  }

  /** Sends as much as possible; the rest waits. */
  #send(data: Uint8Array): void {
    this.#sentIn = this.#life.loop._turns.turn;
    let sent: number;
    try {
      sent = sendMost(this.#endpoint, data, 0);
    } catch (error) {
      this.#life.fail(error, 'Fatal write error on socket transport');
      return;
    }
    if (sent === data.length) return;
    this.#life.writer.start();
    this.#unsent.push(data, sent);
  }

  #mayHold({ length }: Uint8Array): boolean {
    return length <= HELD_PIECE && this.#unsent.size + length <= HELD_ALL;
  }

  /** Holds `data` back until the turn ends, if a loop is running. */
  #hold(data: Uint8Array): void {
    if (!this.#life.loop._turns.running) {
      this.#send(data);
      return;
    }
    this.#held = true;
    this.#unsent.push(data, 0);
    this.#life.writer.startTrying();
  }

  /** Sends held data, if any. */
  #sendHeld(): void {
    if (!this.#held) return;
    this.#sendUnsent();
    if (this.#unsent.size === 0) this.#life.writer.stop();
  }

  /** Sends as much waiting data as possible; returns `false` if the connection broke. */
  #sendUnsent(): boolean {
    const wasHeld = this.#held;
    const { size } = this.#unsent;
    this.#held = false;
    try {
      this.#unsent.sendTo(this.#endpoint);
    } catch (error) {
      this.#life.fail(error, 'Fatal write error on socket transport');
      return false;
    }
    // Held data did not count as waiting.
    if (wasHeld) this.#life.pauseIfFull();
    else this.#traffic += size - this.#unsent.size;
    return true;
  }

  writelines(pieces: Iterable<Uint8Array | string>): void {
    this.write(joinBytes(pieces));
  }

  writeEof(): void {
    this.#sendHeld();
    if (this.#life.closing || this.#ended) return;
    this.#ended = true;
    if (this.#unsent.size === 0) this.#life.sock.shutdown(SHUT_WR);
  }

  canWriteEof(): boolean {
    return true;
  }

  setWriteBufferLimits(high?: number, low?: number): void {
    this.#life.marks.set(high, low);
    this.#life.pauseIfFull();
  }

  getWriteBufferLimits(): [low: number, high: number] {
    return this.#life.marks.limits;
  }

  getWriteBufferSize(): number {
    // Held data counts as sent, because it does not wait for the peer.
    return this.#held ? 0 : this.#unsent.size;
  }

  /** The turn has ended, or the peer takes more. */
  #flush(): void {
    this.#sentIn = undefined;
    // If resumeWriting() calls writeEof(), nothing waits, and that ends sending itself.
    const mustEnd = this.#ended;
    if (!this.#sendUnsent()) return;
    const life = this.#life;
    life.resumeIfLow();
    // resumeWriting() may have written more, or closed the transport.
    if (this.#unsent.size > 0 || life.lost > 0) return;
    life.writer.stop();
    this.#borrowed?.wake();
    if (!life.endIfClosing() && mustEnd) this.#endSending();
  }

  #endSending(): void {
    try {
      this.#life.sock.shutdown(SHUT_WR);
    } catch (error) {
      this.#life.fail(error, 'Fatal write error on socket transport');
    }
  }

  /** @internal */
  override get _traffic(): number {
    return this.#traffic;
  }

  /** @internal */
  override _trySend(): Promise<boolean> | undefined {
    if (this.#unsent.size === 0 || this.#life.lost > 0) return undefined;
    const moved = this.#endpoint.hasMovedOn?.();
    this.#flush();
    return moved;
  }

  /** @internal */
  override get _sendsFiles(): 'by the system' {
    return 'by the system';
  }

  /** @internal */
  override get _writingPaused(): boolean {
    return this.#life.marks.paused;
  }

  /**
   * @internal lends the socket to `use` once all written data has been sent. Until `use` ends, the
   *   transport neither receives nor writes
   *
   * @throws {RuntimeError} when it is already lent
   */
  async _lend<T>(use: (borrowed: BorrowedSocket) => Promise<T>): Promise<T> {
    if (this.#borrowed !== undefined) throw new RuntimeError('sendfile is in progress already');
    const life = this.#life;
    const borrowed = new BorrowedSocket(life.loop, life.sock);
    this.#borrowed = borrowed;
    const resume = this.isReading();
    this.pauseReading();
    try {
      this.#sendHeld();
      if (this.#unsent.size > 0) await borrowed.wait();
      life.writer.release();
      return await use(borrowed);
    } finally {
      this.#borrowed = undefined;
      if (life.lost === 0) life.writer.retake();
      if (resume) this.resumeReading();
    }
  }

  /** The connection ends immediately: sends held data, and drops the rest. */
  #drop(): void {
    if (this.#held) this.#sendLast();
    this.#held = false;
    this.#unsent.clear();
  }

  /** Sends as much buffered data as possible, when the outcome can no longer be reported. */
  #sendLast(): void {
    if (this.#unsent.size === 0) return;
    this.#held = false;
    try {
      this.#unsent.sendTo(this.#endpoint);
    } catch (error) {
      // The connection is broken and ending anyway.
      if (!isA(error, OSError)) throw error;
    }
  }

  /** `<_SelectorSocketTransport fd=8 read=polling write=<idle, bufsize=0>>`, like CPython. */
  override toString(): string {
    return String(this.#life);
  }
}

/** Sends small writes without waiting for the acknowledgement of the last one. */
function sendAtOnce(sock: Socket): void {
  const internet = sock.family === AF_INET || sock.family === AF_INET6;
  if (internet && sock.proto === IPPROTO_TCP) sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
}
