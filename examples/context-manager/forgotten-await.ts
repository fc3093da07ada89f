/** A common mistake: `startServer()` returns a coroutine, which has to be awaited. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  // Without the cast, the compiler reports the mistake.
  await using server = asyncio.startServer(handler, '127.0.0.1', PORT) as unknown as asyncio.Server;
  await server.serveForever();
});

await asyncio.run(main());
