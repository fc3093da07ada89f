import { CancelledError } from '../base/errors.ts';

/**
 * The cancel that `error` stands for, if it does: the error itself, or what Node's own calls make
 * of it, an `AbortError` with the reason of `task.signal` for a cause.
 */
export function cancelOf(error: unknown): CancelledError | undefined {
  if (error instanceof CancelledError) return error;
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return name === 'AbortError' && cause instanceof CancelledError ? cause : undefined;
}
