/** How a stream server and its clients end: CPython's test_server.py, on every driver. */
import { existsSync, unlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { createTask, Event, type Streams, sleep, startUnixServer } from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { DRIVERS, freshPath, stream } from '../../support/drivers.ts';
import { loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import { serving } from '../../support/streams.ts';

const REAL = { clock: 'real' } as const;
const SERVER = 'test_server.py::TestServer2::test_';
const UNIX = 'test_server.py::UnixServerCleanupTests::test_unix_server_';

/** A handler that reads until the client has ended, and an event that is set when there is one. */
function readsAll(): [(...streams: Streams) => Promise<void>, Event] {
  const served = new Event();
  const handler = async (...[reader, writer]: Streams): Promise<void> => {
    served.set();
    try {
      await reader.read();
    } finally {
      writer.close();
      await writer.waitClosed();
    }
  };
  return [handler, served];
}

for (const { name } of DRIVERS) {
  loopBehaviour(`Server.waitClosed on ${name}`, (it) => {
    it(
      'waits for the close and for the last connection',
      async (loop) => {
        const [handler, served] = readsAll();
        await serving(loop, name, handler, async ({ server, connect }) => {
          const waits = [createTask(server.waitClosed())];
          await sleep(0);
          assert.not(waits[0]?.done());

          const [, writer] = await connect();
          waits.push(createTask(server.waitClosed()));
          await served.wait();
          server.close();
          await sleep(0);
          waits.push(createTask(server.waitClosed()));
          await sleep(0);
          assert.equal(
            waits.map((wait) => wait.done()),
            [false, false, false],
          );

          writer.close();
          await writer.waitClosed();
          await Promise.all(waits);
          await server.waitClosed();
        });
      },
      { ...REAL, cpython: [`${SERVER}wait_closed_basic`] },
    );

    it(
      'ends if server and client close in one turn',
      async (loop) => {
        const [handler] = readsAll();
        await serving(loop, name, handler, async ({ server, connect }) => {
          const wait = createTask(server.waitClosed());
          await sleep(0);
          assert.not(wait.done());
          const [, writer] = await connect();

          loop.callSoon(() => server.close());
          loop.callSoon(() => writer.close());

          await server.waitClosed();
          await wait;
        });
      },
      { ...REAL, cpython: [`${SERVER}wait_closed_race`] },
    );
  });

  loopBehaviour(`Server.closeClients on ${name}`, (it) => {
    it(
      'closes the connections, and then the server is closed',
      async (loop) => {
        const [handler, served] = readsAll();
        await serving(loop, name, handler, async ({ server, connect }) => {
          const [reader] = await connect();
          await served.wait();
          const wait = createTask(server.waitClosed());
          await sleep(0);
          assert.not(wait.done());

          server.close();
          server.closeClients();
          await settle(loop, 2);

          assert.ok(wait.done());
          assert.is((await reader.read()).length, 0);
        });
      },
      { ...REAL, cpython: [`${SERVER}close_clients`] },
    );
  });

  loopBehaviour(`Server.abortClients on ${name}`, (it) => {
    it(
      'ends connections at once whose clients do not read',
      async (loop) => {
        const served = loop.createFuture<Streams>();
        const handler = async (...streams: Streams): Promise<void> => {
          served.setResult(streams);
          await streams[1].waitClosed();
        };
        await serving(loop, name, handler, async ({ server, connect }) => {
          const [, clientWriter] = await connect({ limit: 4096 });
          const [, writer] = await served;
          while (clientWriter.transport.isReading()) {
            writer.write(Buffer.alloc(4096, 'a'));
            await sleep(0);
          }
          while (writer.transport.getWriteBufferSize() === 0)
            writer.write(Buffer.alloc(65_536, 'a'));
          const wait = createTask(server.waitClosed());
          await sleep(0);
          assert.not(wait.done());

          server.close();
          server.abortClients();
          await settle(loop, 2);

          assert.ok(wait.done());
        });
      },
      { ...REAL, cpython: [`${SERVER}abort_clients`] },
    );
  });
}

loopBehaviour('startUnixServer', (it) => {
  const serve = async (): Promise<void> => {};

  it(
    'removes its path when it is closed',
    async () => {
      const path = freshPath();
      const server = await startUnixServer(serve, path);
      assert.ok(existsSync(path));

      server.close();

      assert.not(existsSync(path));
    },
    { ...REAL, cpython: [`${UNIX}addr_cleanup`] },
  );

  it(
    'keeps its path on request',
    async () => {
      const path = freshPath();
      const server = await startUnixServer(serve, path, { cleanupSocket: false });

      server.close();

      assert.ok(existsSync(path));
    },
    { ...REAL, cpython: [`${UNIX}cleanup_prevented`] },
  );

  for (const { name, real } of DRIVERS.filter((driver) => driver.real && driver.name !== 'node')) {
    assert.ok(real);
    it(
      `removes the path of a bound socket, on ${name}`,
      async () => {
        const path = freshPath();
        const sock = stream(name, socket.AF_UNIX);
        sock.bind(path);
        const server = await startUnixServer(serve, undefined, { sock });
        assert.ok(existsSync(path));

        server.close();

        assert.not(existsSync(path));
      },
      { ...REAL, cpython: [`${UNIX}sock_cleanup`] },
    );

    it(
      `ignores that its path was removed, on ${name}`,
      async () => {
        const path = freshPath();
        const sock = stream(name, socket.AF_UNIX);
        sock.bind(path);
        const server = await startUnixServer(serve, undefined, { sock });
        unlinkSync(path);

        server.close();

        assert.not(existsSync(path));
      },
      { ...REAL, cpython: [`${UNIX}cleanup_gone`] },
    );

    it(
      `keeps what has replaced its path, on ${name}`,
      async () => {
        const path = freshPath();
        const server = await startUnixServer(serve, path);
        unlinkSync(path);
        const other = stream(name, socket.AF_UNIX);
        other.bind(path);

        server.close();

        assert.ok(existsSync(path));
        other.close();
      },
      { ...REAL, cpython: [`${UNIX}cleanup_replaced`] },
    );
  }
});
