import type { Duplex } from 'node:stream';
import { DUPLEX_PIECE, FLUSH_PATIENCE_MS, LOST_WRITES_BEFORE_LOG } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors/errors.ts';
import { fromNodeError, OSError } from '../base/errors/os-errors.ts';
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
import { type Leftover, noLongerOpenOn, openOn } from './open-transports.ts';
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
  /** What `getExtraInfo()` shall know. */
  readonly extra?: Partial<ExtraInfo> | undefined;
  /** Made done when `connectionMade()` was called, unless it was cancelled. */
  readonly made?: Future<void> | undefined;
  /** How much may wait to be sent. */
  readonly marks?: WaterMarks | undefined;
}

/**
 * A transport on a Node stream, which is the transport's from then on.
 *
 *               close(), the peer ended             all is sent: end()
 *   open ────────────────────────────────▶ closing ──────────────────▶ lost: connectionLost()
 *     │                                       │                           ▲
 *     └───────────────────────────────────────┴───────────────────────────┘
 *               abort(), an error: what waits is dropped
 *
 * The stream calls back whenever it likes. Its events are recorded, and the protocol is called in a turn of
 * the loop, in the context in which the transport was made.
 *
 * Written data waits in #backlog while the stream has a piece that it has not taken yet.
 */
export class DuplexTransport extends Transport implements Leftover {
  static {
    printsAsText(this);
  }

  /** @internal */
  readonly _loop: LoopCore;
  /** @internal */
  readonly _duplex: Duplex;
  /** The server whose connection it is. */
  #server: ConnectionCounter | undefined;
  readonly #marks: WaterMarks;
  readonly #tellNews: () => void;
  readonly #asyncContext = asyncContextHere();
  readonly #scope = scopeIn(copyContext(), this.#asyncContext);
  /** Made done when the protocol was told of the connection; none from then on. */
  #made: Future<void> | undefined;
  /** Gone once the connection is. */
  #protocol: ProtocolCallbacks | undefined;
  #state: 'open' | 'closing' | 'lost' = 'open';
  /** May the protocol be told of what comes? */
  #isMade = false;
  #paused = false;
  /** Received, and not delivered yet. */
  #pieces: Buffer[] = [];
  /** Has the peer ended? */
  #peerEnded = false;
  /** Is the protocol to be told of that? */
  #endIsNews = true;
  /** Was `writeEof()` called? */
  #ended = false;
  /** Was the stream told to end? */
  #finishing = false;
  readonly #backlog = new ByteQueue();
  /** How many bytes the stream has that it has not taken yet. */
  #inFlight = 0;
  /** How many bytes were received, and taken by the stream. */
  #moved = 0;
  /** Writes since the connection was lost. */
  #lostWrites = 0;
  /** Is a turn queued that tells the news? */
  #queued = false;
  /** Is the protocol being told of what came? */
  #delivering = false;
  /** Are news told by who brings them? */
  #feeding = false;
  /** What the stream failed with. */
  #failure: { readonly error: unknown } | undefined;
  /** Is the stream closed? */
  #closed = false;

  /**
   * @throws {TypeError} when `protocol` is none
   */
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
      } else
        this._noteFailure(new TypeError(`the stream must give bytes, got ${typeNameOf(data)}`));
      this._news();
    });
    duplex.on('end', () => {
      this.#peerEnded = true;
      this._news();
    });
    duplex.on('finish', () => this._news());
    duplex.on('error', (error) => this._noteFailure(error));
    duplex.on('close', () => {
      this.#closed = true;
      this._news();
    });
    this._start();
  }

  /** @internal has the connection counted as a server's */
  _countFor(server: ConnectionCounter | undefined): void {
    this.#server = server;
    server?._attach(this);
  }

  /** @internal has the protocol told of the connection in the next turn */
  _start(): void {
    const name = `${this.#protocol?.constructor?.name}.connectionMade`;
    const call = (): void => this._connected(() => this.#protocol?.connectionMade(this));
    this._loop.callSoon(calledAs(name, call));
    openOn(this._loop, this);
  }

  /** @internal the connection is established: tells the protocol, then all that came meanwhile */
  _connected(tell: () => void): void {
    try {
      tell();
    } finally {
      this.#isMade = true;
      if (this.#made?.done() === false) this.#made._finish();
      noteMade(this, this.#protocol);
      this.#made = undefined;
      this._news();
    }
  }

  /** @internal goes on with what comes before the connection is established */
  _advance(): void {}

  /** @internal is the connection gone, or about to be? */
  get _isLost(): boolean {
    return this.#state === 'lost';
  }

  /** @internal is the protocol to be told of the end? */
  get _wasTold(): boolean {
    return this.#isMade;
  }

  /** @internal may the protocol be told of what comes? */
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
    // The end is behind what nobody wants any more.
    this._duplex.resume();
    this.#endIfSent();
    this._news();
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
    this._news();
  }

  /** @internal the protocol is another one, which does not know yet whether the peer has ended */
  _tellEndAgain(): void {
    this.#endIsNews = true;
  }

  /** @internal has the stream take what was received, and tells its news at once */
  _feed(feed: () => void): void {
    this.#feeding = true;
    try {
      feed();
    } finally {
      this.#feeding = false;
    }
    runInAsyncContext(this.#asyncContext, () => this.#pump(), undefined);
  }

  /** @internal tells the protocol now of what has come, unless it paused or is being told */
  _deliverNow(): void {
    if (this.#paused || this.#delivering) return;
    const duplex = this._duplex;
    this._feed(() => {
      // What is read comes as 'data'.
      while (duplex.read() !== null);
    });
  }

  /** @internal there are news: tells of them in the next turn */
  _news(): void {
    if (this.#queued || this.#feeding || this._loop.isClosed()) return;
    this.#queued = true;
    this._loop._callSoonIn(this.#scope, this.#tellNews);
  }

  /** @internal the stream failed: the first time counts */
  _noteFailure(error: unknown): void {
    this.#failure ??= { error };
    this._news();
  }

  #pump(): void {
    let isDone = false;
    try {
      this.#tellAll();
      isDone = true;
    } finally {
      // The protocol ended the loop, which may be run again.
      if (!isDone) this._news();
    }
  }

  #tellAll(): void {
    this._advance();
    if (this.#isMade) {
      this.#deliver();
      if (this.#peerEnded && this.#endIsNews && this.#pieces.length === 0 && !this.#holdsBack)
        this.#tellEnd();
      this.#resumeIfLow();
    }
    this.#endIfSent();
    if (this.#failure !== undefined) this._failed(this.#failure.error);
    if (this.#closed && !this.#owesNews) this._closed();
    this._settle();
  }

  #tellEnd(): void {
    this.#endIsNews = false;
    try {
      this._receiveEnd();
    } catch (error) {
      // It ended the loop, and is told once more, as in asyncio.
      this.#endIsNews = true;
      throw error;
    }
  }

  /** Does the protocol want no news until it resumes? One that closed will not resume. */
  get #holdsBack(): boolean {
    return this.#paused && this.#state === 'open';
  }

  /** Is there something of the peer's that a paused protocol will be told when it resumes? */
  get #owesNews(): boolean {
    if (!this.#holdsBack) return false;
    return this.#pieces.length > 0 || (this.#peerEnded && this.#endIsNews);
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

  /** Copies into the protocol's own memory, as often as it takes. */
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
      // It has paused, given way to another one, or ended the loop.
      if (rest.length > 0 && this.#state === 'open') {
        this.#pieces.unshift(rest);
        this._news();
      }
    }
  }

  #mayGoOn(protocol: unknown): boolean {
    return this.#state === 'open' && !this.#paused && this.#protocol === protocol;
  }

  /** @internal the peer has ended: tells the protocol, which may want to go on sending */
  _receiveEnd(): void {
    if (this.#state !== 'open') return;
    if (!this._callEofReceived() || !this.canWriteEof()) this.close();
  }

  /** @internal what the protocol says to the peer's end */
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

  /** @internal the report of a call that failed */
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
    // The stream may keep it, and the caller write to it.
    this.#backlog.push(Buffer.from(data));
    this.#send();
    if (!this._loop._turns.running) this._loopStands();
    this.#pauseIfFull();
  }

  /** @internal what is logged of a write to a lost connection */
  get _lostWrite(): string {
    return 'socket.send() raised exception.';
  }

  /** Hands the stream the next piece, if it has taken the last. */
  #send(): void {
    if (this.#inFlight === 0 && this.#backlog.size > 0) this.#sendPiece();
  }

  #sendPiece(): void {
    const piece = this.#backlog.take(DUPLEX_PIECE);
    this.#inFlight += piece.length;
    try {
      // A failure comes as the stream's 'error', too.
      this._duplex.write(piece, () => {
        if (this.#state === 'lost') return;
        this.#moved += piece.length;
        this.#inFlight -= piece.length;
        this.#send();
        if (this.#marks.paused || this.#ended || this.#state === 'closing') this._news();
      });
    } catch (error) {
      // Node does not catch what a stream's _write() throws.
      this._noteFailure(error);
    }
  }

  /** Ends the stream once it has taken all, if it shall end. */
  #endIfSent(): void {
    if (this.#state === 'lost' || this.#inFlight > 0 || this.#backlog.size > 0) return;
    if (this.#finishing || !(this.#ended || this.#state === 'closing')) return;
    this.#finishing = true;
    this._endStream();
  }

  /** @internal all is sent that was written before the end */
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
    // A stream without `allowHalfOpen` ends with its peer.
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

  /** @internal how many bytes the stream was not handed yet */
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

  /** @internal the protocol was told to pause by another transport: tells it when to go on */
  _goOnAfterPause(): void {
    this.#marks.rise(Number.POSITIVE_INFINITY);
    this._news();
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

  /** @internal what the stream failed with is the connection's end */
  _failed(error: unknown): void {
    this._fail(fromNodeError(error), 'Fatal error on transport');
  }

  /** @internal the stream is closed */
  _closed(): void {
    this._lose(undefined);
  }

  /** @internal sees whether all is done that there is to do */
  _settle(): void {
    if (this.#state === 'closing' && this._duplex.writableFinished) this._duplex.destroy();
  }

  /** @internal ends the connection; system errors are not reported: they are nobody's fault */
  _fail(error: unknown, message: string): void {
    try {
      if (this.#state !== 'lost' && !isA(error, OSError)) this.#report(error, message);
    } finally {
      this._lose(error);
    }
  }

  /** @internal ends the connection at once: what waits is dropped */
  _lose(error: unknown): void {
    if (this.#state === 'lost') return;
    this._drop();
    this._duplex.destroy();
    const call = (reason: unknown): void => this._callConnectionLost(reason);
    this._callSoon(calledAs('DuplexTransport._call_connection_lost', call), error);
  }

  /** @internal calls back in the async context in which the transport was made */
  _callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): void {
    this._loop._callSoonIn(scopeIn(copyValues(), this.#asyncContext), callback, ...args);
  }

  /** @internal neither receives nor sends from now on */
  _drop(): void {
    this.#state = 'lost';
    this.#pieces = [];
    this.#backlog.clear();
    this.#inFlight = 0;
    if (this.#lostWrites === 0) this.#lostWrites = 1;
  }

  /** @internal tells the protocol that the connection is gone, and the server */
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

  /** @internal gives the stream all that waits, ready or not */
  _loopStands(): void {
    while (this.#backlog.size > 0) this.#sendPiece();
  }

  /** @internal */
  _loopClosed(): void {
    warnResource(`unclosed transport ${this}`);
    const isSending = this.#inFlight > 0;
    this._drop();
    if (isSending) endPatiently(this._duplex);
    else this._duplex.destroy();
  }

  /** `<DuplexTransport closing bufsize=0>` */
  override toString(): string {
    const closing = this.#state === 'open' ? '' : ' closing';
    return `<DuplexTransport${closing} bufsize=${this.getWriteBufferSize()}>`;
  }
}

/**
 * Lets a stream send what it was given, as a kernel does for a socket that was closed, but not for
 * ever: its peer may take nothing.
 */
function endPatiently(duplex: Duplex): void {
  const timer = setTimeout(() => duplex.destroy(), FLUSH_PATIENCE_MS);
  duplex.once('close', () => clearTimeout(timer));
  duplex.end(() => duplex.destroy());
}
