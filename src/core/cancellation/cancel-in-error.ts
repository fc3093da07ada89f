import { CancelledError } from '../../base/errors/errors.ts';
import { attempt, isA } from '../../base/values/attempt.ts';
import { isAggregateError } from '../../base/values/is-error.ts';
import { causeOfAbort } from './cancel-signal.ts';

/**
 * The cancel in `error`, if any: the error itself, or one that it wraps. Node's own functions throw
 * an `AbortError` whose cause is the reason of the signal; `Promise.any()` throws an
 * `AggregateError` of all errors.
 */
export function cancelOf(error: unknown): CancelledError | undefined {
  if (isA(error, CancelledError)) return error;
  // A getter of the error may throw: then it is not a cancel.
  return attempt(() => causeOfAbort(error) ?? cancelOfAll(error), undefined);
}

/** Not for exception groups: they have their own classes. */
function cancelOfAll(error: unknown): CancelledError | undefined {
  if (!isAggregateError(error) || error.constructor.name !== 'AggregateError') return undefined;
  const cancels = error.errors.map(cancelOf);
  return cancels.includes(undefined) ? undefined : cancels[0];
}
