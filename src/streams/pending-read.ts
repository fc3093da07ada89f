import { forAwait } from '../base/errors/errors.ts';
import type { Received } from '../base/values/bytes.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import { awaitedNatively } from '../core/futures/native-promise.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Runnable } from '../core/turns/ready-entry.ts';

/** The reader whose bytes a {@link PendingRead} waits for. */
export interface Source {
  /** @internal the error that broke the stream, if any */
  exception(): unknown;
  /** @internal asks for more bytes */
  _resume(): void;
  /** @internal the waiting read was cancelled */
  _readCancelled(): void;
}

/**
 * A read that has to wait.
 *
 *               tell()                  its turn: it is enough, or never will be
 *   waiting ───────────────▶ queued ──────────────────────────────────────────▶ done
 *      ▲                        │
 *      └────────────────────────┘
 *             its turn: it is not enough
 *
 * It takes its bytes in the same turn in which the awaiting code gets them, so a cancelled read has
 * taken nothing.
 */
export class PendingRead extends NativeOperation<Received> implements Runnable {
  static {
    awaitedNatively(this);
  }

  readonly #source: Source;
  /** The reader's method. */
  readonly #name: string;
  /** Takes the bytes; returns `undefined` if there are not enough yet. */
  readonly #take: () => Received | undefined;
  #queued = false;

  constructor(loop: LoopCore, source: Source, name: string, take: () => Received | undefined) {
    super(loop);
    this.#source = source;
    this.#name = name;
    this.#take = take;
  }

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: `StreamReader.${this.#name}`, on: this.#source };
  }

  /** There are new bytes, the end, or an error. */
  tell(): void {
    if (this.#queued) return;
    this.#queued = true;
    this._loop._turns.soonLikewise(this);
  }

  /** @internal its turn has come */
  _run(): void {
    this.#queued = false;
    if (this._state !== 'pending') return;
    try {
      const bytes = this.#take();
      if (bytes !== undefined) this._finish(bytes);
      else this.#waitOn();
    } catch (error) {
      this._fail(forAwait(error));
    }
    if (this.done()) this._tellNow();
  }

  /** @internal waits for its turn, unless it was cancelled */
  override _tell(): void {
    if (!this.cancelled()) return;
    this.#source._readCancelled();
    super._tell();
  }

  #waitOn(): void {
    const exception = this.#source.exception();
    if (exception !== undefined) this._fail(exception);
    else this.#source._resume();
  }
}
