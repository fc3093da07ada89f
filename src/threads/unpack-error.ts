import * as errors from '../base/errors/errors.ts';
import * as osErrors from '../base/errors/os-errors.ts';
import type { PackedError } from './thread-call.ts';

type ErrorClass = { readonly prototype: Error };

/** The classes of errors that are the same in every thread, by their names. */
const known = new Map(
  [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    ...[...Object.values(errors), ...Object.values(osErrors)].filter(isErrorClass),
  ].map((errorClass) => [errorClass.prototype.name, errorClass] as const),
);

function isErrorClass(value: object): value is ErrorClass {
  return (value as Partial<ErrorClass>).prototype instanceof Error;
}

/**
 * An error of another thread: of the same class where that is JavaScript's or ours, else an `Error`
 * with the same name; with its message, its stack there, its cause.
 */
export function unpackError(packed: PackedError): Error {
  const { name, message, stack, fields, cause, errors: parts } = packed;
  const error: Error =
    parts === undefined ? bare(name) : new AggregateError(parts.map(unpackError));
  define(error, 'message', message);
  if (stack !== undefined) define(error, 'stack', stack);
  if (error.name !== name) define(error, 'name', name);
  if (cause !== undefined) define(error, 'cause', unpackError(cause));
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(error, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  return error;
}

/** Without its constructor, which may want to know more than a message. */
function bare(name: string): Error {
  const error = new Error();
  const errorClass = known.get(name);
  if (errorClass !== undefined) Object.setPrototypeOf(error, errorClass.prototype);
  return error;
}

/** As the language does it: not enumerable. */
function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
