import { networkInterfaces } from 'node:os';
import * as assert from 'uvu/assert';
import {
  OSError,
  Protocol,
  RuntimeError,
  type Server,
  TransportSocket,
} from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { datagram, listening, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';
import { Recorder } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const protocol = (): Protocol => new Protocol();
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** Do sockets have the options of the system here? */
function isPosix(): boolean {
  const sock = socket.socket();
  sock.close();
  return sock.driver === 'posix';
}

/** Where a server listens: `[host, port]` each. */
function addressesOf({ sockets }: Server): [string, number][] {
  return sockets.map((sock) => sock.getsockname() as unknown as [string, number]);
}

loopBehaviour('loop.createServer', (it) => {
  it(
    'listens on a host and any free port, and accepts connections',
    async (loop) => {
      const server = await loop.createServer(protocol, '127.0.0.1', 0);
      const [[host, port] = ['', 0]] = addressesOf(server);

      const [transport, client] = await loop.createConnection(() => new Recorder(loop), host, port);

      assert.is(host, '127.0.0.1');
      assert.equal([...(transport.getExtraInfo('peername') ?? [])], [host, port]);
      server.close();
      transport.close();
      await client.lost;
      await server.waitClosed();
    },
    { ...REAL, cpython: ['test_events.py::EventLoopTestsMixin::test_create_connection'] },
  );

  it(
    'has sockets that can be inspected and duplicated, and stay non-blocking',
    async (loop) => {
      await using server = await loop.createServer(protocol, '0.0.0.0', 0);
      const [sock] = server.sockets as [TransportSocket];
      assert.is(server.sockets.length, 1);
      assert.instance(sock, TransportSocket);
      assert.is((sock.getsockname() as unknown as [string, number])[0], '0.0.0.0');

      if (isPosix()) {
        const dup = sock.dup();
        assert.instance(dup, socket.Socket);
        dup.close();
      }

      assert.is(sock.getInheritable(), false);
      throws(() => sock.settimeout(1), RangeError);
      sock.settimeout(0);
      assert.is(sock.gettimeout(), 0);
      throws(() => sock.setblocking(true), RangeError);
      sock.setblocking(false);
    },
    { ...REAL, cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_trsock'] },
  );

  it(
    'closes the socket if it cannot bind',
    async (loop) => {
      const made: socket.Socket[] = [];
      const { bind } = socket.Socket.prototype;
      socket.Socket.prototype.bind = function (this: socket.Socket, address) {
        made.push(this);
        bind.call(this, address);
      };
      try {
        // Of the addresses for documentation, which no machine has.
        await rejects(loop.createServer(protocol, '192.0.2.1', 0), OSError, {
          message: /could not bind on any address out of/,
        });
      } finally {
        socket.Socket.prototype.bind = bind;
      }

      assert.equal(
        made.map((sock) => sock._endpoint.closed),
        [true],
      );
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_cant_bind',
      ],
    },
  );

  it(
    'accepts a socket whose type includes SOCK_NONBLOCK',
    async (loop) => {
      const sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK);

      const server = await loop.createServer(protocol, undefined, undefined, { sock });

      assert.is(server.sockets.length, 1);
      server.close();
      await server.waitClosed();
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_stream_bittype',
      ],
    },
  );

  it(
    'listens on each of several hosts, and only once if one is repeated',
    async (loop) => {
      const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.1'];
      await using server = await loop.createServer(protocol, hosts, 0);

      assert.equal(
        addressesOf(server).map(([host]) => host),
        ['127.0.0.1', '127.0.0.2'],
      );
    },
    {
      ...REAL,
      cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_multiple_hosts_ipv4'],
    },
  );

  const everywhere = async (loop: Parameters<Parameters<typeof it>[1]>[0]): Promise<void> => {
    for (const host of [undefined, '']) {
      await using server = await loop.createServer(protocol, host, 0);

      const families = server.sockets.map(({ family }) => family).sort((a, b) => a - b);
      assert.equal(families, [socket.AF_INET, socket.AF_INET6]);
      const [one, two] = addressesOf(server);
      assert.is.not(one?.[1], two?.[1]);
    }
  };
  const dual = {
    ...REAL,
    cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_dual_stack'],
  };
  const sentence = 'listens on a socket for each family where there is no host';
  if (hasIpv6) it(sentence, everywhere, dual);
  else it.skip(sentence, 'there is no IPv6 here', everywhere, dual);

  it(
    'fails with the address that is in use, and leaves no socket open',
    async (loop) => {
      await using server = await loop.createServer(protocol, '127.0.0.1', 0);
      const [[, port] = ['', 0]] = addressesOf(server);
      const hosts = ['127.0.0.2', '127.0.0.1'];

      await rejects(loop.createServer(protocol, hosts, port), OSError, {
        code: 'EADDRINUSE',
        message:
          '[Errno 98] error while attempting to bind on address ' +
          `('127.0.0.1', ${port}): address already in use`,
      });

      await using free = await loop.createServer(protocol, '127.0.0.2', port);
      assert.is(free.sockets.length, 1);
    },
    { ...REAL, cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_addr_in_use'] },
  );

  const onIpv6 = async (loop: Parameters<Parameters<typeof it>[1]>[0]): Promise<void> => {
    await using server = await loop.createServer(protocol, ['::1', '127.0.0.1', '::1'], 0);

    assert.equal(
      addressesOf(server).map(([host]) => host),
      ['::1', '127.0.0.1'],
    );
  };
  const sixToo = {
    ...REAL,
    cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_multiple_hosts_ipv6'],
  };
  if (hasIpv6) it('listens on hosts of both families', onIpv6, sixToo);
  else it.skip('listens on hosts of both families', 'there is no IPv6 here', onIpv6, sixToo);

  const sharing = async (loop: Parameters<Parameters<typeof it>[1]>[0]): Promise<void> => {
    const shares = (server: Server): boolean =>
      server.sockets[0]?.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) !== 0;
    await using alone = await loop.createServer(protocol, '127.0.0.1', 0);
    await using one = await loop.createServer(protocol, '127.0.0.1', 0, { reusePort: true });
    const [[, port] = []] = addressesOf(one);
    await using two = await loop.createServer(protocol, '127.0.0.1', port, { reusePort: true });

    assert.equal([alone, one, two].map(shares), [false, true, true]);
  };
  const reusePort = {
    ...REAL,
    cpython: ['test_events.py::EventLoopTestsMixin::test_create_server_reuse_port'],
  };
  if (isPosix()) it('shares a port with reusePort', sharing, reusePort);
  else it.skip('shares a port with reusePort', 'it takes posix', sharing, reusePort);

  it(
    'refuses incompatible arguments before it binds',
    async (loop) => {
      const sock = stream('memory');
      const udp = datagram('memory');
      const create = (host?: string, port?: number, options = {}) =>
        loop.createServer(protocol, host, port, options);

      await rejects(create('127.0.0.1', 0, { sock }), RangeError, {
        message: 'host/port and sock can not be specified at the same time',
      });
      await rejects(create(), RangeError, { message: 'Neither host/port nor sock were specified' });
      await rejects(create(undefined, undefined, { sock: udp }), RangeError, {
        message: `A Stream Socket was expected, got ${udp}`,
      });
      await rejects(create(undefined, undefined, { sock: 'x' }), TypeError, {
        message: "sock must be a Socket, got 'x'",
      });
      await rejects(create('127.0.0.1', 0, { backlog: -1 }), RangeError, { message: /backlog/ });
      await rejects(create('127.0.0.1', 0, { maxConnections: 0 }), RangeError, {
        message: 'maxConnections must be an integer >= 1, or Infinity, got 0',
      });
      await rejects(loop.createServer(7 as never, '127.0.0.1', 0), TypeError, {
        message: 'protocolFactory must be a function, got 7',
      });
      await rejects(create('127.0.0.1', 0, { ssl: true }), TypeError, { message: /ssl/ });
      for (const each of [sock, udp]) each.close();
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_wrong_sock',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_host_port_sock',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_server_no_host_port_sock',
      ],
    },
  );

  it('refuses a socket that belongs to another server, or has a pending operation', async (loop) => {
    const taken = listening('memory');
    const waited = listening('memory');
    await using server = await loop.createServer(protocol, undefined, undefined, { sock: taken });
    const accepting = loop.sockAccept(waited);
    const create = (sock: socket.Socket) =>
      loop.createServer(protocol, undefined, undefined, { sock });

    await rejects(create(taken), RuntimeError, {
      message: `File descriptor ${taken.fileno()} is used by server ${server}`,
    });
    await rejects(create(waited), RuntimeError, { message: /^an operation is waiting on/ });

    accepting.cancel();
    waited.close();
  });
});
