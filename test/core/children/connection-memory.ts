/** Prints by how many bytes the heap grows for an idle connection of `protocol` or `streams`, with its client's socket. */
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

const CONNECTIONS = 500;
const style = process.argv[2];

const readAll = asyncio.coroutine(async function readAll(
  reader: asyncio.StreamReader,
): Promise<void> {
  await reader.read(100);
});

await asyncio.run(async () => {
  const loop = asyncio.getRunningLoop();
  const server =
    style === 'streams'
      ? await asyncio.startServer(readAll, '127.0.0.1', 0)
      : await loop.createServer(() => new asyncio.Protocol(), '127.0.0.1', 0);
  const address = server.sockets[0]?.getsockname() as socket.Address;
  const clients: socket.Socket[] = [];

  async function heapWithMore(count: number): Promise<number> {
    for (let n = 0; n < count; n += 1) {
      const client = socket.socket();
      client.setblocking(false);
      await loop.sockConnect(client, address as [string, number]);
      clients.push(client);
    }
    await asyncio.sleep(0.05);
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  }

  const before = await heapWithMore(200);
  const after = await heapWithMore(CONNECTIONS);
  console.log(String((after - before) / CONNECTIONS)); // as text: a number would be coloured
  process.exit(0);
});
