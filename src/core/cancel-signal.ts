import { CancelledError } from '../base/errors.ts';

/**
 * The `AbortSignal` of a task, which knows when it has passed a cancel on.
 *
 * A task that awaits a promise of `fetch(url, { signal })` awaits nothing of ours, so its cancel
 * waits for the next `await` of ours; but the signal throws it where the task is. Thrown again
 * later, it would break off the clean-up. Whoever rejects a promise because of a signal asks the
 * signal for its reason: that is how we hear of it. Of one that asks an `AbortSignal.any()` we do
 * not, and there the next `await` throws once more; `wrapPromise()` around the call prevents that.
 */
export class CancelSignal {
  readonly #controller = new AbortController();
  readonly #passedOn: () => void;
  /** Of the first cancel; none before. */
  #reason: CancelledError | undefined;

  /** @param passedOn - called when the reason of the cancel is asked for */
  constructor(passedOn: () => void) {
    this.#passedOn = passedOn;
    const { signal } = this.#controller;
    const throwIfAborted = signal.throwIfAborted.bind(signal);
    Object.defineProperties(signal, {
      reason: { get: () => this.#passOn(), configurable: true },
      throwIfAborted: {
        value: () => {
          this.#passOn();
          throwIfAborted();
        },
        configurable: true,
      },
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts what listens, with a {@link CancelledError} of this message. */
  abort(message: string | undefined): void {
    this.#reason ??= new CancelledError(message);
    this.#controller.abort(this.#reason);
  }

  /** The cancel itself, where `error` is the `AbortError` by which Node's own calls pass it on. */
  unwrap(error: unknown): CancelledError | undefined {
    const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
    return name === 'AbortError' && cause === this.#reason ? this.#reason : undefined;
  }

  #passOn(): CancelledError | undefined {
    if (this.#reason !== undefined) this.#passedOn();
    return this.#reason;
  }
}
