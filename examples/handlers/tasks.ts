/** A server whose handler prints all tasks of the program: its own, and that of main(). */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const handler = asyncio.coroutine(async function handler(
  _reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
): Promise<void> {
  console.log('Client connected');
  await asyncio.sleep(2 * SECOND);
  for (const task of asyncio.allTasks()) console.log(task);
  writer.close();
  await writer.waitClosed();
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  await using server = await asyncio.startServer(handler, '127.0.0.1', PORT);
  console.log('Server is running');
  await server.serveForever();
});

await asyncio.run(main());
