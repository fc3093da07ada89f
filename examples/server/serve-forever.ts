/** Creates a server, and serves until Ctrl-C. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log(server);
  await server.serveForever();
});

await asyncio.run(main());
