import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS, freshAddress, freshPath, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { CLIENT, SERVER } from '../support/tls.ts';

const REAL = { clock: 'real' } as const;
const SUITE = 'test_streams.py::StreamTests::';
const REQUEST = Buffer.from('GET / HTTP/1.0\r\n\r\n');
/** Trusts anybody, as CPython's `dummy_ssl_context()`. */
const ANYBODY: asyncio.TlsOptions = { rejectUnauthorized: false };

/** Answers a request with a page, and ends. */
const page: asyncio.ClientConnected = async (reader, writer) => {
  await reader.readuntil(Buffer.from('\r\n\r\n'));
  writer.write(Buffer.from('HTTP/1.0 200 OK\r\n\r\nTest message'));
  await writer.drain();
};

/** Asks for the page, and reads it to its end. */
async function readPage([reader, writer]: asyncio.Streams): Promise<void> {
  writer.write(REQUEST);
  const data = await reader.read();

  assert.match(String(data), /\r\n\r\nTest message$/);
  assert.is.not(writer.getExtraInfo('sslcontext'), undefined);
  writer.close();
  await writer.waitClosed();
}

for (const { name } of DRIVERS) {
  loopBehaviour(`openConnection with ssl, on ${name}`, (it) => {
    it(
      'reads what a server says until its end',
      async (loop) => {
        const sock = stream(name);
        sock.bind(freshAddress(sock.family));
        const serving = { sock, ssl: SERVER };
        await using server = await asyncio.startServer(page, undefined, undefined, serving);
        const client = stream(name);
        await loop.sockConnect(client, server.sockets[0]?.getsockname() as socket.AddressInput);
        const options = { sock: client, ssl: ANYBODY, serverHostname: '' };

        await readPage(await asyncio.openConnection(undefined, undefined, options));
      },
      { ...REAL, cpython: [`${SUITE}test_open_connection_no_loop_ssl`] },
    );
  });

  loopBehaviour(`openUnixConnection with ssl, on ${name}`, (it) => {
    it(
      'reads what a server says until its end',
      async (loop) => {
        const sock = stream(name, socket.AF_UNIX);
        sock.bind(freshAddress(sock.family));
        const serving = { sock, ssl: SERVER };
        await using server = await asyncio.startUnixServer(page, undefined, serving);
        const client = stream(name, socket.AF_UNIX);
        await loop.sockConnect(client, server.sockets[0]?.getsockname() as socket.AddressInput);
        const options = { sock: client, ssl: ANYBODY, serverHostname: '' };

        await readPage(await asyncio.openUnixConnection(undefined, options));
      },
      { ...REAL, cpython: [`${SUITE}test_open_unix_connection_no_loop_ssl`] },
    );
  });
}

loopBehaviour('streams with ssl', (it) => {
  it(
    'connect to a host, whose name is checked',
    async () => {
      await using server = await asyncio.startServer(page, '127.0.0.1', 0, { ssl: SERVER });
      const [[host, port] = ['', 0]] = server.sockets.map((sock) => sock.getsockname());

      await readPage(await asyncio.openConnection(String(host), port, { ssl: CLIENT }));
    },
    { ...REAL, cpython: [`${SUITE}test_open_connection_no_loop_ssl`] },
  );

  it(
    'connect to a path, and ask for a name',
    async () => {
      const path = freshPath();
      await using _server = await asyncio.startUnixServer(page, path, { ssl: SERVER });
      const options = { ssl: CLIENT, serverHostname: 'localhost' };

      await readPage(await asyncio.openUnixConnection(path, options));
    },
    { ...REAL, cpython: [`${SUITE}test_open_unix_connection_no_loop_ssl`] },
  );
});
