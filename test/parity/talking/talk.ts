/** An echo server or a client of it: what talk.py is. */
import { readFileSync } from 'node:fs';
import * as asyncio from '../../../src/index.ts';
import type { Address } from '../../../src/socket.ts';

const { KIND: kind, ROLE: role, WHERE: where = '', TLS: tls } = process.env;
const DATA = Buffer.alloc(256 * 8000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
const SIZES = Array.from({ length: 119 }, (_, n) => (n + 1) * 500);

const serve: asyncio.ClientConnected = async (reader, writer) => {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
};

function context(): asyncio.TlsOptions | undefined {
  if (!tls) return undefined;
  const cert = readFileSync(`${tls}/cert.pem`);
  return role === 'client' ? { ca: cert } : { cert, key: readFileSync(`${tls}/key.pem`) };
}

const listen = (): asyncio.Coroutine<asyncio.Server> =>
  kind === 'tcp'
    ? asyncio.startServer(serve, '127.0.0.1', Number(where), { ssl: context() })
    : asyncio.startUnixServer(serve, where, { ssl: context() });

const connect = (): asyncio.Coroutine<asyncio.Streams> => {
  const options = { ssl: context(), ...(tls && { serverHostname: 'localhost' }) };
  return kind === 'tcp'
    ? asyncio.openConnection('127.0.0.1', Number(where), options)
    : asyncio.openUnixConnection(where, options);
};

async function send(writer: asyncio.StreamWriter): Promise<void> {
  for (let start = 0; start < DATA.length; start += 100_000) {
    writer.write(DATA.subarray(start, start + 100_000));
    await writer.drain();
  }
  if (writer.canWriteEof()) writer.writeEof();
}

/** Echoes for a server, and keeps what comes for a client. */
class Datagrams extends asyncio.DatagramProtocol {
  readonly received = new asyncio.Queue<Uint8Array>();
  transport: asyncio.DatagramTransport | undefined;

  override connectionMade(transport: asyncio.DatagramTransport): void {
    this.transport = transport;
  }

  override datagramReceived(data: Uint8Array, address: Address): void {
    if (role === 'server') this.transport?.sendto(data, address as [string, number]);
    else this.received.putNowait(data);
  }
}

async function talkInDatagrams(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const address = ['127.0.0.1', Number(where)] as const;
  const side = role === 'server' ? { localAddr: address } : { remoteAddr: address };
  const [transport, protocol] = await loop.createDatagramEndpoint(() => new Datagrams(), side);
  if (role === 'server') {
    console.log('ready');
    await loop.createFuture();
  }
  const received: Uint8Array[] = [];
  for (const size of SIZES) {
    transport.sendto(DATA.subarray(0, size));
    received.push(await protocol.received.get());
  }
  const same = received.every((each, n) => DATA.subarray(0, SIZES[n]).equals(each));
  console.log(same ? 'the same' : 'others');
  transport.close();
}

await asyncio.run(async () => {
  if (kind === 'udp') return await talkInDatagrams();
  if (role === 'server') {
    const server = await listen();
    console.log('ready');
    await server.serveForever();
  }
  const [reader, writer] = await connect();
  const sending = asyncio.createTask(() => send(writer));
  // TLS cannot end one way alone.
  const received = await (tls ? reader.readexactly(DATA.length) : reader.read());
  await sending;
  console.log(DATA.equals(received) ? 'the same' : `${received.length} other bytes`);
  writer.close();
  await writer.waitClosed();
});
