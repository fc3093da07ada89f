/** The server under test with streams: a reader and a writer for each connection. */
import * as asyncio from 'asyncio-ts';

const PIECE = 65_536;
const BACKLOG = 4096;

const echo = asyncio.coroutine(async function echo(
  reader: asyncio.StreamReader,
  writer: asyncio.StreamWriter,
): Promise<void> {
  let data = await reader.read(PIECE);
  while (data.length > 0) {
    writer.write(data);
    await writer.drain();
    data = await reader.read(PIECE);
  }
  writer.close();
});

await asyncio.run(
  asyncio.coroutine(async function main(): Promise<void> {
    const server = await asyncio.startServer(echo, '127.0.0.1', 0, { backlog: BACKLOG });
    console.log(`listening on ${server.sockets[0]?.getsockname()}`);
    await server.serveForever();
  })(),
);
