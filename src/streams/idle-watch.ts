import type { Cancellable, LoopCore } from '../core/turns/loop-core.ts';
import type { Transport } from '../transports/transport.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * Aborts a connection whose peer neither sends the awaited data nor takes what was written.
 *
 *             a read waits
 *   resting ───────────────▶ waiting ── the peer is idle too long ──▶ aborted
 *      ▲                        │
 *      └────────────────────────┘
 *         bytes came, or the read was cancelled
 *
 * Only time spent waiting counts. A received byte, or a buffered byte that the peer took, restarts
 * the time.
 *
 * There is one timer per connection. It is not reset with every message: when it fires, it checks
 * how long ago the peer was last active.
 */
export class IdleWatch {
  readonly #loop: LoopCore;
  readonly #seconds: number;
  readonly #reader: StreamReader;
  #transport: Transport;
  /** When the peer was last active, on the loop's clock, plus the time spent resting since then. */
  #since: number;
  /** When the current rest started; undefined while a read waits. */
  #resting: number | undefined;
  /** The transport's traffic when the timer last fired. */
  #traffic: number;
  /** Did bytes wait to be sent when the timer last fired? */
  #hadUnsent = false;
  /** Undefined once the connection is gone. */
  #timer: Cancellable | undefined;

  constructor(loop: LoopCore, seconds: number, transport: Transport, reader: StreamReader) {
    this.#loop = loop;
    this.#seconds = seconds;
    this.#transport = transport;
    this.#reader = reader;
    this.#traffic = transport._traffic;
    this.#since = loop.time();
    this.#resting = this.#since;
    this.#timer = this.#set();
    reader._waits = this;
  }

  /** The connection continues on another transport. */
  watch(transport: Transport): void {
    this.#transport = transport;
    this.#traffic = transport._traffic;
  }

  /** The peer has sent something. */
  note(): void {
    this.#since = this.#loop.time();
    this.#resting = this.#since;
    this.#traffic = this.#transport._traffic;
  }

  /** A read waits for the peer. */
  begin(): void {
    if (this.#resting === undefined) return;
    this.#since += this.#loop.time() - this.#resting;
    this.#resting = undefined;
  }

  /** The read was cancelled. */
  end(): void {
    this.#resting ??= this.#loop.time();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #set(): Cancellable {
    return this.#loop.callAt(this.#since + this.#seconds, () => this.#look());
  }

  #look(): void {
    // The system reports room only when there is a lot; a slow peer frees a little at a time.
    const moved = this.#transport._trySend();
    if (moved === undefined) this.#decide(false);
    else void moved.then((hasMoved) => this.#decide(hasMoved));
  }

  /** @param hasMoved - has the peer taken bytes that the transport's traffic does not include? */
  #decide(hasMoved: boolean): void {
    if (this.#timer === undefined || this.#loop.isClosed()) return;
    const { _traffic: traffic } = this.#transport;
    const hasUnsent = this.#transport.getWriteBufferSize() > 0;
    const waits = this.#reader._isWaiting || hasUnsent;
    const isNew = hasUnsent && !this.#hadUnsent;
    if (!waits || isNew || hasMoved || traffic !== this.#traffic) this.#restart();
    this.#traffic = traffic;
    this.#hadUnsent = hasUnsent;
    if (this.#loop.time() - this.#since >= this.#seconds) this.#transport.abort();
    else this.#timer = this.#set();
  }

  #restart(): void {
    this.#since = this.#loop.time();
    if (this.#resting !== undefined || !this.#reader._isWaiting) this.#resting = this.#since;
  }
}
