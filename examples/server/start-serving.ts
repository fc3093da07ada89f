/** Creates a server that does not serve yet, and starts it. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const main = asyncio.coroutine(async function main(): Promise<void> {
  const server = await asyncio.startServer(handler, '127.0.0.1', PORT, { startServing: false });
  console.log(server);
  console.log(`Serving: ${server.isServing()}`);
  await server.startServing();
  console.log(`Serving: ${server.isServing()}`);
});

await asyncio.run(main());
