import { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Socket } from '../../sock/socket.ts';
import { whenMade } from '../lifecycle.ts';

/**
 * Creates a protocol and its transport on a socket, and waits until the protocol has been called.
 *
 * @param isOurs - should the socket be closed on failure?
 * @param makeTransport - creates the transport; `made` is done when the protocol has been called
 */
export async function openTransport<P, T extends { close(): void }>(
  loop: LoopCore,
  sock: Socket,
  protocolFactory: () => P,
  isOurs: boolean,
  makeTransport: (protocol: P, made: Future<void>) => T,
): Promise<[transport: T, protocol: P]> {
  const made = new Future<void>(loop._asOption);
  let protocol: P;
  let transport: T;
  try {
    sock.setblocking(false);
    protocol = protocolFactory();
    transport = makeTransport(protocol, made);
  } catch (error) {
    if (isOurs) sock.close();
    throw error;
  }
  await whenMade(transport, made);
  return [transport, protocol];
}
