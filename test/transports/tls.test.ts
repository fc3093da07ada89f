import { createSecureContext } from 'node:tls';
import * as assert from 'uvu/assert';
import { selfSigned } from '../../src/echo/certificate.ts';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { serving } from '../support/streams.ts';
import {
  CERT,
  CLIENT,
  KEY,
  relay,
  SERVER,
  secureClient,
  securely,
  secureServer,
} from '../support/tls.ts';
import { Recorder, receiveAll, socketsOn, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const SSL = 'test_ssl.py::TestSSL::';
const HANDSHAKE = 'test_sslproto.py::SslProtoHandshakeTests::';
const START = 'test_sslproto.py::BaseStartTLS::';

/** Sends back what comes. */
class Echo extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data);
    this.transport?.write(data);
  }
}

/** The timers that a loop is asked for from now on. */
function timersOf(loop: asyncio.Loop): asyncio.TimerHandle[] {
  const timers: asyncio.TimerHandle[] = [];
  const callLater = loop.callLater.bind(loop);
  loop.callLater = (...args) => {
    const timer = callLater(...args);
    timers.push(timer);
    return timer;
  };
  return timers;
}

/** Receives into memory of its own, a few bytes at a time. */
class Buffered extends asyncio.BufferedProtocol {
  readonly #buffer = new Uint8Array(3);
  received = '';
  override getBuffer(): Uint8Array {
    return this.#buffer;
  }
  override bufferUpdated(nbytes: number): void {
    this.received += Buffer.from(this.#buffer.subarray(0, nbytes));
  }
}

for (const { name } of DRIVERS) {
  loopBehaviour(`TLS on ${name}`, (it) => {
    it(
      'carries bytes both ways, and tells the protocols when the handshake is done',
      async (loop) => {
        const client = new Recorder(loop);
        const server = new Echo(loop);

        await securely(loop, name, client, server, async (transport) => {
          assert.equal(client.calls, ['connectionMade']);
          assert.is(client.transport, transport);
          transport.write(HELLO);
          await until(loop, () => client.received.length > 0);

          assert.equal(client.calls, ['connectionMade', 'dataReceived hello']);
          assert.equal(server.calls, ['connectionMade', 'dataReceived hello']);
        });
      },
      { ...REAL, cpython: [`${SSL}test_ssl_connect_accepted_socket`] },
    );

    it(
      'ends on both sides when one closes, after what was written before',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];

        await securely(loop, name, client, server, async (transport) => {
          transport.write(Buffer.alloc(1_000_000, 'x'));
          transport.close();

          assert.is(await client.lost, undefined);
          assert.is(await server.lost, undefined);
          const received = server.received.reduce((sum, { length }) => sum + length, 0);
          assert.is(received, 1_000_000);
          assert.equal(server.calls.slice(-2), ['eofReceived', 'connectionLost']);
          assert.equal(client.calls.slice(-1), ['connectionLost']);
        });
      },
      {
        ...REAL,
        cpython: [`${SSL}test_shutdown_cleanly`, `${SSL}test_flush_before_shutdown`],
      },
    );

    it(
      'does not go on one way alone: says so to a protocol that wants to',
      async (loop, { logged }) => {
        const server = Object.assign(new Recorder(loop), { eofReceived: () => true });

        await securely(loop, name, new Recorder(loop), server, async (transport, other) => {
          assert.not(transport.canWriteEof());
          assert.throws(() => transport.writeEof(), /not possible with TLS/);
          transport.close();
          await server.lost;

          assert.ok(other.isClosing());
          const warning = 'returning true from eofReceived() has no effect when using ssl\n';
          assert.equal(logged, [warning]);
        });
      },
      REAL,
    );

    it(
      'ends where the peer ends without a word',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        const [transport] = await Promise.all([
          secureClient(loop, near, client),
          secureServer(loop, far, server),
        ]);

        near.shutdown(socket.SHUT_WR);

        assert.is(await server.lost, undefined);
        assert.equal(server.calls.slice(-2), ['eofReceived', 'connectionLost']);
        await client.lost;
        assert.ok(transport.isClosing());
      },
      REAL,
    );

    it(
      'holds the writer back while the peer reads nothing, by its water marks',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];

        await securely(loop, name, client, server, async (transport, other) => {
          other.pauseReading();
          let written = 0;
          while (!client.calls.includes('pauseWriting')) {
            for (let n = 0; n < 4; n += 1) transport.write(Buffer.alloc(100_000, 'x'));
            written += 400_000;
            await until(loop, () => true);
          }
          assert.equal(transport.getWriteBufferLimits(), [131_072, 524_288]);
          const waiting = transport.getWriteBufferSize();
          assert.ok(waiting > 524_288 && waiting < 1_000_000, String(waiting));
          assert.equal(server.received, []);
          other.resumeReading();
          await until(loop, () => client.calls.includes('resumeWriting'));
          const size = (): number => server.received.reduce((sum, { length }) => sum + length, 0);
          await until(loop, () => size() === written);

          assert.is(transport.getWriteBufferSize(), 0);
        });
      },
      REAL,
    );

    it(
      'carries ten megabytes through a slow reader, with no more waiting than the marks allow',
      async (loop) => {
        const PIECE = Buffer.alloc(100_000, 'ten megabytes ');
        let most = 0;
        const send: asyncio.ClientConnected = async (_reader, writer) => {
          for (let n = 0; n < 100; n += 1) {
            writer.write(PIECE);
            most = Math.max(most, writer.transport.getWriteBufferSize());
            await writer.drain();
          }
        };
        await serving(
          loop,
          name,
          send,
          async ({ connect }) => {
            const [reader] = await connect({ ssl: CLIENT, serverHostname: 'localhost' });
            let received = 0;
            for (;;) {
              const piece = await reader.read(8000);
              if (piece.length === 0) break;
              received += piece.length;
              await asyncio.sleep(0);
            }

            assert.is(received, 10_000_000);
            assert.ok(most < 524_288 + 2 * PIECE.length, String(most));
          },
          { ssl: SERVER },
        );
      },
      { ...REAL, seconds: 20, cpython: [`${SSL}test_create_server_ssl_1`] },
    );

    it(
      'takes bytes from a protocol that has memory of its own',
      async (loop) => {
        const server = new Buffered();

        await securely(loop, name, new Recorder(loop), server, async (transport) => {
          transport.write(Buffer.from('hello, world'));
          await until(loop, () => server.received.length >= 12);

          assert.is(server.received, 'hello, world');
        });
      },
      { ...REAL, cpython: [`${START}test_buf_feed_data`] },
    );

    it(
      'leaves with a peer that was thrown away what it was told of it',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        const [transport, other] = await Promise.all([
          secureClient(loop, near, client),
          secureServer(loop, far, server),
        ]);
        // So that there is something unread when the socket is closed: the system resets then.
        other.pauseReading();
        transport.write(HELLO);
        await until(loop, () => transport.getWriteBufferSize() === 0);

        other.abort();

        assert.is(await server.lost, undefined);
        const error = await client.lost;
        assert.ok(error === undefined || error instanceof asyncio.ConnectionResetError);
        assert.is(client.calls.at(-1), 'connectionLost');
      },
      REAL,
    );

    it(
      'drops what is written after closing, and logs from the fifth write on',
      async (loop, { logged }) => {
        const client = new Recorder(loop);

        await securely(loop, name, client, new Recorder(loop), async (transport) => {
          transport.close();
          for (let n = 0; n < 7; n += 1) transport.write(HELLO);
          await client.lost;

          assert.equal(logged, Array(2).fill('SSL connection is closed\n'));
        });
      },
      {
        ...REAL,
        cpython: [`${HANDSHAKE}test_write_after_closing`],
      },
    );

    it(
      'reports a protocol that throws, and ends its connection',
      async (loop, { expectReport }) => {
        const server = Object.assign(new Recorder(loop), {
          dataReceived: (): void => {
            throw new Error('no');
          },
        });
        expectReport(/^Fatal error on SSL protocol$/);

        await securely(loop, name, new Recorder(loop), server, async (transport) => {
          transport.write(HELLO);

          assert.match(String(await server.lost), /no/);
        });
      },
      REAL,
    );

    it(
      'is made on a unix path, and on a host',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name, socket.AF_UNIX);
        const client = new Recorder(loop);
        const [[transport], other] = await Promise.all([
          loop.createUnixConnection(() => client, undefined, {
            sock: near,
            ssl: CLIENT,
            serverHostname: 'localhost',
          }),
          secureServer(loop, far, new Echo(loop)),
        ]);
        transport.write(HELLO);
        await until(loop, () => client.received.length > 0);

        transport.close();
        assert.is(await client.lost, undefined);
        assert.ok(other.isClosing());
      },
      REAL,
    );
  });

  loopBehaviour(`a handshake on ${name}`, (it) => {
    it(
      'is given up after sslHandshakeTimeout, on both sides',
      async (loop) => {
        for (const shake of [secureClient, secureServer]) {
          const [sock, peer] = await socketsOn(loop, name);
          const protocol = new Recorder(loop);
          const ssl = shake === secureClient ? CLIENT : SERVER;
          await rejects(
            shake(loop, sock, protocol, { ...ssl, sslHandshakeTimeout: 10 }),
            asyncio.ConnectionAbortedError,
            { message: 'SSL handshake is taking longer than 10 seconds: aborting the connection' },
          );
          peer.close();
          assert.equal(protocol.calls, []);
        }
      },
      {
        cpython: [
          `${START}test_handshake_timeout`,
          `${START}test_create_connection_ssl_slow_handshake`,
          `${SSL}test_create_connection_ssl_slow_handshake`,
          `${SSL}test_ssl_handshake_timeout`,
        ],
      },
    );

    it('is given up after a minute, if nothing else is said', async (loop) => {
      const [sock, peer] = await socketsOn(loop, name);
      const begin = loop.time();

      await rejects(secureClient(loop, sock, new Recorder(loop)), asyncio.ConnectionAbortedError, {
        message: 'SSL handshake is taking longer than 60.0 seconds: aborting the connection',
      });

      assert.ok(loop.time() - begin >= 60);
      peer.close();
    });

    it(
      'that the peer leaves fails with ConnectionResetError, on both sides',
      async (loop) => {
        for (const shake of [secureClient, secureServer]) {
          const [sock, peer] = await socketsOn(loop, name);
          const protocol = new Recorder(loop);
          const shaking = asyncio.createTask(async () => {
            await shake(loop, sock, protocol, shake === secureClient ? CLIENT : SERVER);
          });
          if (shake === secureClient) await loop.sockRecv(peer, 10_000);
          peer.close();

          await rejects(shaking, asyncio.ConnectionResetError);
          assert.equal(protocol.calls, []);
        }
      },
      {
        ...REAL,
        cpython: [
          `${HANDSHAKE}test_eof_received_waiter`,
          `${HANDSHAKE}test_connection_lost`,
          `${SSL}test_ssl_handshake_connection_lost`,
        ],
      },
    );

    it(
      'with one who does not speak TLS fails, on both sides',
      async (loop) => {
        for (const shake of [secureClient, secureServer]) {
          const [sock, peer] = await socketsOn(loop, name);
          const shaking = asyncio.createTask(async () => {
            await shake(loop, sock, new Recorder(loop), shake === secureClient ? CLIENT : SERVER);
          });
          await loop.sockSendall(peer, Buffer.from('GET / HTTP/1.0\r\n\r\n'));

          const { message } = await rejects(shaking, asyncio.SSLError);
          assert.match(message, /^\[SSL: [A-Z0-9_]+\] /);
          peer.close();
        }
      },
      REAL,
    );

    it(
      'fails when the certificate is not to be trusted',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const server = new Recorder(loop);
        const answering = secureServer(loop, peer, server).catch(() => undefined);

        const error = await rejects(
          loop.createConnection(() => new Recorder(loop), undefined, undefined, {
            sock,
            ssl: true,
            serverHostname: 'localhost',
          }),
          asyncio.SSLCertVerificationError,
          { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
        );

        assert.is(
          error.message,
          '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate',
        );
        assert.ok(error instanceof asyncio.OSError);
        await answering;
      },
      {
        ...REAL,
        cpython: [
          `${START}test_create_connection_ssl_failed_certificate`,
          `${SSL}test_create_connection_ssl_failed_certificate`,
        ],
      },
    );

    it(
      'fails when the certificate is for somebody else',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const answering = secureServer(loop, peer, new Recorder(loop)).catch(() => undefined);

        await rejects(
          loop.createConnection(() => new Recorder(loop), undefined, undefined, {
            sock,
            ssl: CLIENT,
            serverHostname: 'example.org',
          }),
          asyncio.SSLCertVerificationError,
          { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: /example\.org/ },
        );
        await answering;
      },
      REAL,
    );

    it(
      'that is cancelled leaves nothing open',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const client = new Recorder(loop);
        const shaking = asyncio.createTask(async () => {
          await secureClient(loop, sock, client);
        });
        await loop.sockRecv(peer, 10_000);

        shaking.cancel();

        await rejects(shaking, asyncio.CancelledError);
        await asyncio.sleep(0);
        await asyncio.sleep(0);
        assert.is(sock.fileno(), -1);
        assert.equal(client.calls, []);
        peer.close();
      },
      { ...REAL, cpython: [`${SSL}test_connect_timeout_warning`] },
    );

    it(
      'is told to a server in debug mode only, which serves on',
      async (loop) => {
        const echo: asyncio.ClientConnected = async (reader, writer) => {
          writer.write(await reader.read(100));
          await writer.drain();
        };
        await serving(
          loop,
          name,
          echo,
          async ({ connect, connectSocket }) => {
            const stranger = await connectSocket();
            await loop.sockSendall(stranger, Buffer.from('not TLS at all\n'));
            await receiveAll(loop, stranger).catch(() => undefined);
            stranger.close();
            const [reader, writer] = await connect({ ssl: CLIENT, serverHostname: 'localhost' });
            writer.write(HELLO);

            assert.is(String(await reader.readexactly(5)), 'hello');
          },
          { ssl: SERVER },
        );
      },
      REAL,
    );
  });

  loopBehaviour(`the end of TLS on ${name}`, (it) => {
    it('is waited for as long as sslShutdownTimeout says', async (loop) => {
      const [near, far] = await socketsOn(loop, name);
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const [transport, other] = await Promise.all([
        secureClient(loop, near, client, { ...CLIENT, sslShutdownTimeout: 5 }),
        secureServer(loop, far, server),
      ]);
      other.pauseReading();
      // Fills what Node takes ahead: so the end is not seen.
      transport.write(Buffer.alloc(1_000_000));
      transport.close();

      const error = await client.lost;

      assert.instance(error, asyncio.TimeoutError);
      assert.is((error as Error).message, 'SSL shutdown timed out');
      other.abort();
      await server.lost;
    });
  });

  loopBehaviour(`loop.startTls on ${name}`, (it) => {
    it(
      'encrypts a connection that stands, on both sides',
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

    it(
      'encrypts for a protocol that has memory of its own',
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
      'encrypts what is encrypted already',
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
      'fails a connection whose bytes were spoiled on the way',
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
      'encrypts a stream on both sides, and reads on',
      async (loop) => {
        const handler: asyncio.ClientConnected = async (reader, writer) => {
          writer.write(await reader.readline());
          await writer.startTls(SERVER);
          for await (const line of reader) writer.write(line);
        };
        await serving(loop, name, handler, async ({ connect }) => {
          const [reader, writer] = await connect();
          writer.write(Buffer.from('STARTTLS\n'));
          assert.is(String(await reader.readline()), 'STARTTLS\n');
          assert.is(writer.getExtraInfo('cipher'), undefined);

          await writer.startTls(CLIENT, { serverHostname: 'localhost' });
          writer.write(Buffer.from('a secret\n'));

          assert.is(String(await reader.readline()), 'a secret\n');
          assert.is(writer.getExtraInfo('cipher')?.version, 'TLSv1.3');
          writer.close();
          await writer.waitClosed();
        });
      },
      REAL,
    );

    it(
      'breaks the stream when the handshake fails',
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
  });

  loopBehaviour(`a TLS handshake that comes byte by byte on ${name}`, (it) => {
    it(
      'is done all the same',
      async (loop) => {
        const server = new Echo(loop);
        const relayed = await relay(loop, name, { ssl: SERVER, protocol: server, pieces: 1 });
        const client = new Recorder(loop);

        const transport = await secureClient(loop, relayed.sock, client);
        transport.write(HELLO);
        await until(loop, () => client.received.length > 0);

        assert.is(String(client.received[0]), 'hello');
        transport.close();
        await client.lost;
        await server.lost;
        await relayed.close();
      },
      REAL,
    );

    it(
      'and ends in its middle fails on both sides',
      async (loop) => {
        for (const limit of [1, 5, 6, 100, 250]) {
          const server = new Recorder(loop);
          const relayed = await relay(loop, name, { ssl: SERVER, protocol: server, limit });
          const client = new Recorder(loop);

          await rejects(secureClient(loop, relayed.sock, client), asyncio.OSError);
          await rejects(relayed.answering, asyncio.ConnectionResetError);

          assert.equal([client.calls, server.calls], [[], []]);
          await relayed.close();
        }
      },
      REAL,
    );
  });
}

loopBehaviour('what TLS knows', (it) => {
  it(
    'is asked for by getExtraInfo, beside what is known underneath',
    async (loop) => {
      const context = createSecureContext({ ca: CERT });
      const ssl = { secureContext: context };
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const use = async (transport: asyncio.Transport, other: asyncio.Transport): Promise<void> => {
        assert.is(transport.getExtraInfo('sslcontext'), context);
        assert.is(transport.getExtraInfo('peercert')?.subject.CN, 'localhost');
        assert.is(other.getExtraInfo('peercert'), undefined);
        assert.is(transport.getExtraInfo('cipher')?.version, 'TLSv1.3');
        assert.is(transport.getExtraInfo('sslObject')?.authorized, true);
        assert.is(transport.getExtraInfo('compression'), undefined);
        assert.equal(transport.getExtraInfo('peername'), other.getExtraInfo('sockname'));
        assert.is(transport.getExtraInfo('nothing', 'else'), 'else');
        assert.match(String(transport), /^<_SSLProtocolTransport over <_SelectorSocketTransport /);
      };

      await securely(loop, 'memory', client, server, use, { client: ssl });
    },
    { ...REAL, cpython: [`${HANDSHAKE}test_get_extra_info_on_closed_connection`] },
  );

  it(
    'is what they agreed to speak, of ALPNProtocols',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const sides = {
        server: { ...SERVER, ALPNProtocols: ['a', 'b'] },
        client: { ...CLIENT, ALPNProtocols: ['b', 'c'] },
      };
      const use = async (...both: asyncio.Transport[]): Promise<void> => {
        const spoken = both.map((each) => each.getExtraInfo('sslObject')?.alpnProtocol);

        assert.equal(spoken, ['b', 'b']);
      };

      await securely(loop, 'memory', client, server, use, sides);
    },
    REAL,
  );

  it(
    'is the name that was asked for, by which SNICallback finds the certificate',
    async (loop) => {
      const other = selfSigned(['other.example']);
      const asked: string[] = [];
      const sides = {
        server: {
          ...SERVER,
          SNICallback: (name: string, done: (error: null, context: never) => void): void => {
            asked.push(name);
            const { key, cert } = other;
            setImmediate(() => done(null, createSecureContext({ key, cert }) as never));
          },
        },
        client: { ca: other.cert, checkServerIdentity: () => undefined },
      };
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const use = async (transport: asyncio.Transport): Promise<void> => {
        assert.is(transport.getExtraInfo('peercert')?.subject.CN, 'other.example');
        assert.equal(asked, ['localhost']);
      };

      await securely(loop, 'memory', client, server, use, sides);
    },
    REAL,
  );
});

loopBehaviour("a client's certificate", (it) => {
  const mine = selfSigned(['client']);
  const asking = { ...SERVER, requestCert: true, ca: mine.cert };

  it(
    'is known to a server that asks for one',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const sides = { server: asking, client: { ...CLIENT, key: mine.key, cert: mine.cert } };
      const use = async (_client: asyncio.Transport, other: asyncio.Transport): Promise<void> => {
        assert.is(other.getExtraInfo('peercert')?.subject.CN, 'client');
      };

      await securely(loop, 'memory', client, server, use, sides);
    },
    REAL,
  );

  for (const [what, given] of [
    ['missing', {}],
    ['of somebody unknown', { key: KEY, cert: CERT }],
  ] as const)
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      it(
        `is refused when it is ${what}, with ${maxVersion}`,
        async (loop) => {
          const [near, far] = await socketsOn(loop, 'memory');
          const [client, server] = [new Recorder(loop), new Recorder(loop)];
          const shaking = secureClient(loop, near, client, { ...CLIENT, ...given, maxVersion });

          await rejects(secureServer(loop, far, server, asking), asyncio.SSLError);

          // A client of TLS 1.3 is done before the server has seen its certificate.
          await shaking.then(
            () => client.lost,
            (error) => assert.ok(error instanceof asyncio.OSError),
          );
          assert.equal(server.calls, []);
        },
        REAL,
      );

  it(
    'that is missing is let pass with rejectUnauthorized: false',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const sides = { server: { ...asking, rejectUnauthorized: false } };
      const use = async (_client: asyncio.Transport, other: asyncio.Transport): Promise<void> => {
        assert.is(other.getExtraInfo('peercert'), undefined);
      };

      await securely(loop, 'memory', client, server, use, sides);
    },
    REAL,
  );
});

loopBehaviour('options of TLS', (it) => {
  const connect = (loop: asyncio.Loop, options: object): Promise<unknown> =>
    Promise.resolve(loop.createConnection(() => new asyncio.Protocol(), '127.0.0.1', 1, options));
  const serve = (loop: asyncio.Loop, options: object): Promise<unknown> =>
    Promise.resolve(loop.createServer(() => new asyncio.Protocol(), '127.0.0.1', 0, options));

  it(
    'refuse time-outs that are not positive, before anything is connected',
    async (loop) => {
      for (const seconds of [0, -1, Number.NaN]) {
        const message = /sslHandshakeTimeout should be a positive number, got /;
        const options = { ssl: true, sslHandshakeTimeout: seconds };
        await rejects(connect(loop, options), RangeError, { message });
        await rejects(serve(loop, { ssl: SERVER, sslShutdownTimeout: seconds }), RangeError);
      }
    },
    {
      cpython: [
        `${HANDSHAKE}test_handshake_timeout_zero`,
        `${HANDSHAKE}test_handshake_timeout_negative`,
      ],
    },
  );

  it('refuse what has no meaning without ssl', async (loop) => {
    for (const option of ['sslHandshakeTimeout', 'sslShutdownTimeout']) {
      const message = `${option} is only meaningful with ssl`;
      await rejects(connect(loop, { [option]: 1 }), RangeError, { message });
      await rejects(connect(loop, { [option]: 1, ssl: false }), RangeError, { message });
      await rejects(serve(loop, { [option]: 1 }), RangeError, { message });
    }
    const message = 'serverHostname is only meaningful with ssl';
    await rejects(connect(loop, { serverHostname: 'x' }), RangeError, { message });
  });

  it('refuse what is no context', async (loop) => {
    for (const ssl of [1, 'yes', []]) {
      const message = /^ssl must be true, a tls\.SecureContext or an object of options, got /;
      await rejects(connect(loop, { ssl }), TypeError, { message });
    }
    for (const ssl of [true, false, null, 1])
      await rejects(serve(loop, { ssl }), TypeError, { message: /^ssl must be a tls\.Secure/ });
    await rejects(serve(loop, { ssl: {} }), RangeError, { message: /needs a certificate/ });
    await rejects(serve(loop, { ssl: { key: 'x', cert: 'y' } }), Error, { message: /PEM/ });
  });

  it('refuse a client with nobody to check the certificate for', async (loop) => {
    const [sock, peer] = await socketsOn(loop, 'memory');
    const make = (options: object): Promise<unknown> =>
      Promise.resolve(
        loop.createConnection(() => new asyncio.Protocol(), undefined, undefined, {
          sock,
          ...options,
        }),
      );

    await rejects(make({ ssl: true }), RangeError, {
      message: 'You must set serverHostname when using ssl without a host',
    });
    await rejects(make({ ssl: CLIENT, serverHostname: '' }), RangeError, {
      message: /^serverHostname is needed/,
    });
    await rejects(
      loop.createUnixConnection(() => new asyncio.Protocol(), '/nowhere', { ssl: CLIENT }),
      RangeError,
      { message: 'you have to pass serverHostname when using ssl' },
    );
    sock.close();
    peer.close();
  });

  it(
    'of startTls refuse what is no context and no transport',
    async (loop) => {
      const protocol = new Recorder(loop);
      const [sock, peer] = await socketsOn(loop, 'memory');
      const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
        sock,
      });

      for (const context of [undefined, null, true, 'x'])
        await rejects(loop.startTls(transport, protocol, context as never), TypeError, {
          message: /^sslcontext must be /,
        });
      await rejects(loop.startTls(undefined as never, protocol, CLIENT), TypeError, {
        message: 'transport None is not supported by startTls()',
      });

      assert.not(transport.isClosing());
      transport.close();
      await protocol.lost;
      peer.close();
    },
    { cpython: [`${START}test_start_tls_wrong_args`] },
  );
});

loopBehaviour('a transport of TLS', (it) => {
  it(
    'goes on with another protocol',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];

      await securely(loop, 'memory', client, server, async (transport, other) => {
        const next = new Recorder(loop);
        other.setProtocol(next);
        assert.is(other.getProtocol(), next);
        transport.write(HELLO);
        await until(loop, () => next.received.length > 0);

        assert.equal(server.calls, ['connectionMade']);
        other.abort();
        assert.is(await next.lost, undefined);
        assert.is(other.getProtocol(), undefined);
      });
    },
    { ...REAL, cpython: [`${HANDSHAKE}test_set_new_app_protocol`] },
  );

  it(
    'hands nothing on after it was closed',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];

      await securely(loop, 'memory', client, server, async (transport, other) => {
        transport.write(HELLO);
        other.close();
        await server.lost;

        assert.equal(server.received, []);
      });
    },
    { ...REAL, cpython: [`${HANDSHAKE}test_data_received_after_closing`] },
  );

  it(
    'hands nothing on while it is paused, and all of it later',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];

      await securely(loop, 'memory', client, server, async (transport, other) => {
        other.pauseReading();
        assert.not(other.isReading());
        transport.write(HELLO);
        transport.close();
        for (let n = 0; n < 10; n += 1) await asyncio.sleep(0);
        assert.equal(server.calls, ['connectionMade']);

        other.resumeReading();
        await server.lost;

        const calls = ['dataReceived hello', 'eofReceived', 'connectionLost'];
        assert.equal(server.calls, ['connectionMade', ...calls]);
      });
    },
    { ...REAL, cpython: [`${SSL}test_remote_shutdown_receives_trailing_data`] },
  );

  it(
    'leaves no timer behind: not of the handshake, not of the end',
    async (loop) => {
      const [client, server] = [new Recorder(loop), new Recorder(loop)];
      const timers = timersOf(loop);

      await securely(loop, 'memory', client, server, async (transport) => {
        assert.equal(
          timers.map((timer) => timer.cancelled()),
          [true, true],
        );
        transport.close();
        await client.lost;
        await server.lost;

        assert.equal(
          timers.map((timer) => timer.cancelled()),
          [true, true, true, true],
        );
      });
    },
    {
      ...REAL,
      cpython: [
        `${SSL}test_handshake_timeout_handler_leak`,
        `${SSL}test_shutdown_timeout_handler_leak`,
        `${SSL}test_shutdown_timeout_handler_not_set`,
      ],
    },
  );

  it(
    'is aborted when it is closed before the handshake is done',
    async (loop) => {
      const [near, far] = await socketsOn(loop, 'memory');
      let made: asyncio.Transport | undefined;
      const client = new Recorder(loop);
      const before = await loop.createConnection(() => client, undefined, undefined, {
        sock: near,
      });
      const starting = asyncio.createTask(async () => {
        made = await loop.startTls(before[0], client, CLIENT, { serverHostname: 'localhost' });
      });
      await loop.sockRecv(far, 10_000);

      before[0].close();

      await rejects(starting, asyncio.ConnectionAbortedError);
      assert.is(made, undefined);
      assert.is(await client.lost, undefined);
      far.close();
    },
    { ...REAL, cpython: [`${HANDSHAKE}test_close_during_handshake`] },
  );
});

loopBehaviour('a server of TLS', (it) => {
  it(
    'ends its connections gently, and waits for them',
    async (loop) => {
      const servers: Recorder[] = [];
      const factory = (): Recorder => {
        servers.push(new Recorder(loop));
        return servers.at(-1) as Recorder;
      };
      const server = await loop.createServer(factory, '127.0.0.1', 0, { ssl: SERVER });
      const [address] = server.sockets.map((sock) => sock.getsockname());
      const [, port] = address as [string, number];
      const client = new Recorder(loop);
      await loop.createConnection(() => client, '127.0.0.1', port, { ssl: CLIENT });
      await until(loop, () => servers[0]?.transport !== undefined);

      const report = await server.shutdown({ grace: 5 });

      assert.is(report.finished.length, 1);
      assert.equal(report.aborted, []);
      assert.is(await client.lost, undefined);
      assert.equal(client.calls.slice(-2), ['eofReceived', 'connectionLost']);
    },
    {
      ...REAL,
      cpython: [`${SSL}test_create_connection_ssl_1`, `${SSL}test_connect_accepted_socket`],
    },
  );
});
