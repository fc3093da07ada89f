import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import {
  ConnectionRefusedError,
  type Loop,
  OSError,
  openUnixConnection,
  openUnixServer,
  Protocol,
  startUnixServer,
} from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { DRIVERS, datagram, stream } from '../../support/drivers.ts';
import { type LoopIt, loopBehaviour, type Scene } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';
import { Recorder, until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const UNIX = 'test_unix_events.py::SelectorEventLoopUnixSocketTests::';
const protocol = (): Protocol => new Protocol();

/** Declares a test that has a path in a directory of its own. */
function atPath(
  it: LoopIt,
  sentence: string,
  scenario: (loop: Loop, path: string) => Promise<unknown>,
  ...cpython: string[]
): void {
  it(
    sentence,
    async (loop) => {
      const directory = mkdtempSync(join(tmpdir(), 'asyncio-ts-'));
      try {
        await scenario(loop, join(directory, 'sock'));
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
    { ...REAL, cpython },
  );
}

/** Leaves a socket at a path that nobody has open. */
function leaveBehind(path: string): void {
  const sock = stream('posix', socket.AF_UNIX);
  sock.bind(path);
  sock.close();
}

for (const { name } of DRIVERS)
  loopBehaviour(`loop.createUnixServer on ${name}`, (it) => {
    atPath(
      it,
      'accepts a bound socket, and removes its path when it is closed',
      async (loop, path) => {
        const sock = stream(name, socket.AF_UNIX);
        sock.bind(path);
        const protocols: Recorder[] = [];
        const factory = (): Recorder => {
          const made = new Recorder(loop);
          protocols.push(made);
          return made;
        };
        const server = await loop.createUnixServer(factory, undefined, { sock });
        const client = stream(name, socket.AF_UNIX);
        await loop.sockConnect(client, path);
        const [transport, talker] = await loop.createUnixConnection(
          () => new Recorder(loop),
          undefined,
          { sock: client },
        );

        transport.write(HELLO);
        await until(loop, () => protocols[0]?.received.length === 1);
        server.close();
        assert.is(existsSync(path), false);
        transport.close();
        await talker.lost;
        await server.waitClosed();

        assert.is(String(protocols[0]?.received[0]), 'hello');
      },
      'test_server.py::SelectorStartServerTests::test_start_unix_server_1',
      'test_unix_events.py::SelectorEventLoopUnixSocketTests::test_create_unix_server_path_stream_bittype',
    );
  });

loopBehaviour('loop.createUnixServer', (it) => {
  atPath(
    it,
    'listens on a path, for loop.createUnixConnection',
    async (loop, path) => {
      const server = await loop.createUnixServer(protocol, path);

      const [transport, client] = await loop.createUnixConnection(() => new Recorder(loop), path);
      assert.is(transport.getExtraInfo('peername'), path);
      assert.is(server.sockets[0]?.getsockname(), path);
      transport.close();

      await client.lost;
      server.close();
      await server.waitClosed();
    },
    'test_events.py::EventLoopTestsMixin::test_create_unix_server',
    'test_events.py::EventLoopTestsMixin::test_create_unix_connection',
  );

  atPath(
    it,
    'replaces a stale socket file',
    async (loop, path) => {
      leaveBehind(path);

      await using server = await loop.createUnixServer(protocol, path);

      assert.is(server.isServing(), true);
    },
    `${UNIX}test_create_unix_server_existing_path_sock`,
  );

  // The node driver removes the path itself: docs/differences.md#paths-of-af_unix.
  atPath(
    it,
    'leaves a path untouched that now belongs to another socket, on posix',
    async (loop, path) => {
      const sock = stream('posix', socket.AF_UNIX);
      sock.bind(path);
      const first = await loop.createUnixServer(protocol, undefined, { sock });
      await using second = await loop.createUnixServer(protocol, path);

      first.close();

      assert.is(existsSync(path), true);
      assert.is(second.isServing(), true);
    },
  );

  atPath(it, 'leaves its path with cleanupSocket: false, on posix', async (loop, path) => {
    const sock = stream('posix', socket.AF_UNIX);
    sock.bind(path);
    const options = { sock, cleanupSocket: false };
    const server = await loop.createUnixServer(protocol, undefined, options);

    server.close();

    assert.is(existsSync(path), true);
  });

  atPath(
    it,
    'fails if the path is a file other than a socket, and leaves it untouched',
    async (loop, path) => {
      writeFileSync(path, 'text');

      await rejects(loop.createUnixServer(protocol, path), OSError, {
        code: 'EADDRINUSE',
        message: `[Errno 98] Address '${path}' is already in use`,
      });

      assert.is(existsSync(path), true);
    },
    `${UNIX}test_create_unix_server_existing_path_nonsock`,
    'test_events.py::EventLoopTestsMixin::test_create_unix_server_path_socket_error',
  );

  atPath(it, 'leaves a file untouched that has the name of a memory socket', async (loop, path) => {
    writeFileSync(path, 'text');
    const sock = stream('memory', socket.AF_UNIX);
    sock.bind(path);
    const server = await loop.createUnixServer(protocol, undefined, { sock });

    server.close();

    assert.is(existsSync(path), true);
  });

  atPath(
    it,
    "fails with the system's error if it cannot bind",
    async (loop, path) => {
      await rejects(loop.createUnixServer(protocol, `${path}/none`), OSError, { code: 'ENOENT' });
    },
    `${UNIX}test_create_unix_server_bind_error`,
  );

  atPath(
    it,
    'refuses a path and a socket, neither, and a socket of another kind',
    async (loop, path) => {
      const inet = stream('node');
      const wrong = `A UNIX Domain Stream Socket was expected, got ${inet}`;
      const udp = datagram('memory', socket.AF_UNIX);
      const create = (where: string | undefined, options = {}) =>
        loop.createUnixServer(protocol, where, options);

      await rejects(create(path, { sock: inet }), RangeError, {
        message: 'path and sock can not be specified at the same time',
      });
      await rejects(create(undefined), RangeError, {
        message: 'path was not specified, and no sock specified',
      });
      await rejects(create(undefined, { sock: inet }), RangeError, { message: wrong });
      await rejects(create(undefined, { sock: udp }), RangeError, {
        message: /^A UNIX Domain Stream Socket was expected/,
      });
      for (const each of [inet, udp]) each.close();
    },
    `${UNIX}test_create_unix_server_nopath_nosock`,
    `${UNIX}test_create_unix_server_path_inetsock`,
    `${UNIX}test_create_unix_server_path_dgram`,
  );
});

/** Is the system Linux, with its own sockets? */
function hasAbstractNames(): boolean {
  const sock = socket.socket();
  sock.close();
  return sock.driver === 'posix' && process.platform === 'linux';
}

loopBehaviour('An abstract AF_UNIX name', (it) => {
  const serves = async (loop: Loop, { logged }: Scene): Promise<void> => {
    const name = `\0asyncio-ts-${process.pid}`;
    await using server = await loop.createUnixServer(protocol, name);

    const [transport, client] = await loop.createUnixConnection(() => new Recorder(loop), name);

    assert.is(server.sockets[0]?.getsockname(), name);
    assert.is(transport.getExtraInfo('peername'), name);
    assert.equal(logged, []);
    transport.close();
    await client.lost;
  };
  const sentence = 'is served like a path, without looking for a file';
  if (hasAbstractNames()) it(sentence, serves, REAL);
  else it.skip(sentence, 'it takes posix, on Linux', serves, REAL);
});

loopBehaviour('loop.createUnixConnection', (it) => {
  atPath(it, 'fails if nothing listens', async (loop, path) => {
    leaveBehind(path);

    await rejects(loop.createUnixConnection(protocol, path), ConnectionRefusedError);
    await rejects(loop.createUnixConnection(protocol, `${path}2`), OSError, { code: 'ENOENT' });
  });

  atPath(
    it,
    'refuses a path and a socket, neither, and a socket of another kind',
    async (loop, path) => {
      const inet = stream('node');
      const connect = (where: string | undefined, options = {}) =>
        loop.createUnixConnection(protocol, where, options);

      await rejects(connect(path, { sock: inet }), RangeError, {
        message: 'path and sock can not be specified at the same time',
      });
      await rejects(connect(undefined), RangeError, { message: 'no path and sock were specified' });
      await rejects(connect(undefined, { sock: inet }), RangeError, {
        message: `A UNIX Domain Stream Socket was expected, got ${inet}`,
      });
      inet.close();
    },
    `${UNIX}test_create_unix_connection_path_inetsock`,
    `${UNIX}test_create_unix_connection_path_sock`,
    `${UNIX}test_create_unix_connection_nopath_nosock`,
  );
});

loopBehaviour('A Unix socket path', (it) => {
  const forms: Record<string, (path: string) => Uint8Array | URL> = {
    bytes: (path) => Buffer.from(path),
    'a file: URL': pathToFileURL,
  };
  for (const [name, form] of Object.entries(forms))
    atPath(
      it,
      `may be ${name}`,
      async (loop, path) => {
        const where = form(`${path} é`);
        const server = await loop.createUnixServer(protocol, where);
        assert.is(server.sockets[0]?.getsockname(), `${path} é`);
        const [transport] = await loop.createUnixConnection(protocol, where);
        transport.abort();
        server.close();
        await server.waitClosed();
        assert.not(existsSync(`${path} é`));

        const streams = await startUnixServer((_reader, writer) => writer.close(), where);
        const [reader, writer] = await openUnixConnection(where);
        assert.is((await reader.read()).length, 0);
        writer.close();
        streams.close();
        await streams.waitClosed();

        await using accepting = await openUnixServer(where);
        const [, other] = await openUnixConnection(where);
        const accepted = await accepting.accept();
        accepted?.[1].close();
        other.close();
      },
      ...(name === 'bytes'
        ? []
        : ['pathlib', 'pathlike'].flatMap((like) => [
            `${UNIX}test_create_unix_server_${like}`,
            `${UNIX}test_create_unix_connection_${like}`,
          ])),
    );

  it('is refused immediately if it is not a path', async (loop) => {
    const doors: ((path: never) => unknown)[] = [
      (path) => loop.createUnixServer(protocol, path),
      (path) => loop.createUnixConnection(protocol, path),
      (path) => openUnixConnection(path),
      (path) => openUnixServer(path),
      (path) => startUnixServer(() => {}, path),
    ];
    for (const door of doors)
      for (const wrong of [5, null, {}, new URL('http://localhost/'), Buffer.from([0x2f, 0xff])])
        throws(() => door(wrong as never), TypeError);
  });
});
