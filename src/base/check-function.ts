import { brief } from './printing/repr.ts';

/**
 * Checks that `value` is a function.
 *
 * @param name - what the caller calls it
 * @throws {TypeError} when it is not
 */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function')
    throw new TypeError(`${name} must be a function, got ${brief(value)}`);
}
