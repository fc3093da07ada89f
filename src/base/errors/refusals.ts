import { setStackLimit } from '../stacks/capture.ts';
import { captureUserStack } from '../stacks/captured-stack.ts';

/**
 * Errors of JavaScript's own classes, mostly for invalid arguments. Like those of our classes, their
 * stacks begin with the user's line. They are created here, not with `new`.
 */

export function typeError(message: string, options?: ErrorOptions): TypeError {
  return refusal(TypeError, message, options);
}

export function rangeError(message: string): RangeError {
  return refusal(RangeError, message);
}

/**
 * An error whose stack leaves out our own and Node's frames. If there are no others, it has all of
 * them.
 */
export function refusal<E extends Error>(
  errorClass: new (message: string, options?: ErrorOptions) => E,
  message: string,
  options?: ErrorOptions,
): E {
  const limit = Error.stackTraceLimit;
  // As for our classes, one stack is enough.
  if (limit > 0) setStackLimit(undefined);
  const error = new errorClass(message, options);
  if (limit > 0) {
    setStackLimit(limit);
    captureUserStack(error, refusal, true);
  }
  return error;
}
