import { CancelledError } from '../../base/errors/errors.ts';
import { noteAwaited } from '../context/promise-hooks.ts';

/** Whose cancel a reason is. */
const cancelled = new WeakMap<CancelledError, object>();

/**
 * The `AbortSignal` of a scope.
 *
 * A task that awaits a promise of `fetch(url, { signal })` awaits nothing of ours, so its cancel
 * waits for the next `await` of ours; but the signal throws it where the task is. Thrown again
 * later, it would break off the clean-up. So from the first signal on it is noted what each `await`
 * waits for: the scope looks whether that has thrown the reason.
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

  /** Aborts what listens, with a {@link CancelledError} of this message. */
  abort(message: string | undefined): void {
    if (this.signal.aborted) return;
    const reason = new CancelledError(message);
    cancelled.set(reason, this.#owner);
    this.#controller.abort(reason);
  }

  /** The reason by which a signal of `owner` was aborted, where `error` is that or stands for it. */
  static reasonIn(error: unknown, owner: object): CancelledError | undefined {
    const reason = error instanceof CancelledError ? error : causeOfAbort(error);
    return reason !== undefined && cancelled.get(reason) === owner ? reason : undefined;
  }
}

/** What an `AbortError` of Node's own calls has for a cause. */
export function causeOfAbort(error: unknown): CancelledError | undefined {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return name === 'AbortError' && cause instanceof CancelledError ? cause : undefined;
}
