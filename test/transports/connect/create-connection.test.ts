import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import {
  CancelledError,
  ConnectionRefusedError,
  createTask,
  ExceptionGroup,
  type Loop,
  OSError,
  Protocol,
  RuntimeError,
  sleep,
  Transport,
} from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { DRIVERS, datagram, listening, stream } from '../../support/drivers.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { httpServer } from '../../support/servers.ts';
import { Recorder, socketsOn } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const ORIGIN = ['test_sock_lowlevel.py::BaseSockTestsMixin::test_create_connection_sock'];

/** CPython's `MyProto`: asks for a page, and counts the bytes until the connection is lost. */
class PageReader extends Protocol {
  nbytes = 0;
  state = 'INITIAL';
  readonly done;

  constructor(loop: Loop) {
    super();
    this.done = loop.createFuture<void>();
  }

  override connectionMade(transport: Transport): void {
    this.#expect('INITIAL');
    this.state = 'CONNECTED';
    transport.write(Buffer.from('GET / HTTP/1.0\r\nHost: example.com\r\n\r\n'));
  }

  override dataReceived(data: Uint8Array): void {
    this.#expect('CONNECTED');
    this.nbytes += data.length;
  }

  override eofReceived(): void {
    this.#expect('CONNECTED');
    this.state = 'EOF';
  }

  override connectionLost(): void {
    this.#expect('CONNECTED', 'EOF');
    this.state = 'CLOSED';
    this.done.setResult();
  }

  #expect(...states: string[]): void {
    assert.ok(states.includes(this.state), `state ${this.state}, expected ${states}`);
  }
}

/** A server of Node's own, for as long as it is used. */
async function withHttpServer(use: (address: [string, number]) => Promise<void>): Promise<void> {
  const server: Server = createServer((_request, response) => response.end('Test message'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(['127.0.0.1', (server.address() as AddressInfo).port]);
  } finally {
    server.close();
  }
}

/** Connects a socket to a page, and reads the page with a protocol. */
async function readPage(loop: Loop, sock: socket.Socket, address: socket.AddressInput) {
  await loop.sockConnect(sock, address);
  const [transport, protocol] = await loop.createConnection(
    () => new PageReader(loop),
    undefined,
    undefined,
    { sock },
  );

  assert.ok(transport instanceof Transport);
  assert.ok(protocol instanceof PageReader);
  await protocol.done;
  assert.ok(protocol.nbytes > 0, 'nothing was received');
  assert.is(sock.fileno(), -1);
}

/** The port of a listening socket that was closed: nobody is there. */
function freePort(): number {
  const listener = listening('node');
  const [, port] = listener.getsockname() as [string, number];
  listener.close();
  return port;
}

/** Has a loop find these addresses for every name. */
function findsAlways(loop: Loop, ...ports: number[]): void {
  const kind = [socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ''] as const;
  const infos = ports.map((port) => [...kind, ['127.0.0.1', port] as const] as const);
  loop.getaddrinfo = ((): unknown => Promise.resolve(infos)) as never;
}

for (const { name } of DRIVERS)
  loopBehaviour(`loop.createConnection on ${name}`, (it) => {
    it(
      'accepts a connected socket',
      async (loop) => {
        const server = httpServer(loop, listening(name));
        try {
          await readPage(loop, stream(name), server.address);
        } finally {
          await server.stop();
        }
      },
      { ...REAL, cpython: ORIGIN },
    );

    it(
      'sends small writes immediately on a TCP socket, blocking or not',
      async (loop) => {
        const listener = listening(name);
        for (const mode of [0, socket.SOCK_NONBLOCK]) {
          const type = socket.SOCK_STREAM | mode;
          const sock = socket.socket(socket.AF_INET, type, socket.IPPROTO_TCP, { driver: name });
          const isSet = (): number => sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY);
          assert.is(isSet(), 0);
          sock.setblocking(false);
          await loop.sockConnect(sock, listener.getsockname() as socket.AddressInput);
          if (mode === 0) sock.setblocking(true);

          const factory = (): Recorder => new Recorder(loop);
          const [transport] = await loop.createConnection(factory, undefined, undefined, { sock });

          assert.is(isSet(), 1);
          transport.abort();
        }
        listener.close();
      },
      { ...REAL, cpython: ['test_base_events.py::TestSelectorUtils::test_set_nodelay'] },
    );

    it(
      'returns when connectionMade() has been called, and no later',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        await loop.sockSendall(peer, Buffer.from('early'));
        const factory = (): Recorder => new Recorder(loop);

        const coroutine = loop.createConnection(factory, undefined, undefined, { sock });
        const [transport, protocol] = await coroutine;

        assert.is(protocol.calls[0], 'connectionMade');
        assert.is(transport, protocol.transport);
        assert.is(transport.getProtocol(), protocol);
        assert.is(sock.gettimeout(), 0);
        transport.abort();
        await protocol.lost;
        peer.close();
      },
      REAL,
    );

    it(
      'does nothing until it is awaited',
      async (loop, { settle }) => {
        const [sock, peer] = await socketsOn(loop, name);
        const protocol = new Recorder(loop);

        const coroutine = loop.createConnection(() => protocol, undefined, undefined, { sock });
        await settle();

        assert.is(String(coroutine), '<coroutine object Loop.createConnection>');
        assert.equal(protocol.calls, []);
        coroutine.close();
        for (const each of [sock, peer]) each.close();
      },
      REAL,
    );

    it(
      'closes the given socket when it is cancelled',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const protocol = new Recorder(loop);
        const connecting = createTask(
          loop.createConnection(() => protocol, undefined, undefined, { sock }),
        );
        await sleep(0);

        connecting.cancel();
        await rejects(connecting, CancelledError);
        await protocol.lost;

        assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        assert.is(sock.fileno(), -1);
        peer.close();
      },
      REAL,
    );

    it(
      'leaves the given socket open if the protocol cannot be created',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const factories = [
          (): never => {
            throw new RangeError('odd');
          },
          () => ({}) as never,
        ];

        const [throwing, giving] = factories.map((factory) =>
          loop.createConnection(factory, undefined, undefined, { sock }),
        );
        await rejects(throwing as Promise<unknown>, RangeError, { message: 'odd' });
        await rejects(giving as Promise<unknown>, TypeError, {
          message: 'a protocol was expected, got {}',
        });

        await loop.sockSendall(sock, Buffer.from('mine'));
        assert.is(String(await loop.sockRecv(peer, 10)), 'mine');
        for (const each of [sock, peer]) each.close();
      },
      REAL,
    );

    it(
      'refuses a socket that is not a stream socket',
      async (loop) => {
        const sock = datagram(name);

        await rejects(
          loop.createConnection(() => new Protocol(), undefined, undefined, { sock }),
          RangeError,
          { message: `A Stream Socket was expected, got ${sock}` },
        );

        sock.close();
      },
      {
        cpython: [
          'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_wrong_sock',
        ],
      },
    );
  });

loopBehaviour('loop.createConnection', (it) => {
  it(
    'accepts a socket connected to a server of another process',
    async (loop) => {
      await withHttpServer((address) => readPage(loop, stream('node'), address));
    },
    { ...REAL, cpython: ORIGIN },
  );

  it(
    'connects to a host and a port',
    async (loop) => {
      await withHttpServer(async ([host, port]) => {
        const [transport, protocol] = await loop.createConnection(
          () => new PageReader(loop),
          host,
          String(port),
        );

        assert.equal([...(transport.getExtraInfo('peername') ?? [])], [host, port]);
        const sock = transport.getExtraInfo('socket');
        assert.is(sock?.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1);
        await protocol.done;
        assert.ok(protocol.nbytes > 0);
      });
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_ip_addr',
      ],
    },
  );

  it(
    'tries the addresses in order until one accepts',
    async (loop) => {
      await withHttpServer(async ([, port]) => {
        findsAlways(loop, freePort(), port);

        const [, protocol] = await loop.createConnection(() => new PageReader(loop), 'name', 80);

        await protocol.done;
        assert.ok(protocol.nbytes > 0);
      });
    },
    REAL,
  );

  it(
    'connects from a local address',
    async (loop) => {
      const listener = listening('node');
      const [host, port] = listener.getsockname() as [string, number];
      const local = freePort();
      const protocol = new Recorder(loop);

      const [transport] = await loop.createConnection(() => protocol, host, port, {
        localAddr: [host, local],
      });

      assert.equal([...(transport.getExtraInfo('sockname') ?? [])], [host, local]);
      transport.abort();
      await protocol.lost;
      listener.close();
    },
    {
      ...REAL,
      cpython: ['test_events.py::EventLoopTestsMixin::test_create_connection_local_addr'],
    },
  );

  it(
    'throws the error of the only address',
    async (loop) => {
      const port = freePort();

      await rejects(
        loop.createConnection(() => new Protocol(), '127.0.0.1', port),
        ConnectionRefusedError,
        {
          code: 'ECONNREFUSED',
          message: `[Errno 111] Connect call failed ('127.0.0.1', ${port})`,
        },
      );
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_connect_err',
      ],
    },
  );

  it(
    'throws the first of several errors with the same message',
    async (loop) => {
      const port = freePort();
      findsAlways(loop, port, port);

      await rejects(
        loop.createConnection(() => new Protocol(), 'name', 80),
        ConnectionRefusedError,
        { message: `[Errno 111] Connect call failed ('127.0.0.1', ${port})` },
      );
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_multiple',
      ],
    },
  );

  it(
    'throws one error with all messages if they differ',
    async (loop) => {
      const ports = [freePort(), freePort()];
      findsAlways(loop, ...ports);
      const each = ports.map((port) => `[Errno 111] Connect call failed ('127.0.0.1', ${port})`);

      const error = await rejects(
        loop.createConnection(() => new Protocol(), 'name', 80),
        OSError,
        { message: `Multiple exceptions: ${each.join(', ')}` },
      );

      assert.is(error.constructor, OSError);
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_multiple_errors',
      ],
    },
  );

  it(
    'throws all errors as a group with allErrors',
    async (loop) => {
      const ports = [freePort(), freePort()];
      findsAlways(loop, ...ports);

      const error = await rejects(
        loop.createConnection(() => new Protocol(), 'name', 80, { allErrors: true }),
        ExceptionGroup,
        { message: 'create_connection failed' },
      );

      assert.equal(
        error.exceptions.map((each) => (each as Error).message),
        ports.map((port) => `[Errno 111] Connect call failed ('127.0.0.1', ${port})`),
      );
    },
    REAL,
  );

  it('tries the next address while the first does not answer, and closes the one that loses', async (loop) => {
    findsAlways(loop, 1, 2);
    const made: socket.Socket[] = [];
    loop.sockConnect = ((sock: socket.Socket, [, port]: [string, number]) => {
      made.push(sock);
      return port === 1 ? loop.createFuture() : sleep(0.1);
    }) as never;
    const begin = loop.time();
    const [transport, protocol] = await loop.createConnection(
      () => new Recorder(loop),
      'name',
      80,
      {
        happyEyeballsDelay: 0.25,
      },
    );

    assert.ok(Math.abs(loop.time() - begin - 0.35) < 0.001);
    assert.is(made[0]?._endpoint.closed, true);
    assert.is(transport.getExtraInfo('socket')?._sock, made[1]);
    transport.abort();
    await protocol.lost;
  });

  it(
    'does not call getaddrinfo() for numeric addresses',
    async (loop) => {
      const listener = listening('node');
      const [host, port] = listener.getsockname() as [string, number];
      const local = freePort();
      loop.getaddrinfo = ((name: string): unknown => {
        throw new Error(`asked for ${name}`);
      }) as never;
      const protocol = new Recorder(loop);

      const localAddr = ['127.0.0.1', local] as const;
      const [transport] = await loop.createConnection(() => protocol, host, port, { localAddr });

      assert.equal([...(transport.getExtraInfo('sockname') ?? [])], ['127.0.0.1', local]);
      transport.abort();
      await protocol.lost;
      listener.close();
    },
    REAL,
  );

  it(
    'skips local addresses of another family',
    async (loop) => {
      const listener = listening('node');
      const [host, port] = listener.getsockname() as [string, number];
      const local = freePort();
      const usual = loop.getaddrinfo.bind(loop);
      loop.getaddrinfo = ((name: string, asked: number, options: object): unknown => {
        if (asked !== local) return usual(name, asked, options);
        const kind = [socket.SOCK_STREAM, socket.IPPROTO_TCP, ''] as const;
        return Promise.resolve([
          [socket.AF_INET6, ...kind, ['::1', local, 0, 0]],
          [socket.AF_INET, ...kind, ['127.0.0.1', local]],
        ]);
      }) as never;
      const protocol = new Recorder(loop);

      const localAddr = ['name', local] as const;
      const [transport] = await loop.createConnection(() => protocol, host, port, { localAddr });

      assert.equal([...(transport.getExtraInfo('sockname') ?? [])], ['127.0.0.1', local]);
      transport.abort();
      await protocol.lost;
      listener.close();
    },
    {
      ...REAL,
      cpython: [
        'test_events.py::EventLoopTestsMixin::test_create_connection_local_addr_skip_different_family',
      ],
    },
  );

  it(
    'fails with the address that it cannot bind to',
    async (loop) => {
      const listener = listening('node');
      const local = listener.getsockname() as [string, number];

      await rejects(
        loop.createConnection(() => new Protocol(), '127.0.0.1', 1, { localAddr: local }),
        OSError,
        {
          code: 'EADDRINUSE',
          message:
            `[Errno 98] error while attempting to bind on address ('127.0.0.1', ${local[1]}): ` +
            'address already in use',
        },
      );
      listener.close();
    },
    {
      ...REAL,
      cpython: [
        'test_events.py::EventLoopTestsMixin::test_create_connection_local_addr_in_use',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_multiple_errors_local_addr',
      ],
    },
  );

  it(
    'fails if there is no local address of the family',
    async (loop) => {
      await rejects(
        loop.createConnection(() => new Protocol(), '127.0.0.1', 1, { localAddr: ['::1', 0] }),
        OSError,
        { message: `no matching local address with family=${socket.AF_INET} found` },
      );
    },
    {
      cpython: [
        'test_events.py::EventLoopTestsMixin::test_create_connection_local_addr_nomatch_family',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_no_local_addr',
      ],
    },
  );

  it(
    'fails if a host has no address',
    async (loop) => {
      findsAlways(loop);

      await rejects(
        loop.createConnection(() => new Protocol(), 'name', 80),
        OSError,
        { message: 'getaddrinfo() returned empty list' },
      );
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_no_getaddrinfo',
      ],
    },
  );

  it('closes its own socket when it is cancelled', async (loop) => {
    const made: socket.Socket[] = [];
    loop.sockConnect = ((sock: socket.Socket) => {
      made.push(sock);
      return loop.createFuture();
    }) as never;
    const connecting = createTask(loop.createConnection(() => new Protocol(), '127.0.0.1', 1));
    await sleep(0);
    assert.is(made[0]?._endpoint.closed, false);

    connecting.cancel();
    await rejects(connecting, CancelledError);

    assert.is(made[0]?._endpoint.closed, true);
  });

  it('closes its own socket if the protocol cannot be created', async (loop) => {
    const made: socket.Socket[] = [];
    loop.sockConnect = (async (sock: socket.Socket) => void made.push(sock)) as never;
    const factory = (): never => {
      throw new RangeError('odd');
    };

    await rejects(loop.createConnection(factory, '127.0.0.1', 1), RangeError, { message: 'odd' });

    assert.is(made[0]?._endpoint.closed, true);
  });

  it(
    'throws an error that is not an OSError, even if the socket cannot be closed either',
    async (loop) => {
      class Odd extends Error {}
      const made: socket.Socket[] = [];
      loop.sockConnect = (async (sock: socket.Socket) => {
        made.push(sock);
        const { close } = sock;
        sock.close = () => {
          close.call(sock);
          throw new OSError('close');
        };
        throw new Odd('odd');
      }) as never;

      for (const allErrors of [false, true])
        await rejects(
          loop.createConnection(() => new Protocol(), '127.0.0.1', 1, { allErrors }),
          Odd,
          { message: 'odd' },
        );

      assert.equal(
        made.map((sock) => sock._endpoint.closed),
        [true, true],
      );
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_connect_non_os_err_close_err',
      ],
    },
  );

  it(
    'refuses incompatible arguments',
    async (loop) => {
      const sock = stream('memory');
      const connect = (host?: string, port?: number, options = {}) =>
        loop.createConnection(() => new Protocol(), host, port, options);
      const both = 'host/port and sock can not be specified at the same time';
      const none = 'host and port was not specified and no sock specified';

      await rejects(connect('127.0.0.1', 1, { sock }), RangeError, { message: both });
      await rejects(connect(undefined, 1, { sock }), RangeError, { message: both });
      await rejects(connect(), RangeError, { message: none });
      await rejects(connect(undefined, undefined, { sock: 7 }), TypeError, {
        message: 'sock must be a Socket, got 7',
      });
      await rejects(connect('127.0.0.1', 1, { serverHostname: 'localhost' }), RangeError, {
        message: /serverHostname is only meaningful with ssl/,
      });
      sock.close();
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_host_port_sock',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_no_host_port_sock',
      ],
    },
  );

  it.resting('refuses a closed loop', async (loop) => {
    const sock = stream('memory');
    loop.close();

    const connecting = loop.createConnection(() => new Protocol(), undefined, undefined, { sock });
    await rejects(connecting, RuntimeError, { message: 'Event loop is closed' });

    assert.is(sock._endpoint.reader, undefined);
    sock.close();
  });
});
