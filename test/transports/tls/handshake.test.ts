import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import { selfSigned } from '../../../src/echo/certificate.ts';
import * as asyncio from '../../../src/index.ts';
import type { AddressInput } from '../../../src/socket.ts';
import { DRIVERS, listening, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { serving } from '../../support/streams.ts';
import {
  CERT,
  CLIENT,
  Echo,
  KEY,
  relay,
  SERVER,
  secureClient,
  securely,
  secureServer,
} from '../../support/tls.ts';
import { Recorder, receiveAll, socketsOn, until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const SSL = 'test_ssl.py::TestSSL::';
const HANDSHAKE = 'test_sslproto.py::SslProtoHandshakeTests::';
const START = 'test_sslproto.py::BaseStartTLS::';
const BASE = 'test_base_events.py::BaseEventLoopWithSelectorTests::';
const EVENTS = 'test_events.py::EventLoopTestsMixin::';
const UNIX = 'test_unix_events.py::SelectorEventLoopUnixSocketTests::';

for (const { name } of DRIVERS) {
  loopBehaviour(`A handshake on ${name}`, (it) => {
    it(
      'times out after sslHandshakeTimeout, on both sides',
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

    it('times out after a minute by default', async (loop) => {
      const [sock, peer] = await socketsOn(loop, name);
      const begin = loop.time();

      await rejects(secureClient(loop, sock, new Recorder(loop)), asyncio.ConnectionAbortedError, {
        message: 'SSL handshake is taking longer than 60.0 seconds: aborting the connection',
      });

      assert.ok(loop.time() - begin >= 60);
      peer.close();
    });

    it(
      'fails with the error that ends the underlying connection',
      async (loop) => {
        for (const shake of [secureClient, secureServer]) {
          const [sock, peer] = await socketsOn(loop, name);
          const protocol = new Recorder(loop);
          sock._endpoint.tryRecv = () => {
            throw osError('ECONNABORTED', 'read');
          };
          const shaking = asyncio.createTask(async () => {
            await shake(loop, sock, protocol, shake === secureClient ? CLIENT : SERVER);
          });
          await loop.sockSendall(peer, Buffer.from('x'));

          await rejects(shaking, asyncio.ConnectionAbortedError);
          assert.equal(protocol.calls, []);
          peer.close();
        }
      },
      { ...REAL, cpython: [`${HANDSHAKE}test_connection_lost`] },
    );

    it(
      'fails with ConnectionResetError when the peer disconnects, on both sides',
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
          `${SSL}test_ssl_handshake_connection_lost`,
        ],
      },
    );

    it(
      'fails if the peer does not speak TLS, on both sides',
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
      'fails if the certificate is not trusted',
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
      'fails if the certificate is for another name',
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
      'leaves nothing open when it is cancelled',
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
      'is reported on failure in debug mode only, and the server keeps serving',
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

  loopBehaviour(`A TLS handshake that arrives byte by byte on ${name}`, (it) => {
    it(
      'succeeds',
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
      'fails on both sides if it ends halfway',
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

loopBehaviour('A callback of a TLS server that throws', (it) => {
  const fail = (): never => {
    throw new Error('planted');
  };
  for (const [name, callback, how] of [
    ['SNICallback', fail, ''],
    ['SNICallback', async () => fail(), 'that is async'],
    ['ALPNCallback', fail, ''],
    ['ALPNCallback', () => 'what nobody asked for', 'with nonsense'],
  ] as const)
    it(
      `fails the handshake, and is reported: ${name} ${how}`,
      async (loop, { reports }) => {
        const [near, far] = await socketsOn(loop, 'memory');
        const [client, server] = [new Recorder(loop), new Recorder(loop)];
        const ssl = { ...CLIENT, ALPNProtocols: ['h2'] };
        const shaking = secureClient(loop, near, client, ssl).catch((error: unknown) => error);

        const error = await secureServer(loop, far, server, { ...SERVER, [name]: callback }).catch(
          (reason: unknown) => reason,
        );

        assert.match(
          String(error),
          /planted|ALPNCallback must return one of \['h2'\], got 'what nobody asked for'/,
        );
        assert.instance(await shaking, asyncio.OSError);
        assert.equal(
          reports.map(({ message, exception }) => [message, exception]),
          [['SSL handshake failed', error]],
        );
        assert.equal(server.calls, []);
      },
      REAL,
    );
});

for (const { name } of DRIVERS)
  loopBehaviour(`A callback of a TLS server that ends the clients, on ${name}`, (it) => {
    for (const [what, callback] of [
      ['SNICallback', (_name: string, done: () => void) => done()],
      ['ALPNCallback', () => 'h2'],
    ] as const)
      for (const end of ['closeClients', 'abortClients'] as const)
        it(
          `also ends the client that is in its handshake: ${what}, ${end}()`,
          async (loop) => {
            const sock = listening(name);
            const calls: string[] = [];
            const acting = (...given: [string, () => void]): unknown => {
              server.close();
              server[end]();
              return callback(...given);
            };
            const server: asyncio.Server = await loop.createServer(
              () => Object.assign(new Recorder(loop), { calls }),
              undefined,
              undefined,
              { sock, ssl: { ...SERVER, [what]: acting } },
            );
            const client = stream(name);
            await loop.sockConnect(client, sock.getsockname() as AddressInput);
            const ssl = { ...CLIENT, ALPNProtocols: ['h2'] };

            await rejects(secureClient(loop, client, new Recorder(loop), ssl), asyncio.OSError);
            await server.waitClosed();

            assert.equal(calls, []);
          },
          REAL,
        );
  });

loopBehaviour('A client certificate', (it) => {
  const mine = selfSigned(['client']);
  const asking = { ...SERVER, requestCert: true, ca: mine.cert };

  it(
    'is available to a server that requests one',
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
        `is refused if it is ${what}, with ${maxVersion}`,
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
    'may be missing with rejectUnauthorized: false',
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

loopBehaviour('TLS options', (it) => {
  const protocol = (): asyncio.Protocol => new asyncio.Protocol();
  const connect = (loop: asyncio.Loop, options: object, host?: string): Promise<unknown> =>
    Promise.resolve(loop.createConnection(protocol, host ?? '127.0.0.1', 1, options));
  const serve = (loop: asyncio.Loop, options: object): Promise<unknown> =>
    Promise.resolve(loop.createServer(protocol, '127.0.0.1', 0, options));
  const connectUnix = (loop: asyncio.Loop, options: object): Promise<unknown> =>
    Promise.resolve(loop.createUnixConnection(protocol, '/nowhere/at/all', options));
  const serveUnix = (loop: asyncio.Loop, options: object): Promise<unknown> =>
    Promise.resolve(loop.createUnixServer(protocol, '/nowhere/at/all', options));

  it(
    'refuse timeouts that are not positive, before connecting',
    async (loop) => {
      for (const seconds of [0, -1, Number.NaN]) {
        const message = /^sslHandshakeTimeout must be a number of seconds above 0, got /;
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

  it(
    'refuse what requires ssl without ssl, before a look-up, bind or connect',
    async (loop) => {
      const [sock, peer] = await socketsOn(loop, 'memory');
      loop.getaddrinfo = (): never => assert.unreachable('it was looked up') as never;
      const accept = (options: object): Promise<unknown> =>
        Promise.resolve(loop.connectAcceptedSocket(protocol, sock, options));

      for (const option of ['sslHandshakeTimeout', 'sslShutdownTimeout']) {
        const message = `${option} is only meaningful with ssl`;
        for (const make of [connect, serve, connectUnix, serveUnix])
          await rejects(make(loop, { [option]: 1 }), RangeError, { message });
        await rejects(connect(loop, { [option]: 1, ssl: false }), RangeError, { message });
        await rejects(accept({ [option]: 1 }), RangeError, { message });
      }
      const message = 'serverHostname is only meaningful with ssl';
      for (const serverHostname of ['x', ''])
        for (const make of [connect, connectUnix])
          await rejects(make(loop, { serverHostname }), RangeError, { message });

      assert.is.not(sock.fileno(), -1);
      for (const each of [sock, peer]) each.close();
    },
    {
      cpython: [
        `${BASE}test_create_server_ssl_timeout_for_plain_socket`,
        `${BASE}test_create_connection_ssl_timeout_for_plain_socket`,
        `${BASE}test_create_connection_no_ssl_server_hostname_errors`,
        `${EVENTS}test_connect_accepted_socket_ssl_timeout_for_plain_socket`,
        `${UNIX}test_create_unix_server_ssl_timeout_with_plain_sock`,
        `${UNIX}test_create_unix_connection_nossl_serverhost`,
        `${UNIX}test_create_unix_connection_ssl_timeout_with_plain_sock`,
      ],
    },
  );

  it(
    'refuse anything but a context',
    async (loop) => {
      for (const ssl of [1, 'yes', []]) {
        const message = /^ssl must be true, a tls\.SecureContext or an object of options, got /;
        await rejects(connect(loop, { ssl }), TypeError, { message });
      }
      for (const ssl of [true, false, null, 1])
        for (const make of [serve, serveUnix])
          await rejects(make(loop, { ssl }), TypeError, { message: /^ssl must be a tls\.Secure/ });
      await rejects(serve(loop, { ssl: {} }), RangeError, { message: /needs a certificate/ });
      await rejects(serve(loop, { ssl: { key: 'x', cert: 'y' } }), Error, { message: /PEM/ });
    },
    { cpython: [`${UNIX}test_create_unix_server_ssl_bool`] },
  );

  it(
    'refuse a client without a name to check the certificate for',
    async (loop) => {
      const [sock, peer] = await socketsOn(loop, 'memory');
      const make = (options: object): Promise<unknown> =>
        Promise.resolve(
          loop.createConnection(protocol, undefined, undefined, { sock, ...options }),
        );
      const noHost = { message: 'You must set serverHostname when using ssl without a host' };

      await rejects(make({ ssl: true }), RangeError, noHost);
      await rejects(connect(loop, { ssl: true }, ''), RangeError, noHost);
      await rejects(
        loop.createConnection(protocol, undefined, 80, { ssl: true }),
        RangeError,
        noHost,
      );
      await rejects(make({ ssl: CLIENT, serverHostname: '' }), RangeError, {
        message: /^serverHostname is needed/,
      });
      for (const ssl of [true, CLIENT])
        await rejects(connectUnix(loop, { ssl }), RangeError, {
          message: 'you have to pass serverHostname when using ssl',
        });
      for (const each of [sock, peer]) each.close();
    },
    {
      cpython: [
        `${BASE}test_create_connection_ssl_server_hostname_errors`,
        `${UNIX}test_create_unix_connection_ssl_noserverhost`,
      ],
    },
  );

  it(
    'refuse invalid contexts and transports in startTls',
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
