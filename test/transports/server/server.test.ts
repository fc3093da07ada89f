import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import {
  CancelledError,
  ContextVar,
  createTask,
  eagerTaskFactory,
  type Loop,
  Protocol,
  RuntimeError,
  type Server,
  type ServingOptions,
  sleep,
  Task,
  type Transport,
} from '../../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../../src/socket.ts';
import { socketpair } from '../../../src/socket.ts';
import { DRIVERS, freshAddress, stream } from '../../support/drivers.ts';
import { loopBehaviour, type Scene, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';
import { SERVER } from '../../support/tls.ts';
import { Recorder, receiveAll, until, writeUntilFull } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const BASE = 'test_base_events.py::BaseEventLoopWithSelectorTests::';
const SHORTAGE = 'socket.accept() out of system resource';

/** The socket that a server listens on. */
function socketOf({ sockets }: Server): Socket {
  return sockets[0]?._sock as Socket;
}

/** A server on a driver, its protocols, and sockets that connect to it. */
class Hall {
  readonly protocols: Recorder[] = [];
  readonly clients: Socket[] = [];
  readonly #loop: Loop;
  readonly #driver: DriverName;
  readonly #listener: Socket;
  readonly #address: AddressInput;

  constructor(loop: Loop, driver: DriverName) {
    this.#loop = loop;
    this.#driver = driver;
    this.#listener = stream(driver);
    this.#listener.bind(freshAddress(this.#listener.family));
    this.#address = this.#listener.getsockname() as AddressInput;
  }

  async opens(
    options: ServingOptions = {},
    factory: () => Recorder = () => new Recorder(this.#loop),
  ): Promise<Server> {
    const make = (): Recorder => {
      const protocol = factory();
      this.protocols.push(protocol);
      return protocol;
    };
    const sock = this.#listener;
    return await this.#loop.createServer(make, undefined, undefined, { ...options, sock });
  }

  /** A socket of a client. */
  socket(): Socket {
    const client = stream(this.#driver);
    this.clients.push(client);
    return client;
  }

  /** Connects a client, without waiting for the server. */
  async knocks(): Promise<Socket> {
    const client = this.socket();
    await this.#loop.sockConnect(client, this.#address);
    return client;
  }

  /** Connects a client; answers when its protocol was told. */
  async enters(): Promise<[client: Socket, protocol: Recorder]> {
    const before = this.protocols.length;
    const client = await this.knocks();
    await until(this.#loop, () => this.protocols[before]?.transport !== undefined);
    return [client, this.protocols[before] as Recorder];
  }

  /** Leaves nothing open. */
  async closes(server: Server): Promise<void> {
    server.close();
    server.abortClients();
    for (const client of this.clients) client.close();
    await server.waitClosed();
  }
}

for (const { name, real } of DRIVERS) {
  loopBehaviour(`Server on ${name}`, (it) => {
    const inHall = (
      sentence: string,
      scenario: (hall: Hall, loop: Loop) => Promise<unknown>,
      cpython: readonly string[] = [],
    ): void => it(sentence, (loop) => scenario(new Hall(loop, name), loop), { ...REAL, cpython });

    inHall(
      'continues to wait if there is no connection to accept',
      async (hall, loop) => {
        const server = await hall.opens();
        const sock = socketOf(server);
        let tries = 0;
        const tryAccept = sock._endpoint.tryAccept.bind(sock._endpoint);
        sock._endpoint.tryAccept = () => {
          tries += 1;
          return tryAccept();
        };

        sock._endpoint.reader?.ready();
        await until(loop, () => tries > 0);

        assert.equal(hall.protocols, []);
        assert.is.not(sock.fileno(), -1);
        const [, protocol] = await hall.enters();
        assert.equal(protocol.calls, ['connectionMade']);
        await hall.closes(server);
      },
      [`${BASE}test_accept_connection_retry`],
    );

    it(
      'reports that descriptors ran out, pauses for a second, and accepts again',
      async (loop, { reports }) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens();
        const endpoint = socketOf(server)._endpoint;
        const tryAccept = endpoint.tryAccept.bind(endpoint);
        let refused = 0;
        endpoint.tryAccept = () => {
          refused += 1;
          throw osError('EMFILE', 'accept');
        };
        await hall.knocks();
        await until(loop, () => refused > 0);
        endpoint.tryAccept = tryAccept;

        await sleep(0.99);
        assert.equal(hall.protocols, []);
        assert.is.not(socketOf(server).fileno(), -1);
        await sleep(0.02);
        await until(loop, () => hall.protocols[0]?.transport !== undefined);

        assert.is(refused, 1);
        assert.equal(
          reports.map(({ message, exception }) => [message, String(exception)]),
          [[SHORTAGE, 'OSError: [Errno 24] Too many open files']],
        );
        await hall.closes(server);
      },
      { cpython: [`${BASE}test_accept_connection_exception`] },
    );

    inHall(
      'creates a protocol for each connection, and serves them concurrently',
      async (hall, loop) => {
        const server = await hall.opens();
        assert.is(server.isServing(), true);
        assert.is(server.getLoop(), loop);
        const [one, first] = await hall.enters();
        const [two, second] = await hall.enters();

        await loop.sockSendall(two, Buffer.from('two'));
        await loop.sockSendall(one, Buffer.from('one'));
        await until(loop, () => first.received.length + second.received.length === 2);
        first.transport?.write(HELLO);

        assert.is(String(first.received[0]), 'one');
        assert.is(String(second.received[0]), 'two');
        assert.is(String(await receiveAll(loop, one, 5)), 'hello');
        await hall.closes(server);
      },
      [
        'test_events.py::EventLoopTestsMixin::test_create_server',
        'test_events.py::TestServer::test_get_loop',
      ],
    );

    inHall(
      'listens on the descriptor of the given socket',
      async (hall, loop) => {
        const sock = stream(name);
        sock.bind(freshAddress(sock.family));
        const fileno = sock.fileno();
        const server = await loop.createServer(() => new Recorder(loop), undefined, undefined, {
          sock,
        });

        assert.is(server.sockets.length, 1);
        assert.is(server.sockets[0]?.fileno(), fileno);
        await loop.sockConnect(hall.socket(), sock.getsockname() as AddressInput);
        await hall.closes(server);
      },
      ['test_events.py::EventLoopTestsMixin::test_create_server_sock'],
    );

    for (const [what, backlog, abortions, accepts, origin] of [
      [
        'accepts as many connections in one event as the backlog says, and one',
        5,
        0,
        6,
        'multiple',
      ],
      ['accepts one connection in an event without a backlog', 0, 0, 1, 'zero_one'],
      ['accepts two connections in an event where the backlog is one', 1, 0, 2, 'zero_one'],
      [
        'goes on in the same event behind a connection that was given up',
        5,
        3,
        3,
        'skip_connectionabortederror',
      ],
    ] as const)
      inHall(
        what,
        async (hall, loop) => {
          const server = await hall.opens({ backlog });
          const endpoint = socketOf(server)._endpoint;
          const tryAccept = endpoint.tryAccept.bind(endpoint);
          const peers: Socket[] = [];
          let calls = 0;
          let tries: number | undefined;
          const noteEnd = (): void => {
            tries = calls; // the event is over
          };
          endpoint.tryAccept = () => {
            if (tries !== undefined) return undefined;
            if (calls === 0) queueMicrotask(noteEnd);
            calls += 1;
            if (abortions > 0 && calls % 2 === 1) throw osError('ECONNABORTED', 'accept');
            const [near, far] = socketpair(undefined, undefined, 0, { driver: name });
            peers.push(far);
            return { endpoint: near._endpoint, address: ['127.0.0.1', 1] };
          };

          endpoint.reader?.ready();
          await until(loop, () => tries !== undefined);
          endpoint.tryAccept = tryAccept;
          await until(loop, () => hall.protocols.length === peers.length);

          assert.equal([tries, peers.length], [backlog + 1, accepts]);
          await hall.closes(server);
          for (const peer of peers) peer.close();
        },
        [`test_selector_events.py::BaseSelectorEventLoopTests::test_accept_connection_${origin}`],
      );

    inHall('passes the address of the peer to the transport', async (hall) => {
      const server = await hall.opens();
      const [client, { transport }] = await hall.enters();

      assert.equal(transport?.getExtraInfo('peername'), client.getsockname());
      assert.equal(transport?.getExtraInfo('sockname'), server.sockets[0]?.getsockname());
      await hall.closes(server);
    });

    inHall('does not listen before startServing() with startServing: false', async (hall, loop) => {
      const server = await hall.opens({ startServing: false });
      assert.is(server.isServing(), false);
      if (real) await rejects(hall.knocks(), Error, { code: 'ECONNREFUSED' });

      await server.startServing();
      await server.startServing();

      assert.is(server.isServing(), true);
      const [client, protocol] = await hall.enters();
      await loop.sockSendall(client, HELLO);
      await until(loop, () => protocol.received.length === 1);
      await hall.closes(server);
    });

    inHall('lists its listening sockets, and none once it is closed', async (hall) => {
      const server = await hall.opens();
      const { sockets } = server;
      const [sock] = sockets;
      const fd = sock?.fileno();
      const { family = 0, type = 0, proto = 0 } = sock ?? {};
      const laddr = String(sock?.getsockname());
      const socket = `<asyncio.TransportSocket fd=${fd}, family=${family}, type=${type}, proto=${proto}, laddr=${laddr}>`;
      assert.is(sockets.length, 1);
      assert.is(String(server), `<Server sockets=(${socket},)>`);

      server.close();

      assert.is(String(server), '<Server sockets=()>');
      assert.is(server.sockets.length, 0);
      assert.is(sock?.fileno(), -1);
    });

    inHall(
      'accepts no connections once it is closed, and leaves existing ones open',
      async (hall, loop) => {
        const server = await hall.opens();
        const [client, protocol] = await hall.enters();

        server.close();
        server.close();
        assert.is(server.isServing(), false);
        await rejects(hall.knocks(), Error, { code: 'ECONNREFUSED' });
        await loop.sockSendall(client, HELLO);
        await until(loop, () => protocol.received.length === 1);

        assert.is(protocol.transport?.isClosing(), false);
        await hall.closes(server);
      },
      ['test_events.py::EventLoopTestsMixin::test_server_close'],
    );

    inHall('waits in waitClosed() for close() and for the last connection', async (hall, loop) => {
      const server = await hall.opens();
      const [client, protocol] = await hall.enters();
      const waiting = server.waitClosed();

      server.close();
      await until(loop, () => true);
      assert.is(waiting.done(), false);
      client.close();
      await waiting;

      assert.is(await protocol.lost, undefined);
      await server.waitClosed();
    });

    inHall('keeps serving when the task that waits in waitClosed() is cancelled', async (hall) => {
      const server = await hall.opens();
      const waiting = createTask(server.waitClosed());
      await sleep(0);

      waiting.cancel();
      await rejects(waiting, CancelledError);

      assert.is(server.isServing(), true);
      await hall.enters();
      await hall.closes(server);
    });

    inHall(
      'closes its connections with closeClients() after their buffers are sent',
      async (hall, loop) => {
        const server = await hall.opens();
        const [client, protocol] = await hall.enters();
        const written = writeUntilFull(protocol.transport as Transport);

        server.close();
        server.closeClients();
        const received = await receiveAll(loop, client);
        await server.waitClosed();

        assert.ok(received.equals(written));
        assert.is(await protocol.lost, undefined);
        client.close();
      },
    );

    inHall('drops its connections with abortClients()', async (hall, loop) => {
      const server = await hall.opens();
      const [client, protocol] = await hall.enters();
      const written = writeUntilFull(protocol.transport as Transport);

      server.close();
      server.abortClients();
      await server.waitClosed();
      const received = await receiveAll(loop, client).catch(() => Buffer.alloc(0));

      assert.ok(received.length < written.length);
      client.close();
    });

    for (const ssl of [undefined, SERVER])
      for (const end of ['closeClients', 'abortClients'] as const)
        inHall(
          `ends connections that were just accepted with ${end}()${ssl ? ', with TLS' : ''}`,
          async (hall, loop) => {
            for (let turns = 0; turns < 10; turns += 1) {
              const visited = new Hall(loop, name);
              const server = await visited.opens({ ssl });
              const client = await visited.knocks();
              await settle(loop, turns);

              server.close();
              server[end]();
              await server.waitClosed();

              const received = await receiveAll(loop, client).catch(() => Buffer.alloc(0));
              assert.is(received.length, 0);
              client.close();
            }
            await hall.closes(await hall.opens());
          },
        );

    inHall(
      'does not wait for connections that were just accepted, in shutdown()',
      async (_, loop) => {
        for (let turns = 0; turns < 10; turns += 1)
          for (const grace of [0, 10]) {
            const visited = new Hall(loop, name);
            const server = await visited.opens();
            const client = await visited.knocks();
            await settle(loop, turns);

            const { finished, aborted } = await server.shutdown({ grace });

            assert.ok(finished.length + aborted.length <= 1);
            client.close();
          }
      },
    );

    inHall('knows its port, until it is closed', async (hall) => {
      const server = await hall.opens();
      const address = socketOf(server).getsockname();

      assert.is(server.port, typeof address === 'string' ? undefined : address[1]);
      await hall.closes(server);
      assert.is(server.port, undefined);
    });

    inHall('is closed and awaited at the end of `await using`', async (hall, loop) => {
      let client: Socket | undefined;
      let kept: Server;
      {
        await using server = await hall.opens();
        kept = server;
        client = await hall.knocks();
        await until(loop, () => hall.protocols.length === 1);
        client.close();
      }

      assert.is(kept.isServing(), false);
      assert.is(await hall.protocols[0]?.lost, undefined);
    });

    inHall(
      'reports a protocol that cannot be created, and drops its connection',
      async (hall, loop) => {
        const reported: unknown[] = [];
        loop.setExceptionHandler((_loop, { message, exception, peername }) =>
          reported.push(message, String(exception), peername),
        );
        const server = await hall.opens({}, () => {
          throw new RangeError('odd');
        });
        const client = await hall.knocks();
        const address = client.getsockname();

        assert.is((await receiveAll(loop, client)).length, 0);

        const message = 'Error on transport creation for incoming connection';
        assert.equal(reported, [message, 'RangeError: odd', address]);
        assert.is(server.isServing(), true);
        await hall.closes(server);
      },
    );

    inHall('accepts in its own context, whichever client leaves', async (hall, loop) => {
      const variable = new ContextVar<string>('client', { default: 'none' });
      const found: string[] = [];
      const server = await hall.opens({ maxConnections: 1 }, () => {
        found.push(variable.get());
        return new Recorder(loop);
      });
      const [, protocol] = await hall.enters();

      await createTask(async () => {
        variable.set('the first');
        protocol.transport?.close();
        await protocol.lost;
      });
      await hall.enters();

      assert.equal(found, ['none', 'none']);
      await hall.closes(server);
    });

    inHall(
      'has no more than maxConnections connections at a time; the rest wait',
      async (hall, loop) => {
        const server = await hall.opens({ maxConnections: 2 });
        const [first] = await hall.enters();
        await hall.enters();
        const third = await hall.knocks();
        await loop.sockSendall(third, HELLO);
        for (let turn = 0; turn < 20; turn += 1) await sleep(0);
        assert.is(hall.protocols.length, 2);

        first.close();
        await until(loop, () => hall.protocols[2]?.received.length === 1);

        assert.is(String(hall.protocols[2]?.received[0]), 'hello');
        await hall.closes(server);
      },
    );
  });

  loopBehaviour(`A server on ${name} whose program acts in its callbacks`, (it) => {
    const inHall = (
      sentence: string,
      scenario: (hall: Hall, loop: Loop, scene: Scene) => Promise<unknown>,
    ): void => it(sentence, (loop, scene) => scenario(new Hall(loop, name), loop, scene));

    inHall(
      'stops accepting if the exception handler closes it when descriptors run out',
      async (hall, loop) => {
        const server = await hall.opens();
        const endpoint = socketOf(server)._endpoint;
        const { tryAccept } = endpoint;
        let tries = 0;
        endpoint.tryAccept = () => {
          tries += 1;
          if (endpoint.closed) return tryAccept.call(endpoint);
          throw osError('EMFILE', 'accept');
        };
        const reports: unknown[] = [];
        loop.setExceptionHandler((_loop, { message }) => {
          reports.push(message);
          server.close();
        });

        const knocking = hall.knocks();
        await Promise.allSettled([knocking, server.waitClosed()]);
        await sleep(1.01);

        assert.equal(reports, [SHORTAGE]);
        assert.is(tries, 1);
        await hall.closes(server);
      },
    );

    inHall('tries again if the exception handler throws', async (hall, loop, { logged }) => {
      const server = await hall.opens();
      const endpoint = socketOf(server)._endpoint;
      const tryAccept = endpoint.tryAccept.bind(endpoint);
      let refused = 0;
      endpoint.tryAccept = () => {
        refused += 1;
        endpoint.tryAccept = tryAccept;
        throw osError('EMFILE', 'accept');
      };
      loop.setExceptionHandler(() => {
        throw new RangeError('odd');
      });

      await hall.knocks();
      await sleep(1.01);
      await until(loop, () => hall.protocols[0]?.transport !== undefined);

      assert.is(refused, 1);
      assert.match(logged[0] ?? '', /^Unhandled error in exception handler/);
      await hall.closes(server);
    });

    inHall('reports once that its socket was closed by other code', async (hall, loop, scene) => {
      const server = await hall.opens();
      const sock = socketOf(server);
      await hall.enters();

      sock.close();
      await settle(loop, 20);
      await sleep(1.01);

      assert.ok(scene.reports.length <= 1, String(scene.reports.map(({ message }) => message)));
      await hall.closes(server);
    });

    inHall('pauses if accept() fails permanently', async (hall, loop, { reports }) => {
      const server = await hall.opens();
      const endpoint = socketOf(server)._endpoint;
      let tries = 0;
      endpoint.tryAccept = () => {
        tries += 1;
        throw osError('EPERM', 'accept');
      };

      await hall.knocks();
      await until(loop, () => tries > 0);
      await settle(loop, 20);

      assert.is(tries, 1);
      assert.equal(
        reports.map(({ message }) => message),
        ['socket.accept() failed'],
      );
      await hall.closes(server);
    });

    inHall('drops a connection whose factory closes the clients', async (hall, loop) => {
      let server: Server | undefined;
      server = await hall.opens({}, () => {
        server?.close();
        server?.closeClients();
        return new Recorder(loop);
      });
      const client = await hall.knocks();

      await server.waitClosed();

      assert.is((await receiveAll(loop, client).catch(() => Buffer.alloc(0))).length, 0);
      await settle(loop, 5);
      assert.equal(hall.protocols[0]?.calls, []);
      client.close();
    });

    inHall('frees a place if the task factory throws', async (hall, loop, scene) => {
      const server = await hall.opens({ maxConnections: 1 });
      loop.setTaskFactory((on, body, options) => {
        const task = new Task(body, { ...options, loop: on });
        if (!String(task).includes('_accept_connection2')) return task;
        task.cancel();
        throw new RangeError('no tasks');
      });
      const refused = await hall.knocks();
      assert.is((await receiveAll(loop, refused)).length, 0);
      loop.setTaskFactory(undefined);

      await hall.enters();

      scene.expectReport(/^Exception in callback BaseSelectorEventLoop\._accept_connection/);
      await hall.closes(server);
    });

    inHall('works with eager tasks, and a factory that closes it', async (hall, loop) => {
      loop.setTaskFactory(eagerTaskFactory);
      let server: Server | undefined;
      server = await hall.opens({}, () => {
        server?.close();
        return new Recorder(loop);
      });
      await Promise.allSettled([hall.knocks(), hall.knocks()]);
      await until(loop, () => hall.protocols[0]?.transport !== undefined);
      await settle(loop, 5);

      assert.is(hall.protocols.length, 1);
      await hall.closes(server);
    });

    inHall(
      'ends the other connections in shutdown() if shutdownRequested() throws',
      async (hall, loop, scene) => {
        class Odd extends Recorder {
          shutdownRequested(): void {
            throw new RangeError('odd');
          }
        }
        const kinds = [new Odd(loop), new Recorder(loop)];
        const server = await hall.opens({}, () => kinds.shift() as Recorder);
        await hall.enters();
        await hall.enters();

        const { finished } = await server.shutdown({ grace: 10 });

        assert.is(finished.length, 2);
        scene.expectReport(/^protocol\.shutdownRequested\(\) failed$/);
        await hall.closes(server);
      },
    );

    inHall('can be started again after it failed to listen', async (hall) => {
      const server = await hall.opens({ startServing: false });
      const sock = socketOf(server);
      const listen = sock.listen.bind(sock);
      sock.listen = () => {
        throw osError('EADDRINUSE', 'listen');
      };
      await rejects(server.startServing(), Error, { code: 'EADDRINUSE' });
      assert.is(server.isServing(), false);
      sock.listen = listen;

      await server.startServing();

      await hall.enters();
      await hall.closes(server);
    });
  });

  loopBehaviour(`Server.serveForever on ${name}`, (it) => {
    it(
      'closes the server and its connections when it is cancelled',
      async (loop) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens({ startServing: false });
        const serving = createTask(server.serveForever());
        await until(loop, () => server.isServing());
        const [client, protocol] = await hall.enters();
        await loop.sockSendall(client, HELLO);
        await until(loop, () => protocol.received.length === 1);

        serving.cancel();
        await rejects(serving, CancelledError);

        assert.is(String(server), '<Server sockets=()>');
        assert.is((await receiveAll(loop, client)).length, 0);
        assert.is(await protocol.lost, undefined);
        client.close();
      },
      {
        ...REAL,
        cpython: ['test_server.py::BaseStartServer::test_start_server_1'],
      },
    );

    for (const [what, acts] of [
      ['is cancelled, and the server closed in the same turn', ['cancel', 'close']],
      ['is closed, and then cancelled in the same turn', ['close', 'cancel']],
      ['is closed, and cancelled while it waits for them', ['close', 'wait', 'cancel']],
    ] as const)
      it(
        `closes the connections when it ${what}`,
        async (loop) => {
          const hall = new Hall(loop, name);
          const server = await hall.opens();
          const serving = createTask(server.serveForever());
          const [client, protocol] = await hall.enters();

          for (const act of acts)
            if (act === 'cancel') serving.cancel();
            else if (act === 'close') server.close();
            else await until(loop, () => true);
          await rejects(serving, CancelledError);

          assert.is(await protocol.lost, undefined);
          assert.is((await receiveAll(loop, client)).length, 0);
          client.close();
        },
        REAL,
      );

    it(
      'stops waiting when it is cancelled twice',
      async (loop) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens();
        const serving = createTask(server.serveForever());
        const [client, protocol] = await hall.enters();
        protocol.transport?.write(Buffer.alloc(16_000_000));

        serving.cancel();
        await until(loop, () => protocol.transport?.isClosing() === true);
        serving.cancel();
        await rejects(serving, CancelledError);

        assert.is(protocol.lost.done(), false);
        server.abortClients();
        await server.waitClosed();
        client.close();
      },
      REAL,
    );

    it(
      'throws CancelledError when other code closes the server, and leaves its connections open',
      async (loop) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens();
        const serving = createTask(server.serveForever());
        const [client, protocol] = await hall.enters();

        server.close();
        await until(loop, () => true);
        assert.is(serving.done(), false);
        assert.is(protocol.transport?.isClosing(), false);
        client.close();
        await rejects(serving, CancelledError);

        assert.is(serving.cancelling(), 0);
      },
      REAL,
    );

    it(
      'throws if it is already running, or the server is closed',
      async (loop) => {
        const server = await new Hall(loop, name).opens();
        const serving = createTask(server.serveForever());
        await sleep(0);

        await rejects(server.serveForever(), RuntimeError, {
          message: `server ${server} is already being awaited on serveForever()`,
        });
        serving.cancel();
        await rejects(serving, CancelledError);
        await rejects(server.serveForever(), RuntimeError, {
          message: 'server <Server sockets=()> is closed',
        });
        await rejects(server.startServing(), RuntimeError, { message: /is closed$/ });
      },
      REAL,
    );
  });

  loopBehaviour(`Server.shutdown on ${name}`, (it) => {
    /** Goes on until it is told that it may end. */
    class Busy extends Recorder {
      shutdownRequested(): void {
        this.calls.push('shutdownRequested');
      }
    }

    it(
      'closes connections without shutdownRequested(), and waits for the rest',
      async (loop) => {
        const hall = new Hall(loop, name);
        const kinds = [new Recorder(loop), new Busy(loop)];
        const server = await hall.opens({}, () => kinds.shift() as Recorder);
        const [idle] = await hall.enters();
        const [busy, protocol] = await hall.enters();
        const peers = [idle, busy].map((client) => client.getsockname());

        const ending = createTask(server.shutdown({ grace: 10 }));
        assert.is((await receiveAll(loop, idle)).length, 0);
        await until(loop, () => protocol.calls.includes('shutdownRequested'));
        assert.is(ending.done(), false);
        protocol.transport?.write(HELLO);
        protocol.transport?.close();
        const report = await ending;

        assert.is(String(await receiveAll(loop, busy)), 'hello');
        assert.equal(report, { finished: peers, aborted: [] });
        for (const client of [idle, busy]) client.close();
      },
      REAL,
    );

    it(
      'aborts those that do not finish in time, and returns them',
      async (loop) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens({}, () => new Busy(loop));
        const [client, protocol] = await hall.enters();

        const report = await server.shutdown({ grace: 0 });

        assert.equal(report, { finished: [], aborted: [client.getsockname()] });
        assert.is(await protocol.lost, undefined);
        client.close();
      },
      REAL,
    );

    it(
      'aborts the rest when it is cancelled',
      async (loop) => {
        const hall = new Hall(loop, name);
        const server = await hall.opens({}, () => new Busy(loop));
        const [client, protocol] = await hall.enters();
        const ending = createTask(server.shutdown({ grace: 10 }));
        await until(loop, () => protocol.calls.includes('shutdownRequested'));

        ending.cancel();
        await rejects(ending, CancelledError);

        assert.is(await protocol.lost, undefined);
        throws(() => server.shutdown({ grace: -1 }), RangeError, {
          message: 'grace must be a number of seconds >= 0, got -1',
        });
        throws(() => server.shutdown(undefined as never), TypeError, {
          message: 'grace must be a number of seconds >= 0, got None',
        });
        client.close();
      },
      REAL,
    );
  });

  loopBehaviour(`A loop that is closed on ${name}`, (it) => {
    it.resting(
      'closes the servers and transports that were left open',
      async (loop) => {
        const hall = new Hall(loop, name);
        const [server, client, protocol] = await loop.runUntilComplete(async () => {
          const opened = await hall.opens();
          return [opened, ...(await hall.enters())] as const;
        });
        const [sock] = server.sockets;
        const connection = protocol.transport?.getExtraInfo('socket');

        loop.close();

        assert.is(sock?.fileno(), -1);
        assert.is(connection?.fileno(), -1);
        assert.is(protocol.calls.includes('connectionLost'), false);
        assert.match(String(protocol.transport), /^<_SelectorSocketTransport/);
        client.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_make_socket_transport',
        ],
      },
    );
  });
}

loopBehaviour('loop.connectAcceptedSocket', (it) => {
  for (const { name } of DRIVERS)
    it(
      `creates a transport for a connection that was accepted elsewhere, on ${name}`,
      async (loop) => {
        const listener = stream(name);
        listener.bind(freshAddress(listener.family));
        listener.listen();
        const client = stream(name);
        const accepting = loop.sockAccept(listener);
        await loop.sockConnect(client, listener.getsockname() as AddressInput);
        const [sock] = await accepting;

        const [transport, protocol] = await loop.connectAcceptedSocket(
          () => new Recorder(loop),
          sock,
        );
        await loop.sockSendall(client, HELLO);
        await until(loop, () => protocol.received.length === 1);
        transport.close();

        assert.is(await protocol.lost, undefined);
        for (const end of [client, listener]) end.close();
      },
      {
        ...REAL,
        cpython: ['test_events.py::EventLoopTestsMixin::test_connect_accepted_socket'],
      },
    );

  it('refuses a socket that is not a stream socket', async (loop) => {
    await rejects(
      loop.connectAcceptedSocket(() => new Protocol(), 7 as never),
      TypeError,
      { message: 'sock must be a Socket, got 7' },
    );
  });
});
