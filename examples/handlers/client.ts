/** A client that stays connected for a while, and sends nothing. */
import * as asyncio from 'asyncio-ts';

const PORT = Number(process.env['PORT'] ?? 8888);
const SECOND = Number(process.env['SECOND'] ?? 1);

const main = asyncio.coroutine(async function main(): Promise<void> {
  console.log('Connecting...');
  const [, writer] = await asyncio.openConnection('127.0.0.1', PORT);
  console.log('Connected');
  await asyncio.sleep(10 * SECOND);
  console.log('Shutting down...');
  writer.close();
  await writer.waitClosed();
});

await asyncio.run(main());
