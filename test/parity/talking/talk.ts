/** An echo server or a client of it: what talk.py is. */
import * as asyncio from '../../../src/index.ts';

const { KIND: kind, ROLE: role, WHERE: where = '' } = process.env;
const DATA = Buffer.alloc(256 * 8000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));

const serve: asyncio.ClientConnected = async (reader, writer) => {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
};

const listen = (): asyncio.Coroutine<asyncio.Server> =>
  kind === 'tcp'
    ? asyncio.startServer(serve, '127.0.0.1', Number(where))
    : asyncio.startUnixServer(serve, where);

const connect = (): asyncio.Coroutine<asyncio.Streams> =>
  kind === 'tcp'
    ? asyncio.openConnection('127.0.0.1', Number(where))
    : asyncio.openUnixConnection(where);

async function send(writer: asyncio.StreamWriter): Promise<void> {
  for (let start = 0; start < DATA.length; start += 100_000) {
    writer.write(DATA.subarray(start, start + 100_000));
    await writer.drain();
  }
  writer.writeEof();
}

await asyncio.run(async () => {
  if (role === 'server') {
    const server = await listen();
    console.log('ready');
    await server.serveForever();
  }
  const [reader, writer] = await connect();
  const sending = asyncio.createTask(() => send(writer));
  const received = await reader.read();
  await sending;
  console.log(DATA.equals(received) ? 'the same' : `${received.length} other bytes`);
  writer.close();
  await writer.waitClosed();
});
