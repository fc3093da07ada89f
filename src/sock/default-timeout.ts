import { checkSecondsFromZero } from '../base/numbers.ts';

/** The time limit of new sockets. */
let defaultTimeout: number | undefined;

/** The time limit that new sockets have, in seconds; `undefined`: none. */
export function getdefaulttimeout(): number | undefined {
  return defaultTimeout;
}

/**
 * Sets the time limit that new sockets have. It limits the connects of {@link createConnection} alone:
 * no other operation waits.
 *
 * @param timeout - in seconds; 0: they are non-blocking; `undefined`: they are blocking
 * @throws {RangeError} when it is negative or not finite
 */
export function setdefaulttimeout(timeout: number | undefined): void {
  if (timeout !== undefined) checkSecondsFromZero(timeout, 'setdefaulttimeout(): timeout');
  defaultTimeout = timeout;
}
