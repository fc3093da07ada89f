import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import { SHUT_WR, type Socket } from '../../../src/socket.ts';
import { DRIVERS, streamOn } from '../../support/drivers.ts';
import { duplexPair } from '../../support/duplex-pair.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { serving } from '../../support/streams.ts';
import {
  Buffered,
  CLIENT,
  Echo,
  SERVER,
  secureClient,
  securely,
  secureServer,
} from '../../support/tls.ts';
import {
  Recorder,
  receiveAll,
  socketsOn,
  until,
  writeUntilFull,
} from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const SSL = 'test_ssl.py::TestSSL::';
const START = 'test_sslproto.py::BaseStartTLS::';

/** Goes on when the peer has ended. */
class HalfOpen extends Recorder {
  override eofReceived(): boolean {
    return true;
  }
}

const START_TLS = Buffer.from('STARTTLS\n');
const GO_AHEAD = Buffer.from('220 go ahead\n');
const FLOOD = Buffer.alloc(500_000, 'behind the handshake ');

/** What somebody put behind the last line in the clear: commands, a byte, and what looks like records. */
const INJECTIONS = [
  Buffer.from('INJECTED\n'),
  Buffer.from('x'),
  Buffer.from('GET / HTTP/1.0\r\n\r\n'),
  Buffer.from('\x17\x03\x03\x00\x09INJECTED\n', 'latin1'),
  Buffer.from('\x16\x03\x01\x00\x09INJECTED\n', 'latin1'),
];

for (const { name } of DRIVERS) {
  loopBehaviour(`loop.startTls on ${name}`, (it) => {
    it(
      'encrypts an established connection, on both sides',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Recorder(loop), new Echo(loop)];
        const plain = await Promise.all([
          loop.createConnection(() => client, undefined, undefined, { sock: near }),
          loop.connectAcceptedSocket(() => server, far),
        ]);
        const [[before], [serverBefore]] = plain;
        before.write(Buffer.from('in the clear'));
        await until(loop, () => client.received.length > 0);

        const [transport, other] = await Promise.all([
          loop.startTls(before, client, CLIENT, { serverHostname: 'localhost' }),
          loop.startTls(serverBefore, server, SERVER, { serverSide: true }),
        ]);
        server.transport = other;
        transport.write(HELLO);
        await until(loop, () => client.received.length > 1);

        assert.equal(client.calls, [
          'connectionMade',
          'dataReceived in the clear',
          'dataReceived hello',
        ]);
        transport.close();
        assert.is(await client.lost, undefined);
        assert.is(await server.lost, undefined);
        assert.ok(before.isClosing());
      },
      {
        ...REAL,
        cpython: [
          `${START}test_start_tls_client_reg_proto_1`,
          `${START}test_start_tls_server_1`,
          `${SSL}test_start_tls_client_reg_proto_1`,
          `${SSL}test_start_tls_server_1`,
        ],
      },
    );

    for (const serverSide of [false, true])
      it(
        `fails if the ${serverSide ? 'server' : 'client'} can no longer write`,
        async (loop, { expectReport }) => {
          const [near, far] = await socketsOn(loop, name);
          const [client, server] = [new HalfOpen(loop), new HalfOpen(loop)];
          const [[before], [serverBefore]] = await Promise.all([
            loop.createConnection(() => client, undefined, undefined, { sock: near }),
            loop.connectAcceptedSocket(() => server, far),
          ]);
          (serverSide ? serverBefore : before).writeEof();
          const [asClient, asServer] = await asyncio.gather(
            loop.startTls(before, client, CLIENT, { serverHostname: 'localhost' }),
            loop.startTls(serverBefore, server, SERVER, { serverSide: true }),
            { returnExceptions: true },
          );

          assert.instance(serverSide ? asServer : asClient, asyncio.RuntimeError);
          assert.instance(serverSide ? asClient : asServer, asyncio.ConnectionResetError);
          assert.instance(await (serverSide ? server : client).lost, asyncio.RuntimeError);
          assert.instance(await (serverSide ? client : server).lost, asyncio.ConnectionResetError);
          expectReport(/^SSL handshake failed$/);
        },
        REAL,
      );

    it(
      'works with a buffered protocol',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Buffered(), new Recorder(loop)];
        const [[before], [serverBefore]] = await Promise.all([
          loop.createConnection(() => client, undefined, undefined, { sock: near }),
          loop.connectAcceptedSocket(() => server, far),
        ]);
        const [transport, other] = await Promise.all([
          loop.startTls(before, client, CLIENT, { serverHostname: 'localhost' }),
          loop.startTls(serverBefore, server, SERVER, { serverSide: true }),
        ]);
        other.write(HELLO);
        await until(loop, () => client.received === 'hello');

        transport.close();
        await server.lost;
      },
      {
        ...REAL,
        cpython: [
          `${START}test_start_tls_client_buf_proto_1`,
          `${SSL}test_start_tls_client_buf_proto_1`,
        ],
      },
    );

    it(
      'encrypts an encrypted connection again',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Echo(loop)];

        await securely(loop, name, client, server, async (outer, serverOuter) => {
          const [transport, other] = await Promise.all([
            loop.startTls(outer, client, CLIENT, { serverHostname: 'localhost' }),
            loop.startTls(serverOuter, server, SERVER, { serverSide: true }),
          ]);
          server.transport = other;
          transport.write(HELLO);
          await until(loop, () => client.received.length > 0);

          assert.is(String(client.received[0]), 'hello');
          transport.close();
          assert.is(await client.lost, undefined);
          assert.is(await server.lost, undefined);
        });
      },
      { ...REAL, cpython: [`${SSL}test_create_server_ssl_over_ssl`] },
    );

    it(
      'reports nothing if both layers are closed during the handshake of the outer one',
      async (loop, scene) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];

        await securely(loop, name, client, server, async (outer, serverOuter) => {
          const starting = loop.createTask(
            loop.startTls(outer, client, CLIENT, { serverHostname: 'localhost' }),
          );
          await asyncio.sleep(0);

          serverOuter.close();
          outer.close();

          await rejects(starting, Error);
        });

        assert.equal(scene.reports, []);
      },
      {
        ...REAL,
        cpython: ['test_sslproto.py::SslProtoHandshakeTests::test_close_during_ssl_over_ssl'],
      },
    );

    it(
      'closes the connection when it is cancelled',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const client = new Recorder(loop);
        const [before] = await loop.createConnection(() => client, undefined, undefined, {
          sock: near,
        });
        const starting = asyncio.createTask(async () => {
          await loop.startTls(before, client, CLIENT, { serverHostname: 'localhost' });
        });
        await loop.sockRecv(far, 10_000);

        starting.cancel();

        await rejects(starting, asyncio.CancelledError);
        assert.is(await client.lost, undefined);
        far.close();
      },
      {
        ...REAL,
        cpython: [
          `${START}test_start_tls_slow_client_cancel`,
          `${SSL}test_start_tls_slow_client_cancel`,
        ],
      },
    );

    it(
      'fails if plain text arrives while the protocol is paused for the handshake',
      async (loop) => {
        for (const injected of INJECTIONS) {
          const [near, far] = await socketsOn(loop, name);
          const server = new Recorder(loop);
          const [before] = await loop.connectAcceptedSocket(() => server, far);
          before.pauseReading();
          await loop.sockSendall(near, injected);
          const client = errorOf(secureClient(loop, near, new Recorder(loop)));

          const error = await errorOf(loop.startTls(before, server, SERVER, { serverSide: true }));

          assert.instance(error, asyncio.SSLError, String(injected));
          assert.instance(await client, asyncio.OSError);
          await server.lost;
          assert.equal(server.calls, ['connectionMade', 'connectionLost']);
        }
      },
      REAL,
    );

    it(
      'fails a connection whose bytes were corrupted',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const client = new Recorder(loop);
        await Promise.all([
          secureClient(loop, near, client),
          secureServer(loop, far, new Recorder(loop)),
        ]);

        // Behind the back of its transport.
        far._endpoint.trySend(
          Buffer.from('\x17\x03\x03\x00\x20 this is not encrypted at all!!!'),
          0,
        );

        assert.instance(await client.lost, asyncio.SSLError);
      },
      {
        ...REAL,
        cpython: [
          `${START}test_start_tls_client_corrupted_ssl`,
          `${SSL}test_start_tls_client_corrupted_ssl`,
        ],
      },
    );
  });

  loopBehaviour(`StreamWriter.startTls on ${name}`, (it) => {
    it(
      'encrypts a stream on both sides, which can still be read',
      async (loop) => {
        const handler: asyncio.ClientConnected = async (reader, writer) => {
          writer.write(await reader.readline());
          assert.is(writer.getExtraInfo('sslcontext'), undefined);
          await writer.startTls(SERVER);
          assert.is.not(writer.getExtraInfo('sslcontext'), undefined);
          for await (const line of reader) writer.write(line);
        };
        await serving(loop, name, handler, async ({ connect }) => {
          const [reader, writer] = await connect();
          writer.write(Buffer.from('STARTTLS\n'));
          assert.is(String(await reader.readline()), 'STARTTLS\n');
          assert.is(writer.getExtraInfo('cipher'), undefined);
          assert.is(writer.getExtraInfo('sslcontext'), undefined);

          await writer.startTls(CLIENT, { serverHostname: 'localhost' });
          writer.write(Buffer.from('a secret\n'));

          assert.is(String(await reader.readline()), 'a secret\n');
          assert.is(writer.getExtraInfo('cipher')?.version, 'TLSv1.3');
          assert.is.not(writer.getExtraInfo('sslcontext'), undefined);
          writer.close();
          await writer.waitClosed();
        });
      },
      { ...REAL, cpython: ['test_streams.py::StreamTests::test_start_tls'] },
    );

    it(
      'closes the stream when the handshake fails',
      async (loop) => {
        const handler: asyncio.ClientConnected = async (_reader, writer) => {
          writer.write(Buffer.from('what?\n'));
          await writer.drain();
        };
        await serving(loop, name, handler, async ({ connect }) => {
          const [reader, writer] = await connect();

          await rejects(writer.startTls(CLIENT, { serverHostname: 'localhost' }), asyncio.SSLError);

          await rejects(reader.read(), asyncio.SSLError);
          await rejects(writer.waitClosed(), asyncio.SSLError);
        });
      },
      REAL,
    );

    it(
      'treats bytes that arrived with the last line as part of the handshake, and nothing else',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [fromRelay, toRelay] = await socketsOn(loop, name);
        const outcome = loop.createFuture<string>();
        const handler: asyncio.ClientConnected = async (reader, writer) => {
          await reader.readline();
          await asyncio.sleep(0.02);
          try {
            await writer.startTls(SERVER);
            outcome.setResult(String(await reader.readline()));
          } catch (error) {
            outcome.setResult(String(error));
          }
        };
        const reader = new asyncio.StreamReader();
        const protocol = new asyncio.StreamReaderProtocol(reader, handler);
        await loop.connectAcceptedSocket(() => protocol, far);
        // The client's ClientHello is sent together with its last line.
        const connecting = asyncio.createTask(async () =>
          secureClient(loop, fromRelay, new Recorder(loop)),
        );
        const hello = await loop.sockRecv(toRelay, 65_536);
        await loop.sockSendall(near, Buffer.concat([Buffer.from('STARTTLS\n'), hello]));
        const carrying = [carry(loop, near, toRelay), carry(loop, toRelay, near)];

        const client = await connecting;
        client.write(Buffer.from('a secret\n'));

        assert.is(await outcome, 'a secret\n');
        client.abort();
        await Promise.all(carrying);
        for (const sock of [near, toRelay]) sock.close();
      },
      { ...REAL },
    );

    it(
      'accepts a ClientHello that was read before the call',
      async (loop) => {
        const answered: string[] = [];
        const handler = async (...[reader, writer]: asyncio.Streams): Promise<void> => {
          await until(loop, () => /\d bytes/.test(String(reader)));
          await writer.startTls(SERVER);
          answered.push(String(await reader.readline()));
          writer.write('pong\n');
          await writer.drain();
          writer.close();
          await writer.waitClosed();
        };
        await serving(loop, name, handler, async ({ connect }) => {
          const [reader, writer] = await connect();
          await writer.startTls(CLIENT, { serverHostname: 'localhost' });
          writer.write('ping\n');
          await writer.drain();

          assert.is(String(await reader.readline()), 'pong\n');
          assert.equal(answered, ['ping\n']);
          writer.close();
          await writer.waitClosed();
        });
      },
      { ...REAL, cpython: ['test_streams.py::StreamTests::test_start_tls_buffered_data'] },
    );

    it(
      'never returns plain text as encrypted data',
      async (loop) => {
        for (const injected of INJECTIONS) {
          const outcome = loop.createFuture<unknown>();
          const handler: asyncio.ClientConnected = async (reader, writer) => {
            await reader.readline();
            writer.write(GO_AHEAD);
            outcome.setResult(await errorOf(writer.startTls(SERVER)));
            assert.instance(await errorOf(reader.readline()), asyncio.SSLError);
          };
          await serving(loop, name, handler, async ({ connectSocket }) => {
            const sock = await connectSocket();
            await loop.sockSendall(sock, Buffer.concat([START_TLS, injected]));
            await loop.sockRecv(sock, 100);

            const secured = errorOf(secureClient(loop, sock, new Recorder(loop)));

            assert.instance(await outcome, asyncio.SSLError, String(injected));
            assert.instance(await secured, asyncio.OSError);
          });
        }
      },
      REAL,
    );

    it(
      'never does so on the client side',
      async (loop) => {
        for (const injected of INJECTIONS) {
          let answered: unknown;
          const handler: asyncio.ClientConnected = async (_reader, writer) => {
            writer.write(Buffer.concat([GO_AHEAD, injected]));
            await writer.drain();
            answered = await errorOf(writer.startTls(SERVER));
          };
          await serving(loop, name, handler, async ({ connect }) => {
            const [reader, writer] = await connect();
            await reader.readline();
            await asyncio.sleep(0.02);

            const error = await errorOf(writer.startTls(CLIENT, { serverHostname: 'localhost' }));

            assert.instance(error, asyncio.SSLError, String(injected));
            assert.instance(await errorOf(reader.read()), asyncio.SSLError);
            await until(loop, () => answered !== undefined);
            assert.instance(answered, asyncio.OSError);
          });
        }
      },
      REAL,
    );

    it(
      'continues to read, however much arrives right after the handshake, on either side',
      async (loop) => {
        const send = async (writer: asyncio.StreamWriter): Promise<void> => {
          writer.write(FLOOD);
          await writer.drain();
        };
        const receive = async (reader: asyncio.StreamReader): Promise<void> => {
          await asyncio.sleep(0.02);
          assert.ok(Buffer.from(await reader.readexactly(FLOOD.length)).equals(FLOOD));
        };
        for (const isServers of [true, false]) {
          const served = loop.createFuture<void>();
          const handler: asyncio.ClientConnected = async (reader, writer) => {
            await writer.startTls(SERVER);
            await (isServers ? send(writer) : receive(reader));
            served.setResult();
            await reader.read();
          };
          await serving(
            loop,
            name,
            handler,
            async ({ connect }) => {
              const [reader, writer] = await connect({ limit: 100 });
              await writer.startTls(CLIENT, { serverHostname: 'localhost' });
              await (isServers ? receive(reader) : send(writer));
              await served;
              writer.close();
            },
            { limit: 100 },
          );
        }
      },
      REAL,
    );

    it(
      'continues to read if the first bytes arrive with the end of the handshake',
      async (loop) => {
        for (const isOnSocket of [true, false])
          for (const isServers of [true, false]) {
            const [near, far] = await socketsOn(loop, name);
            const [fromRelay, toRelay] = await socketsOn(loop, name);
            const received = loop.createFuture<Uint8Array>();
            // With TLS 1.2 the server has the last word, with 1.3 the client.
            const ssl = { ...SERVER, maxVersion: isServers ? 'TLSv1.2' : 'TLSv1.3' } as const;
            const handler: asyncio.ClientConnected = async (reader, writer) => {
              await writer.startTls(ssl);
              if (isServers) writer.write(FLOOD);
              else received.setResult(await reader.readexactly(FLOOD.length));
              await reader.read();
            };
            const made = new asyncio.StreamReaderProtocol(
              new asyncio.StreamReader({ limit: 100 }),
              handler,
            );
            if (isOnSocket) await loop.connectAcceptedSocket(() => made, far);
            else await asyncio.connectDuplex(() => made, streamOn(far));
            const [reader, writer] = isOnSocket
              ? await asyncio.openConnection(undefined, undefined, { sock: fromRelay, limit: 100 })
              : await asyncio.fromDuplex(streamOn(fromRelay), { limit: 100 });
            const carrying = [
              isServers ? carry(loop, toRelay, near) : carryTogether(loop, toRelay, near),
              isServers ? carryTogether(loop, near, toRelay) : carry(loop, near, toRelay),
            ];

            await writer.startTls(CLIENT, { serverHostname: 'localhost' });
            if (isServers) received.setResult(await reader.readexactly(FLOOD.length));
            else writer.write(FLOOD);

            assert.ok(Buffer.from(await received).equals(FLOOD));
            writer.close();
            await writer.waitClosed();
            if (!isOnSocket) for (const sock of [fromRelay, far]) sock.close();
            await Promise.all(carrying);
            for (const sock of [near, toRelay]) sock.close();
          }
      },
      REAL,
    );

    it(
      'is not needed for this: with TLS from the first byte, everything is read too',
      async (loop) => {
        for (const isServers of [true, false]) {
          const served = loop.createFuture<Uint8Array>();
          // Not async: it writes in the turn in which the handshake is done.
          const handler: asyncio.ClientConnected = (reader, writer) => {
            if (isServers) writer.write(FLOOD);
            const reading = asyncio.createTask(async () =>
              reader.readexactly(isServers ? 0 : FLOOD.length),
            );
            reading.addDoneCallback(() => served.setResult(reading.result()));
          };
          await serving(
            loop,
            name,
            handler,
            async ({ connect }) => {
              const secure = { ssl: CLIENT, serverHostname: 'localhost' };
              const [reader, writer] = await connect({ ...secure, limit: 100 });
              if (!isServers) writer.write(FLOOD);
              await asyncio.sleep(0.02);
              const taken = isServers ? await reader.readexactly(FLOOD.length) : await served;
              assert.ok(Buffer.from(taken).equals(FLOOD));
            },
            { limit: 100, ssl: SERVER },
          );
        }
      },
      REAL,
    );
  });

  loopBehaviour(`Flow control on ${name}`, (it) => {
    it(
      'continues after startTls: a protocol that was paused is resumed',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        const [before] = await loop.createConnection(() => client, undefined, undefined, {
          sock: near,
        });
        const sent = writeUntilFull(before);
        before.setWriteBufferLimits(0);
        assert.is(client.calls.at(-1), 'pauseWriting');
        const starting = asyncio.createTask(async () =>
          loop.startTls(before, client, CLIENT, { serverHostname: 'localhost' }),
        );
        await receiveAll(loop, far, sent.length);
        const [other] = await loop.connectAcceptedSocket(() => server, far);
        const answering = await loop.startTls(other, server, SERVER, { serverSide: true });
        const transport = await starting;

        await until(loop, () => client.calls.at(-1) === 'resumeWriting');
        transport.setWriteBufferLimits(0);
        answering.pauseReading();
        transport.write(Buffer.alloc(10_000_000));

        assert.equal(client.calls, [
          'connectionMade',
          'pauseWriting',
          'resumeWriting',
          'pauseWriting',
        ]);
        transport.abort();
        answering.abort();
        await client.lost;
      },
      REAL,
    );

    it(
      'continues after setProtocol: a stream that takes over a full transport waits until it is resumed',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [transport] = await loop.createConnection(
          () => new Recorder(loop),
          undefined,
          undefined,
          { sock: near },
        );
        const sent = writeUntilFull(transport);
        transport.setWriteBufferLimits(0);
        const reader = new asyncio.StreamReader();
        const protocol = new asyncio.StreamReaderProtocol(reader);
        transport.setProtocol(protocol);
        const writer = new asyncio.StreamWriter(transport, protocol, reader, loop);
        const draining = writer.drain();
        await asyncio.sleep(0);
        assert.not(draining.done());

        await receiveAll(loop, far, sent.length);

        await draining;
        transport.abort();
        far.close();
        await writer.waitClosed();
      },
      REAL,
    );
  });
}

loopBehaviour('startTls on Node streams', (it) => {
  it(
    'never returns plain text as encrypted data',
    async (loop) => {
      for (const injected of INJECTIONS)
        for (const isServers of [true, false]) {
          const [client, server] = await pairOfStreams();
          const [[victim], [, attacker]] = isServers ? [server, client] : [client, server];
          attacker.write(Buffer.concat([START_TLS, injected]));
          assert.is(String(await victim.readline()), String(START_TLS));
          await asyncio.sleep(0.01);

          const answering = errorOf(answer(loop, server[1]));
          const asking = errorOf(client[1].startTls(CLIENT, { serverHostname: 'localhost' }));

          const error = await (isServers ? answering : asking);

          assert.instance(error, asyncio.SSLError, String(injected));
          assert.instance(await errorOf(victim.read()), asyncio.SSLError);
          // A pair of streams does not tell the one that the other is gone.
          attacker.transport.abort();
          assert.instance(await (isServers ? asking : answering), asyncio.OSError);
        }
    },
    REAL,
  );

  it(
    'continues to read, however much arrives right after the handshake, on either side',
    async (loop) => {
      for (const isServers of [true, false]) {
        const [[reader, writer], [other, peer]] = await pairOfStreams(100);
        const answering = answer(loop, peer);
        const asking = asyncio.createTask(async () => {
          await writer.startTls(CLIENT, { serverHostname: 'localhost' });
          if (!isServers) writer.write(FLOOD);
        });
        const secured = await answering;
        if (isServers) secured.write(FLOOD);
        await asking;
        await asyncio.sleep(0.02);

        const taken = await (isServers ? reader : other).readexactly(FLOOD.length);

        assert.ok(Buffer.from(taken).equals(FLOOD));
        writer.transport.abort();
        secured.abort();
        await asyncio.sleep(0.01);
      }
    },
    REAL,
  );
});

/** A client and a server on two streams of Node's. */
async function pairOfStreams(limit?: number): Promise<[asyncio.Streams, asyncio.Streams]> {
  const [near, far] = duplexPair();
  return [await asyncio.fromDuplex(near, { limit }), await asyncio.fromDuplex(far, { limit })];
}

/** The server's side of startTls, where no handler says that it is one. */
function answer(
  loop: asyncio.Loop,
  { transport }: asyncio.StreamWriter,
): Promise<asyncio.Transport> {
  const protocol = transport.getProtocol() as asyncio.ProtocolCallbacks;
  const start = async (): Promise<asyncio.Transport> =>
    loop.startTls(transport, protocol, SERVER, { serverSide: true });
  return start();
}

/** What a call fails with. */
async function errorOf(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** As {@link carry}, but what comes after the first flight of the handshake is sent on in one go. */
async function carryTogether(loop: asyncio.Loop, from: Socket, to: Socket): Promise<void> {
  await loop.sockSendall(to, await loop.sockRecv(from, 65_536));
  await loop.sockSendall(to, await receiveAll(loop, from, 60_000));
  await carry(loop, from, to);
}

/** Carries what comes from one socket to another one, until the end. */
async function carry(loop: asyncio.Loop, from: Socket, to: Socket): Promise<void> {
  try {
    for (;;) {
      const data = await loop.sockRecv(from, 65_536);
      if (data.length === 0) break;
      await loop.sockSendall(to, data);
    }
    to.shutdown(SHUT_WR);
  } catch (error) {
    if (!(error instanceof asyncio.OSError)) throw error;
  }
}
