import { checkString } from '../../base/check-types.ts';

/**
 * Checks the message of a cancel.
 *
 * @throws {TypeError} when it is neither a string nor `undefined`
 */
export function checkCancelMessage(message: unknown): void {
  if (message !== undefined) checkString(message, 'the message of a cancel');
}
