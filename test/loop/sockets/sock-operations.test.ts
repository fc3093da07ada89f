import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import {
  BrokenPipeError,
  CancelledError,
  ConnectionRefusedError,
  ConnectionResetError,
  createTask,
  getRunningLoop,
  type Loop,
  Operation,
  OSError,
  RuntimeError,
  sleep,
} from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';
import { runChecked } from '../../../src/testing.ts';
import { behaviour } from '../../support/behaviour.ts';
import {
  DRIVERS,
  type DriverCase,
  datagram,
  filled,
  freshAddress,
  listening,
  sendingWithoutRoom,
  stream,
} from '../../support/drivers.ts';
import { loopBehaviour, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { datagramEchoServer, httpServer } from '../../support/servers.ts';
import { throws } from '../../support/throws.ts';

const ORIGIN = 'test_sock_lowlevel.py::BaseSockTestsMixin::';
const GET = Buffer.from('GET / HTTP/1.0\r\n\r\n');
const REAL = { clock: 'real' } as const;

/** What a test holds open, closed at its end whatever happens. */
type Closable = { close(): void };

async function closing<T>(things: readonly Closable[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    for (const thing of things) thing.close();
  }
}

/** Two ends of a connection that came through the loop. */
async function connection(loop: Loop, driver: DriverCase, family: number = socket.AF_INET) {
  const listener = listening(driver.name, family);
  const client = stream(driver.name, family);
  const accepting = loop.sockAccept(listener);
  await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
  const [server] = await accepting;
  return { client, server, all: [client, server, listener] };
}

for (const driver of DRIVERS) {
  const on = `on ${driver.name}`;

  loopBehaviour(`loop.sockAccept ${on}`, (it) => {
    it(
      'returns a non-blocking connection and the address of its peer',
      async (loop) => {
        const listener = listening(driver.name);
        const client = stream(driver.name);
        await closing([listener, client], async () => {
          const accepting = loop.sockAccept(listener);
          await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);

          const [server, address] = await accepting;

          assert.is(server.gettimeout(), 0);
          assert.equal(address, client.getsockname());
          assert.equal(client.getpeername(), listener.getsockname());
          server.close();
        });
      },
      { ...REAL, cpython: [`${ORIGIN}test_sock_accept`] },
    );

    it(
      'leaves nothing behind when it is cancelled: the address can be reused',
      async (loop) => {
        const listener = listening(driver.name);
        const address = listener.getsockname() as socket.AddressInput;
        const accepting = createTask(async () => void (await loop.sockAccept(listener)));
        await sleep(0);

        accepting.cancel();
        await rejects(accepting, CancelledError);
        listener.close();

        const client = stream(driver.name);
        await closing([client], () =>
          rejects(loop.sockConnect(client, address), ConnectionRefusedError),
        );
      },
      { ...REAL, cpython: [`${ORIGIN}test_cancel_sock_accept`] },
    );

    it(
      'loses no connection when it is cancelled after one has arrived',
      async (loop) => {
        const listener = listening(driver.name);
        const client = stream(driver.name);
        await closing([listener, client], async () => {
          for (let turn = 0; turn < 6; turn += 1) {
            const accepting = createTask(async () => (await loop.sockAccept(listener))[0]);
            await settle(loop, turn);
            if (turn === 0)
              void loop.sockConnect(client, listener.getsockname() as [string, number]);
            await settle(loop, turn);
            accepting.cancel();
            const got = await accepting.catch(() => undefined);
            if (got === undefined) continue;
            got.close();
            return;
          }
          const [server] = await loop.sockAccept(listener);

          assert.is(server.getpeername()[1], client.getsockname()[1]);
          server.close();
        });
      },
      REAL,
    );

    it(
      'refuses a second accept while one is pending, and keeps the first',
      async (loop) => {
        const listener = listening(driver.name);
        const client = stream(driver.name);
        await closing([listener, client], async () => {
          const first = loop.sockAccept(listener);

          throws(() => loop.sockAccept(listener), RuntimeError, {
            message: /already receiving or accepting/,
          });

          await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
          const [server] = await first;
          server.close();
        });
      },
      REAL,
    );

    it(
      'fails with EBADF when the socket is closed meanwhile',
      async (loop) => {
        const listener = listening(driver.name);
        const accepting = loop.sockAccept(listener);

        listener.close();

        await rejects(accepting, OSError, { code: 'EBADF' });
      },
      REAL,
    );
  });

  loopBehaviour(`loop.sockAccept with socket options ${on}`, (it) => {
    it(
      'accepts over IPv6 with IPV6_V6ONLY set',
      async (loop) => {
        const listener = stream(driver.name, socket.AF_INET6);
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1);
        listener.bind(['::1', 0]);
        listener.listen();
        const client = stream(driver.name, socket.AF_INET6);
        await closing([listener, client], async () => {
          const accepting = loop.sockAccept(listener);
          await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
          const [server] = await accepting;

          assert.is(server.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY), 1);
          server.close();
        });
      },
      REAL,
    );

    const LINGER = Buffer.from([1, 0, 0, 0, 7, 0, 0, 0]);

    for (const [name, family, inherits] of [
      ['TCP', socket.AF_INET, true],
      ['AF_UNIX', socket.AF_UNIX, false],
    ] as const)
      it(
        `returns a connection of ${name} that inherits ${inherits ? 'the options' : 'no options'} of the listener`,
        async (loop) => {
          const listener = stream(driver.name, family);
          listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER);
          if (inherits) listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1);
          listener.bind(freshAddress(family));
          listener.listen();
          const client = stream(driver.name, family);
          await closing([listener, client], async () => {
            const accepting = loop.sockAccept(listener);
            await loop.sockConnect(client, listener.getsockname() as socket.AddressInput);
            const [server] = await accepting;

            const linger = server.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8);
            assert.equal([...linger], inherits ? [...LINGER] : [0, 0, 0, 0, 0, 0, 0, 0]);
            if (inherits) assert.is(server.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1);
            server.close();
          });
        },
        REAL,
      );
  });

  loopBehaviour(`loop.sockRecv ${on}`, (it) => {
    for (const [name, family] of [
      ['AF_INET', socket.AF_INET],
      ['AF_UNIX', socket.AF_UNIX],
    ] as const)
      it(
        `receives what an HTTP server of ${name} sends`,
        async (loop) => {
          const server = httpServer(loop, listening(driver.name, family));
          const sock = stream(driver.name, family);
          await loop.sockConnect(sock, server.address);

          await loop.sockSendall(sock, GET);
          const data = await loop.sockRecv(sock, 1024);
          const end = await loop.sockRecv(sock, 1024);

          assert.match(String(data), /^HTTP\/1\.0 200 OK/);
          assert.is(end.length, 0);
          sock.close();
          await server.stop();
        },
        {
          ...REAL,
          cpython: [
            `${ORIGIN}${family === socket.AF_INET ? 'test_sock_client_ops' : 'test_unix_sock_client_ops'}`,
          ],
        },
      );

    it(
      'refuses a socket in blocking mode while the loop is in debug mode',
      async (loop) => {
        const sock = stream(driver.name);
        sock.setblocking(true);
        await closing([sock], async () => {
          const calls = [
            () => loop.sockConnect(sock, ['127.0.0.1', 1]),
            () => loop.sockSendall(sock, GET),
            () => loop.sockRecv(sock, 1024),
            () => loop.sockRecvInto(sock, Buffer.alloc(0)),
            () => loop.sockAccept(sock),
          ];

          for (const call of calls)
            throws(call, RangeError, { message: 'the socket must be non-blocking' });
        });
      },
      {
        ...REAL,
        debug: true,
        cpython: [`${ORIGIN}test_sock_client_ops`, `${ORIGIN}test_unix_sock_client_ops`],
      },
    );

    it(
      'leaves the bytes in the socket when the waiting task is cancelled',
      async (loop) => {
        const server = httpServer(loop, listening(driver.name));
        const sock = stream(driver.name);
        await loop.sockConnect(sock, server.address);
        const task = createTask(async () => await loop.sockRecv(sock, 1024));
        await sleep(0);
        task.cancel();

        const sending = createTask(async () => await loop.sockSendall(sock, GET));
        await sleep(0);
        const data = await loop.sockRecv(sock, 1024);

        assert.match(String(data), /^HTTP\/1\.0 200 OK/);
        await sending;
        sock.close();
        await server.stop();
      },
      {
        ...REAL,
        cpython: [
          `${ORIGIN}test_sock_client_racing`,
          'test_events.py::EventLoopTestsMixin::test_prompt_cancellation',
        ],
      },
    );

    it(
      'loses no byte if it is cancelled in any turn around their arrival',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          let got = '';
          let sent = '';
          for (let turn = 0; turn <= 8; turn += 1) {
            const receiving = createTask(async () => await loop.sockRecv(server, 1024));
            await sleep(0);
            await loop.sockSendall(client, Buffer.from(String(turn)));
            sent += turn;
            await settle(loop, turn);
            receiving.cancel();
            got += await receiving.then(String, () => '');
          }
          while (got.length < sent.length) got += String(await loop.sockRecv(server, 1024));

          assert.is(got, sent);
        });
      },
      REAL,
    );

    it(
      'returns an empty array on every call once the peer has finished sending',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          client.shutdown(socket.SHUT_WR);

          const ends = [await loop.sockRecv(server, 10), await loop.sockRecv(server, 10)];

          assert.equal(
            ends.map((end) => end.length),
            [0, 0],
          );
          await loop.sockSendall(server, Buffer.from('still'));
          assert.is(String(await loop.sockRecv(client, 10)), 'still');
        });
      },
      REAL,
    );

    it(
      'returns no more than was asked for, and the rest on the next call',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          await loop.sockSendall(client, Buffer.from('abcdef'));

          const parts = [
            String(await loop.sockRecv(server, 4)),
            String(await loop.sockRecv(server, 4)),
          ];

          assert.equal(parts, ['abcd', 'ef']);
        });
      },
      REAL,
    );

    it(
      'returns immediately for zero bytes, whatever the socket holds',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          loop.sockRecv(server, 1).cancel();
          for (const sent of ['', 'text']) {
            await loop.sockSendall(client, Buffer.from(sent));
            for (let time = 0; time < 2; time += 1) {
              const nothing = loop.sockRecv(server, 0);
              const none = loop.sockRecvInto(server, new Uint8Array());

              assert.is(nothing.done(), true);
              assert.is((await nothing).length, 0);
              assert.is(await none, 0);
            }
          }
          assert.is(String(await loop.sockRecv(server, 10)), 'text');
        });
      },
      REAL,
    );

    it(
      'refuses a second receive while one is pending, and keeps the first',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          const first = loop.sockRecv(server, 10);

          throws(() => loop.sockRecv(server, 10), RuntimeError, {
            message: /already receiving or accepting/,
          });
          throws(() => loop.sockRecvInto(server, Buffer.alloc(1)), RuntimeError, {
            message: /already receiving/,
          });

          await loop.sockSendall(client, Buffer.from('x'));
          assert.is(String(await first), 'x');
        });
      },
      REAL,
    );

    it(
      'fails with EBADF when the socket is closed meanwhile',
      async (loop) => {
        const { server, all } = await connection(loop, driver);
        await closing(all, async () => {
          const receiving = loop.sockRecv(server, 10);

          server.close();

          await rejects(receiving, OSError, { code: 'EBADF' });
        });
      },
      REAL,
    );

    it(
      'fails with ConnectionResetError when the peer resets the connection',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          client.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_LINGER,
            Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]),
          );
          const receiving = loop.sockRecv(server, 10);

          client.close();

          await rejects(receiving, ConnectionResetError, { code: 'ECONNRESET' });
        });
      },
      REAL,
    );

    it(
      'refuses invalid byte counts and sockets immediately',
      async (loop) => {
        const { server, all } = await connection(loop, driver);
        await closing(all, async () => {
          throws(() => loop.sockRecv(server, -3), RangeError, {
            message: /nbytes must be an integer >= 0, got -3/,
          });
          throws(() => loop.sockRecv(server, 1.5), RangeError, { message: /got 1.5/ });
          throws(() => loop.sockRecv({} as socket.Socket, 1), TypeError, {
            message: /sock must be a Socket, got \{\}/,
          });
        });
      },
      REAL,
    );

    it(
      'yields a turn after a limited number of receives that do not wait',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          await loop.sockSendall(client, Buffer.alloc(400));
          await loop.sockRecv(server, 1);
          let turns = 0;
          const count = (): void => {
            turns += 1;
            if (!done) loop.callSoon(count);
          };
          let done = false;
          loop.callSoon(count);

          for (let n = 0; n < 300; n += 1) await loop.sockRecv(server, 1);
          done = true;

          assert.ok(turns >= 2, `${turns} turns`);
          assert.ok(turns <= 10, `${turns} turns`);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`loop.sockRecvInto ${on}`, (it) => {
    for (const [name, family] of [
      ['AF_INET', socket.AF_INET],
      ['AF_UNIX', socket.AF_UNIX],
    ] as const)
      it(
        `fills an array with what an HTTP server of ${name} sends`,
        async (loop) => {
          const server = httpServer(loop, listening(driver.name, family));
          const sock = stream(driver.name, family);
          await loop.sockConnect(sock, server.address);
          const buffer = Buffer.alloc(1024);

          await loop.sockSendall(sock, GET);
          const nbytes = await loop.sockRecvInto(sock, buffer);
          const end = await loop.sockRecvInto(sock, buffer.subarray(nbytes));

          assert.match(String(buffer), /^HTTP\/1\.0 200 OK/);
          assert.is(end, 0);
          sock.close();
          await server.stop();
        },
        {
          ...REAL,
          cpython: [
            `${ORIGIN}${family === socket.AF_INET ? 'test_sock_client_ops' : 'test_unix_sock_client_ops'}`,
          ],
        },
      );

    it(
      'leaves the bytes in the socket when the waiting task is cancelled',
      async (loop) => {
        const server = httpServer(loop, listening(driver.name));
        const sock = stream(driver.name);
        await loop.sockConnect(sock, server.address);
        const buffer = Buffer.alloc(1024);
        const task = createTask(async () => await loop.sockRecvInto(sock, buffer));
        await sleep(0);
        task.cancel();

        const sending = createTask(async () => await loop.sockSendall(sock, GET));
        await sleep(0);
        const nbytes = await loop.sockRecvInto(sock, buffer);

        assert.match(String(buffer.subarray(0, nbytes)), /^HTTP\/1\.0 200 OK/);
        await sending;
        sock.close();
        await server.stop();
      },
      { ...REAL, cpython: [`${ORIGIN}test_sock_client_racing`] },
    );
  });

  loopBehaviour(`loop.sockSendall ${on}`, (it) => {
    it(
      'fails when its buffer is detached while it waits',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          const make = (): Uint8Array<ArrayBuffer> => new Uint8Array(1000);
          const [sending, data] = await sendingWithoutRoom(loop, client, make);
          structuredClone(data.buffer, { transfer: [data.buffer] });
          const receiving = createTask(async () => {
            for (;;) await loop.sockRecv(server, 65_536);
          });

          await rejects(sending, RangeError, {
            message: 'data shrank from 1000 to 0 bytes while it was being sent',
          });
          receiving.cancel();
          await rejects(receiving, CancelledError);
        });
      },
      REAL,
    );

    it(
      'works again after a pending one was cancelled',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          const hello = (): Buffer => Buffer.from('hello');
          const [cancelled] = await sendingWithoutRoom(loop, client, hello, () => {
            for (let size = 8192; size >= 1; size >>= 1) filled(client, Buffer.alloc(size, ' '));
          });
          cancelled.cancel();
          const receiving = createTask(async () => {
            let all = '';
            for (;;) {
              const data = await loop.sockRecv(server, 8192);
              if (data.length === 0) return all;
              all += String(data).trim();
            }
          });
          await sleep(0);

          await loop.sockSendall(client, Buffer.from('world'));
          client.shutdown(socket.SHUT_WR);

          assert.match(await receiving, /^(hello)?world$/);
          await rejects(cancelled, CancelledError);
        });
      },
      { ...REAL, cpython: [`${ORIGIN}test_sock_client_racing`] },
    );

    it(
      'sends immediately once the socket is writable again, also after a cancelled send',
      async (loop) => {
        const pair = socket.socketpair(undefined, undefined, 0, { driver: driver.name });
        await closing(pair, async () => {
          const [one, other] = pair;
          one.setblocking(false);
          const cancelled = loop.sockSendall(one, Buffer.alloc(10_000_000));
          await settle(loop);
          cancelled.cancel();

          other.recv(64 * 1024);
          const sent = loop.sockSendall(one, Buffer.from('text'));

          assert.is(sent.done(), true);
        });
      },
      REAL,
    );

    for (const [style, origin] of [
      ['sockRecv', 'test_huge_content'],
      ['sockRecvInto', 'test_huge_content_recvinto'],
    ] as const)
      it(
        `sends a million bytes while ${style} receives them back`,
        async (loop) => {
          const size = 1_000_000;
          const content = Buffer.from('0123456789'.repeat(size / 10));
          const server = httpServer(loop, listening(driver.name));
          const sock = stream(driver.name);
          await loop.sockConnect(sock, server.address);
          await loop.sockSendall(
            sock,
            Buffer.from(`POST /loop HTTP/1.0\r\nContent-Length: ${size}\r\n\r\n`),
          );

          const sending = createTask(async () => await loop.sockSendall(sock, content));
          const parts: Buffer[] = [];
          const buffer = Buffer.alloc(size);
          for (;;) {
            const part =
              style === 'sockRecv'
                ? await loop.sockRecv(sock, size)
                : Buffer.from(buffer.subarray(0, await loop.sockRecvInto(sock, buffer)));
            if (part.length === 0) break;
            parts.push(Buffer.from(part));
          }
          await sending;

          const answer = Buffer.concat(parts);
          const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4);
          assert.match(String(answer.subarray(0, 20)), /^HTTP\/1\.0 200 OK/);
          assert.ok(body.equals(content));
          sock.close();
          await server.stop();
        },
        { ...REAL, cpython: [`${ORIGIN}${origin}`] },
      );

    it(
      'lets the caller reuse the array when it is done',
      async (loop) => {
        const { client, server, all } = await connection(loop, driver);
        await closing(all, async () => {
          const data = Buffer.alloc(300_000, 'a');
          const receiving = createTask(async () => {
            const parts: Uint8Array[] = [];
            for (let size = 0; size < data.length; size += parts.at(-1)?.length ?? 0)
              parts.push(await loop.sockRecv(server, 65_536));
            return Buffer.concat(parts);
          });

          await loop.sockSendall(client, data);
          data.fill('b');

          assert.ok((await receiving).equals(Buffer.alloc(300_000, 'a')));
        });
      },
      REAL,
    );

    it(
      'returns a resolved future if everything is sent immediately',
      async (loop) => {
        const { client, all } = await connection(loop, driver);
        await closing(all, async () => {
          const sent = loop.sockSendall(client, Buffer.from('x'));

          assert.ok(sent instanceof Operation);
          assert.equal([sent.done(), sent.cancel(), sent.result()], [true, false, undefined]);
          assert.is(String(sent), '<Future finished result=None>');
          assert.is(await sent.then(() => 'then'), 'then');
          assert.is(await createTask(sent), undefined);
          const told = loop.createFuture();
          sent.addDoneCallback((future) => told.setResult(String(future)));
          assert.is(await told, String(sent));
        });
      },
      REAL,
    );

    it(
      'reports a broken connection even if there is nothing to send',
      async (loop) => {
        const { client, all } = await connection(loop, driver);
        await closing(all, async () => {
          await loop.sockSendall(client, new Uint8Array());
          client.shutdown(socket.SHUT_WR);

          await rejects(loop.sockSendall(client, new Uint8Array()), BrokenPipeError);
        });
      },
      REAL,
    );

    it(
      'sends an empty datagram',
      async (loop) => {
        const [one, other] = [datagram(driver.name), datagram(driver.name)];
        await closing([one, other], async () => {
          other.bind(freshAddress(socket.AF_INET));
          await loop.sockConnect(one, other.getsockname() as socket.AddressInput);

          await loop.sockSendall(one, new Uint8Array());
          await loop.sockSendall(one, Buffer.from('next'));

          assert.is((await loop.sockRecvfrom(other, 10))[0].length, 0);
          assert.is(String((await loop.sockRecvfrom(other, 10))[0]), 'next');
        });
      },
      REAL,
    );

    it(
      'refuses a string immediately',
      async (loop) => {
        const { client, all } = await connection(loop, driver);
        await closing(all, async () => {
          throws(() => loop.sockSendall(client, 'text' as unknown as Uint8Array), TypeError, {
            message: /data must be a Uint8Array, got a string/,
          });
        });
      },
      REAL,
    );

    it(
      'refuses a second send while one is pending',
      async (loop) => {
        const { client, all } = await connection(loop, driver);
        await closing(all, async () => {
          filled(client);
          const waiting = loop.sockSendall(client, Buffer.alloc(500_000));

          throws(() => loop.sockSendall(client, GET), RuntimeError, {
            message: /already sending or connecting/,
          });

          waiting.cancel();
        });
      },
      REAL,
    );
  });

  loopBehaviour(`loop.sockConnect ${on}`, (it) => {
    it(
      'fails with ConnectionRefusedError if nothing listens, with the address',
      async (loop) => {
        const taken = stream(driver.name);
        taken.bind(freshAddress(socket.AF_INET));
        const address = taken.getsockname() as readonly [string, number];
        taken.close();
        const sock = stream(driver.name);

        const error = await rejects(loop.sockConnect(sock, address), ConnectionRefusedError, {
          code: 'ECONNREFUSED',
        });

        assert.is(
          (error as Error).message,
          `[Errno 111] Connect call failed ('127.0.0.1', ${address[1]})`,
        );
        sock.close();
      },
      { ...REAL, cpython: [`${ORIGIN}test_sock_client_fail`] },
    );

    it(
      'connects after an attempt to the same address was cancelled',
      async (loop) => {
        const listener = stream(driver.name);
        listener.bind(freshAddress(socket.AF_INET));
        const address = listener.getsockname() as socket.AddressInput;
        const sock = stream(driver.name);
        await closing([listener, sock], async () => {
          const connecting = createTask(async () => await loop.sockConnect(sock, address));
          await sleep(0);
          connecting.cancel();
          listener.listen(1);

          let outcome = 'never';
          for (let tries = 0; tries < 128 && outcome !== 'connected'; tries += 1)
            outcome = await loop.sockConnect(sock, address).then(
              () => 'connected',
              (error: unknown) => {
                if (!(error instanceof ConnectionRefusedError)) throw error;
                return 'refused';
              },
            );

          assert.is(outcome, 'connected');
        });
      },
      { ...REAL, cpython: [`${ORIGIN}test_sock_client_connect_racing`] },
    );

    it(
      'looks up a host name',
      async (loop) => {
        const listener = listening(driver.name);
        const sock = stream(driver.name);
        await closing([listener, sock], async () => {
          const [, port] = listener.getsockname() as readonly [string, number];

          await loop.sockConnect(sock, ['localhost', port]);

          assert.equal([...(sock.getpeername() as unknown as [])], ['127.0.0.1', port]);
        });
      },
      REAL,
    );

    it(
      'accepts a port as a string or bytes',
      async (loop) => {
        const listener = listening(driver.name);
        const [, port] = listener.getsockname() as readonly [string, number];
        for (const text of [String(port), ` +${port}`, Buffer.from(String(port)) as never]) {
          const sock = stream(driver.name);
          await closing([sock], async () => {
            await loop.sockConnect(sock, ['127.0.0.1', text]);

            assert.equal([...(sock.getpeername() as unknown as [])], ['127.0.0.1', port]);
          });
        }
        listener.close();
      },
      REAL,
    );

    it(
      'looks up a service name',
      async (loop) => {
        const listener = listening(driver.name);
        const address = listener.getsockname();
        const asked: unknown[] = [];
        loop.getaddrinfo = ((host: string, port: string): unknown => {
          asked.push([host, port]);
          return Promise.resolve([['', '', 0, '', address]]);
        }) as never;
        const sock = stream(driver.name);
        await closing([listener, sock], async () => {
          await loop.sockConnect(sock, ['127.0.0.1', 'our-service']);

          assert.equal(asked, [['127.0.0.1', 'our-service']]);
          assert.equal(sock.getpeername(), address);
        });
      },
      REAL,
    );

    it('refuses an invalid port', async (loop) => {
      const sock = stream(driver.name);
      await closing([sock], async () => {
        throws(() => loop.sockConnect(sock, ['127.0.0.1', 1.5]), RangeError);
        throws(() => loop.sockConnect(sock, ['127.0.0.1', {} as never]), TypeError);
        await rejects(loop.sockConnect(sock, ['127.0.0.1', 'no-such-service']), OSError, {
          message: /Servname not supported/,
        });
      });
    });

    it(
      'looks up a name for the family of its socket',
      async (loop) => {
        const asked: unknown[] = [];
        const found = [['', '', 0, '', ['127.0.0.1', 9] as const]];
        loop.getaddrinfo = ((host: string, port: number, options: object): unknown => {
          asked.push([host, port, options]);
          return Promise.resolve(found);
        }) as never;
        const sock = datagram(driver.name);

        await loop.sockConnect(sock, ['no.such.name', 8080]);

        const { family, type, proto } = sock;
        assert.equal(asked, [['no.such.name', 8080, { family, type, proto, flags: 0 }]]);
        assert.equal([...(sock.getpeername() as unknown as [])], ['127.0.0.1', 9]);
        found.pop();
        await rejects(loop.sockConnect(sock, ['no.such.name', 8080]), OSError, {
          message: 'getaddrinfo() returned empty list',
        });
        sock.close();
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::BaseSelectorEventLoopTests::test_sock_connect_resolve_using_socket_params',
        ],
      },
    );
  });

  loopBehaviour(`loop.sockConnect to a path ${on}`, (it) => {
    it(
      'fails with the error message of the system',
      async (loop) => {
        const sock = stream(driver.name, socket.AF_UNIX);

        await rejects(loop.sockConnect(sock, freshAddress(socket.AF_UNIX)), OSError, {
          message: '[Errno 2] No such file or directory',
        });

        sock.close();
      },
      REAL,
    );
  });

  loopBehaviour(`loop.sockConnect to a full backlog ${on}`, (it) => {
    it(
      'fails with EAGAIN immediately over AF_UNIX',
      async (loop) => {
        const listener = stream(driver.name, socket.AF_UNIX);
        listener.bind(freshAddress(socket.AF_UNIX));
        listener.listen(0);
        const path = listener.getsockname() as string;
        const clients = Array.from({ length: 8 }, () => stream(driver.name, socket.AF_UNIX));
        await closing([listener, ...clients], async () => {
          // In one turn: libuv accepts in its own.
          const outcomes = await Promise.allSettled(
            clients.map((client) => loop.sockConnect(client, path)),
          );

          const last = outcomes.at(-1) as PromiseRejectedResult;
          assert.is(last.status, 'rejected');
          assert.instance(last.reason, OSError);
          assert.is(last.reason.code, 'EAGAIN');
          assert.is(last.reason.message, '[Errno 11] Resource temporarily unavailable');
        });
      },
      REAL,
    );
  });

  loopBehaviour(`loop.sockRecvfrom ${on}`, (it) => {
    it(
      'receives a datagram and the address of its sender',
      async (loop) => {
        const bound = datagram(driver.name);
        bound.bind(freshAddress(socket.AF_INET));
        const server = datagramEchoServer(loop, bound);
        const sock = datagram(driver.name);
        const data = Buffer.alloc(4096, 1);

        const sent = await loop.sockSendto(sock, data, server.address);
        const [received, from] = await loop.sockRecvfrom(sock, 4096);

        assert.is(sent, 4096);
        assert.ok(data.equals(received));
        assert.equal([...(from as unknown as [])], [...(server.address as unknown as [])]);
        sock.close();
        await server.stop();
      },
      { ...REAL, cpython: [`${ORIGIN}test_recvfrom`] },
    );

    it(
      'receives a datagram into an array, up to a given number of bytes',
      async (loop) => {
        const bound = datagram(driver.name);
        bound.bind(freshAddress(socket.AF_INET));
        const server = datagramEchoServer(loop, bound);
        const sock = datagram(driver.name);
        const data = Buffer.alloc(4096, 1);
        const buffer = Buffer.alloc(8192);

        await loop.sockSendto(sock, data, server.address);
        const [whole] = await loop.sockRecvfromInto(sock, buffer.subarray(0, 4096));
        await loop.sockSendto(sock, data, server.address);
        const [limited, from] = await loop.sockRecvfromInto(sock, buffer, 4096);

        assert.equal([whole, limited], [4096, 4096]);
        assert.ok(buffer.subarray(0, 4096).equals(data));
        assert.equal([...(from as unknown as [])], [...(server.address as unknown as [])]);
        sock.close();
        await server.stop();
      },
      { ...REAL, cpython: [`${ORIGIN}test_recvfrom_into`] },
    );

    it(
      'refuses more bytes than the array holds, and loses no datagram',
      async (loop) => {
        const bound = datagram(driver.name);
        bound.bind(freshAddress(socket.AF_INET));
        const server = datagramEchoServer(loop, bound);
        const sock = datagram(driver.name);
        const data = Buffer.alloc(4096, 1);
        const buffer = Buffer.alloc(5000);
        await loop.sockSendto(sock, data, server.address);

        throws(() => loop.sockRecvfromInto(sock, buffer, buffer.length + 1), RangeError);

        const [nbytes] = await loop.sockRecvfromInto(sock, buffer);
        assert.ok(buffer.subarray(0, nbytes).equals(data));
        sock.close();
        await server.stop();
      },
      { ...REAL, cpython: [`${ORIGIN}test_recvfrom_into_wrong_size`] },
    );
  });

  loopBehaviour(`loop.sockSendto ${on}`, (it) => {
    it(
      'accepts localhost as a host',
      async (loop) => {
        const [one, other] = [datagram(driver.name), datagram(driver.name)];
        await closing([one, other], async () => {
          one.bind(freshAddress(socket.AF_INET));
          const [, port] = one.getsockname() as readonly [string, number];

          await loop.sockSendto(other, Buffer.from('hi'), ['localhost', port]);

          assert.is(String((await loop.sockRecvfrom(one, 10))[0]), 'hi');
        });
      },
      REAL,
    );

    it(
      'waits while the socket is not writable',
      async (loop) => {
        const bound = datagram(driver.name);
        bound.bind(freshAddress(socket.AF_INET));
        const server = datagramEchoServer(loop, bound);
        const sock = datagram(driver.name);
        const endpoint = sock._endpoint;
        const usual = endpoint.trySendto;
        endpoint.trySendto = () => -1;
        loop.callSoon(() => {
          endpoint.trySendto = usual;
          endpoint.writer?.ready();
        });
        const data = Buffer.alloc(4096, 1);

        await loop.sockSendto(sock, data, server.address);
        const [received] = await loop.sockRecvfrom(sock, 4096);

        assert.ok(data.equals(received));
        sock.close();
        await server.stop();
      },
      { ...REAL, cpython: [`${ORIGIN}test_sendto_blocking`] },
    );
  });
}

behaviour('loop.sockAccept when descriptors run out', (it) => {
  it('leaves no timer behind if the exception handler cancels the wait', async () => {
    await runChecked(async () => {
      const loop = getRunningLoop();
      const listener = listening('memory');
      const task = createTask(async () => void (await loop.sockAccept(listener)));
      await sleep(0);
      listener._endpoint.tryAccept = () => {
        throw osError('EMFILE', 'accept');
      };
      loop.setExceptionHandler(() => void task.cancel());

      listener._endpoint.reader?.ready();

      await rejects(task, CancelledError);

      listener.close();
    });
  });
});
