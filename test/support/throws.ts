import * as assert from 'uvu/assert';
import type { Expected } from './rejects.ts';

/**
 * Calls `call`, which must throw an error of class `ErrorClass`, and returns the error. uvu's `throws`
 * accepts a class or a message, not both.
 */
export function throws<E>(
  call: () => unknown,
  // biome-ignore lint/suspicious/noExplicitAny: any class is accepted, whatever its arguments
  ErrorClass: abstract new (...args: any[]) => E,
  { code, message }: Expected = {},
): E {
  let error: unknown;
  let threw = false;
  try {
    call();
  } catch (caught) {
    threw = true;
    error = caught;
  }
  if (!threw) assert.unreachable(`expected to throw ${ErrorClass.name}`);
  if (!(error instanceof ErrorClass))
    throw new Error(`expected to throw ${ErrorClass.name}`, { cause: error });
  if (code !== undefined) assert.is((error as { code?: unknown }).code, code);
  const text = (error as { message?: unknown }).message;
  if (typeof message === 'string') assert.is(text, message);
  else if (message !== undefined) assert.match(String(text), message);
  return error;
}
