import { ourErrorClass } from '../base/errors/errors.ts';
import { brief } from '../base/printing/repr.ts';
import { asBuffer } from '../base/values/bytes.ts';
import { isErrorClass } from '../base/values/is-error.ts';
import type { PackedError, PackedValue } from './thread-call.ts';

type ErrorClass = { readonly prototype: Error };

/** JavaScript's own, which are the same in every thread, by their names. */
const builtin = new Map<string, ErrorClass>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map(
    (errorClass) => [errorClass.name, errorClass],
  ),
);
/** Those of the program, by their names. */
const registered = new Map<string, ErrorClass>();

/**
 * Has errors that a thread throws arrive as instances of `errorClass`, if their class has the same name there.
 *
 * Its constructor is not called.
 *
 * @param errorClass - a class of your own
 * @throws {TypeError} when it is not a class of errors, or has no name
 */
export function registerErrorClass(errorClass: abstract new (...args: never[]) => Error): void {
  if (!isErrorClass(errorClass) || errorClass.name === '')
    throw new TypeError(`a class of errors with a name was expected, got ${brief(errorClass)}`);
  registered.set(errorClass.name, errorClass);
}

/**
 * An error of another thread: of the same class where that is JavaScript's, ours or registered, else an
 * `Error` with the same name; with its message, its stack there, its cause, its parts.
 */
export function unpackError(packed: PackedError): Error {
  const { name, message, stack, fields, cause, errors: parts } = packed;
  const error = bare(packed);
  define(error, 'message', message);
  if (stack !== undefined) define(error, 'stack', stack);
  if (error.name !== name) define(error, 'name', name);
  if (parts !== undefined) define(error, 'errors', parts.map(unpackValue));
  if (cause !== undefined) define(error, 'cause', unpackValue(cause));
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(error, key, {
      value: value instanceof Uint8Array ? asBuffer(value) : value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  return error;
}

/** What was thrown, an error or not. */
export function unpackValue(packed: PackedValue): unknown {
  return 'value' in packed ? packed.value : unpackError(packed);
}

/** Without its constructor, which may want to know more than a message. */
function bare({ name, className, errors }: PackedError): Error {
  const error = new Error();
  const errorClass =
    registered.get(className) ??
    ourErrorClass(name) ??
    builtin.get(name) ??
    registered.get(name) ??
    (errors && AggregateError);
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
