import * as assert from 'uvu/assert';
import * as asyncio from '../../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../../src/socket.ts';
import { DRIVERS, freshAddress, freshPath, stream } from '../../support/drivers.ts';
import { loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { CLIENT, SERVER } from '../../support/tls.ts';
import { receiveAll, reset, until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;

/** A server that is open, and clients that connect to it. */
interface Open {
  readonly server: asyncio.StreamServer;
  connect(): Promise<asyncio.Streams>;
  /** How many connections were accepted. */
  accepted(): number;
}

type Options = Omit<asyncio.ServerOptions, 'startServing'> & asyncio.OpenServerOptions;

/** Opens a server on a driver as long as it is used, and leaves nothing open. */
async function open(
  loop: asyncio.Loop,
  driver: DriverName,
  use: (open: Open) => Promise<unknown>,
  options: Options = {},
): Promise<void> {
  const sock = stream(driver);
  sock.bind(freshAddress(sock.family));
  const address = sock.getsockname() as AddressInput;
  let accepted = 0;
  loop.setTaskFactory((on, body, taskOptions) => {
    const task = new asyncio.Task(body, { ...taskOptions, loop: on });
    if (String(task).includes('_accept_connection2')) accepted += 1;
    return task;
  });
  const server = await asyncio.openServer(undefined, undefined, { ...options, sock });
  const clients: asyncio.StreamWriter[] = [];
  const connect = async (): Promise<asyncio.Streams> => {
    const client = stream(driver);
    await loop.sockConnect(client, address);
    const streams = await asyncio.openConnection(undefined, undefined, { sock: client });
    clients.push(streams[1]);
    return streams;
  };
  try {
    await use({ server, connect, accepted: () => accepted });
  } finally {
    server.close();
    server.server.abortClients();
    for (const writer of clients) writer.transport.abort();
    await server.waitClosed();
    await settle(loop, 5);
  }
}

/** Sends back what comes, and closes the connection. */
async function echo([reader, writer]: asyncio.Streams): Promise<void> {
  await using _closing = writer;
  for await (const line of reader) writer.write(line);
}

/** The name by which a client and the connection of the server know each other. */
function nameOf(streams: asyncio.Streams | undefined, side: 'sockname' | 'peername'): string {
  return String(streams?.[1].getExtraInfo(side));
}

for (const { name } of DRIVERS)
  loopBehaviour(`openServer on ${name}`, (it) => {
    it(
      'returns the connections to an iteration, until it is closed',
      async (loop) => {
        await open(loop, name, async ({ server, connect }) => {
          const serving = asyncio.createTask(async () => {
            for await (const streams of server) asyncio.createTask(() => echo(streams));
          });
          for (const text of ['one\n', 'two\n']) {
            const [reader, writer] = await connect();
            writer.write(Buffer.from(text));
            assert.is(String(await reader.readline()), text);
          }
          assert.match(String(server), /^<StreamServer sockets=\(<asyncio\.TransportSocket fd=/);

          server.close();

          await serving;
          assert.is(server.sockets.length, 0);
          assert.is(await server.accept(), undefined);
        });
      },
      REAL,
    );

    it(
      'accepts a connection only when it is requested',
      async (loop) => {
        await open(loop, name, async ({ server, connect, accepted }) => {
          const clients = [await connect(), await connect(), await connect()];
          await settle(loop, 10);
          assert.is(accepted(), 0);

          const first = await server.accept();
          await settle(loop, 10);

          assert.is(accepted(), 1);
          assert.is(nameOf(first, 'peername'), nameOf(clients[0], 'sockname'));
        });
      },
      REAL,
    );

    it(
      'loses no connection if a wait is cancelled, at any time',
      async (loop) => {
        for (let turns = 0; turns < 9; turns += 1)
          await open(loop, name, async ({ server, connect }) => {
            const waiting = asyncio.createTask(server.accept());
            await settle(loop, 2);
            const client = await connect();
            const taken: (asyncio.Streams | undefined)[] = [];
            await settle(loop, turns);
            waiting.cancel();
            await waiting.then(
              (streams) => taken.push(streams),
              () => {},
            );

            if (taken.length === 0) taken.push(await server.accept());

            assert.is(nameOf(taken[0], 'peername'), nameOf(client, 'sockname'), `${turns} turns`);
          });
      },
      REAL,
    );

    it(
      'continues where an iteration ended',
      async (loop) => {
        await open(loop, name, async ({ server, connect }) => {
          const peers: string[] = [];
          const clients = [await connect(), await connect(), await connect()];
          for (let count = 0; count < 3; count += 1)
            for await (const streams of server) {
              peers.push(nameOf(streams, 'peername'));
              break;
            }

          assert.equal(
            peers,
            clients.map((client) => nameOf(client, 'sockname')),
          );
          assert.is(server.server.isServing(), true);
        });
      },
      REAL,
    );

    it(
      'gives each connection to one of several waiting tasks, first come, first served',
      async (loop) => {
        await open(loop, name, async ({ server, connect }) => {
          const [one, two] = [server.accept(), server.accept()].map((accept) =>
            asyncio.createTask(accept),
          );
          const clients = [await connect(), await connect()];

          const taken = [await one, await two];

          assert.equal(
            taken.map((streams) => nameOf(streams, 'peername')),
            clients.map((client) => nameOf(client, 'sockname')),
          );
        });
      },
      REAL,
    );

    it(
      'aborts connections that were not taken when it is closed, and keeps the others',
      async (loop) => {
        await open(loop, name, async ({ server, connect, accepted }) => {
          const [reader, writer] = await connect();
          const taken = await server.accept();
          const waiting = asyncio.createTask(server.accept());
          await settle(loop, 2);
          const [untaken] = await connect();
          await until(loop, () => accepted() === 2);
          waiting.cancel();

          server.close();

          await rejects(waiting, asyncio.CancelledError);
          assert.is(String(await untaken.read()), '');
          writer.write(Buffer.from('still there?\n'));
          assert.is(String(await taken?.[0].readline()), 'still there?\n');
          taken?.[1].close();
          assert.is(String(await reader.read()), '');
          await server.waitClosed();
        });
      },
      REAL,
    );

    it(
      'also observes maxConnections',
      async (loop) => {
        await open(
          loop,
          name,
          async ({ server, connect, accepted }) => {
            const clients = [await connect(), await connect()];
            const first = await server.accept();
            const second = asyncio.createTask(server.accept());
            await settle(loop, 10);
            assert.is(accepted(), 1);

            first?.[1].close();

            assert.is(nameOf(await second, 'peername'), nameOf(clients[1], 'sockname'));
          },
          { maxConnections: 1 },
        );
      },
      REAL,
    );

    it(
      'ends its iterations in shutdown(), which waits for busy connections',
      async (loop) => {
        await open(loop, name, async ({ server, connect }) => {
          const serving = asyncio.createTask(async () => {
            for await (const streams of server) asyncio.createTask(() => echo(streams));
          });
          const [reader, writer] = await connect();
          writer.write(Buffer.from('hello\n'));
          assert.is(String(await reader.readline()), 'hello\n');

          const { finished } = await server.server.shutdown({ grace: 5 });

          await serving;
          assert.equal(finished, [writer.getExtraInfo('sockname')]);
        });
      },
      REAL,
    );
  });

/** Clients that never become a connection, by what they do. */
const SPOILERS: Record<string, (client: Socket, loop: asyncio.Loop) => unknown> = {
  'speaks plain HTTP': (client, loop) =>
    loop.sockSendall(client, Buffer.from('GET / HTTP/1.0\n\n')),
  'is silent': () => {},
  'does not trust the server': async (client) => {
    const ssl = { rejectUnauthorized: true };
    const options = { sock: client, ssl, serverHostname: 'localhost' };
    await rejects(asyncio.openConnection(undefined, undefined, options), asyncio.SSLError);
  },
  'hangs up': (client) => client.close(),
  'resets the connection': (client) => reset(client),
};

for (const { name } of DRIVERS)
  loopBehaviour(`openServer with ssl, on ${name}`, (it) => {
    for (const [what, spoil] of Object.entries(SPOILERS))
      for (const takers of [1, 3])
        it(
          `accepts the next after each client that ${what}, with ${takers} waiting`,
          async (loop) => {
            const isSilent = what === 'is silent';
            const options = { ssl: SERVER, ...(isSilent && { sslHandshakeTimeout: 0.02 }) };
            const opened = async ({ server, accepted }: Open): Promise<void> => {
              const address = server.sockets[0]?.getsockname() as AddressInput;
              const connect = async (): Promise<Socket> => {
                const client = stream(name);
                await loop.sockConnect(client, address);
                return client;
              };
              const taking = Array.from({ length: takers }, () =>
                asyncio.createTask(server.accept()),
              );
              for (let count = 1; count <= takers + 1; count += 1) {
                const client = await connect();
                await spoil(client, loop);
                await until(loop, () => accepted() === count);
                // The server hangs up.
                if (client.fileno() !== -1) await receiveAll(loop, client).catch(() => {});
                client.close();
              }

              // Where the time-out is short, a slow machine needs more than one try.
              const [taken] = taking as [asyncio.Task<asyncio.Streams | undefined>];
              const good: asyncio.StreamWriter[] = [];
              while (!taken.done()) {
                const sock = await connect();
                const safe = { sock, ssl: CLIENT, serverHostname: 'localhost' };
                try {
                  const [, writer] = await asyncio.openConnection(undefined, undefined, safe);
                  good.push(writer);
                  await until(loop, () => taken.done() || writer.isClosing());
                } catch (error) {
                  if (!isSilent) throw error;
                }
              }

              assert.is.not(taken.result(), undefined);
              for (const writer of good) writer.transport.abort();
              for (const task of taking) task.cancel();
              await asyncio.gather(...taking, { returnExceptions: true });
            };
            await open(loop, name, opened, options);
          },
          REAL,
        );
  });

for (const { name } of DRIVERS)
  loopBehaviour(`openServer with ssl, on ${name}, among silent clients`, (it) => {
    it(
      'gives the others to a waiting task, and accepts no more than the backlog beyond that',
      async (loop) => {
        const opened = async ({ server, accepted }: Open): Promise<void> => {
          const address = server.sockets[0]?.getsockname() as AddressInput;
          const connect = async (): Promise<Socket> => {
            const client = stream(name);
            await loop.sockConnect(client, address);
            return client;
          };
          const taking = asyncio.createTask(server.accept());
          const silent = [await connect(), await connect()];
          await until(loop, () => accepted() === 2);
          const options = { sock: await connect(), ssl: CLIENT, serverHostname: 'localhost' };

          const [, writer] = await asyncio.openConnection(undefined, undefined, options);
          const taken = await taking;

          assert.is.not(taken, undefined);
          const next = asyncio.createTask(server.accept());
          silent.push(await connect(), await connect());
          await settle(loop, 20);
          assert.is(accepted(), 4);
          next.cancel();
          await rejects(next, asyncio.CancelledError);
          for (const client of silent) client.close();
          writer.transport.abort();
        };
        await open(loop, name, opened, { ssl: SERVER, backlog: 2 });
      },
      REAL,
    );
  });

for (const { name } of DRIVERS)
  loopBehaviour(`openServer on ${name}, whose tasks are cancelled`, (it) => {
    it(
      'accepts the next one after each connection that was being accepted',
      async (loop) => {
        for (let turns = 0; turns < 4; turns += 1)
          await open(loop, name, async ({ server, connect, accepted }) => {
            const first = asyncio.createTask(server.accept());
            await connect();
            await until(loop, () => accepted() === 1);
            await settle(loop, turns);
            for (const task of loop._tasks)
              if (String(task).includes('_accept_connection2'))
                (task as asyncio.Task<void>).cancel();
            await settle(loop, 10);

            await connect();
            const second = asyncio.createTask(server.accept());
            await asyncio.wait([first, second], { returnWhen: asyncio.FIRST_COMPLETED });

            const [[, writer] = []] = [first, second].flatMap((task) =>
              task.done() ? [task.result()] : [],
            );
            assert.is.not(writer, undefined);
            for (const task of [first, second]) task.cancel();
          });
      },
      REAL,
    );
  });

loopBehaviour('openServer', (it) => {
  it('aborts silent clients: idleTimeout', async (loop) => {
    await open(
      loop,
      'memory',
      async ({ server, connect }) => {
        const begin = loop.time();
        const [reader] = await connect();
        const taken = await server.accept();

        assert.is(String(await taken?.[0].read()), '');

        assert.is(String(await reader.read()), '');
        assert.ok(Math.abs(loop.time() - begin - 10) < 0.5);
      },
      { idleTimeout: 10 },
    );
  });

  it(
    'listens on a port',
    async () => {
      await using server = await asyncio.openServer('127.0.0.1', 0);
      const [sock] = server.sockets;
      const [reader, writer] = await asyncio.openConnection(
        '127.0.0.1',
        Number(sock?.getsockname()[1]),
      );
      const taken = await server.accept();

      taken?.[1].close();

      assert.is(String(await reader.read()), '');
      writer.close();
    },
    REAL,
  );

  it(
    'listens on a path, by openUnixServer()',
    async () => {
      const path = freshPath();
      await using server = await asyncio.openUnixServer(path);
      const [reader, writer] = await asyncio.openUnixConnection(path);
      const taken = await server.accept();

      taken?.[1].close();

      assert.is(String(await reader.read()), '');
      writer.close();
    },
    REAL,
  );

  it('refuses wrong arguments', async () => {
    await rejects(asyncio.openServer('127.0.0.1', 0, { limit: 0 }), RangeError, {
      message: 'Limit cannot be <= 0',
    });
    await rejects(asyncio.openServer('127.0.0.1', 0, { idleTimeout: -1 }), RangeError);
    await rejects(asyncio.openServer(), RangeError);
  });
});
