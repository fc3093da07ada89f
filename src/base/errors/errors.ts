/**
 * The errors that are asyncio's own. Those of the operating system are in `os-errors.ts`.
 */

import { setStackLimit } from '../stacks/capture.ts';
import { captureUserStack } from '../stacks/captured-stack.ts';
import { isA } from '../values/attempt.ts';

/** The prototypes of our own error classes. */
const ours = new WeakSet<object>();
/** Our classes, by their names. */
const byName = new Map<string, { readonly prototype: Error }>();

/** How many of our errors were made. */
let made = 0;

/** How many errors of our classes were made so far: a different number tells that one was made. */
export function errorsMade(): number {
  return made;
}

/** Are errors being made for an `await` elsewhere? */
let makesForAwait = false;

/** What our classes extend in place of `Error`: their stacks are without our frames. */
class ErrorWithUserStack extends Error {
  /** Was it made for an `await` elsewhere, that it was not thrown into yet? */
  #isForAwait: boolean;

  constructor(message?: string, options?: ErrorOptions) {
    made += 1;
    const limit = Error.stackTraceLimit;
    // One stack is enough, and without this one the other costs a quarter.
    if (limit > 0) setStackLimit(makesForAwait ? 0 : undefined);
    super(message, options);
    if (limit > 0) {
      setStackLimit(limit);
      if (!makesForAwait) captureUserStack(this, new.target);
    }
    this.#isForAwait = makesForAwait;
  }

  static isForAwait(error: object): boolean {
    return #isForAwait in error && error.#isForAwait;
  }

  /** @returns `false` where it is no error of ours */
  static setForAwait(error: object, isForAwait: boolean): boolean {
    if (!(#isForAwait in error)) return false;
    error.#isForAwait = isForAwait;
    return true;
  }
}

/**
 * Makes an error about an `await` elsewhere: of another task, or of nobody yet. It has no stack of its
 * own, which would cost more than all the rest, but takes that of the first `await` that it is thrown
 * into.
 *
 * Errors of our classes that are made in another way take it, too, where no function of the user's was
 * on the stack.
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

/** Other errors that were made for an `await` elsewhere: their own stack says nothing to the user. */
const othersForAwait = new WeakSet<Error>();

/** As {@link madeForAwait}, for an error that was just made and has a stack already. */
export function forAwait<E>(error: E): E {
  if (isA(error, Error) && !ErrorWithUserStack.setForAwait(error, true)) othersForAwait.add(error);
  return error;
}

/** Was it made for an `await` elsewhere, that it was not thrown into yet? */
export function isForAwait(error: Error): boolean {
  return ErrorWithUserStack.isForAwait(error) || othersForAwait.has(error);
}

/** It was thrown into an `await`, and has the stack of that. */
export function isThrown(error: Error): void {
  if (!ErrorWithUserStack.setForAwait(error, false)) othersForAwait.delete(error);
}

/**
 * What `except Exception` does not catch in Python: a request to end, not a failure.
 *
 * JavaScript's `catch` takes everything, so a `catch` that means "any failure" asks
 * {@link isException} and throws again what is none.
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
 * The user pressed Ctrl-C. A program that lets it pass ends with status 130.
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
 * A request to end the program with a status. A program that lets it pass ends with `code`.
 *
 * @see Python's `SystemExit`, https://docs.python.org/3/library/exceptions.html#SystemExit
 */
export class SystemExit extends BaseException {
  static {
    named(this, 'SystemExit');
  }

  /** The status that the process ends with, 0 to 255. */
  readonly code: number;

  /**
   * @param code - the status that the process ends with, 0 to 255
   */
  constructor(code = 0) {
    super(String(code));
    this.code = code;
  }
}

/**
 * A call that the state of its object does not allow.
 *
 * @see Python's `RuntimeError`, https://docs.python.org/3/library/exceptions.html#RuntimeError
 */
export class RuntimeError extends Error {
  static {
    named(this, 'RuntimeError');
  }
}

/**
 * The system cannot send this file to this socket by itself.
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
 * A future was asked for an outcome that it does not have, or given a second one.
 *
 * @see asyncio's `InvalidStateError`,
 *   https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.InvalidStateError
 */
export class InvalidStateError extends Error {
  static {
    named(this, 'InvalidStateError');
  }
}

/** Something that cannot happen did: a fault of this library, never of its user. */
export class InternalError extends Error {
  static {
    // Not as the others: it is to show our frames.
    setName(this, 'InternalError');
  }
}

/**
 * Is `error` what Python's `except Exception` would catch?
 *
 * @returns `false` for {@link CancelledError}, {@link KeyboardInterrupt}, {@link SystemExit} and
 *   whatever else derives from {@link BaseException}, and for a `BaseExceptionGroup` that
 *   holds one of these; `true` for all other values
 */
export function isException(error: unknown): boolean {
  if (isA(error, BaseException)) return false;
  return !(isA(error, AggregateError) && (error as { _endsMore?: boolean })._endsMore === true);
}

/** Is `error` one of the two that end the loop itself, and not only the task they rise in? */
export function endsTheLoop(error: unknown): error is KeyboardInterrupt | SystemExit {
  return isA(error, KeyboardInterrupt) || isA(error, SystemExit);
}

/**
 * States what must be so at this point.
 *
 * @throws {InternalError} when `condition` is false
 */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition)
    throw new InternalError(
      `${what}. This is a fault of asyncio-ts: please report it with this stack.`,
    );
}

/** Is `error` of a class of ours, not of a subclass that a program derives? */
export function isOfOurClass(error: Error): boolean {
  return ours.has(Object.getPrototypeOf(error));
}

/**
 * Gives an error class its Python name, and its errors stacks without our frames and Node's: notes that
 * the class is ours.
 *
 * The name is on the prototype, not on each error: an own property would be printed behind every
 * stack.
 */
export function named(errorClass: { prototype: Error }, name: string): void {
  ours.add(errorClass.prototype);
  byName.set(name, errorClass);
  if (Object.getPrototypeOf(errorClass) === Error)
    Object.setPrototypeOf(errorClass, ErrorWithUserStack);
  setName(errorClass, name);
}

/** The class of ours that has this name. */
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
