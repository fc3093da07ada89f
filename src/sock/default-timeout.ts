import { checkSecondsFromZero } from '../base/numbers.ts';

/** The timeout of new sockets. */
let defaultTimeout: number | undefined;

/** The timeout of new sockets, in seconds; `undefined` for none. */
export function getdefaulttimeout(): number | undefined {
  return defaultTimeout;
}

/**
 * Sets the timeout of new sockets. Only {@link createConnection} uses it, because no other
 * operation waits.
 *
 * @param timeout - in seconds; 0 makes them non-blocking, `undefined` blocking
 * @throws {RangeError} when it is negative or not finite
 */
export function setdefaulttimeout(timeout: number | undefined): void {
  if (timeout !== undefined) checkSecondsFromZero(timeout, 'setdefaulttimeout(): timeout');
  defaultTimeout = timeout;
}
