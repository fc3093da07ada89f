import * as assert from 'uvu/assert';
import * as asyncio from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import {
  connectedPair,
  DRIVERS,
  freshAddress,
  freshPath,
  listening,
  type Pair,
  stream,
} from '../support/drivers.ts';
import { foreign } from '../support/foreign.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { type ExpectedFrame, showsAwaits } from '../support/shows-awaits.ts';
import { reset } from '../support/transports.ts';

/** Awaits what `make` makes, two functions deep, and not in its first step. */
async function caller(make: () => unknown): Promise<unknown> {
  await asyncio.sleep(0);
  return await waiter(make);
}

async function waiter(make: () => unknown): Promise<unknown> {
  return await call(make);
}

/** On the line of the await: an error that is made in the call shows the same. */
async function call(make: () => unknown): Promise<unknown> {
  return await make();
}

/** Asserts that what `make` makes fails, and shows where it is awaited. */
async function showsWhere(
  make: () => unknown,
  // biome-ignore lint/suspicious/noExplicitAny: a class of errors is asked for
  errorClass: new (...args: any[]) => Error,
  where = WHERE,
): Promise<void> {
  const error = await rejects(caller(make), errorClass);
  const lines = (error.stack ?? '').split('\n').filter((line) => !line.includes('<anonymous>'));
  error.stack = lines.join('\n');
  showsAwaits(error, ...where);
}

const WHERE: readonly ExpectedFrame[] = [
  ['call', 'await make()'],
  ['waiter', 'await call(make)'],
  ['caller', 'await waiter(make)'],
];

for (const { name: driver } of DRIVERS)
  loopBehaviour(`A socket error (${driver})`, (it) => {
    const real = { clock: 'real' } as const;

    it(
      'shows the await of a refused connect',
      async (loop) => {
        const listener = listening(driver);
        const address = listener.getsockname() as socket.AddressInput;
        listener.close();
        const sock = stream(driver);

        await showsWhere(() => loop.sockConnect(sock, address), asyncio.ConnectionRefusedError);
        sock.close();
      },
      real,
    );

    it(
      'shows the await of a recv that was reset',
      async (loop) => {
        const pair = await connectedPair(driver);
        loop.callLater(0.001, () => reset(pair.server));

        await showsWhere(() => loop.sockRecv(pair.client, 10), asyncio.ConnectionResetError);
        pair.close();
      },
      real,
    );

    it(
      'shows the await of a send that was reset',
      async (loop) => {
        const pair = await connectedPair(driver);
        loop.callLater(0.01, () => reset(pair.server));

        await showsWhere(
          () => loop.sockSendall(pair.client, new Uint8Array(20_000_000)),
          asyncio.ConnectionError,
        );
        pair.close();
      },
      real,
    );

    it(
      'shows the await of a recv whose socket another task closes',
      async (loop) => {
        const pair = await connectedPair(driver);
        loop.callLater(0.001, () => pair.client.close());

        await showsWhere(() => loop.sockRecv(pair.client, 10), asyncio.OSError);
        pair.close();
      },
      real,
    );

    it(
      'shows the await of a recv on a closed socket',
      async (loop) => {
        const sock = stream(driver);
        sock.close();

        await showsWhere(() => loop.sockRecv(sock, 10), asyncio.OSError);
      },
      real,
    );

    it(
      'shows the await of a cancelled accept',
      async (loop) => {
        const listener = listening(driver);
        const task = asyncio.createTask(() => caller(() => loop.sockAccept(listener)));
        loop.callLater(0.01, () => task.cancel());

        showsAwaits(
          await rejects(task, asyncio.CancelledError),
          ['call', 'await make()'],
          ['waiter', 'await call(make)'],
          ['caller', 'await waiter(make)'],
        );
        listener.close();
      },
      real,
    );
  });

for (const { name: driver } of DRIVERS)
  loopBehaviour(`A stream error (${driver})`, (it) => {
    const fails = (
      sentence: string,
      peerDoes: (peer: socket.Socket) => void,
      make: (streams: asyncio.Streams) => unknown,
      // biome-ignore lint/suspicious/noExplicitAny: a class of errors is asked for
      errorClass: new (...args: any[]) => Error,
    ): void =>
      it(
        sentence,
        async (loop) => {
          const pair: Pair = await connectedPair(driver);
          const { client: sock, server: peer } = pair;
          const streams = await asyncio.openConnection(undefined, undefined, { sock, limit: 10 });
          loop.callLater(0.001, () => peerDoes(peer));

          await showsWhere(() => make(streams), errorClass);

          streams[1].transport.abort();
          await asyncio.sleep(0.001);
          pair.close();
        },
        { clock: 'real' },
      );
    const sendsAbc = (peer: socket.Socket): void => {
      peer.send(Buffer.from('abc'));
      peer.close();
    };
    const sendsMuch = (peer: socket.Socket): void => {
      peer.send(Buffer.alloc(100, 'x'));
    };

    fails(
      'shows the await of an incomplete read',
      sendsAbc,
      ([reader]) => reader.readexactly(10),
      asyncio.IncompleteReadError,
    );
    fails(
      'shows the await of a read without a separator',
      sendsAbc,
      ([reader]) => reader.readuntil(),
      asyncio.IncompleteReadError,
    );
    fails(
      'shows the await of a read without a separator within the limit',
      sendsMuch,
      ([reader]) => reader.readuntil(),
      asyncio.LimitOverrunError,
    );
    fails(
      'shows the await of a readline whose line is too long',
      sendsMuch,
      ([reader]) => reader.readline(),
      RangeError,
    );
    fails(
      'shows the await of a read that was reset',
      reset,
      ([reader]) => reader.read(10),
      asyncio.ConnectionResetError,
    );
    fails(
      'shows the await of a drain that was reset',
      reset,
      ([, writer]) => {
        writer.write(new Uint8Array(20_000_000));
        return writer.drain();
      },
      asyncio.ConnectionError,
    );
    fails(
      'shows the await of waitClosed on a reset connection',
      reset,
      ([, writer]) => writer.waitClosed(),
      asyncio.ConnectionResetError,
    );
  });

loopBehaviour('An error for arguments that are checked in the await', (it) => {
  const refused: Record<string, (loop: asyncio.Loop) => unknown> = {
    'createSubprocessExec()': () => asyncio.createSubprocessExec(5 as never),
    'createDatagramEndpoint()': (loop) =>
      loop.createDatagramEndpoint(() => new asyncio.DatagramProtocol()),
    'createConnection()': (loop) =>
      loop.createConnection(() => new asyncio.Protocol(), undefined, undefined),
    'createServer()': (loop) => loop.createServer(() => new asyncio.Protocol()),
  };
  for (const [name, make] of Object.entries(refused))
    it(`shows the await of ${name}`, async (loop) => {
      const error = await rejects(
        caller(() => make(loop)),
        Error,
      );

      showsAwaits(error, ...WHERE);
    });
});

loopBehaviour('A thread error', (it) => {
  const throws = (): never => {
    throw new TypeError('mine');
  };
  const ways: Record<string, (loop: asyncio.Loop) => unknown> = {
    'toThread()': () => asyncio.toThread(throws),
    'runInExecutor()': (loop) => loop.runInExecutor(undefined, throws),
  };
  for (const [name, make] of Object.entries(ways))
    it(
      `shows where it was thrown, and the await of ${name}`,
      async (loop) => {
        const error = await rejects(
          caller(() => make(loop)),
          TypeError,
        );

        const [first, ...rest] = (error.stack ?? '').split('\n').slice(1);
        assert.match(first ?? '', /thread:throws/);
        error.stack = rest.join('\n');
        showsAwaits(error, ...WHERE);
      },
      { clock: 'real' },
    );

  it(
    'shows the await if an argument cannot be sent',
    async () => {
      await showsWhere(() => asyncio.toThread((f) => f, throws), TypeError);
    },
    { clock: 'real' },
  );
});

loopBehaviour('A name or address error', (it) => {
  it(
    'shows the await if a name is not found',
    async (loop) => {
      const service = 'no-such-service';
      await showsWhere(() => loop.getaddrinfo('127.0.0.1', service), socket.gaierror);
      await showsWhere(
        () => loop.createConnection(() => new asyncio.Protocol(), '127.0.0.1', service),
        socket.gaierror,
      );
    },
    { clock: 'real' },
  );

  it(
    'shows the await of a refused connection',
    async () => {
      const listener = socket.socket();
      listener.bind(freshAddress(socket.AF_INET));
      const [, port] = listener.getsockname() as [string, number];
      listener.close();

      await showsWhere(
        () => asyncio.openConnection('127.0.0.1', port),
        asyncio.ConnectionRefusedError,
      );
    },
    { clock: 'real' },
  );

  it(
    'shows the await of a refused connection if several addresses are tried in parallel',
    async () => {
      const listener = socket.socket();
      listener.bind(freshAddress(socket.AF_INET));
      const [, port] = listener.getsockname() as [string, number];
      listener.close();
      const connect = (): unknown =>
        asyncio.openConnection('127.0.0.1', port, { happyEyeballsDelay: 0.1 });

      await showsWhere(connect, asyncio.ConnectionRefusedError);
      await showsWhere(
        () => asyncio.createTask(async () => await call(connect)),
        asyncio.ConnectionRefusedError,
        [['call', 'await make()']],
      );
    },
    { clock: 'real' },
  );

  it(
    'shows the await of a server whose host is not found, and no internal step',
    async () => {
      const error = await rejects(
        caller(() => asyncio.startServer(() => {}, '127.0.0.1', 'no-such-service')),
        socket.gaierror,
      );

      assert.not.match(error.stack ?? '', /Promise\.all/);
      showsAwaits(error, ...WHERE);
    },
    { clock: 'real' },
  );

  it(
    'shows the await for a path without a listener',
    async () => {
      await showsWhere(() => asyncio.openUnixConnection(freshPath()), asyncio.OSError);
    },
    { clock: 'real' },
  );

  it(
    'shows the await of a server whose address is already in use',
    async () => {
      const listener = socket.socket();
      listener.bind(freshAddress(socket.AF_INET));
      listener.listen();
      const [, port] = listener.getsockname() as [string, number];

      await showsWhere(() => asyncio.startServer(() => {}, '127.0.0.1', port), asyncio.OSError);
      listener.close();
    },
    { clock: 'real' },
  );
});

loopBehaviour('An error of a synchronization primitive', (it) => {
  const kinds: Record<
    string,
    [make: (loop: asyncio.Loop) => unknown, errorClass: new () => Error]
  > = {
    'timeout()': [() => asyncio.timeout(1, () => asyncio.sleep(2)), asyncio.TimeoutError],
    'waitFor()': [() => asyncio.waitFor(asyncio.sleep(2), 1), asyncio.TimeoutError],
    'timeout() around a foreign promise': [
      () => asyncio.timeout(1, () => foreign().promise),
      asyncio.TimeoutError,
    ],
    'waitFor() of a function that waits for a foreign promise': [
      () => asyncio.waitFor(() => foreign().promise, 1),
      asyncio.TimeoutError,
    ],
    'Queue.get()': [
      (loop) => {
        const queue = new asyncio.Queue();
        loop.callLater(1, () => queue.shutdown());
        return queue.get();
      },
      asyncio.QueueShutDown,
    ],
    'Queue.get() of one that was shut down': [
      () => {
        const queue = new asyncio.Queue();
        queue.shutdown();
        return queue.get();
      },
      asyncio.QueueShutDown,
    ],
    'Queue.put()': [
      (loop) => {
        const queue = new asyncio.Queue(1);
        queue.putNowait(1);
        loop.callLater(1, () => queue.shutdown());
        return queue.put(2);
      },
      asyncio.QueueShutDown,
    ],
    'Barrier.wait()': [
      () => {
        const barrier = new asyncio.Barrier(2);
        const abort = async (): Promise<void> => {
          await asyncio.sleep(1);
          await barrier.abort();
        };
        asyncio.createTask(abort);
        return barrier.wait();
      },
      asyncio.BrokenBarrierError,
    ],
  };
  for (const [name, [make, errorClass]] of Object.entries(kinds))
    it(`shows the await of ${name}`, async (loop) => {
      await showsWhere(() => make(loop), errorClass);
    });

  it('shows where a task group was awaited', async () => {
    const failing = (): unknown =>
      asyncio.taskGroup(async (group) => {
        group.createTask(async () => {
          throw new Error('mine');
        });
      });

    await showsWhere(failing, asyncio.ExceptionGroup);
  });
});
