/**
 * Serves with the certificate at CERT and the key at KEY, on TCP and on the path PATH_OF_SERVER, and
 * connects to both with `ssl: true`. Run with NODE_EXTRA_CA_CERTS.
 */
import { readFileSync } from 'node:fs';
import * as asyncio from '../../../../src/index.ts';

const { CERT = '', KEY = '', PATH_OF_SERVER = '' } = process.env;
const ssl = { cert: readFileSync(CERT), key: readFileSync(KEY) };

async function greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  writer.write(Buffer.from('hello\n'));
  await writer.drain();
}

async function print([reader, writer]: asyncio.Streams): Promise<void> {
  console.log(`${writer.getExtraInfo('sslObject')?.authorized} ${await reader.readline()}`.trim());
  writer.close();
  await writer.waitClosed();
}

async function main(): Promise<void> {
  await using server = await asyncio.startServer(greet, '127.0.0.1', 0, { ssl });
  await using other = await asyncio.startUnixServer(greet, PATH_OF_SERVER, { ssl });
  const [port] = server.sockets.map((sock) => Number(sock.getsockname()[1]));
  await print(await asyncio.openConnection('127.0.0.1', port, { ssl: true }));
  const options = { ssl: true, serverHostname: 'localhost' };
  await print(await asyncio.openUnixConnection(String(other.sockets[0]?.getsockname()), options));
}

await asyncio.run(main);
