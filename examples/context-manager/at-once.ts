/** A server that is created by `await using`, and serves until Ctrl-C. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  await using server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  await server.serveForever();
});

await asyncio.run(main());
