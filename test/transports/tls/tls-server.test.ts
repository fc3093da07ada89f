import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import * as assert from 'uvu/assert';
import { selfSigned } from '../../../src/echo/certificate.ts';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';
import { DRIVERS, freshAddress, freshPath, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { CERT, CLIENT, KEY, SERVER } from '../../support/tls.ts';
import { Recorder, until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const EVENTS = 'test_events.py::EventLoopTestsMixin::';
const BASE = 'test_base_events.py::BaseEventLoopWithSelectorTests::';
const PAGE = Buffer.from('HTTP/1.0 200 OK\r\n\r\nTest message');

/** Trusts anybody, as CPython's `dummy_ssl_context()`. */
const ANYBODY: asyncio.TlsOptions = { rejectUnauthorized: false };

/** Of a name, and not of the loopback's address. */
const named = selfSigned(['localhost']);

/** Answers whatever comes with a page, and closes. */
class Page extends Recorder {
  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data);
    this.transport?.write(PAGE);
    this.transport?.close();
  }
}

/** A server of TLS, its protocols, and how it is connected to. */
interface Served {
  readonly address: socket.Address;
  readonly protocols: readonly Recorder[];
  /** Is done when every connection is, and nobody else is served. */
  ended(): Promise<unknown>;
  connect(
    ssl: asyncio.TlsOptions | true,
    serverHostname: string,
  ): Promise<[asyncio.Transport, Recorder]>;
}

/** Serves TLS on a socket of a driver, by the functions of its family, and leaves nothing open. */
async function serving(
  loop: asyncio.Loop,
  driver: socket.DriverName,
  family: number,
  ssl: asyncio.TlsOptions,
  use: (served: Served) => Promise<unknown>,
  make: new (loop: asyncio.Loop) => Recorder = Recorder,
): Promise<void> {
  const protocols: Recorder[] = [];
  const factory = (): Recorder => {
    const protocol = new make(loop);
    protocols.push(protocol);
    return protocol;
  };
  const sock = stream(driver, family);
  sock.bind(freshAddress(family));
  const address = sock.getsockname();
  const server = await (family === socket.AF_UNIX
    ? loop.createUnixServer(factory, undefined, { sock, ssl })
    : loop.createServer(factory, undefined, undefined, { sock, ssl }));
  const connect: Served['connect'] = async (context, serverHostname) => {
    const client = stream(driver, family);
    await loop.sockConnect(client, address as socket.AddressInput);
    const options = { sock: client, ssl: context, serverHostname };
    const recorder = (): Recorder => new Recorder(loop);
    return family === socket.AF_UNIX
      ? await loop.createUnixConnection(recorder, undefined, options)
      : await loop.createConnection(recorder, undefined, undefined, options);
  };
  try {
    const ended = (): Promise<unknown> => {
      server.close();
      return Promise.resolve(server.waitClosed());
    };
    await use({ address, protocols, connect, ended });
  } finally {
    server.close();
    server.abortClients();
    await server.waitClosed();
  }
}

/** What each of a server's protocols was told. */
function callsOf(protocols: readonly Recorder[]): string[][] {
  return protocols.map(({ calls }) => calls);
}

/** Checks what a client knows of TLS; the forms are Node's. */
function checkExtraInfo(transport: asyncio.Transport, address: socket.Address): void {
  assert.is(String(transport.getExtraInfo('peername')), String(address));
  assert.is.not(transport.getExtraInfo('sockname'), undefined);
  const cipher = transport.getExtraInfo('cipher');
  for (const part of [cipher?.name, cipher?.standardName, cipher?.version])
    assert.type(part, 'string');
  const object = transport.getExtraInfo('sslObject');
  assert.equal(object?.getCipher(), cipher);
  assert.equal(object?.getPeerCertificate(), transport.getExtraInfo('peercert'));
  assert.is(transport.getExtraInfo('compression'), undefined);
}

for (const { name } of DRIVERS)
  for (const [what, family] of [
    ['', socket.AF_INET],
    ['unix_', socket.AF_UNIX],
  ] as const) {
    const of = what === '' ? 'a host' : 'a path';

    loopBehaviour(`A TLS server on ${of}, on ${name}`, (it) => {
      it(
        'reports a protocol that throws in connectionMade once, and ends its connection',
        async (loop, { reports }) => {
          class Throwing extends Recorder {
            override connectionMade(transport: asyncio.Transport): void {
              super.connectionMade(transport);
              throw new EvalError('planted');
            }
          }
          const use = async ({ protocols, connect }: Served): Promise<void> => {
            const connecting = connect(CLIENT, 'localhost').then(
              ([, client]) => client.lost,
              () => {}, // it may have been refused before its own handshake was done
            );
            await until(loop, () => protocols[0]?.lost.done() === true);
            await connecting;
            const [server] = protocols as [Throwing];

            assert.equal(server.calls, ['connectionMade', 'connectionLost']);
            assert.instance(server.lost.result(), EvalError);
            assert.equal(
              reports.map(({ message, exception }) => `${message}: ${exception}`),
              ['Fatal error on SSL protocol: EvalError: planted'],
            );
            assert.is(reports[0]?.['transport'], server.transport);
          };

          await serving(loop, name, family, SERVER, use, Throwing);
        },
        REAL,
      );

      it(
        'reports a protocol that cannot be created once, whatever its factory throws',
        async (loop, { reports }) => {
          const thrown = [new EvalError('planted'), new asyncio.FileNotFoundError('planted')];
          class Impossible extends Recorder {
            constructor(ofLoop: asyncio.Loop) {
              super(ofLoop);
              throw thrown[reports.length];
            }
          }
          const use = async ({ connect }: Served): Promise<void> => {
            for (const _ of thrown) await rejects(connect(CLIENT, 'localhost'), asyncio.OSError);
          };

          await serving(loop, name, family, SERVER, use, Impossible);

          assert.equal(
            reports.map(({ exception }) => exception),
            thrown,
          );
        },
        REAL,
      );

      it(
        'receives from a client that verifies nothing, and ends its connection',
        async (loop) => {
          await serving(loop, name, family, SERVER, async ({ address, protocols, connect }) => {
            const [transport, client] = await connect(ANYBODY, '');
            transport.write(Buffer.from('xxx'));
            await until(loop, () => protocols[0]?.received.length === 1);
            const [server] = protocols as [Recorder];

            assert.equal(server.calls, ['connectionMade', 'dataReceived xxx']);
            checkExtraInfo(transport, address);
            server.transport?.close();
            assert.is(await server.lost, undefined);
            assert.is(await client.lost, undefined);
          });
        },
        { ...REAL, cpython: [`${EVENTS}test_create_${what}server_ssl`] },
      );

      it(
        'answers a client, and is notified of its end; a client that does not trust it disconnects',
        async (loop) => {
          await serving(
            loop,
            name,
            family,
            SERVER,
            async ({ address, protocols, connect, ended }) => {
              const [transport, client] = await connect(ANYBODY, '127.0.0.1');
              assert.match(String(transport), /^<_SSLProtocolTransport /);
              checkExtraInfo(transport, address);
              transport.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
              assert.is(await client.lost, undefined);
              assert.equal(Buffer.concat(client.received), PAGE);

              await rejects(connect(true, '127.0.0.1'), asyncio.SSLCertVerificationError, {
                message: /CERTIFICATE_VERIFY_FAILED/,
              });
              await ended();
              assert.equal(callsOf(protocols).slice(1), [[]]);
            },
            Page,
          );
        },
        { ...REAL, cpython: [`${EVENTS}test_create_ssl_${what}connection`] },
      );

      it(
        'loses a client that does not know the issuer of its certificate',
        async (loop) => {
          await serving(loop, name, family, SERVER, async ({ protocols, connect, ended }) => {
            await rejects(connect({}, 'localhost'), asyncio.SSLError, {
              message: /certificate verify failed/,
            });
            await ended();

            // Nobody was connected, as far as its protocol knows.
            assert.equal(callsOf(protocols), [[]]);
          });
        },
        { ...REAL, cpython: [`${EVENTS}test_create_${what}server_ssl_verify_failed`] },
      );

      it(
        'is notified of a TLS 1.2 client that does not trust it, and of its end',
        async (loop) => {
          await serving(loop, name, family, SERVER, async ({ protocols, connect, ended }) => {
            await rejects(connect({ maxVersion: 'TLSv1.2' }, 'localhost'), asyncio.SSLError);
            await ended();

            const [calls] = callsOf(protocols);
            assert.equal([calls?.at(0), calls?.at(-1)], ['connectionMade', 'connectionLost']);
          });
        },
        REAL,
      );

      it(
        'loses a client that connects to an address if the certificate is for a name',
        async (loop) => {
          await serving(loop, name, family, named, async ({ protocols, connect, ended }) => {
            await rejects(
              connect({ ca: named.cert }, '127.0.0.1'),
              asyncio.SSLCertVerificationError,
              { message: /IP: 127\.0\.0\.1 is not in the cert's list/ },
            );
            await ended();

            // Nobody was connected, as far as its protocol knows.
            assert.equal(callsOf(protocols), [[]]);
          });
        },
        { ...REAL, cpython: [`${EVENTS}test_create_server_ssl_match_failed`] },
      );

      it(
        'is trusted by a client that knows its certificate’s issuer and its name',
        async (loop) => {
          await serving(loop, name, family, named, async ({ address, protocols, connect }) => {
            const [transport, client] = await connect({ ca: named.cert }, 'localhost');
            await until(loop, () => protocols[0]?.transport !== undefined);
            const [server] = protocols as [Recorder];

            checkExtraInfo(transport, address);
            assert.is(transport.getExtraInfo('peercert')?.subjectaltname, 'DNS:localhost');
            server.transport?.close();
            transport.close();
            assert.is(await server.lost, undefined);
            assert.is(await client.lost, undefined);
          });
        },
        { ...REAL, cpython: [`${EVENTS}test_create_${what}server_ssl_verified`] },
      );
    });
  }

loopBehaviour('loop.createConnection with ssl', (it) => {
  it(
    'requests the host, or serverHostname if given, or no name if that is empty',
    async (loop) => {
      const asked: string[] = [];
      const context = createSecureContext(SERVER);
      const ssl: asyncio.TlsOptions = {
        ...SERVER,
        SNICallback: (name, done) => {
          asked.push(name);
          done(null, context);
        },
      };
      const checked: string[] = [];
      const client: asyncio.TlsOptions = {
        ...CLIENT,
        checkServerIdentity: (name) => void checked.push(name),
      };
      const server = await loop.createServer(() => new asyncio.Protocol(), '127.0.0.1', 0, { ssl });
      const address = server.sockets[0]?.getsockname() as [string, number];
      const found = [socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', address] as const;
      loop.getaddrinfo = ((): unknown => Promise.resolve([found])) as never;

      for (const options of [{}, { serverHostname: 'perl.com' }, { serverHostname: '' }]) {
        const [transport, protocol] = await loop.createConnection(
          () => new Recorder(loop),
          'python.org',
          80,
          { ...options, ssl: options.serverHostname === '' ? ANYBODY : client },
        );
        transport.close();
        await protocol.lost;
      }

      assert.equal(asked, ['python.org', 'perl.com']);
      assert.equal(checked, ['python.org', 'perl.com']);
      server.close();
      await server.waitClosed();
    },
    { ...REAL, cpython: [`${BASE}test_create_connection_ssl_server_hostname_default`] },
  );
});

behaviour('ssl: true', (it) => {
  it(
    'trusts the authorities that Node trusts, for a host and for a path',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'asyncio-ts-'));
      const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
      writeFileSync(cert, CERT);
      writeFileSync(key, KEY);
      try {
        const { stdout, stderr } = await runFile('test/transports/tls/children/trusts.ts', {
          env: {
            CERT: cert,
            KEY: key,
            PATH_OF_SERVER: freshPath(),
            NODE_EXTRA_CA_CERTS: cert,
          },
        });

        assert.is(stderr, '');
        assert.is(stdout, 'true hello\ntrue hello\n');
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
    {
      seconds: 30,
      cpython: [`${EVENTS}test_create_ssl_connection`, `${EVENTS}test_create_ssl_unix_connection`],
    },
  );
});

for (const { name } of DRIVERS)
  loopBehaviour(`closeClients() of a TLS server on ${name}`, (it) => {
    it(
      'ends the encryption, and waits for the peer to end it',
      async (loop) => {
        const sock = stream(name);
        sock.bind(freshAddress(socket.AF_INET));
        const address = sock.getsockname() as socket.AddressInput;
        const served = new Recorder(loop);
        const server = await loop.createServer(() => served, undefined, undefined, {
          sock,
          ssl: SERVER,
        });
        const far = stream(name);
        await loop.sockConnect(far, address);
        const client = new Recorder(loop);
        await loop.createConnection(() => client, undefined, undefined, {
          sock: far,
          ssl: CLIENT,
          serverHostname: 'localhost',
        });
        await until(loop, () => served.calls.length > 0);

        server.close();
        server.closeClients();
        await server.waitClosed();

        assert.is(await client.lost, undefined);
        assert.equal(client.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
        assert.equal(served.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
      },
      REAL,
    );
  });
