/** asyncio's own errors. Those of the operating system are in `os-errors.ts`. */

import { setStackLimit } from '../stacks/capture.ts';
import { awaitStack, captureUserStack } from '../stacks/captured-stack.ts';
import { isA } from '../values/attempt.ts';

/** The prototypes of our own error classes. */
const ours = new WeakSet<object>();
/** Our classes, by their names. */
const byName = new Map<string, { readonly prototype: Error }>();

/** Are errors being created for an `await` elsewhere? */
let makesForAwait = false;

/** The base of our classes in place of `Error`. Stacks leave out our own frames. */
class ErrorWithUserStack extends Error {
  /** Was it created for an `await` elsewhere, and not thrown into it yet? */
  #isForAwait: boolean;

  constructor(message?: string, options?: ErrorOptions) {
    const limit = Error.stackTraceLimit;
    // Throws for a symbol: now, not while there is no limit.
    const text = message === undefined ? message : `${message}`;
    // One stack is enough; capturing this one, too, would cost far more.
    if (limit > 0) setStackLimit(undefined);
    super(text, options);
    if (limit > 0) {
      setStackLimit(limit);
      if (makesForAwait) awaitStack(this);
      else captureUserStack(this, new.target);
    }
    this.#isForAwait = makesForAwait;
  }

  static isForAwait(error: object): boolean {
    return #isForAwait in error && error.#isForAwait;
  }

  /** @returns `false` if it is not one of our errors */
  static setForAwait(error: object, isForAwait: boolean): boolean {
    if (!(#isForAwait in error)) return false;
    error.#isForAwait = isForAwait;
    return true;
  }
}

/**
 * Creates an error for an `await` elsewhere: in another task, or still to come. It has no stack of
 * its own, which would cost more than everything else, but takes that of the first `await` it is
 * thrown into.
 *
 * Other errors of our classes take it, too, if no user function was on the stack.
 */
export function madeForAwait<T>(make: () => T): T {
  const before = makesForAwait;
  makesForAwait = true;
  try {
    return make();
  } finally {
    makesForAwait = before;
  }
}

/**
 * Other errors that were created for an `await` elsewhere: their own stacks do not help the user.
 */
const othersForAwait = new WeakSet<Error>();

/** Like {@link madeForAwait}, for an error that was just created and already has a stack. */
export function forAwait<E>(error: E): E {
  if (isA(error, Error) && !ErrorWithUserStack.setForAwait(error, true)) othersForAwait.add(error);
  return error;
}

/** Was it created for an `await` elsewhere, and not thrown into it yet? */
export function isForAwait(error: Error): boolean {
  return ErrorWithUserStack.isForAwait(error) || othersForAwait.has(error);
}

/** Notes that it was thrown into an `await`, and has that stack. */
export function isThrown(error: Error): void {
  if (!ErrorWithUserStack.setForAwait(error, false)) othersForAwait.delete(error);
}

/**
 * A request to end, not a failure. In Python, `except Exception` does not catch it.
 *
 * JavaScript's `catch` catches everything, so a `catch` that is meant for failures checks
 * {@link isException}, and rethrows everything else.
 *
 * @see Python's `BaseException`, https://docs.python.org/3/library/exceptions.html#BaseException
 */
export class BaseException extends Error {
  static {
    named(this, 'BaseException');
  }
}

/**
 * Thrown at the `await` of a task that was asked to end.
 *
 * @see asyncio's `CancelledError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError
 */
export class CancelledError extends BaseException {
  static {
    named(this, 'CancelledError');
  }
}

/**
 * The user pressed Ctrl-C. If the program does not catch it, it ends with status 130.
 *
 * @see Python's `KeyboardInterrupt`,
 *   https://docs.python.org/3/library/exceptions.html#KeyboardInterrupt
 */
export class KeyboardInterrupt extends BaseException {
  static {
    named(this, 'KeyboardInterrupt');
  }
}

/**
 * Requests the end of the program. If the program does not catch it, it ends with status `code`.
 *
 * @see Python's `SystemExit`, https://docs.python.org/3/library/exceptions.html#SystemExit
 */
export class SystemExit extends BaseException {
  static {
    named(this, 'SystemExit');
  }

  /** The exit status of the process, 0 to 255. */
  readonly code: number;

  /** @param code - the exit status of the process, 0 to 255 */
  constructor(code = 0) {
    super(String(code));
    this.code = code;
  }
}

/**
 * The call is not allowed in the object's current state.
 *
 * @see Python's `RuntimeError`, https://docs.python.org/3/library/exceptions.html#RuntimeError
 */
export class RuntimeError extends Error {
  static {
    named(this, 'RuntimeError');
  }
}

/**
 * The system cannot send this file to this socket directly.
 *
 * @see asyncio's `SendfileNotAvailableError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.SendfileNotAvailableError
 */
export class SendfileNotAvailableError extends RuntimeError {
  static {
    named(this, 'SendfileNotAvailableError');
  }
}

/**
 * A future has no result yet, or already has one.
 *
 * @see asyncio's `InvalidStateError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.InvalidStateError
 */
export class InvalidStateError extends Error {
  static {
    named(this, 'InvalidStateError');
  }
}

/** A bug in this library. */
export class InternalError extends Error {
  static {
    // Unlike the others, it shows our own frames.
    setName(this, 'InternalError');
  }
}

/**
 * Would Python's `except Exception` catch `error`?
 *
 * @returns `false` for {@link CancelledError}, {@link KeyboardInterrupt}, {@link SystemExit}, other
 *   subclasses of {@link BaseException}, and a `BaseExceptionGroup` that contains one of these;
 *   `true` for everything else
 */
export function isException(error: unknown): boolean {
  if (isA(error, BaseException)) return false;
  return !(isA(error, AggregateError) && (error as { _endsMore?: boolean })._endsMore === true);
}

/** Does `error` end the loop, and not just the task that throws it? */
export function endsTheLoop(error: unknown): error is KeyboardInterrupt | SystemExit {
  return isA(error, KeyboardInterrupt) || isA(error, SystemExit);
}

/**
 * Asserts something that must be true here.
 *
 * @throws {InternalError} when `condition` is false
 */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition)
    throw new InternalError(
      `${what}. This is a bug in asyncio-ts: please report it with this stack.`,
    );
}

/** Is `error` an instance of one of our classes, not of a subclass that the program derived? */
export function isOfOurClass(error: Error): boolean {
  return ours.has(Object.getPrototypeOf(error));
}

/**
 * Registers an error class as ours: gives it its Python name, and its errors stacks without our own
 * and Node's frames.
 *
 * The name is on the prototype, because an own property would be printed after every stack.
 */
export function named(errorClass: { prototype: Error }, name: string): void {
  ours.add(errorClass.prototype);
  byName.set(name, errorClass);
  if (Object.getPrototypeOf(errorClass) === Error)
    Object.setPrototypeOf(errorClass, ErrorWithUserStack);
  setName(errorClass, name);
}

/** Our class with this name. */
export function ourErrorClass(name: string): { readonly prototype: Error } | undefined {
  return byName.get(name);
}

function setName(errorClass: { prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', {
    value: name,
    configurable: true,
    writable: true,
  });
}
