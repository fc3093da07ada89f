import { CancelledError } from '../../base/errors/errors.ts';
import { attempt, isA } from '../../base/values/attempt.ts';
import { causeOfAbort } from './cancel-signal.ts';

/**
 * The cancel that `error` stands for, if it does: the error itself, or what others make of it. Node's
 * own calls throw an `AbortError` with the reason of the signal for a cause; `Promise.any()` throws
 * an `AggregateError` of all.
 */
export function cancelOf(error: unknown): CancelledError | undefined {
  if (isA(error, CancelledError)) return error;
  // A getter of the error may throw: then it is no cancel.
  return attempt(() => causeOfAbort(error) ?? cancelOfAll(error), undefined);
}

/** Groups of exceptions are classes of their own, and are none. */
function cancelOfAll(error: unknown): CancelledError | undefined {
  if (!(error instanceof AggregateError) || error.constructor !== AggregateError) return undefined;
  const cancels = error.errors.map(cancelOf);
  return cancels.includes(undefined) ? undefined : cancels[0];
}
