import * as asyncio from '../index.ts';
import type * as socket from '../socket.ts';
import { type Clients, type EchoOptions, letFinish } from './echo-sock.ts';
import type { Statistics } from './statistics.ts';

/**
 * How long written data may take to be sent when the clients are done, and TLS to end, in seconds.
 */
const CLOSE_TIMEOUT = 0.1;

/** Serves until the task is cancelled; then lets clients finish, and prints statistics. */
export async function serveUntilCancelled(
  server: asyncio.Server,
  sock: socket.Socket,
  clients: Clients,
  statistics: Statistics,
  options: EchoOptions,
): Promise<never> {
  const loop = asyncio.getRunningLoop();
  const address = sock.getsockname();
  if (options.onListening !== undefined) options.onListening(address);
  else options.say(`listening on ${address}; Ctrl-C stops`);
  try {
    return await loop.createFuture<never>();
  } finally {
    server.close();
    await letFinish(clients, options);
    await Promise.race([server.waitClosed(), asyncio.sleep(CLOSE_TIMEOUT)]);
    server.abortClients();
    await server.waitClosed();
    if (options.statistics === undefined) options.say(statistics.summary(loop.time()));
  }
}
