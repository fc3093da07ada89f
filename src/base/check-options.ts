import { typeError } from './errors/refusals.ts';
import { brief } from './printing/repr.ts';

/**
 * Checks that `options` is an object of options, or left out.
 *
 * @param names - the names of all options, separated by spaces; by default any
 * @throws {TypeError} when it is not an object, or has an unknown option
 */
export function checkOptions(options: unknown, names?: string): void {
  if (options === undefined) return;
  // Also refuses signals and maps.
  if (Object.prototype.toString.call(options) !== '[object Object]')
    throw typeError(`options must be an object, got ${brief(options)}`);
  if (names === undefined) return;
  for (const name of Object.keys(options as object))
    if (!names.split(' ').includes(name))
      throw typeError(`unexpected option ${brief(name)}, expected ${names.replaceAll(' ', ', ')}`);
}
