/** A server whose handler fails: the error is reported, and the server continues. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const handler = asyncio.coroutine(async function handler(): Promise<void> {
  console.log('Client connected');
  await asyncio.sleep(2 * SECOND);
  throw new Error('Something bad happened');
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  await using server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log('Server is running');
  await server.serveForever();
});

await asyncio.run(main());
