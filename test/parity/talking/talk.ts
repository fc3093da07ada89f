/** Echo servers of all kinds or their clients: what talk.py is. */
import { readFileSync } from 'node:fs';
import * as asyncio from '../../../src/index.ts';
import type { Address } from '../../../src/socket.ts';

type Kind = 'tcp' | 'unix' | 'TLS' | 'udp';

const { ROLE: role, KEYS: keys } = process.env;
const places: Record<Kind, never> = JSON.parse(process.env['PLACES'] as string);
const kinds = Object.keys(places) as Kind[];
const DATA = Buffer.alloc(256 * 8000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
const SIZES = Array.from({ length: 119 }, (_, n) => (n + 1) * 500);

const serve: asyncio.ClientConnected = async (reader, writer) => {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
};

function context(kind: Kind): asyncio.TlsOptions | undefined {
  if (kind !== 'TLS') return undefined;
  const cert = readFileSync(`${keys}/cert.pem`);
  return role === 'client' ? { ca: cert } : { cert, key: readFileSync(`${keys}/key.pem`) };
}

function listen(kind: Kind): asyncio.Coroutine<unknown> {
  if (kind === 'udp') {
    const localAddr = ['127.0.0.1', places[kind]] as const;
    return asyncio.getRunningLoop().createDatagramEndpoint(() => new Datagrams(), { localAddr });
  }
  if (kind === 'unix') return asyncio.startUnixServer(serve, places[kind]);
  return asyncio.startServer(serve, '127.0.0.1', places[kind], { ssl: context(kind) });
}

function connect(kind: Kind): asyncio.Coroutine<asyncio.Streams> {
  if (kind === 'unix') return asyncio.openUnixConnection(places[kind]);
  const name = kind === 'TLS' ? { serverHostname: 'localhost' } : {};
  return asyncio.openConnection('127.0.0.1', places[kind], { ssl: context(kind), ...name });
}

async function send(writer: asyncio.StreamWriter): Promise<void> {
  for (let start = 0; start < DATA.length; start += 100_000) {
    writer.write(DATA.subarray(start, start + 100_000));
    await writer.drain();
  }
  if (writer.canWriteEof()) writer.writeEof();
}

async function talk(kind: Kind): Promise<string> {
  if (kind === 'udp') return await talkInDatagrams();
  const [reader, writer] = await connect(kind);
  const sending = asyncio.createTask(() => send(writer));
  // TLS cannot end one way alone.
  const received = await (kind === 'TLS' ? reader.readexactly(DATA.length) : reader.read());
  await sending;
  writer.close();
  await writer.waitClosed();
  return DATA.equals(received) ? 'the same' : `${received.length} other bytes`;
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

async function talkInDatagrams(): Promise<string> {
  const [transport, protocol] = await asyncio
    .getRunningLoop()
    .createDatagramEndpoint(() => new Datagrams(), { remoteAddr: ['127.0.0.1', places.udp] });
  const received: Uint8Array[] = [];
  for (const size of SIZES) {
    transport.sendto(DATA.subarray(0, size));
    received.push(await protocol.received.get());
  }
  transport.close();
  const same = received.every((each, n) => DATA.subarray(0, SIZES[n]).equals(each));
  return same ? 'the same' : 'others';
}

await asyncio.run(async () => {
  if (role === 'server') {
    for (const kind of kinds) await listen(kind);
    console.log('ready');
    await asyncio.getRunningLoop().createFuture();
  }
  for (const kind of kinds) console.log(`${kind}: ${await talk(kind)}`);
});
