import { brief } from '../../base/printing/repr.ts';

/**
 * Checks the message of a cancel.
 *
 * @throws {TypeError} when it is neither a string nor `undefined`
 */
export function checkCancelMessage(message: unknown): void {
  if (message !== undefined && typeof message !== 'string')
    throw new TypeError(`the message of a cancel must be a string, got ${brief(message)}`);
}
