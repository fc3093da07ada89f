import type { Cancellable, LoopCore } from '../core/loop-core.ts';
import type { Transport } from '../transports/transport.ts';
import type { StreamReader } from './stream-reader.ts';

/**
 * Aborts a connection whose peer neither sends what is waited for, nor takes what was written.
 *
 * One timer a connection: it is not set anew with every message, but looks, when it rings, how long
 * ago the last one was.
 */
export class IdleWatch {
  readonly #loop: LoopCore;
  readonly #seconds: number;
  readonly #transport: Transport;
  readonly #reader: StreamReader;
  /** When the peer was last seen to do something, on the loop's clock. */
  #last: number;
  /** How many bytes waited to be sent when it last rang. */
  #unsent = 0;
  #timer: Cancellable;

  constructor(loop: LoopCore, seconds: number, transport: Transport, reader: StreamReader) {
    this.#loop = loop;
    this.#seconds = seconds;
    this.#transport = transport;
    this.#reader = reader;
    this.#last = loop.time();
    this.#timer = this.#set();
  }

  /** The peer has sent something. */
  note(): void {
    this.#last = this.#loop.time();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #set(): Cancellable {
    return this.#loop.callAt(this.#last + this.#seconds, () => this.#look());
  }

  #look(): void {
    const unsent = this.#transport.getWriteBufferSize();
    const waits = this.#reader._isWaiting || unsent > 0;
    // It took some, or nobody waits for it: its time begins anew.
    if (!waits || unsent < this.#unsent) this.note();
    this.#unsent = unsent;
    if (this.#loop.time() - this.#last >= this.#seconds) this.#transport.abort();
    else this.#timer = this.#set();
  }
}
