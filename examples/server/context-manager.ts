/** Creates a server that is closed at the end of a block. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log(server);
  {
    await using _closing = server;
    await asyncio.sleep(2 * SECOND);
  }
  console.log(server);
  console.log(`Serving: ${server.isServing()}`);
});

await asyncio.run(main());
