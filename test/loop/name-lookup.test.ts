import * as assert from 'uvu/assert';
import {
  CancelledError,
  createTask,
  DatagramProtocol,
  OSError,
  openConnection,
  openUnixConnection,
  Protocol,
  startServer,
  startUnixServer,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { attempt, DRIVERS, stream } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const REAL = { clock: 'real' } as const;

loopBehaviour('loop.getaddrinfo', (it) => {
  it('returns an IPv4 address without a look-up, once for each type', async (loop) => {
    const infos = await loop.getaddrinfo('127.0.0.1', 80);

    assert.equal(
      infos.map(([family, type, proto, name, address]) => [
        family,
        type,
        proto,
        name,
        `${address}`,
      ]),
      [
        [socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, '', "('127.0.0.1', 80)"],
        [socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP, '', "('127.0.0.1', 80)"],
      ],
    );
  });

  it('returns only the requested type', async (loop) => {
    const infos = await loop.getaddrinfo('::1', '80', { type: socket.SOCK_STREAM });

    assert.equal(
      infos.map(([family, type, , , address]) => [family, type, `${address}`]),
      [[socket.AF_INET6, socket.SOCK_STREAM, "('::1', 80, 0, 0)"]],
    );
  });

  it('returns the wildcard address with AI_PASSIVE if there is no host, otherwise the loopback address', async (loop) => {
    const options = { family: socket.AF_INET, type: socket.SOCK_STREAM };

    const [any] = await loop.getaddrinfo(undefined, 80, { ...options, flags: socket.AI_PASSIVE });
    const [own] = await loop.getaddrinfo(undefined, 80, options);

    assert.is(`${any?.[4]} ${own?.[4]}`, "('0.0.0.0', 80) ('127.0.0.1', 80)");
  });

  it(
    'looks up a name',
    async (loop) => {
      const infos = await loop.getaddrinfo('localhost', 80, { family: socket.AF_INET });

      assert.is(`${infos[0]?.[4]}`, "('127.0.0.1', 80)");
    },
    REAL,
  );

  it('fails with gaierror for a name with AI_NUMERICHOST', async (loop) => {
    const looking = loop.getaddrinfo('localhost', 80, { flags: socket.AI_NUMERICHOST });

    await rejects(looking, socket.gaierror, { message: '[Errno -2] Name or service not known' });
  });

  it('resolves a service name, with the protocols it is registered for', async (loop) => {
    const kinds = async (name: string, options = {}): Promise<string[]> => {
      const infos = await loop.getaddrinfo('127.0.0.1', name, options);
      return infos.map(([, type, , , address]) => `${type} ${address[1]}`);
    };

    assert.equal(await kinds('http'), ['1 80']);
    assert.equal(await kinds('domain'), ['1 53', '2 53']);
    assert.equal(await kinds('domain', { type: socket.SOCK_DGRAM }), ['2 53']);
  });

  it(
    'resolves the service name of a connection',
    async (loop) => {
      const connect = (port: string): Promise<unknown> =>
        loop.createConnection(() => new Protocol(), '127.0.0.1', port as never);

      await rejects(connect('tcpmux'), OSError, { message: /\('127\.0\.0\.1', 1\)/ });
      await rejects(connect('nonsense'), socket.gaierror, { code: 'EAI_SERVICE' });
    },
    {
      ...REAL,
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_connection_service_name',
      ],
    },
  );

  it('fails with gaierror for an unknown service', async (loop) => {
    const calls = [
      ['nope', {}, 'EAI_SERVICE'],
      ['http', { type: socket.SOCK_DGRAM }, 'EAI_SERVICE'],
      ['80x', {}, 'EAI_SERVICE'],
      ['-1', {}, 'EAI_SERVICE'],
      ['http', { flags: socket.AI_NUMERICSERV }, 'ENOTFOUND'],
    ] as const;
    for (const [name, options, code] of calls)
      await rejects(loop.getaddrinfo('127.0.0.1', name, options), socket.gaierror, { code });
  });

  it('fails with gaierror for an unknown type', async (loop) => {
    const looking = loop.getaddrinfo('127.0.0.1', 80, { type: 99 });

    await rejects(looking, socket.gaierror, { code: 'EAI_SOCKTYPE' });
  });

  it(
    'stops waiting when the task is cancelled',
    async (loop) => {
      const task = createTask(async () => await loop.getaddrinfo('localhost', 80));
      loop.callSoon(() => task.cancel());

      await rejects(task, CancelledError);
    },
    REAL,
  );

  it('refuses invalid hosts and ports immediately', async (loop) => {
    const host = 80 as unknown as string;

    throws(() => loop.getaddrinfo(host, 80), TypeError, {
      message: /host must be a string, got 80/,
    });
    throws(() => loop.getaddrinfo('::1', 65_536), RangeError, { message: /got 65536/ });
    throws(() => loop.getaddrinfo('::1', '65536'), RangeError, { message: /got 65536/ });
    for (const port of [true, null, [80], 80n] as unknown as number[])
      throws(() => loop.getaddrinfo('::1', port), TypeError, {
        message: /port must be a number or a string/,
      });
  });
});

const EVIL = '127.0.0.1\0.evil.com';

loopBehaviour('A null character, which ends a C string,', (it) => {
  it(
    'is refused in a host',
    async (loop) => {
      const sock = socket.socket();
      const protocol = () => new DatagramProtocol();

      for (const call of [
        () => loop.getaddrinfo(EVIL, 80),
        () => loop.getnameinfo([EVIL, 80]),
        () => loop.sockConnect(sock, [EVIL, 80]),
        () => openConnection(EVIL, 80),
        () => openConnection('127.0.0.1', 80, { localAddr: [EVIL, 0] }),
        () => openConnection('127.0.0.1', 80, { ssl: true, serverHostname: 'a\0b' }),
        () => startServer(() => {}, EVIL, 0),
        () => loop.createDatagramEndpoint(protocol, { localAddr: [EVIL, 0] }),
        () => loop.createDatagramEndpoint(protocol, { remoteAddr: [EVIL, 9] }),
        () => sock.bind([EVIL, 0]),
        () => sock.connect([EVIL, 80]),
      ])
        await rejects(attempt(call), RangeError, { message: /must not contain a null character/ });
      sock.close();
    },
    REAL,
  );

  it(
    'is refused in a path, and nothing is logged',
    async (_loop, { logged }) => {
      const path = '/tmp/a\0b';

      const calls: readonly (() => PromiseLike<unknown>)[] = [
        () => openUnixConnection(path),
        () => startUnixServer(() => {}, path),
      ];
      for (const call of calls)
        await rejects(attempt(call), OSError, { message: 'AF_UNIX path contains a NUL byte' });
      assert.equal(logged, []);
    },
    REAL,
  );

  it('is refused in a port', async (loop) => {
    await rejects(loop.getaddrinfo('127.0.0.1', '80\0'), socket.gaierror, { code: 'EAI_SERVICE' });
  });
});

loopBehaviour('A host that needs no look-up', (it) => {
  for (const driver of DRIVERS) {
    it(`is parsed by bind() as by getaddrinfo() (${driver.name})`, async () => {
      for (const [family, host, expected] of [
        [socket.AF_INET, '127.1', '127.0.0.1'],
        [socket.AF_INET, '0x7f.0.0.01', '127.0.0.1'],
        [socket.AF_INET6, '0:0:0:0:0:0:0:1', '::1'],
      ] as const) {
        const sock = stream(driver.name, family);
        sock.bind([host, 0]);
        assert.is(sock.getsockname()[0], expected);
        sock.close();
      }
    });

    it(
      `is not a host for sockConnect if it is empty (${driver.name})`,
      async (loop) => {
        const sock = stream(driver.name);
        await rejects(loop.sockConnect(sock, ['', 9]), socket.gaierror, { code: 'ENOTFOUND' });
        sock.close();
      },
      REAL,
    );
  }
});

loopBehaviour('loop.getnameinfo', (it) => {
  it(
    'returns numbers if that is enough',
    async (loop) => {
      const flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV;

      const names = await loop.getnameinfo(['127.0.0.1', 80], flags);

      assert.equal(names, ['127.0.0.1', '80']);
    },
    { cpython: ['test_base_events.py::BaseEventLoopWithSelectorTests::test_getnameinfo'] },
  );

  it(
    'returns a numeric host and the name of the service',
    async (loop) => {
      const [host, service] = await loop.getnameinfo(['127.0.0.1', 80], socket.NI_NUMERICHOST);

      assert.is(host, '127.0.0.1');
      assert.match(service, /^(http|80)$/);
    },
    REAL,
  );

  it('refuses invalid addresses immediately', async (loop) => {
    const address = 'localhost' as unknown as [string, number];

    throws(() => loop.getnameinfo(address), TypeError, {
      message: /sockaddr must be \[host, port\]/,
    });
  });
});
