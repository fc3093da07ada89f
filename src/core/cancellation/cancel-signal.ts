import { CancelledError } from '../../base/errors/errors.ts';
import { attempt, isA } from '../../base/values/attempt.ts';
import { noteAwaited } from '../context/promise-hooks.ts';

/** The root scope of the task whose cancel a reason is. */
const cancelled = new WeakMap<CancelledError, object>();

/**
 * The `AbortSignal` of a scope.
 *
 * A task that awaits `fetch(url, { signal })` has no pending await of ours, so its cancel waits for
 * our next one. But `fetch()` already throws it because of the signal. Thrown again later, it would
 * interrupt the clean-up. So once a signal is in use, we record what each `await` waits for, and
 * the scope checks whether that has thrown the reason.
 */
export class CancelSignal {
  readonly #controller = new AbortController();
  readonly #owner: object;

  /** @param owner - the scope of the whole task */
  constructor(owner: object) {
    this.#owner = owner;
    noteAwaited();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts the signal with a {@link CancelledError} of this message. */
  abort(message: string | undefined): void {
    if (this.signal.aborted) return;
    const reason = new CancelledError(message);
    cancelled.set(reason, this.#owner);
    this.#controller.abort(reason);
  }

  /** The reason with which a signal of `owner` was aborted, if `error` is or wraps it. */
  static reasonIn(error: unknown, owner: object): CancelledError | undefined {
    const reason = isA(error, CancelledError) ? error : causeOfAbort(error);
    return reason !== undefined && cancelled.get(reason) === owner ? reason : undefined;
  }
}

/** The cause of an `AbortError` of Node's own functions. */
export function causeOfAbort(error: unknown): CancelledError | undefined {
  // If a getter throws, it is not a cancel.
  return attempt(() => {
    const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
    return name === 'AbortError' && isA(cause, CancelledError) ? cause : undefined;
  }, undefined);
}
