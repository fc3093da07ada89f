/** Connects, keeps the reader alone, collects, reads on, and ends. Run with ASYNCIO_DEBUG=1. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as asyncio from '../../../src/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  writer.write(Buffer.from('one\n'));
  await asyncio.sleep(0.05);
  writer.write(Buffer.from('two\n'));
}

async function main(): Promise<void> {
  const server = await asyncio.startServer(greet, '127.0.0.1', 0);
  const [listener] = server.sockets;
  const port = Number(listener?.getsockname()[1]);
  const [reader] = await asyncio.openConnection('127.0.0.1', port);
  for await (const line of reader) {
    collect();
    console.log(String(line).trim());
  }
  server.close();
}

await asyncio.run(main);
