/** Creates a server, and closes it after a while. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log(server);
  await asyncio.sleep(2 * SECOND);
  server.close();
  await server.waitClosed();
  console.log(server);
});

await asyncio.run(main());
