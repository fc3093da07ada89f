// A program with more than tasks, for test/inspect/look.test.ts.
import * as asyncio from '../../../src/index.ts';

/** Else they would be collected. */
const kept: unknown[] = [];
Object.assign(globalThis, { kept });

async function serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  for await (const line of reader) writer.write(line);
}

await asyncio.run(async function main() {
  const server = await asyncio.startServer(serve, '127.0.0.1', 0);
  const [reader, writer] = await asyncio.openConnection('127.0.0.1', server.port as number);
  writer.write('hello\n');
  await reader.readline();
  const failed = asyncio.createTask(async () => {
    throw new RangeError('lost\n');
  });
  asyncio.getRunningLoop().callLater(1000.04, function later() {});
  kept.push(failed, new asyncio.ThreadPoolExecutor(3));
  await asyncio.wait([failed]);
  // The failure is known when it has been there for some milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log('ready');
  await new Promise(() => {});
});
