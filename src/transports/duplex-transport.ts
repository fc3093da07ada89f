import type { Duplex } from 'node:stream';
import { DUPLEX_PIECE, FLUSH_PATIENCE_MS, LOST_WRITES_BEFORE_LOG } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors/errors.ts';
import { fromNodeError, OSError } from '../base/errors/os-errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { log } from '../base/log/log.ts';
import { warnResource } from '../base/log/warnings.ts';
import { clearTimeout, setTimeout } from '../base/node-timers.ts';
import { calledAs, printsAsText } from '../base/printing/inspect.ts';
import { typeNameOf } from '../base/printing/repr.ts';
import { isA } from '../base/values/attempt.ts';
import { asBuffer, isBytes, type Received } from '../base/values/bytes.ts';
import { asyncContextHere, runInAsyncContext } from '../core/context/async-context.ts';
import { copyContext, copyValues, scopeIn } from '../core/context/context.ts';
import type { Future } from '../core/futures/future.ts';
import { noteLost, noteMade } from '../core/reports/diagnostics.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { ByteQueue } from '../sock/endpoint/byte-queue.ts';
import type { ConnectionCounter } from './lifecycle.ts';
import { noLongerOpenOn, type OpenResource, openOn } from './open-transports.ts';
import {
  type BufferedProtocol,
  bufferFrom,
  checkProtocol,
  isBuffered,
  type Protocol,
} from './protocols.ts';
import { type ExtraInfo, type ProtocolCallbacks, Transport } from './transport.ts';
import { joinBytes, toBytes } from './write-buffer/to-bytes.ts';
import { notifyWriting, WaterMarks } from './write-buffer/water-marks.ts';

/** Options for a transport on a Node stream. */
export interface DuplexTransportOptions {
  /** What `getExtraInfo()` returns. */
  readonly extra?: Partial<ExtraInfo> | undefined;
  /** Finished after `connectionMade()`, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  /** How much data may wait to be sent. */
  readonly marks?: WaterMarks | undefined;
}

/**
 * A transport on a Node stream, which it owns.
 *
 *               close(), the peer ended             all is sent: end()
 *   open ────────────────────────────────▶ closing ──────────────────▶ lost: connectionLost()
 *     │                                       │                           ▲
 *     └───────────────────────────────────────┴───────────────────────────┘
 *               abort(), an error: what waits is dropped
 *
 * The stream may emit events at any time. They are recorded, and the protocol is called in a turn
 * of the loop, in the context in which the transport was created.
 *
 * Written data waits in #backlog until the stream has taken the previous piece.
 */
export class DuplexTransport extends Transport implements OpenResource {
  static {
    printsAsText(this);
  }

  /** @internal */
  readonly _loop: LoopCore;
  /** @internal */
  readonly _duplex: Duplex;
  /** The server that the connection belongs to. */
  #server: ConnectionCounter | undefined;
  readonly #marks: WaterMarks;
  readonly #tellNews: () => void;
  readonly #asyncContext = asyncContextHere();
  readonly #scope = scopeIn(copyContext(), this.#asyncContext);
  /** Finished when `connectionMade()` was called; then removed. */
  #made: Future<void> | undefined;
  /** Removed when the connection is gone. */
  #protocol: ProtocolCallbacks | undefined;
  #state: 'open' | 'closing' | 'lost' = 'open';
  /** Was `connectionMade()` called? */
  #isMade = false;
  #paused = false;
  /** Received, not delivered. */
  #pieces: Buffer[] = [];
  /** Has the peer ended? */
  #peerEnded = false;
  /** Must the protocol still be notified of the end? */
  #mustTellEnd = true;
  /** Was `writeEof()` called? */
  #ended = false;
  /** Has the stream been told to end? */
  #finishing = false;
  readonly #backlog = new ByteQueue();
  /** Bytes passed to the stream that it has not taken. */
  #inFlight = 0;
  /** Bytes received, and bytes taken by the stream. */
  #moved = 0;
  /** Writes since the connection was lost. */
  #lostWrites = 0;
  /** Is a turn queued that handles events? */
  #queued = false;
  /** Is the protocol being called with data? */
  #delivering = false;
  /** Does the caller of `_feed()` handle the events? */
  #feeding = false;
  /** Why the stream failed. */
  #failure: { readonly error: unknown } | undefined;
  /** Is the stream closed? */
  #closed = false;

  /** @throws {TypeError} when `protocol` is not a protocol */
  constructor(
    loop: LoopCore,
    duplex: Duplex,
    protocol: ProtocolCallbacks,
    { extra, made, marks = new WaterMarks() }: DuplexTransportOptions = {},
  ) {
    super(extra);
    checkProtocol(protocol);
    this._loop = loop;
    this._duplex = duplex;
    this.#protocol = protocol;
    this.#made = made;
    this.#marks = marks;
    this.#tellNews = calledAs('DuplexTransport._read_ready', () => {
      this.#queued = false;
      this.#pump();
    });
    duplex.on('data', (data: unknown) => {
      if (isBytes(data)) {
        this.#pieces.push(asBuffer(data));
        this.#moved += data.length;
      } else this._noteFailure(typeError(`the stream must emit bytes, got ${typeNameOf(data)}`));
      this._queueEvents();
    });
    duplex.on('end', () => {
      this.#peerEnded = true;
      this._queueEvents();
    });
    duplex.on('finish', () => this._queueEvents());
    duplex.on('error', (error) => this._noteFailure(error));
    duplex.on('close', () => {
      this.#closed = true;
      this._queueEvents();
    });
    this._start();
  }

  /** @internal registers the connection with a server */
  _countFor(server: ConnectionCounter | undefined): void {
    this.#server = server;
    server?._attach(this);
  }

  /** @internal tells the protocol of the connection in the next turn */
  _start(): void {
    const name = `${this.#protocol?.constructor?.name}.connectionMade`;
    const call = (): void => this._connected(() => this.#protocol?.connectionMade(this));
    this._loop.callSoon(calledAs(name, call));
    openOn(this._loop, this);
  }

  /**
   * @internal the connection is established: tells the protocol, then everything that came
   *   meanwhile
   */
  _connected(tell: () => void): void {
    try {
      tell();
    } finally {
      this.#isMade = true;
      if (this.#made?.done() === false) this.#made._finish();
      noteMade(this, this.#protocol);
      this.#made = undefined;
      this._queueEvents();
    }
  }

  /** @internal continues what precedes the connection */
  _advance(): void {}

  /** @internal is the connection gone, or about to be? */
  get _isLost(): boolean {
    return this.#state === 'lost';
  }

  /** @internal must the protocol be notified of the end? */
  get _wasTold(): boolean {
    return this.#isMade;
  }

  /** @internal was `connectionMade()` called? */
  get _isMade(): boolean {
    return this.#isMade;
  }

  setProtocol(protocol: ProtocolCallbacks): void {
    this.#protocol = protocol;
    protocol._adoptWriting?.(this.#marks.paused);
  }

  getProtocol(): ProtocolCallbacks | undefined {
    return this.#protocol;
  }

  isClosing(): boolean {
    return this.#state !== 'open';
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#pieces = [];
    // Unwanted data has to be read to reach the end.
    this._duplex.resume();
    this.#endIfSent();
    this._queueEvents();
  }

  abort(): void {
    this._lose(undefined);
  }

  // ── receiving ──────────────────────────────────────────────────────────────────────────────

  isReading(): boolean {
    return this.#state === 'open' && !this.#paused;
  }

  pauseReading(): void {
    if (!this.isReading()) return;
    this.#paused = true;
    this._duplex.pause();
  }

  resumeReading(): void {
    if (this.#state !== 'open' || !this.#paused) return;
    this.#paused = false;
    this._duplex.resume();
    this._queueEvents();
  }

  /** @internal there is a new protocol, which must be notified if the peer has ended */
  _tellEndAgain(): void {
    this.#mustTellEnd = true;
  }

  /** @internal lets the stream take received data, and handles its events immediately */
  _feed(feed: () => void): void {
    this.#feeding = true;
    try {
      feed();
    } finally {
      this.#feeding = false;
    }
    runInAsyncContext(this.#asyncContext, () => this.#pump(), undefined);
  }

  /** @internal delivers received data now, unless the protocol paused or is being called */
  _deliverNow(): void {
    if (this.#paused || this.#delivering) return;
    const duplex = this._duplex;
    this._feed(() => {
      // The data arrives in 'data' events.
      while (duplex.read() !== null);
    });
  }

  /** @internal handles events in the next turn */
  _queueEvents(): void {
    if (this.#queued || this.#feeding || this._loop.isClosed()) return;
    this.#queued = true;
    this._loop._callSoonIn(this.#scope, this.#tellNews);
  }

  /** @internal the stream failed; only the first failure counts */
  _noteFailure(error: unknown): void {
    this.#failure ??= { error };
    this._queueEvents();
  }

  #pump(): void {
    let isDone = false;
    try {
      this.#tellAll();
      isDone = true;
    } finally {
      // The protocol ended the loop, which may run again.
      if (!isDone) this._queueEvents();
    }
  }

  #tellAll(): void {
    this._advance();
    if (this.#isMade) {
      this.#deliver();
      if (this.#peerEnded && this.#mustTellEnd && this.#pieces.length === 0 && !this.#holdsBack)
        this.#tellEnd();
      this.#resumeIfLow();
    }
    this.#endIfSent();
    if (this.#failure !== undefined) this._failed(this.#failure.error);
    if (this.#closed && !this.#hasUndelivered) this._closed();
    this._settle();
  }

  #tellEnd(): void {
    this.#mustTellEnd = false;
    try {
      this._receiveEnd();
    } catch (error) {
      // `eofReceived()` ended the loop; it is called once more, as in asyncio.
      this.#mustTellEnd = true;
      throw error;
    }
  }

  /** Has the protocol paused reading? Not if it has closed, because then it will not resume. */
  get #holdsBack(): boolean {
    return this.#paused && this.#state === 'open';
  }

  /** Is there data, or an end, to deliver when the protocol resumes? */
  get #hasUndelivered(): boolean {
    if (!this.#holdsBack) return false;
    return this.#pieces.length > 0 || (this.#peerEnded && this.#mustTellEnd);
  }

  #deliver(): void {
    if (this.#state !== 'open') this.#pieces = [];
    if (this.#paused || this.#pieces.length === 0) return;
    const [first] = this.#pieces as [Buffer];
    const data = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    const protocol = this.#protocol as ProtocolCallbacks;
    this.#delivering = true;
    try {
      if (isBuffered(protocol)) this.#deliverInto(protocol, data);
      else this.#call('dataReceived', () => (protocol as Protocol).dataReceived(data as Received));
    } finally {
      this.#delivering = false;
    }
  }

  /** Copies into the protocol's own buffers, as often as needed. */
  #deliverInto(protocol: BufferedProtocol, data: Buffer): void {
    let rest = data;
    try {
      while (rest.length > 0 && this.#mayGoOn(protocol)) {
        let buffer: Uint8Array | undefined;
        this.#call('getBuffer', () => {
          buffer = bufferFrom(protocol);
        });
        if (buffer === undefined || this.#state !== 'open') return;
        const fitting = rest.subarray(0, buffer.length);
        buffer.set(fitting);
        rest = rest.subarray(fitting.length);
        this.#call('bufferUpdated', () => protocol.bufferUpdated(fitting.length));
      }
    } finally {
      // The protocol has paused, was replaced, or ended the loop.
      if (rest.length > 0 && this.#state === 'open') {
        this.#pieces.unshift(rest);
        this._queueEvents();
      }
    }
  }

  #mayGoOn(protocol: unknown): boolean {
    return this.#state === 'open' && !this.#paused && this.#protocol === protocol;
  }

  /** @internal the peer has ended: tells the protocol, which may keep sending */
  _receiveEnd(): void {
    if (this.#state !== 'open') return;
    if (!this._callEofReceived() || !this.canWriteEof()) this.close();
  }

  /** @internal calls `eofReceived()`; returns whether the protocol keeps sending */
  _callEofReceived(): boolean {
    let goesOn: unknown;
    this.#call('eofReceived', () => {
      goesOn = (this.#protocol as Protocol).eofReceived();
    });
    return Boolean(goesOn);
  }

  #call(method: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (endsTheLoop(error)) throw error;
      this._fail(error, this._failureOf(method));
    }
  }

  /** @internal the message for a failed call */
  _failureOf(method: string): string {
    return `Fatal error: protocol.${method}() call failed.`;
  }

  // ── sending ────────────────────────────────────────────────────────────────────────────────

  write(written: Uint8Array | string): void {
    const data = toBytes(written);
    if (this.#ended) throw new RuntimeError('Cannot call write() after writeEof()');
    if (data.length === 0) return;
    if (this.#state !== 'open') {
      if (this.#lostWrites >= LOST_WRITES_BEFORE_LOG) log(this._lostWrite, 'warn');
      this.#lostWrites += 1;
      return;
    }
    // The stream may keep it, but the caller may overwrite its data.
    this.#backlog.push(Buffer.from(data));
    this.#send();
    if (!this._loop._turns.running) this._sendHeld();
    this.#pauseIfFull();
  }

  /** @internal the log message for a write to a lost connection */
  get _lostWrite(): string {
    return 'socket.send() raised exception.';
  }

  /** Passes the next piece to the stream, if it has taken the last one. */
  #send(): void {
    if (this.#inFlight === 0 && this.#backlog.size > 0) this.#sendPiece();
  }

  #sendPiece(): void {
    const piece = this.#backlog.take(DUPLEX_PIECE, DUPLEX_PIECE);
    this.#inFlight += piece.length;
    try {
      // The stream also emits a failure as 'error'.
      this._duplex.write(piece, () => {
        if (this.#state === 'lost') return;
        this.#moved += piece.length;
        this.#inFlight -= piece.length;
        this.#send();
        if (this.#marks.paused || this.#ended || this.#state === 'closing') this._queueEvents();
      });
    } catch (error) {
      // Node does not catch errors from a stream's _write().
      this._noteFailure(error);
    }
  }

  /** Ends the stream once it has taken everything, if it should end. */
  #endIfSent(): void {
    if (this.#state === 'lost' || this.#inFlight > 0 || this.#backlog.size > 0) return;
    if (this.#finishing || !(this.#ended || this.#state === 'closing')) return;
    this.#finishing = true;
    this._endStream();
  }

  /** @internal everything has been sent: ends the stream */
  _endStream(): void {
    this._duplex.end();
  }

  writelines(pieces: Iterable<Uint8Array | string>): void {
    this.write(joinBytes(pieces));
  }

  writeEof(): void {
    if (this.#state !== 'open' || this.#ended) return;
    this.#ended = true;
    this.#endIfSent();
  }

  canWriteEof(): boolean {
    // A stream without `allowHalfOpen` ends when its peer does.
    return this._duplex.allowHalfOpen;
  }

  setWriteBufferLimits(high?: number, low?: number): void {
    this.#marks.set(high, low);
    this.#pauseIfFull();
  }

  getWriteBufferLimits(): [low: number, high: number] {
    return this.#marks.limits;
  }

  getWriteBufferSize(): number {
    return this.#backlog.size + this.#inFlight;
  }

  /** @internal */
  override get _traffic(): number {
    return this.#moved;
  }

  /** @internal bytes that have not been passed to the stream */
  get _backlogSize(): number {
    return this.#backlog.size;
  }

  /** @internal */
  override get _sendsFiles(): 'by writing' {
    return 'by writing';
  }

  /** @internal */
  override get _writingPaused(): boolean {
    return this.#marks.paused;
  }

  /** @internal another transport told the protocol to pause: resumes it when possible */
  _goOnAfterPause(): void {
    this.#marks.rise(Number.POSITIVE_INFINITY);
    this._queueEvents();
  }

  #pauseIfFull(): void {
    if (this.#marks.rise(this.getWriteBufferSize())) this.#tell('pauseWriting');
  }

  #resumeIfLow(): void {
    if (this.#state === 'lost') return;
    if (this.#marks.fall(this.getWriteBufferSize())) this.#tell('resumeWriting');
  }

  #tell(method: 'pauseWriting' | 'resumeWriting'): void {
    notifyWriting(this.#protocol, method, (error, message) => this.#report(error, message));
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────

  /** @internal the stream failed, which ends the connection */
  _failed(error: unknown): void {
    this._fail(fromNodeError(error), 'Fatal error on transport');
  }

  /** @internal the stream is closed */
  _closed(): void {
    this._lose(undefined);
  }

  /** @internal finishes if nothing is left to do */
  _settle(): void {
    if (this.#state === 'closing' && this._duplex.writableFinished) this._duplex.destroy();
  }

  /** @internal ends the connection; system errors are not reported, because they are not bugs */
  _fail(error: unknown, message: string): void {
    try {
      if (this.#state !== 'lost' && !isA(error, OSError)) this.#report(error, message);
    } finally {
      this._lose(error);
    }
  }

  /** @internal ends the connection immediately, and drops waiting data */
  _lose(error: unknown): void {
    if (this.#state === 'lost') return;
    this._drop();
    this._duplex.destroy();
    const call = (reason: unknown): void => this._callConnectionLost(reason);
    this._callSoon(calledAs('DuplexTransport._call_connection_lost', call), error);
  }

  /** @internal calls back in the async context in which the transport was created */
  _callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): void {
    this._loop._callSoonIn(scopeIn(copyValues(), this.#asyncContext), callback, ...args);
  }

  /** @internal stops receiving and sending */
  _drop(): void {
    this.#state = 'lost';
    this.#pieces = [];
    this.#backlog.clear();
    this.#inFlight = 0;
    if (this.#lostWrites === 0) this.#lostWrites = 1;
  }

  /** @internal tells the protocol and the server that the connection is gone */
  _callConnectionLost(error: unknown): void {
    const protocol = this.#protocol;
    this.#protocol = undefined;
    noLongerOpenOn(this._loop, this);
    try {
      if (this._wasTold) protocol?.connectionLost(error);
    } finally {
      if (this._wasTold) noteLost(this, protocol, error);
      this.#server?._detach(this);
    }
  }

  #report(exception: unknown, message: string): void {
    const protocol = this.#protocol;
    const peername = this.getExtraInfo('peername');
    const context = { message, exception, transport: this, protocol };
    this._loop.callExceptionHandler({ ...context, ...(peername !== undefined && { peername }) });
  }

  /** @internal passes all waiting data to the stream, whether it is ready or not */
  _sendHeld(): void {
    while (this.#backlog.size > 0) this.#sendPiece();
  }

  /** @internal */
  _loopClosed(): void {
    warnResource(`unclosed transport ${this}`);
    const isSending = this.#inFlight > 0;
    this._drop();
    endPatiently(this._duplex, isSending);
  }

  /** `<DuplexTransport closing bufsize=0>` */
  override toString(): string {
    const closing = this.#state === 'open' ? '' : ' closing';
    return `<DuplexTransport${closing} bufsize=${this.getWriteBufferSize()}>`;
  }
}

/**
 * Lets a stream send what it was given, and its end, as a kernel does for a closed socket. Not
 * forever, because the peer may take nothing.
 */
function endPatiently(duplex: Duplex, isSending: boolean): void {
  const timer = setTimeout(() => duplex.destroy(), FLUSH_PATIENCE_MS);
  if (!isSending) timer.unref();
  duplex.once('close', () => clearTimeout(timer));
  duplex.end(() => duplex.destroy());
}
