import type { Endpoint } from './endpoint.ts';

/**
 * Sends from index `from` until all is sent or nothing more can go; returns the index reached.
 *
 * Empty data is sent, too: it may be a datagram, or reveal a broken connection.
 *
 * @throws {OSError} when the connection is broken
 */
export function sendMost(endpoint: Endpoint, data: Uint8Array, from: number): number {
  let sent = from;
  do {
    const now = endpoint.trySend(data, sent);
    if (now < 0) break;
    sent += now;
  } while (sent < data.length);
  return sent;
}
