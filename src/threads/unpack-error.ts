import { ourErrorClass } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { onlyUserFrames } from '../base/stacks/capture.ts';
import { hasUserFrame, linesOf } from '../base/stacks/user-frames.ts';
import { asBuffer, isUint8Array } from '../base/values/bytes.ts';
import { isErrorClass } from '../base/values/is-error.ts';
import type { PackedError, PackedValue } from './thread-call.ts';

type ErrorClass = { readonly prototype: Error };

/** JavaScript's error classes, by name, which are the same in every thread. */
const builtin = new Map<string, ErrorClass>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map(
    (errorClass) => [errorClass.name, errorClass],
  ),
);
/** The program's error classes, by name. */
const registered = new Map<string, ErrorClass>();

/**
 * Makes errors thrown in a thread arrive as instances of `errorClass`, if their class there has the
 * same name.
 *
 * Its constructor is not called.
 *
 * @param errorClass - a class of your own
 * @throws {TypeError} when it is not an error class, or has no name
 */
export function registerErrorClass(errorClass: abstract new (...args: never[]) => Error): void {
  if (!isErrorClass(errorClass) || errorClass.name === '')
    throw typeError(`an error class with a name was expected, got ${brief(errorClass)}`);
  registered.set(errorClass.name, errorClass);
}

/**
 * Recreates an error from another thread, with its message, stack, cause and parts. It has the same
 * class if that is JavaScript's, ours or registered; otherwise it is an `Error` with the same name.
 */
export function unpackError(packed: PackedError): Error {
  const { name, message, stack, fields, cause, errors: parts } = packed;
  const error = createError(packed);
  define(error, 'message', message);
  if (stack !== undefined) define(error, 'stack', userPart(stack, message));
  if (error.name !== name) define(error, 'name', name);
  if (parts !== undefined) define(error, 'errors', parts.map(unpackValue));
  if (cause !== undefined) define(error, 'cause', unpackValue(cause));
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(error, key, {
      value: isUint8Array(value) ? asBuffer(value) : value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  return error;
}

/** A stack without Node's and our own frames. */
function userPart(stack: string, message: string): unknown {
  if (hasUserFrame(stack)) return onlyUserFrames(stack, message, Number.POSITIVE_INFINITY);
  return stack.split('\n', linesOf(message)).join('\n');
}

/** Recreates a thrown value, an error or not. */
export function unpackValue(packed: PackedValue): unknown {
  return 'value' in packed ? packed.value : unpackError(packed);
}

/** Without calling its constructor, which may need other arguments. */
function createError({ name, className, errors }: PackedError): Error {
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

/** Not enumerable, like the language's own fields. */
function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
