import { createSecureContext } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import { selfSigned } from '../../../src/echo/certificate.ts';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { DRIVERS, freshAddress, stream } from '../../support/drivers.ts';
import { loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { serving } from '../../support/streams.ts';
import {
  Buffered,
  CERT,
  CLIENT,
  Echo,
  SERVER,
  secureClient,
  securely,
  secureServer,
} from '../../support/tls.ts';
import { Recorder, socketsOn, until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const SSL = 'test_ssl.py::TestSSL::';
const HANDSHAKE = 'test_sslproto.py::SslProtoHandshakeTests::';
const START = 'test_sslproto.py::BaseStartTLS::';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
setFlagsFromString('--no-expose-gc');

/** Receives into memory of its own, and notes what it is told as the others do. */
class BufferedRecorder extends Recorder {
  readonly #buffer = Buffer.alloc(100);

  getBuffer(): Buffer {
    return this.#buffer;
  }

  bufferUpdated(nbytes: number): void {
    this.calls.push(`dataReceived ${this.#buffer.subarray(0, nbytes)}`);
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

for (const { name } of DRIVERS) {
  loopBehaviour(`TLS on ${name}`, (it) => {
    it(
      'carries bytes both ways, and notifies the protocols when the handshake is done',
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
      {
        ...REAL,
        cpython: [
          `${SSL}test_ssl_connect_accepted_socket`,
          'test_events.py::EventLoopTestsMixin::test_ssl_connect_accepted_socket',
        ],
      },
    );

    it(
      'ends on both sides when one closes, after the data that was written before',
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
          // It is told of the answer to its end.
          assert.equal(client.calls.slice(-2), ['eofReceived', 'connectionLost']);
        });
      },
      {
        ...REAL,
        cpython: [`${SSL}test_shutdown_cleanly`, `${SSL}test_flush_before_shutdown`],
      },
    );

    it(
      'cannot be half-closed: warns a protocol that tries',
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
      'ends if the peer ends without close_notify',
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
        assert.is(await client.lost, undefined);
        assert.ok(transport.isClosing());
      },
      REAL,
    );

    it(
      'pauses the writer at its water marks while the peer reads nothing',
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
      'works with a buffered protocol',
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
      'ends on both sides when one aborts, with or without a reset',
      async (loop) => {
        const [near, far] = await socketsOn(loop, name);
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        const [transport, other] = await Promise.all([
          secureClient(loop, near, client),
          secureServer(loop, far, server),
        ]);
        // So that there may be something unread when the socket is closed: the system resets then.
        other.pauseReading();
        transport.write(HELLO);
        await until(loop, () => transport.getWriteBufferSize() === 0);

        other.abort();

        assert.is(await server.lost, undefined);
        const error = await client.lost;
        // A reset; or a broken pipe, where Node still had some of it to send.
        assert.ok(error === undefined || error instanceof asyncio.ConnectionError, `${error}`);
        assert.is(client.calls.at(-1), 'connectionLost');
      },
      REAL,
    );

    it(
      'drops data written after closing, and logs from the fifth write on',
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
      'works on a Unix path, and on a host',
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

  loopBehaviour(`The end of a TLS connection on ${name}`, (it) => {
    it('is awaited for at most sslShutdownTimeout', async (loop) => {
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
}

loopBehaviour('TLS information', (it) => {
  it(
    'is available from getExtraInfo, like that of the underlying transport',
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
    'includes the negotiated protocol of ALPNProtocols',
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
    'includes the requested server name, by which SNICallback finds the certificate',
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

loopBehaviour('A TLS transport', (it) => {
  it(
    'continues with another protocol',
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
    'delivers nothing after it was closed',
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
    'delivers nothing while it is paused, and everything later',
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
    'leaves no timer behind, neither of the handshake nor of the shutdown',
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
    'is aborted if it is closed before the handshake is done',
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

for (const { name } of DRIVERS)
  loopBehaviour(`A protocol over TLS that paused on ${name}`, (it) => {
    for (const lastWords of ['', 'last words'])
      it(
        `is notified of the end ${lastWords && 'and of what came before it '}when it resumes, and not before`,
        async (loop) => {
          const [client, server] = [new Recorder(loop), new Recorder(loop)];
          await securely(loop, name, client, server, async (transport, other) => {
            transport.pauseReading();
            if (lastWords !== '') other.write(Buffer.from(lastWords));
            other.close();
            await asyncio.sleep(0.05);
            assert.equal(client.calls, ['connectionMade']);

            transport.resumeReading();

            assert.is(await client.lost, undefined);
            assert.equal(client.calls, [
              'connectionMade',
              ...(lastWords === '' ? [] : [`dataReceived ${lastWords}`]),
              'eofReceived',
              'connectionLost',
            ]);
          });
        },
        REAL,
      );

    for (const [kind, make] of [
      ['whole', (loop: asyncio.Loop) => new Recorder(loop)],
      ['buffered', (loop: asyncio.Loop) => new BufferedRecorder(loop)],
    ] as const)
      it(
        `gets what arrived meanwhile, ${kind}, if it resumes and closes in one turn`,
        async (loop) => {
          const [client, server] = [new Recorder(loop), make(loop)];
          await securely(loop, name, client, server, async (transport, other) => {
            await arrivesPaused(loop, transport, other);

            other.resumeReading();
            other.close();

            assert.is(await server.lost, undefined);
            assert.equal(server.calls, [
              'connectionMade',
              'dataReceived hello',
              'eofReceived',
              'connectionLost',
            ]);
          });
        },
        REAL,
      );

    it(
      'may close again, or abort, when it gets what arrived meanwhile',
      async (loop) => {
        for (const end of ['close', 'abort'] as const) {
          const [client, server] = [new Recorder(loop), new Recorder(loop)];
          server.dataReceived = (data) => {
            Recorder.prototype.dataReceived.call(server, data);
            server.transport?.[end]();
          };
          await securely(loop, name, client, server, async (transport, other) => {
            await arrivesPaused(loop, transport, other);

            other.resumeReading();
            other.close();

            await server.lost;
            const answer = end === 'close' ? ['eofReceived'] : [];
            const calls = ['connectionMade', 'dataReceived hello', ...answer, 'connectionLost'];
            assert.equal(server.calls, calls);
          });
        }
      },
      REAL,
    );

    for (const unread of [false, true])
      it(
        `is notified of the end if it closes without resuming, ${unread ? 'but not of unread data' : 'with nothing unread'}`,
        async (loop) => {
          const [client, server] = [new Recorder(loop), new Recorder(loop)];
          await securely(loop, name, client, server, async (transport, other) => {
            if (unread) await arrivesPaused(loop, transport, other);
            else other.pauseReading();

            other.close();

            assert.is(await server.lost, undefined);
            assert.equal(server.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
          });
        },
        REAL,
      );

    it(
      'is not notified of the end if it resumes and pauses again in one turn',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport, other) => {
          await settle(loop, 5);
          transport.pauseReading();
          other.abort();
          await server.lost;
          await settle(loop, 10);

          transport.resumeReading();
          transport.pauseReading();
          await settle(loop, 10);
          assert.equal(client.calls, ['connectionMade']);

          transport.resumeReading();

          await client.lost;
          assert.equal(client.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
        });
      },
      REAL,
    );
  });

/** Has `hello` arrive at a side that paused. */
async function arrivesPaused(
  loop: asyncio.Loop,
  from: asyncio.Transport,
  to: asyncio.Transport,
): Promise<void> {
  // What Node has of its own before, session tickets, is no part of this.
  await settle(loop, 5);
  to.pauseReading();
  const before = to._traffic;
  from.write(HELLO);
  await until(loop, () => to._traffic > before);
  await settle(loop, 5);
}

loopBehaviour('A TLS transport that is closed', (it) => {
  it(
    'is not referenced any more, and neither is its context',
    async (loop) => {
      const refs = await connectedAndClosed(loop);

      for (let n = 0; n < 20 && refs.some((ref) => ref.deref() !== undefined); n += 1) {
        await asyncio.sleep(0.01);
        collectGarbage();
      }

      assert.equal(
        refs.map((ref) => ref.deref()?.constructor.name),
        [undefined, undefined, undefined],
      );
    },
    {
      ...REAL,
      cpython: [
        `${SSL}test_create_connection_memory_leak`,
        'test_sslproto.py::BaseStartTLS::test_create_connection_memory_leak',
      ],
    },
  );
});

async function connectedAndClosed(loop: asyncio.Loop): Promise<WeakRef<object>[]> {
  const context = createSecureContext({ ca: CERT });
  const [client, server] = [new Recorder(loop), new Recorder(loop)];
  const refs: WeakRef<object>[] = [new WeakRef(context), new WeakRef(client)];
  const sides = { client: { secureContext: context } };
  await securely(
    loop,
    'memory',
    client,
    server,
    async (transport) => {
      refs.push(new WeakRef(transport));
      transport.close();
      await client.lost;
    },
    sides,
  );
  return refs;
}

loopBehaviour('A TLS server', (it) => {
  it(
    'ends its connections cleanly, and waits for them',
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
    REAL,
  );
});

for (const { name } of DRIVERS)
  loopBehaviour(`A TLS stream whose socket fails on ${name}`, (it) => {
    it(
      'notifies its protocol of a write that fails while the peer is silent',
      async (loop) => {
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport) => {
          const { _sock } = transport.getExtraInfo('socket') as { _sock: socket.Socket };
          _sock._endpoint.trySend = () => {
            throw osError('EPIPE', 'write');
          };

          transport.write(Buffer.from('An interesting message'));

          assert.instance(await client.lost, asyncio.BrokenPipeError);
        });
      },
      { ...REAL, cpython: [`${HANDSHAKE}test_connection_lost_when_busy`] },
    );

    it(
      'sends its whole buffer when the peer has ended, even if the socket accepts only half',
      async (loop) => {
        class Patient extends Recorder {
          override eofReceived(): undefined {
            super.eofReceived();
          }
        }
        const CHUNK = Buffer.alloc(128 * 1024, 'x');
        const [client, server] = [new Patient(loop), new Recorder(loop)];
        await securely(loop, name, client, server, async (transport, other) => {
          const { _sock } = transport.getExtraInfo('socket') as { _sock: socket.Socket };
          const endpoint = _sock._endpoint;
          const trySend = endpoint.trySend.bind(endpoint);
          endpoint.trySend = (data, from) =>
            trySend(data.subarray(from, from + Math.ceil((data.length - from) / 2)), 0);
          other.pauseReading();
          for (let n = 0; n < 64; n += 1) transport.write(CHUNK);

          transport.close();
          await settle(loop, 5);
          other.resumeReading();
          await server.lost;

          const size = server.received.reduce((sum, { length }) => sum + length, 0);
          assert.is(size, 64 * CHUNK.length);
          assert.is(await client.lost, undefined);
        });
      },
      {
        ...REAL,
        cpython: [`${SSL}test_remote_shutdown_receives_trailing_data_on_slow_socket`],
      },
    );
  });

for (const { name } of DRIVERS)
  loopBehaviour(`Twenty-five TLS clients on ${name}`, (it) => {
    const CLIENTS = 25;
    const [A_DATA, B_DATA] = ['A', 'B'].map((letter) => Buffer.alloc(65_536, letter));

    /** Takes A and B, and answers each; closes. */
    async function serve(...[reader, writer]: asyncio.Streams): Promise<void> {
      assert.ok((await reader.readexactly(65_536)).equals(A_DATA as Buffer));
      writer.write('OK');
      assert.ok((await reader.readexactly(65_536)).equals(B_DATA as Buffer));
      writer.writelines(['SP', Buffer.from('A'), new Uint8Array(Buffer.from('M'))]);
      await writer.drain();
      writer.close();
    }

    /** Sends A and B, and reads the answers to the end. */
    async function ask(...[reader, writer]: asyncio.Streams): Promise<void> {
      writer.write(A_DATA as Buffer);
      assert.is(String(await reader.readexactly(2)), 'OK');
      writer.write(B_DATA as Buffer);
      assert.is(String(await reader.readexactly(4)), 'SPAM');
      assert.is((await reader.read()).length, 0);
      writer.close();
      await writer.waitClosed();
    }

    it(
      'exchange data with a stream server',
      async (loop) => {
        let served = 0;
        const handler = async (...streams: asyncio.Streams): Promise<void> => {
          await serve(...streams);
          served += 1;
        };
        await serving(
          loop,
          name,
          handler,
          async ({ connect }) => {
            const secure = { ssl: CLIENT, serverHostname: 'localhost' };
            await asyncio.gather(
              ...Array.from({ length: CLIENTS }, () => async () => ask(...(await connect(secure)))),
            );
            assert.is(served, CLIENTS);
          },
          { ssl: SERVER },
        );
      },
      {
        ...REAL,
        cpython: [`${SSL}test_create_server_ssl_1`, `${SSL}test_create_connection_ssl_1`],
      },
    );

    it(
      'exchange data with connections that were accepted elsewhere',
      async (loop) => {
        const sock = stream(name);
        sock.bind(freshAddress(sock.family));
        sock.listen();
        const address = sock.getsockname() as socket.AddressInput;
        const accept = async (): Promise<void> => {
          const [connection] = await loop.sockAccept(sock);
          const reader = new asyncio.StreamReader();
          const protocol = new asyncio.StreamReaderProtocol(reader);
          const [transport] = await loop.connectAcceptedSocket(() => protocol, connection, {
            ssl: SERVER,
          });
          await serve(reader, new asyncio.StreamWriter(transport, protocol, reader, loop));
        };
        const connect = async (): Promise<void> => {
          const client = stream(name);
          await loop.sockConnect(client, address);
          const options = { sock: client, ssl: CLIENT, serverHostname: 'localhost' };
          await ask(...(await asyncio.openConnection(undefined, undefined, options)));
        };

        for (let n = 0; n < CLIENTS; n += 1) await asyncio.gather(accept, connect);

        sock.close();
      },
      { ...REAL, cpython: [`${SSL}test_connect_accepted_socket`] },
    );
  });
