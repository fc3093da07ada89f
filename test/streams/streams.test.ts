import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS, freshPath } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { serving } from '../support/streams.ts';
import { throws } from '../support/throws.ts';
import { CLIENT, SERVER } from '../support/tls.ts';
import { until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const SUITE = 'test_streams.py::StreamTests::';
const HELLO = Buffer.from('hello\n');
const FLOOD = Buffer.alloc(1_000_000, 'x');

/** Sends back line by line, until the client has ended. */
async function echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
}

/** Serves nobody: waits until its task is cancelled, or the test ends. */
async function wait(reader: asyncio.StreamReader): Promise<void> {
  await reader.read();
}

for (const { name } of DRIVERS) {
  loopBehaviour(`startServer on ${name}`, (it) => {
    it(
      'serves each client in its own task',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect }) => {
          const [one, two] = [await connect(), await connect()];
          for (const [at, [reader, writer]] of [one, two].entries()) {
            writer.write(Buffer.from(`hello ${at}\n`));
            assert.is(String(await reader.readline()), `hello ${at}\n`);
          }
          one[1].close();
          await one[1].waitClosed();

          two[1].write(HELLO);
          assert.is(String(await two[0].readline()), 'hello\n');
        });
      },
      { ...REAL, cpython: [`${SUITE}test_start_server`, `${SUITE}test_open_connection`] },
    );

    it(
      'accepts plain functions, which may keep the streams',
      async (loop) => {
        let kept: asyncio.StreamWriter | undefined;
        const keep = (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter): void => {
          kept = writer;
        };
        await serving(loop, name, keep, async ({ connect }) => {
          const [reader] = await connect();
          await until(loop, () => kept !== undefined);

          kept?.write(HELLO);

          assert.is(String(await reader.readline()), 'hello\n');
          kept?.close();
          assert.is(String(await reader.read()), '');
        });
      },
      REAL,
    );

    it(
      'closes the connection when its handler ends',
      async (loop) => {
        const greet = asyncio.coroutine(
          async (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) =>
            void writer.write(HELLO),
        );
        await serving(loop, name, greet, async ({ connect }) => {
          const [reader] = await connect();

          assert.is(String(await reader.read()), 'hello\n');
        });
      },
      REAL,
    );

    it(
      'reports what a handler throws, with the peer, and closes its connection',
      async (loop, scene) => {
        const odd = new RangeError('odd');
        const fail = async (): Promise<never> => {
          throw odd;
        };
        await serving(loop, name, fail, async ({ connect }) => {
          const [reader, writer] = await connect();

          assert.is(String(await reader.read()), '');

          const [report] = scene.reports;
          assert.is(report?.message, 'Unhandled exception in client_connected_cb');
          assert.is(report?.exception, odd);
          assert.equal(report?.['peername'], writer.getExtraInfo('sockname'));
          assert.match(String(report?.['transport']), /^<_SelectorSocketTransport/);
        });
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_unhandled_exceptions`,
          'test_streams.py::StreamTests::test_unhandled_exception',
        ],
      },
    );

    it(
      'reports a plain function that throws, like any callback, and closes its connection',
      async (loop, scene) => {
        const odd = new RangeError('odd');
        const fail = (): never => {
          throw odd;
        };
        for (const isSecure of [false, true]) {
          const serve = isSecure ? { ssl: SERVER } : {};
          const secure = isSecure ? { ssl: CLIENT, serverHostname: 'localhost' } : {};
          await serving(
            loop,
            name,
            fail,
            async ({ connect }) => {
              const [reader] = await connect(secure);

              assert.is(String(await reader.read()), '');
            },
            serve,
          );
        }
        for (const { exception } of scene.reports) assert.is(exception, odd);
        const [first, second] = scene.reports.map(({ message }) => String(message));
        assert.match(
          first as string,
          /^Exception in callback StreamReaderProtocol\.connectionMade/,
        );
        assert.is(second, 'Fatal error on SSL protocol');
      },
      REAL,
    );

    it(
      'reports nothing if a handler closes its writer and is cancelled',
      async (loop, scene) => {
        const handler = async (_reader: unknown, writer: asyncio.StreamWriter): Promise<void> => {
          writer.close();
          asyncio.currentTask()?.cancel();
        };
        await serving(loop, name, handler, async ({ connect }) => {
          const [reader, writer] = await connect();
          writer.write('test msg');
          await reader.read().catch(() => {}); // a reset, where the message was not read
          writer.close();
          await writer.waitClosed().catch(() => {});
        });

        assert.equal(scene.reports, []);
      },
      { ...REAL, cpython: [`${SUITE}test_unhandled_cancel`] },
    );

    it(
      'closes the connection of a handler that is cancelled, and reports nothing',
      async (loop) => {
        let handler: asyncio.Task<unknown> | undefined;
        const remember = async (reader: asyncio.StreamReader): Promise<void> => {
          handler = asyncio.currentTask();
          await wait(reader);
        };
        await serving(loop, name, remember, async ({ connect }) => {
          const [reader] = await connect();
          await until(loop, () => handler !== undefined);

          handler?.cancel();

          assert.is(String(await reader.read()), '');
        });
      },
      REAL,
    );

    it(
      'lets busy clients finish in shutdown(), and closes those that wait for a request',
      async (loop) => {
        const peers: (asyncio.StreamWriter | undefined)[] = [];
        const requested = loop.createFuture<void>();
        const serve = async (
          reader: asyncio.StreamReader,
          writer: asyncio.StreamWriter,
        ): Promise<void> => {
          peers.push(writer);
          while (!reader.atEof()) {
            const line = String(await reader.readline());
            if (line === 'slow\n') {
              requested.setResult();
              await asyncio.sleep(0.02);
            }
            writer.write(Buffer.from(`did ${line}`));
          }
        };
        await serving(loop, name, serve, async ({ server, connect }) => {
          const [[idle], [busy, writer]] = [await connect(), await connect()];
          await until(loop, () => peers.length === 2);
          writer.write(Buffer.from('slow\n'));
          await requested;

          const report = await server.shutdown({ grace: 5 });

          assert.is(String(await idle.read()), '');
          assert.is(String(await busy.read()), 'did slow\n');
          assert.is(report.finished.length, 2);
          assert.equal(report.aborted, []);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`a stream on ${name}`, (it) => {
    it(
      'ends one direction while the other continues',
      async (loop) => {
        const count = async (
          reader: asyncio.StreamReader,
          writer: asyncio.StreamWriter,
        ): Promise<void> => {
          const all = await reader.read();
          writer.write(Buffer.from(`${all.length} bytes`));
        };
        await serving(loop, name, count, async ({ connect }) => {
          const [reader, writer] = await connect();
          assert.is(writer.canWriteEof(), true);
          writer.write(FLOOD);
          writer.writeEof();

          assert.is(String(await reader.read()), '1000000 bytes');
          assert.is(reader.atEof(), true);
        });
      },
      REAL,
    );

    it(
      'holds back a sender whose peer does not read',
      async (loop) => {
        let received = 0;
        const gate = loop.createFuture<void>();
        const slow = async (reader: asyncio.StreamReader): Promise<void> => {
          await gate;
          for (let piece = await reader.read(65_536); piece.length > 0; ) {
            received += piece.length;
            piece = await reader.read(65_536);
          }
        };
        await serving(loop, name, slow, async ({ connect }) => {
          const [, writer] = await connect();
          let sent = 0;
          while (sent < 100_000_000) {
            writer.write(FLOOD);
            sent += FLOOD.length;
            const drain = writer.drain();
            await asyncio.sleep(0.02);
            if (!drain.done()) break;
          }
          assert.ok(sent < 100_000_000, 'nobody held it back');
          const two = [writer.drain(), writer.drain()];
          assert.equal(
            two.map((drain) => drain.done()),
            [false, false],
          );

          gate.setResult();
          await Promise.all(two);
          writer.close();
          await writer.waitClosed();
          await until(loop, () => received === sent);
        });
      },
      { ...REAL, cpython: [`${SUITE}test_multiple_drain`] },
    );

    it(
      'reports a lost connection to a task that continues to write',
      async (loop) => {
        const hangUp = async (): Promise<void> => {};
        await serving(loop, name, hangUp, async ({ connect }) => {
          const [reader, writer] = await connect();
          assert.is(String(await reader.read()), '');
          writer.close();

          await rejects(writer.drain(), asyncio.ConnectionResetError, {
            message: 'Connection lost',
          });
          await writer.waitClosed();
          await rejects(writer.drain(), asyncio.ConnectionResetError);
        });
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_drain_raises`,
          `${SUITE}test_async_writer_api_exception_after_close`,
        ],
      },
    );

    it(
      'is closed by its writer: waitClosed() waits, even if bytes are unread',
      async (loop) => {
        const greet = (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter): void =>
          writer.write(Buffer.from('one\ntwo\n'));
        await serving(loop, name, greet, async ({ connect }) => {
          const [reader, writer] = await connect();
          assert.is(String(await reader.readline()), 'one\n');
          assert.is(writer.isClosing(), false);

          writer.close();
          assert.is(writer.isClosing(), true);
          await writer.waitClosed();
          await writer.waitClosed();

          assert.is(String(await reader.read()), 'two\n');
        });
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_wait_closed_on_close`,
          `${SUITE}test_wait_closed_on_close_with_unread_data`,
          `${SUITE}test_async_writer_api`,
          `${SUITE}test_eof_feed_when_closing_writer`,
        ],
      },
    );

    it(
      'waits for its end, even if another wait was cancelled',
      async (loop) => {
        await serving(loop, name, wait, async ({ connect }) => {
          const [, writer] = await connect();
          const [first, second] = [writer.waitClosed(), writer.waitClosed()];

          first.cancel();
          await rejects(first, asyncio.CancelledError);
          assert.is(second.done(), false);
          writer.close();

          await second;
        });
      },
      REAL,
    );

    it(
      'is closed at the end of `await using` of its writer',
      async (loop) => {
        await serving(loop, name, echo, async ({ connect }) => {
          let closed: asyncio.StreamWriter;
          {
            const [, writer] = await connect();
            await using _closing = writer;
            closed = writer;
          }
          assert.match(String(closed.transport), ' closed ');
        });
      },
      REAL,
    );

    it(
      'reports a reset in its reads, in drain() and in waitClosed()',
      async (loop) => {
        let peer: asyncio.StreamWriter | undefined;
        const keep = (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter): void => {
          peer = writer;
        };
        await serving(loop, name, keep, async ({ connect }) => {
          const [reader, writer] = await connect();
          await until(loop, () => peer !== undefined);
          const linger = Buffer.alloc(8);
          linger.writeInt32LE(1);
          peer?.getExtraInfo('socket')?.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger);
          peer?.transport.abort();

          const error = await rejects(reader.read(), asyncio.ConnectionResetError);
          assert.is(await rejects(writer.drain(), asyncio.ConnectionResetError), error);
          assert.is(await rejects(writer.waitClosed(), asyncio.ConnectionResetError), error);
        });
      },
      REAL,
    );

    it(
      "prints as in CPython, and has the transport's information",
      async (loop) => {
        await serving(loop, name, wait, async ({ connect }) => {
          const [reader, writer] = await connect();
          const fd = writer.getExtraInfo('socket')?.fileno();
          const transport = `<_SelectorSocketTransport fd=${fd} read=polling write=<idle, bufsize=0>>`;

          assert.is(
            String(writer),
            `<StreamWriter transport=${transport} reader=<StreamReader transport=${transport}>>`,
          );
          assert.is(String(reader), `<StreamReader transport=${transport}>`);
          assert.is(writer.getExtraInfo('no such', 7), 7);
        });
      },
      REAL,
    );
  });
}

loopBehaviour('startServer', (it) => {
  it('aborts silent clients: idleTimeout', async (loop) => {
    const begin = loop.time();
    const limits = { idleTimeout: 10 };
    await serving(
      loop,
      'memory',
      echo,
      async ({ connect }) => {
        const [[silent], [reader, talker]] = [await connect(), await connect()];
        await asyncio.sleep(6);
        talker.write(HELLO);

        assert.is(String(await silent.read()), '');
        assert.ok(Math.abs(loop.time() - begin - 10) < 0.5);
        assert.is(String(await reader.read()), 'hello\n');
        assert.ok(Math.abs(loop.time() - begin - 16) < 0.5);
      },
      limits,
    );
  });

  it('aborts clients that do not read what was written: idleTimeout', async (loop) => {
    let flooder: asyncio.StreamWriter | undefined;
    const flood = async (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) => {
      flooder = writer;
      writer.write(FLOOD);
      await writer.drain();
    };
    const begin = loop.time();
    await serving(
      loop,
      'memory',
      flood,
      async ({ connect }) => {
        const [reader, writer] = await connect();
        writer.transport.pauseReading();

        await until(loop, () => flooder !== undefined);
        await flooder?.waitClosed();

        assert.ok(loop.time() - begin >= 10, `after ${loop.time() - begin} s`);
        writer.transport.resumeReading();
        assert.ok((await reader.read()).length < FLOOD.length);
      },
      { idleTimeout: 10 },
    );
  });

  it('does not limit a handler that does not wait for the client', async (loop) => {
    const work = async (_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) => {
      await asyncio.sleep(100);
      writer.write(HELLO);
    };
    await serving(
      loop,
      'memory',
      work,
      async ({ connect }) => {
        const [reader] = await connect();
        assert.is(String(await reader.read()), 'hello\n');
      },
      { idleTimeout: 10 },
    );
  });

  it('cancels a handler that takes too long, and reports it: handlerTimeout', async (loop, scene) => {
    await serving(
      loop,
      'memory',
      wait,
      async ({ connect }) => {
        const begin = loop.time();
        const [reader] = await connect();

        assert.is(String(await reader.read()), '');

        assert.ok(Math.abs(loop.time() - begin - 30) < 1);
        scene.expectReport(/^client_connected_cb was cancelled after 30 seconds$/);
      },
      { handlerTimeout: 30 },
    );
  });

  it('refuses wrong arguments', async () => {
    throws(() => asyncio.startServer('text' as never), TypeError, {
      message: "clientConnected must be a function, got 'text'",
    });
    const start = (options: object) => asyncio.startServer(echo, '127.0.0.1', 0, options);
    await rejects(start({ limit: 0 }), RangeError, { message: 'Limit cannot be <= 0' });
    await rejects(start({ idleTimeout: 0 }), RangeError, {
      message: 'idleTimeout must be a number of seconds above 0, got 0',
    });
    await rejects(start({ handlerTimeout: -1 }), RangeError);
  });
});

loopBehaviour('openConnection', (it) => {
  it(
    'connects to a host and a port',
    async (loop) => {
      const server = await asyncio.startServer(echo, '127.0.0.1', 0);
      const [listener] = server.sockets as [asyncio.TransportSocket];
      const [host, port] = listener.getsockname() as [string, number];

      const [reader, writer] = await asyncio.openConnection(host, port);
      writer.writelines([HELLO, HELLO]);
      assert.is(String(await reader.readexactly(12)), 'hello\nhello\n');

      writer.close();
      await writer.waitClosed();
      server.close();
      await server.waitClosed();
      assert.is(loop.isRunning(), true);
    },
    REAL,
  );

  it(
    'fails if nothing listens, and if the limit is wrong',
    async () => {
      const sock = socket.socket();
      sock.bind(['127.0.0.1', 0]);
      const [host, port] = sock.getsockname() as [string, number];
      sock.close();

      await rejects(asyncio.openConnection(host, port), asyncio.ConnectionRefusedError);
      await rejects(asyncio.openConnection(host, port, { limit: 0 }), RangeError);
    },
    { ...REAL, cpython: [`${SUITE}test_open_connection_error`] },
  );

  it(
    'has a variant for AF_UNIX paths, like startServer',
    async () => {
      const path = freshPath();
      const server = await asyncio.startUnixServer(echo, path);

      const [reader, writer] = await asyncio.openUnixConnection(path);
      writer.write(HELLO);
      assert.is(String(await reader.readline()), 'hello\n');

      writer.close();
      await writer.waitClosed();
      server.close();
      await server.waitClosed();
      await rejects(asyncio.openUnixConnection(path), asyncio.OSError);
    },
    {
      ...REAL,
      cpython: [
        `${SUITE}test_open_unix_connection`,
        `${SUITE}test_open_unix_connection_error`,
        `${SUITE}test_start_unix_server`,
      ],
    },
  );

  it('does nothing until it is awaited', async () => {
    const opening = asyncio.openConnection('127.0.0.1', 1);
    const starting = asyncio.startServer(echo, '127.0.0.1', 0);
    assert.is(asyncio.iscoroutine(opening), true);
    for (const each of [opening, starting]) each.close();
  });
});
