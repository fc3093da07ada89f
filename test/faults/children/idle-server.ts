/** An echo server on streams that gives up clients that are idle for so many seconds. */
import * as asyncio from 'asyncio-ts';

const idleTimeout = Number(process.argv[2]);

const serve: asyncio.ClientConnected = async (reader, writer) => {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
};

await asyncio.run(async () => {
  const server = await asyncio.startServer(serve, '127.0.0.1', 0, { idleTimeout, backlog: 4096 });
  console.log(`listening on ${server.sockets[0]?.getsockname()}`);
  await server.serveForever();
});
