import { inspect } from 'node:util';
import * as assert from 'uvu/assert';

/** What the error must have, in addition to its class. */
export interface Expected {
  code?: string;
  /** The exact text, or a pattern. */
  message?: string | RegExp;
}

/**
 * Waits until `promise` rejects with an error of class `ErrorClass`, and returns the error. uvu's
 * `throws` is synchronous.
 */
export async function rejects<E>(
  promise: PromiseLike<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: any class is accepted, whatever its arguments
  ErrorClass: abstract new (...args: any[]) => E,
  { code, message }: Expected = {},
): Promise<E> {
  let error: unknown;
  try {
    const value = await promise;
    assert.unreachable(`expected a rejection with ${ErrorClass.name}, got ${inspect(value)}`);
  } catch (caught) {
    error = caught;
  }
  if (error instanceof assert.Assertion && !((ErrorClass as unknown) === assert.Assertion))
    throw error;
  if (!(error instanceof ErrorClass))
    throw new Error(`expected a rejection with ${ErrorClass.name}`, { cause: error });
  if (code !== undefined) assert.is((error as { code?: unknown }).code, code);
  if (message !== undefined) {
    const text = (error as { message?: unknown }).message;
    if (typeof message === 'string') assert.is(text, message);
    else assert.match(String(text), message);
  }
  return error;
}
