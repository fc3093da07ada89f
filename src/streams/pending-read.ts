import { forAwait } from '../base/errors/errors.ts';
import type { Received } from '../base/values/bytes.ts';
import { NativeOperation } from '../core/futures/native-operation.ts';
import { awaitedNatively } from '../core/futures/native-promise.ts';
import type { WaitDescription } from '../core/futures/wait-description.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Runnable } from '../core/turns/ready-entry.ts';

/** Whose bytes a {@link Read} waits for. */
export interface Source {
  /** @internal what the stream broke with, if it did */
  exception(): unknown;
  /** @internal makes more bytes come */
  _resume(): void;
  /** @internal the read that waited was cancelled */
  _gaveUp(): void;
}

/**
 * A read that could not be done at once.
 *
 *             told of news              its turn: it is enough, or never will be
 *   waiting ───────────────▶ queued ──────────────────────────────────────────▶ done
 *      ▲                        │
 *      └────────────────────────┘
 *             its turn: it is not enough
 *
 * It takes its bytes in the same turn in which it hands them to the awaiting code: a read that was
 * cancelled has taken nothing.
 */
export class Read extends NativeOperation<Received> implements Runnable {
  static {
    awaitedNatively(this);
  }

  readonly #source: Source;
  /** The method of the reader. */
  readonly #name: string;
  /** Takes the bytes; `undefined`: not enough yet. */
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

  /** There is news: bytes, the end, or a failure. */
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

  /** @internal not before its turn, unless it was cancelled */
  override _tell(): void {
    if (!this.cancelled()) return;
    this.#source._gaveUp();
    super._tell();
  }

  #waitOn(): void {
    const exception = this.#source.exception();
    if (exception !== undefined) this._fail(exception);
    else this.#source._resume();
  }
}
