import { Duplex } from 'node:stream';
import { runInNewContext } from 'node:vm';
import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import { connectedPair, DRIVERS, datagram, freshAddress } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { serving } from '../support/streams.ts';

const REAL = { clock: 'real' } as const;

/** What a program may do with bytes that it got. */
function textOf(bytes: Buffer): string {
  assert.ok(Buffer.isBuffer(bytes), `${Object.prototype.toString.call(bytes)} is no Buffer`);
  return bytes.toString('utf8');
}

/** Reads in every way that there is. */
async function readAll(reader: asyncio.StreamReader): Promise<string[]> {
  const texts = [
    textOf(await reader.read(0)),
    textOf(await reader.read(1)),
    textOf(await reader.readexactly(1)),
    textOf(await reader.readline()),
    textOf(await reader.readuntil(Buffer.from(' '))),
  ];
  try {
    await reader.readexactly(100);
  } catch (error) {
    texts.push(textOf((error as asyncio.IncompleteReadError).partial));
  }
  texts.push(textOf(await reader.read(1)), textOf(await reader.readline()));
  texts.push(textOf(await reader.read()), textOf(await reader.readexactly(0)));
  return texts;
}

const SENT = '12 line\nword rest';
const READ = ['', '1', '2', ' line\n', 'word ', 'rest', '', '', '', ''];

for (const { name } of DRIVERS)
  loopBehaviour(`What is received on ${name}`, (it) => {
    it(
      'is a Buffer, however a stream is read',
      async (loop) => {
        const send: asyncio.ClientConnected = async (_reader, writer) => {
          writer.write(SENT);
          await writer.drain();
        };
        await serving(loop, name, send, async ({ connect }) => {
          const [reader] = await connect();

          assert.equal(await readAll(reader), READ);
        });
      },
      REAL,
    );

    it(
      'is a Buffer, read from a socket of a stream or of datagrams',
      async (loop) => {
        const pair = await connectedPair(name);
        const { client: left, server: right } = pair;
        await loop.sockSendall(left, Buffer.from('hello'));
        assert.is(textOf(await loop.sockRecv(right, 1)), 'h');
        assert.is(textOf(await loop.sockRecv(right, 0)), '');
        assert.is(textOf(right.recv(0)), '');
        left.close();
        assert.is(textOf(await loop.sockRecv(right, 10)), 'ello');
        assert.is(textOf(await loop.sockRecv(right, 10)), '');
        pair.close();

        const sock = datagram(name);
        sock.bind(freshAddress(sock.family));
        await loop.sockSendto(sock, Buffer.from('to me'), sock.getsockname());
        await loop.sockSendto(sock, Buffer.from(''), sock.getsockname());
        assert.is(textOf((await loop.sockRecvfrom(sock, 4))[0]), 'to m');
        assert.is(textOf((await loop.sockRecvfrom(sock, 4))[0]), '');
        sock.close();
      },
      REAL,
    );
  });

/** Bytes of another realm, such as a `vm` context. */
function foreignBytes(text: string): Uint8Array {
  return runInNewContext('(bytes) => new Uint8Array(bytes)')([...Buffer.from(text)]);
}

for (const { name } of DRIVERS)
  loopBehaviour(`Bytes of another realm on ${name}`, (it) => {
    it(
      'can be sent and received into',
      async (loop) => {
        const { client, server, close } = await connectedPair(name);
        await loop.sockSendall(client, foreignBytes('one'));
        client.send(foreignBytes('two'));
        client.sendmsg([foreignBytes('3')]);
        const room = foreignBytes('.....');
        assert.is(await loop.sockRecvInto(server, room), 5);
        assert.is(String(Buffer.from(room)), 'onetw');
        assert.is(server.recvInto(room), 2);
        assert.is(String(Buffer.from(room)), 'o3etw');
        close();

        const sock = datagram(name);
        sock.bind(freshAddress(sock.family));
        await loop.sockSendto(sock, foreignBytes('to me'), sock.getsockname());
        assert.is(String((await loop.sockRecvfrom(sock, 10))[0]), 'to me');
        sock.close();
      },
      REAL,
    );

    it(
      'are written to a stream',
      async (loop) => {
        const send: asyncio.ClientConnected = async (_reader, writer) => {
          writer.write(foreignBytes('one '));
          writer.writelines([foreignBytes('two'), ' three']);
          await writer.drain();
        };
        await serving(loop, name, send, async ({ connect }) => {
          const [reader] = await connect();

          assert.is(String(await reader.readuntil(foreignBytes(' '))), 'one ');
          assert.is(String(await reader.read()), 'two three');
        });
      },
      REAL,
    );
  });

loopBehaviour('What is received otherwise', (it) => {
  it('is a Buffer, even if a reader is fed arrays of bytes', async () => {
    const reader = new asyncio.StreamReader();
    reader.feedData(new TextEncoder().encode(SENT.slice(0, 5)));
    reader.feedData(foreignBytes(SENT.slice(5)));
    reader.feedEof();

    assert.equal(await readAll(reader), READ);
  });

  it('is a Buffer, even if a Node stream returned arrays of bytes', async (loop) => {
    const received: Buffer[] = [];
    const duplex = new Duplex({ read() {}, write() {} });
    const protocol = Object.assign(new asyncio.Protocol(), {
      dataReceived: (data: Buffer) => void received.push(data),
    });
    const [transport] = await asyncio.connectDuplex(() => protocol, duplex);

    duplex.emit('data', new TextEncoder().encode('of our own'));
    while (received.length === 0) await asyncio.sleep(0);
    assert.is(received.map(textOf).join(), 'of our own');
    transport.abort();
    assert.is(loop.isRunning(), true);
  });

  it('can be sent as text: strings are written to a Node stream as UTF-8', async () => {
    const written: Buffer[] = [];
    const duplex = new Duplex({
      read() {},
      write(data: Buffer, _encoding, done) {
        written.push(data);
        done();
      },
    });
    const [, writer] = await asyncio.fromDuplex(duplex);

    writer.write('grüß ');
    writer.writelines(['€', Uint8Array.of(33)]);
    duplex.push(null);
    writer.close();
    await writer.waitClosed();

    assert.is(String(Buffer.concat(written)), 'grüß €!');
  });
});
