import { rangeError, typeError } from './errors/refusals.ts';
import { brief } from './printing/repr.ts';

/**
 * Checks of numeric arguments. Every function makes them first, so that a wrong number is refused
 * before anything has happened: with a `TypeError` if it is not a number, otherwise with a
 * `RangeError`.
 */

/**
 * Checks that a value is an integer within bounds. If `most` is Infinity, it may be, too.
 *
 * @param what - its name in the error text
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is out of bounds
 */
export function checkWhole(
  value: unknown,
  least: number,
  most: number,
  what: string,
): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  if (value === Number.POSITIVE_INFINITY && value === most) return;
  throw refusal(value, `${what} must be an integer${range(least, most)}`);
}

function range(least: number, most: number): string {
  if (least <= Number.MIN_SAFE_INTEGER) return '';
  if (most === Number.POSITIVE_INFINITY) return ` >= ${least}, or Infinity`;
  return most >= Number.MAX_SAFE_INTEGER ? ` >= ${least}` : ` from ${least} to ${most}`;
}

/**
 * Checks that a value is a number, fractions and infinities included.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is NaN
 */
export function checkNumber(value: unknown, what: string): asserts value is number {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw refusal(value, `${what} must be a number`);
}

/**
 * Checks that a value is a number of seconds, which may be negative or infinite.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is NaN
 */
export function checkSeconds(value: unknown, what: string): asserts value is number {
  if (typeof value !== 'number') throw refusal(value, `${what} must be a number of seconds`);
  if (Number.isNaN(value)) throw rangeError(`Invalid ${what}: NaN (not a number)`);
}

/** Like {@link checkSeconds}; `undefined` means no limit. */
export function checkTimeout(value: unknown, what: string): asserts value is number | undefined {
  if (value === undefined) return;
  if (typeof value !== 'number')
    throw refusal(value, `${what} must be a number of seconds or undefined`);
  checkSeconds(value, what);
}

/**
 * Checks that a value is a finite number of seconds.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is not finite
 */
export function checkFiniteSeconds(value: unknown, what: string): asserts value is number {
  if (typeof value !== 'number') throw refusal(value, `${what} must be a number of seconds`);
  if (!Number.isFinite(value)) throw refusal(value, `${what} must be a finite number of seconds`);
}

/**
 * Checks that a value is a finite number of seconds, 0 or more.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is negative or not finite
 */
export function checkSecondsFromZero(value: unknown, what: string): asserts value is number {
  if (!(Number.isFinite(value) && (value as number) >= 0))
    throw refusal(value, `${what} must be a number of seconds >= 0`);
}

/**
 * Checks that a value is a finite number of seconds above 0, or `undefined` for the default.
 *
 * @throws {TypeError} when it is not a number
 * @throws {RangeError} when it is not above 0 and finite
 */
export function checkPositiveSeconds(
  value: unknown,
  what: string,
): asserts value is number | undefined {
  if (value === undefined || (Number.isFinite(value) && (value as number) > 0)) return;
  throw refusal(value, `${what} must be a number of seconds above 0`);
}

function refusal(value: unknown, text: string): TypeError | RangeError {
  const message = `${text}, got ${brief(value)}`;
  return typeof value === 'number' ? rangeError(message) : typeError(message);
}
