import { rangeError, typeError } from './errors/refusals.ts';
import { brief, typeNameOf } from './printing/repr.ts';
import { isBytes } from './values/bytes.ts';

// `what` names the value in the message.

/** @throws {TypeError} when it is not a function */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function')
    throw typeError(`${what} must be a function, got ${brief(value)}`);
}

/** @throws {TypeError} when it is not a string */
export function checkString(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string') throw typeError(`${what} must be a string, got ${brief(value)}`);
}

/** @throws {TypeError} when it is not a `Uint8Array` with memory */
export function checkBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (!isBytes(value)) throw typeError(`${what} must be a Uint8Array, got ${typeNameOf(value)}`);
}

/**
 * @throws {TypeError} when it is not a string
 * @throws {RangeError} when it contains a null character
 */
export function checkText(value: unknown, what: string): asserts value is string {
  checkString(value, what);
  checkNoNull(value, what);
}

/**
 * Checks a string that is passed to C, where it would end at the first null character, and might
 * name something else.
 *
 * @throws {RangeError} when it contains one
 */
export function checkNoNull(text: string, what: string): void {
  if (text.includes('\0'))
    throw rangeError(`${what} must not contain a null character, got ${brief(text)}`);
}

/** @throws {TypeError} when it is not iterable, or is a string */
export function checkIterable(value: unknown, what: string): asserts value is Iterable<unknown> {
  if (!isIterable(value)) throw typeError(`${what} must be an iterable, got ${typeNameOf(value)}`);
}

/** Is a value iterable, and not a string? */
export function isIterable(value: unknown): value is Iterable<unknown> {
  const { [Symbol.iterator]: iterator } = Object(value) as { [Symbol.iterator]?: unknown };
  return typeof iterator === 'function' && typeof value !== 'string';
}
