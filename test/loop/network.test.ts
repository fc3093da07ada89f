/**
 * What CPython's test_base_events asks of the loop's network methods, apart from what the tests of
 * the rooms below say already.
 */
import * as assert from 'uvu/assert';
import { OSError, TimeoutError } from '../../src/base/errors/os-errors.ts';
import type { Loop } from '../../src/loop/loop.ts';
import * as socket from '../../src/socket.ts';
import { DatagramProtocol, Protocol } from '../../src/transports/protocols.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';

const REAL = { clock: 'real' } as const;
const BASE = 'test_base_events.py::BaseEventTests::';
const TESTS = 'test_base_events.py::BaseEventLoopWithSelectorTests::';

/** Has look-ups find these addresses of IPv4, and notes what was looked up. */
function finds(loop: Loop, ...ports: number[]): unknown[] {
  const asked: unknown[] = [];
  loop.getaddrinfo = ((host: unknown) => {
    asked.push(host);
    const found = loop.createFuture();
    found.setResult(
      ports.map((port) => [
        socket.AF_INET,
        socket.SOCK_STREAM,
        socket.IPPROTO_TCP,
        '',
        ['127.0.0.1', port],
      ]),
    );
    return found;
  }) as unknown as Loop['getaddrinfo'];
  return asked;
}

loopBehaviour('loop.getaddrinfo of a number', (it) => {
  const first = async (
    loop: Loop,
    host: string,
    port: number | string | undefined,
    options: object,
  ): Promise<string> => {
    const [[family, type, proto, name, address] = []] = await loop.getaddrinfo(host, port, options);
    return `${family} ${type} ${proto} ${name} ${address}`;
  };

  it(
    'is that number, of its family, with the protocol of the type',
    async (loop) => {
      const { AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM, IPPROTO_TCP, IPPROTO_UDP } = socket;
      const tcp = `${AF_INET} ${SOCK_STREAM} ${IPPROTO_TCP}  ('1.2.3.4', 1)`;
      const udp = `${AF_INET} ${SOCK_DGRAM} ${IPPROTO_UDP}  ('1.2.3.4', 1)`;
      const tcp6 = `${AF_INET6} ${SOCK_STREAM} ${IPPROTO_TCP}  ('::3', 1, 0, 0)`;

      assert.is(await first(loop, '1.2.3.4', 1, { type: SOCK_STREAM, proto: IPPROTO_TCP }), tcp);
      assert.is(await first(loop, '1.2.3.4', 1, { family: AF_INET, type: SOCK_STREAM }), tcp);
      assert.is(await first(loop, '1.2.3.4', 1, { type: SOCK_DGRAM, proto: IPPROTO_UDP }), udp);
      assert.is(await first(loop, '1.2.3.4', 1, { type: SOCK_DGRAM }), udp);
      assert.is(await first(loop, '::3', 1, { family: AF_INET6, type: SOCK_STREAM }), tcp6);
      assert.is(await first(loop, '::3', 1, { type: SOCK_STREAM }), tcp6);
    },
    { ...REAL, cpython: [`${BASE}test_ipaddr_info`] },
  );

  it(
    'is refused where the family is another',
    async (loop) => {
      const { AF_INET, AF_INET6, SOCK_STREAM } = socket;

      await rejects(
        first(loop, '1.2.3.4', 1, { family: AF_INET6, type: SOCK_STREAM }),
        socket.gaierror,
      );
      await rejects(first(loop, '::3', 1, { family: AF_INET, type: SOCK_STREAM }), socket.gaierror);
    },
    REAL,
  );

  it(
    'takes a port as a text, and none for 0',
    async (loop) => {
      const options = { type: socket.SOCK_STREAM };
      const ports = await Promise.all(
        [undefined, '1', 1].map(async (port) => {
          const [info] = await loop.getaddrinfo('1.2.3.4', port, options);
          const [, number] = info?.[4] ?? [];
          return number;
        }),
      );

      assert.equal(ports, [0, 1, 1]);
    },
    { ...REAL, cpython: [`${BASE}test_port_parameter_types`] },
  );
});

loopBehaviour('loop.createConnection, looked up by others', (it) => {
  it(
    'fails with a TimeoutError that connecting throws',
    async (loop) => {
      finds(loop, 80);
      loop.sockConnect = (() => {
        throw new TimeoutError('in connecting');
      }) as Loop['sockConnect'];

      await rejects(
        loop.createConnection(() => new Protocol(), 'example.com', 80),
        TimeoutError,
      );
    },
    { cpython: [`${TESTS}test_create_connection_timeout`] },
  );
});

loopBehaviour('loop.createServer, looked up by others', (it) => {
  it(
    'fails where a host has no address, and takes no name for all interfaces',
    async (loop) => {
      const asked = finds(loop);

      await rejects(
        loop.createServer(() => new Protocol(), 'python.org', 0),
        OSError,
        {
          message: /returned empty list/,
        },
      );
      await rejects(
        loop.createServer(() => new Protocol(), '', 0),
        OSError,
      );

      assert.equal(asked, ['python.org', undefined]);
    },
    {
      cpython: [
        `${TESTS}test_create_server_no_getaddrinfo`,
        `${TESTS}test_create_server_empty_host`,
      ],
    },
  );

  it(
    'listens on ::1',
    async (loop) => {
      const server = await loop.createServer(() => new Protocol(), '::1', 0);
      const [sock] = server.sockets;

      assert.is(sock?.family, socket.AF_INET6);
      server.close();
      await server.waitClosed();
    },
    { ...REAL, cpython: [`${TESTS}test_create_server_ipv6`] },
  );
});

loopBehaviour('loop.createDatagramEndpoint, in special cases', (it) => {
  it(
    'fails where a host has no address',
    async (loop) => {
      finds(loop);

      await rejects(
        loop.createDatagramEndpoint(() => new DatagramProtocol(), { localAddr: ['localhost', 0] }),
        OSError,
      );
    },
    { cpython: [`${TESTS}test_create_datagram_endpoint_no_addrinfo`] },
  );

  it(
    'fails where it cannot connect',
    async (loop) => {
      loop.sockConnect = (() => {
        throw new OSError('cannot');
      }) as Loop['sockConnect'];

      await rejects(
        loop.createDatagramEndpoint(() => new DatagramProtocol(), { remoteAddr: ['127.0.0.1', 0] }),
        OSError,
      );
    },
    { ...REAL, cpython: [`${TESTS}test_create_datagram_endpoint_connect_err`] },
  );

  it(
    'does not connect where it may broadcast, and has the options of its socket',
    async (loop) => {
      const connected: unknown[] = [];
      loop.sockConnect = ((sock: unknown) => void connected.push(sock)) as never;

      const [transport] = await loop.createDatagramEndpoint(() => new DatagramProtocol(), {
        remoteAddr: ['127.0.0.1', 9],
        allowBroadcast: true,
        reusePort: true,
      });

      const sock = transport.getExtraInfo('socket');
      assert.equal(connected, []);
      assert.is(sock?.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST), 1);
      assert.is(sock?.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT), 1);
      transport.close();
    },
    {
      ...REAL,
      cpython: [
        `${TESTS}test_create_datagram_endpoint_allow_broadcast`,
        `${TESTS}test_create_datagram_endpoint_sockopts`,
      ],
    },
  );

  it(
    'takes over a socket that is bound',
    async (loop) => {
      const sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);
      sock.bind(['127.0.0.1', 0]);

      const [transport] = await loop.createDatagramEndpoint(() => new DatagramProtocol(), { sock });

      assert.is(transport.getExtraInfo('socket')?._sock, sock);
      transport.close();
    },
    { ...REAL, cpython: [`${TESTS}test_create_datagram_endpoint_sock`] },
  );
});
