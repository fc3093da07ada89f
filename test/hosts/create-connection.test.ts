import * as assert from 'uvu/assert';
import {
  BlockingIOError,
  ConnectionRefusedError,
  gaierror,
  OSError,
  TimeoutError,
} from '../../src/base/errors/os-errors.ts';
import { CancelledError, createTask, ExceptionGroup, type Loop, sleep } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS, listening } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

const REAL = { clock: 'real' } as const;
type Endless = Loop & { sockConnect(): PromiseLike<void> };

for (const { name: driver } of DRIVERS) {
  loopBehaviour(`socket.createConnection() (${driver})`, (it) => {
    it(
      'returns a connected socket',
      async (loop) => {
        using listener = listening(driver);
        const { getsockname } = listener;
        const [, port] = getsockname.call(listener) as [string, number];
        const accepting = loop.sockAccept(listener);

        using client = await socket.createConnection(['127.0.0.1', port], { driver });
        const [peer, address] = await accepting;

        assert.is(String(client.getsockname()), String(address));
        assert.is(client.gettimeout(), undefined);
        client.setblocking(false);
        await loop.sockSendall(client, Buffer.from('hello'));
        assert.is(String(await loop.sockRecv(peer, 5)), 'hello');
        peer.close();
      },
      REAL,
    );

    it(
      'binds to an address first, and sets the timeout of the socket',
      async () => {
        using listener = listening(driver);
        const address = listener.getsockname() as [string, number];
        using client = await socket.createConnection(address, {
          driver,
          timeout: 30,
          sourceAddress: ['127.0.0.1', 0],
        });
        assert.is(client.gettimeout(), 30);
        assert.is(client.getsockname()[0], '127.0.0.1');
        await rejects(
          socket.createConnection(address, { driver, sourceAddress: listener.getsockname() }),
          OSError,
          { code: 'EADDRINUSE' },
        );
        try {
          socket.setdefaulttimeout(20);
          using byDefault = await socket.createConnection(address, { driver });
          assert.is(byDefault.gettimeout(), 20);
          using without = await socket.createConnection(address, { driver, timeout: undefined });
          assert.is(without.gettimeout(), undefined);
        } finally {
          socket.setdefaulttimeout(undefined);
        }
      },
      REAL,
    );

    it(
      "fails with Python's messages, with one error or all",
      async () => {
        const listener = listening(driver);
        const [, port] = listener.getsockname() as [string, number];
        listener.close();

        await rejects(
          socket.createConnection(['127.0.0.1', port], { driver }),
          ConnectionRefusedError,
          {
            code: 'ECONNREFUSED',
            message: '[Errno 111] Connection refused',
          },
        );
        const group = await rejects(
          socket.createConnection(['127.0.0.1', port], { driver, allErrors: true }),
          ExceptionGroup,
          { message: /^create_connection failed/ },
        );
        assert.equal(
          group.errors.map((each) => (each as OSError).code),
          ['ECONNREFUSED'],
        );
        await rejects(socket.createConnection(['no such host', port], { driver }), gaierror);
      },
      REAL,
    );

    it('abandons an attempt that takes too long, and closes its socket', async (loop) => {
      const tried: socket.Socket[] = [];
      (loop as Endless).sockConnect = (...args: unknown[]) => {
        tried.push(args[0] as socket.Socket);
        return sleep(3600);
      };
      await rejects(
        socket.createConnection(['127.0.0.1', 9], { driver, timeout: 5 }),
        TimeoutError,
        {
          message: 'timed out',
        },
      );
      assert.is(loop.time() >= 5, true);

      const task = createTask(socket.createConnection(['127.0.0.1', 9], { driver }));
      await sleep(1);
      task.cancel();
      await rejects(task, CancelledError);
      assert.equal(
        tried.map((each) => each.fileno()),
        [-1, -1],
      );
    });

    it(
      'does not wait with a timeout of 0',
      async () => {
        using listener = listening(driver);
        const address = listener.getsockname() as [string, number];
        const connecting = socket.createConnection(address, { driver, timeout: 0 });
        if (driver === 'memory') (await connecting).close();
        else await rejects(connecting, BlockingIOError, { code: 'EINPROGRESS' });
      },
      REAL,
    );

    it('refuses invalid arguments immediately', async () => {
      const loose = socket.createConnection as (...args: unknown[]) => unknown;
      for (const address of [5, 'localhost', undefined, ['localhost'], ['::1', 1, 0, 0]])
        throws(() => loose(address), TypeError, {
          message: /^createConnection\(\): address must be/,
        });
      throws(() => loose(['localhost', 1], { timeout: -1 }), RangeError);
      throws(() => loose(['localhost', 1], { timeout: 'x' }), TypeError);
    });
  });
}
