/**
 * What CPython's test_base_events asks of the loop's network methods, apart from what the tests of
 * the rooms below say already.
 */
import * as assert from 'uvu/assert';
import { OSError, TimeoutError } from '../../src/base/errors/os-errors.ts';
import type { Loop } from '../../src/loop/loop.ts';
import * as socket from '../../src/socket.ts';
import {
  type LookupHints,
  lookUp,
  type ResolvedAddress,
} from '../../src/transports/addresses/host-lookup.ts';
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

loopBehaviour('loop.getaddrinfo for a numeric address', (it) => {
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
    'returns that address with its family and the protocol of the type',
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
    'fails if the family differs',
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
    'accepts a port as a string, and 0 if there is none',
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

function pythonic([family, type, proto, name, address]: ResolvedAddress): string {
  return `(${family}, ${type}, ${proto}, '${name}', ${address})`;
}

loopBehaviour('A numeric address', (it) => {
  const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM, SOCK_DGRAM } = socket;
  const LOOKED_UP = undefined;
  const FOUR = "(2, 1, 6, '', ('127.0.0.1', 80))";
  const SIX = "(10, 1, 6, '', ('::1', 80, 0, 0))";

  /** What CPython 3.13's `_ensure_resolved()` returns without calling `getaddrinfo()`. */
  const TABLE: readonly [string, unknown, unknown, Partial<LookupHints>, string | undefined][] = [
    ['of IPv4', '127.0.0.1', 80, {}, FOUR],
    ['of IPv6', '::1', 80, {}, SIX],
    ['in another form', '::0001', 80, {}, "(10, 1, 6, '', ('::0001', 80, 0, 0))"],
    ['of IPv4 in IPv6', '::ffff:1.2.3.4', 80, {}, "(10, 1, 6, '', ('::ffff:1.2.3.4', 80, 0, 0))"],
    ['in bytes', Buffer.from('127.0.0.1'), 80, {}, FOUR],
    ['with a zone', 'fe80::1%lo', 80, {}, LOOKED_UP],
    ['in a short form', '127.1', 80, {}, LOOKED_UP],
    ['with a leading zero', '01.2.3.4', 80, {}, LOOKED_UP],
    ['with a space', '127.0.0.1 ', 80, {}, LOOKED_UP],
    ['in brackets', '[::1]', 80, {}, LOOKED_UP],
    ['that is a name', 'localhost', 80, {}, LOOKED_UP],
    ['that is empty', '', 80, {}, LOOKED_UP],
    ['that is left out', undefined, 80, {}, LOOKED_UP],
    ['with a port as text', '127.0.0.1', '80', {}, FOUR],
    ['with a port in bytes', '127.0.0.1', Buffer.from('80'), {}, FOUR],
    ['with a port as int() takes it', '127.0.0.1', ' +8_0 ', {}, FOUR],
    ['with a leading zero in the port', '127.0.0.1', '080', {}, FOUR],
    ['with a service', '127.0.0.1', 'http', {}, LOOKED_UP],
    ['with a hexadecimal port', '127.0.0.1', '0x50', {}, LOOKED_UP],
    ['without a port', '127.0.0.1', undefined, {}, "(2, 1, 6, '', ('127.0.0.1', 0))"],
    ['with an empty port', '127.0.0.1', '', {}, "(2, 1, 6, '', ('127.0.0.1', 0))"],
    ['of the family', '127.0.0.1', 80, { family: AF_INET }, FOUR],
    ['of the family, IPv6', '::1', 80, { family: AF_INET6 }, SIX],
    ['of another family', '127.0.0.1', 80, { family: AF_INET6 }, LOOKED_UP],
    ['of another family, IPv6', '::1', 80, { family: AF_INET }, LOOKED_UP],
    ['for a path', '127.0.0.1', 80, { family: AF_UNIX }, LOOKED_UP],
    ['for any type', '127.0.0.1', 80, { type: 0 }, LOOKED_UP],
    ['for a datagram', '127.0.0.1', 80, { type: SOCK_DGRAM }, "(2, 2, 17, '', ('127.0.0.1', 80))"],
    ['for UDP in a stream', '127.0.0.1', 80, { proto: 17 }, FOUR],
    ['for another protocol', '127.0.0.1', 80, { proto: 132 }, LOOKED_UP],
    ['with flags', '127.0.0.1', 80, { flags: socket.AI_PASSIVE }, FOUR],
  ];

  for (const [title, host, port, hints, expected] of TABLE)
    it(`${title} is ${expected === undefined ? 'looked up' : 'used as is'}`, async (loop) => {
      const asked = finds(loop, 80);
      const all = { family: 0, type: SOCK_STREAM, proto: 0, flags: 0, ...hints };

      const found = await lookUp(loop, host as string, port as number, all);

      assert.is(asked.length, expected === undefined ? 1 : 0);
      if (expected !== undefined) assert.is(found.map(pythonic).join(), expected);
    });

  it('keeps its flow info and scope', async (loop) => {
    const hints = { family: 0, type: SOCK_STREAM, proto: 0, flags: 0 };

    const found = await lookUp(loop, '::1', 80, hints, undefined, [5, 3]);

    assert.equal(found.map(pythonic), ["(10, 1, 6, '', ('::1', 80, 5, 3))"]);
  });

  it(
    'is not looked up for servers, datagrams and connections',
    async (loop) => {
      const asked = finds(loop);

      const server = await loop.createServer(() => new Protocol(), ['127.0.0.1', '::1'], '0');
      const [four, six] = server.sockets.map((sock) => sock.getsockname()) as [
        socket.Address,
        socket.Address,
      ];
      const [transport] = await loop.createDatagramEndpoint(() => new DatagramProtocol(), {
        localAddr: ['::1', 0],
        remoteAddr: ['::1', 9],
      });
      const connected = await loop.createConnection(() => new Protocol(), '::1', six[1] as number, {
        localAddr: ['::1', 0, 0, 0],
      });

      assert.equal([four[0], six[0], asked], ['127.0.0.1', '::1', []]);
      connected[0].abort();
      transport.abort();
      server.close();
      await server.waitClosed();
    },
    REAL,
  );
});

loopBehaviour('loop.createConnection with a custom look-up', (it) => {
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

loopBehaviour('loop.createServer with a custom look-up', (it) => {
  it(
    'fails if a host has no address, and treats an empty host as all interfaces',
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
    'fails if a host has no address',
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
    'fails if it cannot connect',
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
    'does not connect if it may broadcast, and sets the options of its socket',
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
    'accepts a bound socket',
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
