import { LOST_WRITES_BEFORE_LOG, MAX_READ_SIZE } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { OSError } from '../base/os-errors.ts';
import { calledAs, printsAsText } from '../base/printing.ts';
import { repr } from '../base/repr.ts';
import type { Future } from '../core/future.ts';
import type { LoopCore } from '../core/loop-core.ts';
import type { Address } from '../sock/address.ts';
import { AF_INET, AF_INET6, IPPROTO_TCP, SHUT_WR, TCP_NODELAY } from '../sock/constants.ts';
import type { Endpoint } from '../sock/endpoint.ts';
import type { Socket } from '../sock/socket.ts';
import type { Protocol } from './protocols.ts';
import { SendQueue } from './send-queue.ts';
import { type ExtraInfo, type ProtocolCallbacks, Transport } from './transport.ts';
import { transportRefusal, Watch } from './watch.ts';
import { WaterMarks } from './water-marks.ts';

/** What it prints as, and what its callbacks are called in reports: asyncio's name for it. */
const NAME = '_SelectorSocketTransport';

/**
 * A transport on a connected stream socket, which is the transport's from then on.
 *
 *         close(), the peer ended               all is sent: connectionLost()
 *   open ──────────────────────────▶ flushing ──────────────────────────────────▶ closed
 *    │                                  │                                           ▲
 *    └──────────────────────────────────┴──────────▶ lost ──────────────────────────┘
 *         abort(), an error: what waits is dropped         connectionLost(), a turn later
 *
 * `flushing` and all that follow are "closing" to the user. Closed with nothing to send, it is lost
 * at once.
 *
 * @see asyncio's `_SelectorSocketTransport`, `Lib/asyncio/selector_events.py`
 */
export class SocketTransport extends Transport {
  static {
    printsAsText(this);
  }

  readonly #loop: LoopCore;
  readonly #sock: Socket;
  readonly #endpoint: Endpoint;
  /** The descriptor, also when it is closed. */
  readonly #fd: number;
  readonly #reader: Watch;
  readonly #writer: Watch;
  readonly #unsent = new SendQueue();
  readonly #marks = new WaterMarks();
  /** Gone once the connection is. */
  #protocol: ProtocolCallbacks | undefined;
  #paused = false;
  #closing = false;
  /** Was `writeEof()` called? */
  #ended = false;
  /** 0 until the connection is lost; then 1, and 1 more for each write since. */
  #lost = 0;
  #closed = false;

  /**
   * Calls `connectionMade()` in the next turn, and begins to receive.
   *
   * @param made - made done after that, unless it was cancelled
   * @throws {TypeError} when `protocol` is none
   * @throws {RuntimeError} when another transport has the socket, an operation waits on it, or the
   *   loop is closed
   */
  constructor(loop: LoopCore, sock: Socket, protocol: ProtocolCallbacks, made?: Future<void>) {
    super(describe(sock));
    if (typeof protocol?.connectionMade !== 'function')
      throw new TypeError(`a protocol was expected, got ${repr(protocol)}`);
    checkUnused(sock);
    this.#loop = loop;
    this.#sock = sock;
    this.#endpoint = sock._endpoint;
    this.#fd = sock.fileno();
    this.#protocol = protocol;
    sendAtOnce(sock);
    const connectionMade = (transport: Transport): void => protocol.connectionMade(transport);
    loop.callSoon(calledAs(`${protocol.constructor?.name}.connectionMade`, connectionMade), this);
    this.#reader = this.#watch('reader', '_read_ready', () => this.#receive());
    this.#writer = this.#watch('writer', '_write_ready', () => this.#flush());
    loop.callSoon(() => {
      // In this order: whoever waits for the connection has it before the first bytes.
      if (made?.done() === false) made._finish();
      this.#readOn();
    });
  }

  setProtocol(protocol: ProtocolCallbacks): void {
    this.#protocol = protocol;
  }

  getProtocol(): ProtocolCallbacks | undefined {
    return this.#protocol;
  }

  isClosing(): boolean {
    return this.#closing;
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#reader.stop();
    if (this.#unsent.size === 0) this.#lose(undefined);
  }

  abort(): void {
    this.#forceClose(undefined);
  }

  // ── receiving ──────────────────────────────────────────────────────────────────────────────

  isReading(): boolean {
    return !this.#closing && !this.#paused;
  }

  pauseReading(): void {
    if (!this.isReading()) return;
    this.#paused = true;
    this.#reader.stop();
  }

  resumeReading(): void {
    if (this.#closing || !this.#paused) return;
    this.#paused = false;
    this.#readOn();
  }

  #readOn(): void {
    if (this.isReading()) this.#reader.startTrying();
  }

  /** Receives once; `false`: would block, or nothing is wanted any more. */
  #receive(): boolean {
    let data: Uint8Array | undefined;
    try {
      data = this.#endpoint.tryRecv(MAX_READ_SIZE);
    } catch (error) {
      this.#fail(error, 'Fatal read error on socket transport');
      return false;
    }
    if (data === undefined) return false;
    const method = data.length > 0 ? 'dataReceived' : 'eofReceived';
    try {
      const protocol = this.#protocol as Protocol;
      if (data.length > 0) protocol.dataReceived(data);
      else if (protocol.eofReceived()) this.#reader.stop();
      else this.close();
    } catch (error) {
      if (endsTheLoop(error)) throw error;
      this.#fail(error, `Fatal error: protocol.${method}() call failed.`);
    }
    return true;
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  write(data: Uint8Array): void {
    checkBytes(data);
    if (this.#ended) throw new RuntimeError('Cannot call write() after writeEof()');
    if (data.length === 0) return;
    if (this.#lost > 0) {
      if (this.#lost >= LOST_WRITES_BEFORE_LOG) log('socket.send() raised exception.');
      this.#lost += 1;
      return;
    }
    let sent = 0;
    if (this.#unsent.size === 0) {
      try {
        sent = sendMost(this.#endpoint, data);
      } catch (error) {
        this.#fail(error, 'Fatal write error on socket transport');
        return;
      }
      if (sent === data.length) return;
      this.#writer.start();
    }
    this.#unsent.push(data, sent);
    this.#pauseIfFull();
  }

  writelines(pieces: Iterable<Uint8Array>): void {
    const list = [...pieces];
    for (const piece of list) checkBytes(piece);
    this.write(Buffer.concat(list));
  }

  writeEof(): void {
    if (this.#closing || this.#ended) return;
    this.#ended = true;
    if (this.#unsent.size === 0) this.#sock.shutdown(SHUT_WR);
  }

  canWriteEof(): boolean {
    return true;
  }

  setWriteBufferLimits(high?: number, low?: number): void {
    this.#marks.set(high, low);
    this.#pauseIfFull();
  }

  getWriteBufferLimits(): [low: number, high: number] {
    return this.#marks.limits;
  }

  getWriteBufferSize(): number {
    return this.#unsent.size;
  }

  /** Sends of what waits as much as goes. */
  #flush(): boolean {
    // Called by resumeWriting(), writeEof() finds nothing that waits, and ends sending itself.
    const mustEnd = this.#ended;
    try {
      this.#unsent.sendTo(this.#endpoint);
    } catch (error) {
      this.#fail(error, 'Fatal write error on socket transport');
      return false;
    }
    if (this.#marks.fall(this.#unsent.size)) this.#tell('resumeWriting');
    // resumeWriting() may have written more, or closed the transport.
    if (this.#unsent.size > 0 || this.#lost > 0) return false;
    this.#writer.stop();
    if (this.#closing) this.#callConnectionLost(undefined);
    else if (mustEnd) this.#endSending();
    return false;
  }

  #endSending(): void {
    try {
      this.#sock.shutdown(SHUT_WR);
    } catch (error) {
      this.#fail(error, 'Fatal write error on socket transport');
    }
  }

  #pauseIfFull(): void {
    if (this.#marks.rise(this.#unsent.size)) this.#tell('pauseWriting');
  }

  #tell(method: 'pauseWriting' | 'resumeWriting'): void {
    try {
      this.#protocol?.[method]();
    } catch (error) {
      if (endsTheLoop(error)) throw error;
      this.#report(error, `protocol.${method}() failed`);
    }
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────

  /** Ends the connection because of `error`; one of the system's is nobody's fault, and no news. */
  #fail(error: unknown, message: string): void {
    if (!(error instanceof OSError)) this.#report(error, message);
    this.#forceClose(error);
  }

  #report(exception: unknown, message: string): void {
    const protocol = this.#protocol;
    this.#loop.callExceptionHandler({ message, exception, transport: this, protocol });
  }

  #forceClose(error: unknown): void {
    if (this.#lost > 0) return;
    this.#closing = true;
    this.#unsent.clear();
    this.#reader.stop();
    this.#lose(error);
  }

  /** Lets the protocol know in the next turn. */
  #lose(error: unknown): void {
    this.#lost += 1;
    this.#writer.stop();
    const call = (reason: unknown): void => this.#callConnectionLost(reason);
    this.#loop.callSoon(calledAs(`${NAME}._call_connection_lost`, call), error);
  }

  #callConnectionLost(error: unknown): void {
    // Flushed to the end, it was not lost before: from here on, no write may go anywhere.
    if (this.#lost === 0) this.#lost = 1;
    try {
      this.#protocol?.connectionLost(error);
    } finally {
      this.#reader.release();
      this.#writer.release();
      this.#sock.close();
      this.#protocol = undefined;
      this.#closed = true;
    }
  }

  /** `<_SelectorSocketTransport fd=8 read=polling write=<idle, bufsize=0>>`, as CPython. */
  override toString(): string {
    const parts = [NAME];
    if (this.#closed) parts.push('closed');
    else if (this.#closing) parts.push('closing');
    parts.push(`fd=${this.#fd}`);
    if (!this.#closed && !this.#loop.isClosed()) {
      parts.push(`read=${polling(this.#reader)}`);
      parts.push(`write=<${polling(this.#writer)}, bufsize=${this.#unsent.size}>`);
    }
    return `<${parts.join(' ')}>`;
  }

  #watch(side: 'reader' | 'writer', name: string, work: () => boolean): Watch {
    return new Watch(this, this.#loop, this.#endpoint, side, `${NAME}.${name}`, work);
  }
}

function polling(watch: Watch): string {
  return watch.active ? 'polling' : 'idle';
}

function describe(sock: Socket): Partial<ExtraInfo> {
  const sockname = nameOrNone(() => sock.getsockname());
  const peername = nameOrNone(() => sock.getpeername());
  return {
    socket: sock,
    ...(sockname !== undefined && { sockname }),
    ...(peername !== undefined && { peername }),
  };
}

function nameOrNone(ask: () => Address): Address | undefined {
  try {
    return ask();
  } catch (error) {
    // Not connected: the first receive will say so.
    if (error instanceof OSError) return undefined;
    throw error;
  }
}

function checkUnused(sock: Socket): void {
  const { reader, writer } = sock._endpoint;
  const waiting = reader ?? writer;
  if (waiting === undefined) return;
  throw transportRefusal(sock, waiting) ?? new RuntimeError(`an operation is waiting on ${sock}`);
}

/** Small writes go out at once, instead of waiting for the last one to be acknowledged. */
function sendAtOnce(sock: Socket): void {
  const internet = sock.family === AF_INET || sock.family === AF_INET6;
  if (internet && sock.proto === IPPROTO_TCP) sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
}

/** Sends from the start until all is sent or nothing more can go; says how much went. */
function sendMost(endpoint: Endpoint, data: Uint8Array): number {
  let sent = 0;
  while (sent < data.length) {
    const now = endpoint.trySend(data, sent);
    if (now < 0) break;
    sent += now;
  }
  return sent;
}

function checkBytes(data: unknown): void {
  if (!(data instanceof Uint8Array))
    throw new TypeError(`data must be a Uint8Array, got ${repr(data)}`);
}
