import type { TLSSocket } from 'node:tls';
import {
  TLS_HANDSHAKE_TIMEOUT,
  TLS_SHUTDOWN_TIMEOUT,
  TLS_WRITE_HIGH_WATER,
} from '../../base/constants.ts';
import { endsTheLoop, forAwait, RuntimeError } from '../../base/errors/errors.ts';
import { ConnectionAbortedError, TimeoutError } from '../../base/errors/os-errors.ts';
import { log } from '../../base/log/log.ts';
import { checkPositiveSeconds } from '../../base/numbers.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import type { Future } from '../../core/futures/future.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';
import { DuplexTransport } from '../duplex-transport.ts';
import { openOn } from '../open-transports.ts';
import { Protocol } from '../protocols.ts';
import type { ExtraInfo, ProtocolCallbacks, Transport } from '../transport.ts';
import { WaterMarks } from '../write-buffer/water-marks.ts';
import type { TlsSide } from './context.ts';
import { certificateError, connectionReset, tlsError } from './errors.ts';
import { Wire } from './wire.ts';

/** The timeouts of TLS. */
export interface TlsTimeouts {
  /** How long the handshake may take, in seconds; by default 60. */
  readonly sslHandshakeTimeout?: number | undefined;
  /** How long the peer has to answer the end of the connection, in seconds; by default 30. */
  readonly sslShutdownTimeout?: number | undefined;
}

/** Options for a new encrypting transport. */
export interface TlsTransportOptions extends TlsTimeouts {
  /** Done after the handshake; fails when it fails, unless it was cancelled. */
  readonly made: Future<void>;
  /** Call `connectionMade()`? By default yes. */
  readonly callConnectionMade?: boolean | undefined;
}

/**
 * An encrypting transport on top of another transport, whose protocol is
 * {@link TlsTransport.protocol}.
 *
 *              the handshake is done          close(), the peer's end
 *   shaking ──────────────────────────▶ open ─────────────────────────▶ closing ───▶ lost
 *      │          connectionMade()       │                                 │           ▲
 *      │ close(), the time is up  ,      │  abort(), an error    the peer has ended,   │
 *      │ the peer's end, an error        │                       or its time is over   │
 *      └─────────────────────────────────┴─────────────────────────────────┴───────────┘
 *                                                    connectionLost(), where it was made
 *
 * Its stream is Node's TLS socket, on top of a {@link Wire}:
 *
 *   protocol ◀─▶ TlsTransport ◀─▶ TLSSocket ◀─▶ Wire ◀─▶ the transport ◀─▶ the peer
 *
 * @see asyncio's `SSLProtocol`, `Lib/asyncio/sslproto.py`
 */
export class TlsTransport extends DuplexTransport {
  /** The protocol of the underlying transport. */
  readonly protocol: Protocol;
  readonly #side: TlsSide;
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  readonly #options: TlsTransportOptions;
  readonly #waiter: Future<void>;
  readonly #secrets: Partial<ExtraInfo>;
  /** The underlying transport; undefined until it has called `connectionMade()`. */
  #raw: Transport | undefined;
  /** Has the peer closed without ending TLS properly? */
  #rawEnded = false;
  /** Is the underlying transport gone? */
  #rawLost = false;
  #isSecure = false;
  /** Why the connection ends. */
  #reason: { readonly error: unknown } | undefined;
  /** The timer of the handshake or of the shutdown, if one is running. */
  #timer: Cancellable | undefined;
  /** Has `connectionLost()` been called? */
  #told = false;
  /** May the sides end separately? Not for asyncio's protocols; `toDuplex()` uses it. */
  #halfOpen = false;
  /** Have we ended sending without closing? */
  #endedSending = false;

  /**
   * @throws {TypeError} when `protocol` is not a protocol
   * @throws {RangeError} when a timeout is not positive
   */
  constructor(
    loop: LoopCore,
    side: TlsSide,
    protocol: ProtocolCallbacks,
    options: TlsTransportOptions,
  ) {
    checkTimeouts(options);
    const wire = new Wire();
    let failed: ((error: unknown) => void) | undefined;
    const socket = side.wrap(wire.stream, (error) => failed?.(error));
    super(loop, socket, protocol, { marks: new WaterMarks(TLS_WRITE_HIGH_WATER) });
    failed = (error) => this._noteFailure(error);
    this.#side = side;
    this.#wire = wire;
    this.#socket = socket;
    this.#options = options;
    this.#waiter = options.made;
    this.#secrets = { sslcontext: side.context };
    this.protocol = this.#encrypted();
    const isDone = side.serverSide ? 'secure' : 'secureConnect';
    socket.on(isDone, () => {
      this.#isSecure = true;
      this._queueEvents();
    });
    // Undocumented; Node's own servers get errors this way.
    socket.on('_tlsError', (error: unknown) => this._noteFailure(error));
  }

  /** @internal nothing is reported before the handshake is done */
  override _start(): void {}

  override getExtraInfo(name: string, fallback?: unknown): unknown {
    if (Object.hasOwn(this.#secrets, name)) return this.#secrets[name as keyof ExtraInfo];
    return this.#raw === undefined ? fallback : this.#raw.getExtraInfo(name, fallback);
  }

  // ── the transport underneath ───────────────────────────────────────────────────────────────

  #encrypted(): Protocol {
    const wire = this.#wire;
    return Object.assign(new Protocol(), {
      _isInner: true,
      connectionMade: (transport: Transport): void => this.#begin(transport),
      dataReceived: (data: Uint8Array): void => this._feed(() => wire.feed(data)),
      eofReceived: (): boolean => this.#receiveRawEnd(),
      _adoptWriting: (paused: boolean): void => {
        if (paused) wire.full();
      },
      pauseWriting: (): void => wire.full(),
      resumeWriting: (): void => wire.drained(),
      connectionLost: (error?: unknown): void => this.#lost(error),
    });
  }

  /** The connection is established: starts the handshake. */
  #begin(transport: Transport): void {
    this.#raw = transport;
    if (this._isLost) {
      transport.abort();
      return;
    }
    openOn(this._loop, this);
    const { sslHandshakeTimeout: given } = this.#options;
    this.#timer = this._loop.callLater(given ?? TLS_HANDSHAKE_TIMEOUT, () => {
      const text = `SSL handshake is taking longer than ${given ?? '60.0'} seconds: aborting the connection`;
      this._lose(forAwait(new ConnectionAbortedError(text, { code: 'ECONNABORTED' })));
    });
    this._feed(() => this.#wire.attach(transport));
  }

  #receiveRawEnd(): boolean {
    this.#rawEnded = true;
    if (this._isMade) this.#endReceiving();
    // Bytes received before may explain why, and Node reports that within a tick.
    else this._loop.callSoon(calledAs('SSLProtocol.eof_received', () => this.#endReceiving()));
    // It stays open, so that waiting data can be sent.
    return true;
  }

  /** The peer has ended, and Node has received all that it sent. */
  #endReceiving(): void {
    if (this._isMade) this._feed(() => this.#wire.feedEof());
    else if (!this.#socket.destroyed) this._lose(connectionReset());
  }

  #lost(error: unknown): void {
    this.#rawLost = true;
    if (this._isLost) this.#tell();
    else this._lose(error);
  }

  // ── the stream ─────────────────────────────────────────────────────────────────────────────

  /** @internal */
  override _advance(): void {
    if (this.#isSecure && !this._isMade && !this._isLost) this.#secure();
  }

  /** @internal when both sides have ended, ends the connection once everything is sent */
  override _settle(): void {
    if (this.isClosing() && this.#bothEnded) this.#raw?.close();
  }

  get #bothEnded(): boolean {
    return this.#socket.writableFinished && this.#socket.readableEnded;
  }

  #secure(): void {
    this.#timer?.cancel();
    const socket = this.#socket;
    const refusal = this.#side.refusal(socket);
    if (refusal !== undefined) {
      this._lose(certificateError(refusal));
      return;
    }
    const peercert = socket.getPeerCertificate();
    Object.assign(this.#secrets, {
      // Node returns an empty object if there is no certificate.
      peercert: Object.keys(peercert).length > 0 ? peercert : undefined,
      cipher: socket.getCipher(),
      compression: undefined,
      sslObject: socket,
    });
    const { callConnectionMade = true } = this.#options;
    let failed = false;
    try {
      this._connected(() => {
        if (callConnectionMade) this.getProtocol()?.connectionMade(this);
        // Before the first bytes, so that the protocol pauses this transport, not the one below.
        else this.getProtocol()?._replaceTransport?.(this);
      });
    } catch (error) {
      if (endsTheLoop(error)) throw error;
      failed = true;
      this._fail(error, this._failureOf());
    } finally {
      // Also if the loop ends, because it may run again.
      if (!failed && !this.#waiter.done()) this.#waiter._finish();
    }
  }

  /**
   * @internal the peer has ended, and so do we, whatever the protocol returns. The protocol is also
   *   called when the peer answers our own end
   */
  override _receiveEnd(): void {
    if (this._isLost) return;
    if (this._callEofReceived())
      log('returning true from eofReceived() has no effect when using ssl', 'warn');
    if (!this.#halfOpen || this.#endedSending) this.close();
  }

  /** @internal ends TLS, if the peer still listens */
  override _endStream(): void {
    if (this.#rawEnded && !this.#halfOpen) this.#raw?.close();
    else super._endStream();
  }

  /** @internal keeps the connection open when the peer ends, until {@link _endSending} */
  override _keepHalfOpen(): void {
    this.#halfOpen = true;
    // Otherwise Node's socket ends with its peer, even if data waits.
    this.#socket.allowHalfOpen = true;
  }

  /** @internal ends sending, and keeps reading */
  override _endSending(): void {
    if (this.isClosing() || this.#endedSending) return;
    this.#endedSending = true;
    super.writeEof();
    if (this.#socket.readableEnded) this.close();
  }

  override close(): void {
    if (this.isClosing()) return;
    if (!this._isMade) {
      this.abort();
      return;
    }
    // As in asyncio, closing does not drop data that arrived before.
    this._deliverNow();
    if (this.isClosing()) return;
    const seconds = this.#options.sslShutdownTimeout ?? TLS_SHUTDOWN_TIMEOUT;
    this.#timer = this._loop.callLater(seconds, () => {
      this._lose(forAwait(new TimeoutError('SSL shutdown timed out', { code: 'ETIMEDOUT' })));
    });
    super.close();
  }

  override writeEof(): void {
    throw new RuntimeError('writeEof() is not possible with TLS');
  }

  override canWriteEof(): boolean {
    return false;
  }

  /** Data that is not encrypted yet, and encrypted data that waits in the underlying transport. */
  override getWriteBufferSize(): number {
    return this._backlogSize + (this.#raw?.getWriteBufferSize() ?? 0);
  }

  /**
   * @internal that of the underlying transport, because a slow peer may take long for a whole record
   */
  override get _traffic(): number {
    return this.#raw?._traffic ?? 0;
  }

  /** @internal */
  override _trySend(): Promise<boolean> | undefined {
    return this.#raw?._trySend();
  }

  /** @internal */
  override get _lostWrite(): string {
    return 'SSL connection is closed';
  }

  /** @internal */
  override _failureOf(method?: string): string {
    return method === 'eofReceived' ? 'Error calling eofReceived()' : 'Fatal error on SSL protocol';
  }

  // ── while the loop does not run ─────────────────────────────────────────────────────────────────────

  /** @internal encrypts all waiting data, and passes it to the underlying transport */
  override _sendHeld(): void {
    let before: number;
    do {
      before = this._backlogSize;
      finishWrite(this.#socket);
      this.#wire.flush();
    } while (this._backlogSize < before);
  }

  /** @internal the underlying transport warns that it was not closed */
  override _loopClosed(): void {
    this._drop();
    this.#socket.destroy();
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  override _failed(error: unknown): void {
    const known = tlsError(error, this.#socket);
    this._fail(known, this._isMade ? 'Fatal error on SSL protocol' : 'SSL handshake failed');
  }

  /** @internal the socket closes itself when both sides have ended */
  override _closed(): void {
    if (this.#bothEnded) return;
    this._lose(this._isMade ? undefined : connectionReset());
  }

  /** @internal */
  override _lose(error: unknown): void {
    if (this._isLost) return;
    this.#reason = { error };
    this.#timer?.cancel();
    this._drop();
    this.#socket.destroy();
    if (this.#rawLost) this.#tell();
    else this.#raw?.abort();
  }

  /**
   * The underlying transport is gone: wakes what waits, and tells the protocol in the next turn.
   */
  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    const error = this.#reason?.error;
    const call = (reason: unknown): void => this._callConnectionLost(reason);
    const wake = (): void => {
      if (!this.#waiter.done()) this.#waiter._fail(error ?? closedEarly());
    };
    // Code that waits for a connection whose protocol failed resumes after the protocol was called,
    // as in asyncio.
    if (!this._isMade) wake();
    this._callSoon(calledAs('SSLProtocol._call_connection_lost', call), error);
    wake();
  }

  /** @internal a protocol that already had a connection before TLS is always notified of its end */
  override get _wasTold(): boolean {
    return this._isMade || this.#options.callConnectionMade === false;
  }

  /** `<_SSLProtocolTransport closing over <_SelectorSocketTransport fd=8 …>>` */
  override toString(): string {
    const parts = ['_SSLProtocolTransport'];
    if (this.isClosing()) parts.push('closing');
    if (this.#raw !== undefined) parts.push(`over ${this.#raw}`);
    return `<${parts.join(' ')}>`;
  }
}

/**
 * @throws {TypeError} when one is not a number
 * @throws {RangeError} when one is not positive, or not finite
 */
export function checkTimeouts({ sslHandshakeTimeout, sslShutdownTimeout }: TlsTimeouts): void {
  checkPositiveSeconds(sslHandshakeTimeout, 'sslHandshakeTimeout');
  checkPositiveSeconds(sslShutdownTimeout, 'sslShutdownTimeout');
}

/**
 * Makes a TLS socket continue with its next write. By itself it waits for an immediate, although
 * the data is encrypted synchronously. Undocumented.
 */
function finishWrite(socket: TLSSocket): void {
  const { ssl } = socket as unknown as { ssl: { _parentWrap?: StreamWrap } | null };
  const wrap = ssl?._parentWrap;
  wrap?.finishWrite?.(wrap._handle, 0);
}

/** The object between a TLS socket and a stream in Node. */
interface StreamWrap {
  readonly _handle: object;
  finishWrite?(handle: object, status: number): void;
}

function closedEarly(): ConnectionAbortedError {
  const text = 'the connection was closed during the SSL handshake';
  return forAwait(new ConnectionAbortedError(text, { code: 'ECONNABORTED' }));
}
