import { brief } from './printing/repr.ts';

/**
 * Checks that `options` is an object of options, or left out.
 *
 * @throws {TypeError} when it is not
 */
export function checkOptions(options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`options must be an object, got ${brief(options)}`);
}
