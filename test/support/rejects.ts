import { inspect } from 'node:util';
import * as assert from 'uvu/assert';

/** What the error must say, besides its class. */
export interface Expected {
  code?: string;
  /** A text it must equal, or a pattern it must match. */
  message?: string | RegExp;
}

/**
 * Waits for `promise` to reject with an error of class `ErrorClass`, and answers the error.
 *
 * uvu's `throws` cannot: it is synchronous.
 */
export async function rejects<E>(
  promise: PromiseLike<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: a class is asked for whatever it is made of
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
