/** A server in its own task. Ctrl-C closes it, too. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const handler = asyncio.coroutine(async function handler(): Promise<void> {});

const backgroundServer = asyncio.coroutine(async function backgroundServer(): Promise<void> {
  const server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log(server);
  try {
    await using _closing = server;
    await server.serveForever();
  } finally {
    console.log(`Server closed: serving=${server.isServing()}`);
  }
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  asyncio.createTask(backgroundServer());
  await asyncio.sleep(2 * SECOND);
  console.log('Shutting down...');
  process.kill(process.pid, 'SIGINT');
  await asyncio.sleep(2 * SECOND);
});

await asyncio.run(main());
