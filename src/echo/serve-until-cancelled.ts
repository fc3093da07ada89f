import * as asyncio from '../index.ts';
import type * as socket from '../socket.ts';
import { type Clients, type EchoOptions, letFinish } from './echo-sock.ts';
import type { Statistics } from './statistics.ts';

/** Has a server serve until the task is cancelled; then lets its clients finish, and says what it did. */
export async function serveUntilCancelled(
  server: asyncio.Server,
  sock: socket.Socket,
  clients: Clients,
  statistics: Statistics,
  options: EchoOptions,
): Promise<never> {
  const loop = asyncio.getRunningLoop();
  options.say(`listening on ${sock.getsockname()}; Ctrl-C stops`);
  try {
    return await loop.createFuture<never>();
  } finally {
    server.close();
    await letFinish(clients, options);
    await server.waitClosed();
    options.say(statistics.summary(loop.time()));
  }
}
