import * as assert from 'uvu/assert';
import {
  BlockingIOError,
  BrokenPipeError,
  ConnectionError,
  ConnectionRefusedError,
  ConnectionResetError,
  FileNotFoundError,
  OSError,
} from '../../src/base/errors/os-errors.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  accepted,
  attempt,
  connected,
  connectedPair,
  DRIVERS,
  FAMILIES,
  filled,
  freshAddress,
  listening,
  readable,
  received,
  receivedAll,
  sentAll,
  stream,
  writable,
} from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';

/** Receives what precedes a reset; fails if there is none. */
async function receivedUntilReset(sock: socket.Socket): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const receiving = async (): Promise<void> => {
    for (let size = 1; size > 0; )
      size = chunks[chunks.push(await received(sock)) - 1]?.length ?? 0;
  };
  await rejects(receiving(), ConnectionResetError);
  return Buffer.concat(chunks);
}

/** What every stream socket does, on every driver and in every family. */
for (const { name, real, shown = name } of DRIVERS) {
  for (const [familyName, family] of FAMILIES) {
    behaviour(`a stream socket (${name}, ${familyName})`, (it) => {
      it('carries bytes both ways', async () => {
        const { client, server, close } = await connectedPair(name, family);

        client.send(Buffer.from('ping'));
        const asked = await received(server);
        server.send(Buffer.from('pong'));
        const answered = await received(client);

        assert.is(`${asked} ${answered}`, 'ping pong');
        close();
      });

      it('does not change returned bytes when more arrive', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const sizes = [20_000, 100_000, 30_000, 70_000, 500, 262_144, 17_000];
        const kept: Uint8Array[] = [];

        for (let n = 0; n < 70; n += 1) {
          const size = sizes[n % sizes.length] as number;
          const sending = sentAll(client, Buffer.alloc(size, n));
          for (let rest = size; rest > 0; ) {
            const data = await received(server, 262_144);
            kept.push(data);
            rest -= data.length;
          }
          await sending;
        }

        const sent = Buffer.concat(
          Array.from({ length: 70 }, (_, n) => Buffer.alloc(sizes[n % sizes.length] as number, n)),
        );
        assert.ok(Buffer.concat(kept).equals(sent));
        close();
      });

      it('reports that accept() would have to wait', async () => {
        const listener = listening(name, family);

        await rejects(
          attempt(() => listener.accept()),
          BlockingIOError,
          {
            code: 'EAGAIN',
            message: '[Errno 11] Resource temporarily unavailable',
          },
        );
        listener.close();
      });

      it('reports that recv() would have to wait', async () => {
        const { server, close } = await connectedPair(name, family);

        await rejects(
          attempt(() => server.recv(1)),
          BlockingIOError,
          { code: 'EAGAIN' },
        );
        close();
      });

      it('keeps what recv() did not request', async () => {
        const { client, server, close } = await connectedPair(name, family);

        client.send(Buffer.from('abcdef'));
        const first = await received(server, 2);
        const rest = server.recv(10);

        assert.is(`${first} ${rest}`, 'ab cdef');
        close();
      });

      it('returns an empty array at the end, every time', async () => {
        const { client, server, close } = await connectedPair(name, family);

        client.send(Buffer.from('last'));
        client.close();
        const all = await receivedAll(server);

        assert.is(String(all), 'last');
        assert.is(server.recv(10).length, 0);
        assert.is(server.recv(10).length, 0);
        close();
      });

      it('can send after the peer has ended', async () => {
        const { client, server, close } = await connectedPair(name, family);

        client.shutdown(socket.SHUT_WR);
        assert.is((await received(server)).length, 0);
        server.send(Buffer.from('still here'));

        assert.is(String(await received(client)), 'still here');
        close();
      });

      it('refuses to send after shutdown(SHUT_WR)', async () => {
        const { client, close } = await connectedPair(name, family);

        client.shutdown(socket.SHUT_WR);

        await rejects(
          attempt(() => client.send(Buffer.from('x'))),
          BrokenPipeError,
          {
            code: 'EPIPE',
            message: '[Errno 32] Broken pipe',
          },
        );
        close();
      });

      it('ends its own receiving with shutdown(SHUT_RD)', async () => {
        const { server, close } = await connectedPair(name, family);
        const told = readable(server);
        assert.is(server._endpoint.tryRecv(1), undefined);

        server.shutdown(socket.SHUT_RD);

        await told;
        assert.is(server.recv(1).length, 0);
        close();
      });

      it('reports that send() would have to wait, and when there is room', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const sent = filled(client);
        await rejects(
          attempt(() => client.send(Buffer.from('x'))),
          BlockingIOError,
        );
        const room = writable(client);

        const got = await receivedAll(server, sent);
        await room;

        assert.is(got.length, sent);
        assert.is(client.send(Buffer.from('x')), 1);
        close();
      });

      it('lets the caller overwrite what send() has taken', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const data = Buffer.alloc(50_000);
        const wanted: Buffer[] = [];

        for (let round = 1; ; round += 1) {
          data.fill(round);
          const nbytes = client._endpoint.trySend(data, 0);
          if (nbytes < 0) break;
          wanted.push(Buffer.alloc(nbytes, round));
          data.fill(0);
        }
        client.shutdown(socket.SHUT_WR);

        assert.ok((await receivedAll(server)).equals(Buffer.concat(wanted)));
        close();
      });

      it('carries a megabyte of every byte unchanged, in both directions at once', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const data = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7) % 251));
        const both = [client, server];

        const [, , atClient, atServer] = await Promise.all([
          ...both.map((end) => sentAll(end, data)),
          receivedAll(client, data.length),
          receivedAll(server, data.length),
        ]);

        assert.ok((atClient as Buffer).equals(data));
        assert.ok((atServer as Buffer).equals(data));
        close();
      });

      it('sends what it has taken even if it is closed at once', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const sent = filled(client);

        client.close();

        assert.is((await receivedAll(server)).length, sent);
        close();
      });

      it('resets the connection with SO_LINGER and 0 seconds', async () => {
        const { client, server, close } = await connectedPair(name, family);
        client.setsockopt(
          socket.SOL_SOCKET,
          socket.SO_LINGER,
          Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]),
        );

        client.close();

        if (family === socket.AF_UNIX && real) assert.is((await received(server)).length, 0);
        else await rejects(received(server), ConnectionResetError, { code: 'ECONNRESET' });
        close();
      });

      it('resets the connection if bytes were left unread', async () => {
        const { client, server, close } = await connectedPair(name, family);
        server.send(Buffer.from('never read'));
        assert.is(String(await received(client, 5)), 'never');

        client.close();

        if (family === socket.AF_UNIX && name === 'node')
          assert.is((await received(server)).length, 0);
        else await rejects(received(server), ConnectionResetError);
        assert.is(server.recv(1).length, 0);
        await rejects(
          attempt(() => server.send(Buffer.from('x'))),
          BrokenPipeError,
        );
        close();
      });

      it('resets the connection even if it was shut down and has bytes to send', async () => {
        const { client, server, close } = await connectedPair(name, family);
        filled(client);
        client.shutdown(socket.SHUT_WR);
        client.setsockopt(
          socket.SOL_SOCKET,
          socket.SO_LINGER,
          Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]),
        );

        client.close();

        if (family === socket.AF_UNIX && real) await receivedAll(server);
        else await receivedUntilReset(server);
        const sending = async (): Promise<never> => {
          for (;;) {
            await new Promise(setImmediate);
            server.send(Buffer.from('x'));
          }
        };
        await rejects(sending(), BrokenPipeError);
        close();
      });

      it('delivers what came before a reset first', async () => {
        const { client, server, close } = await connectedPair(name, family);
        client.send(Buffer.from('before'));
        assert.is(String(await received(server, 3)), 'bef');
        client.setsockopt(
          socket.SOL_SOCKET,
          socket.SO_LINGER,
          Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]),
        );

        client.close();

        assert.is(String(await received(server, 10)), 'ore');
        close();
      });

      for (const nbytes of [10, 40_000])
        it(`distinguishes a reset after ${nbytes} bytes from an end`, async () => {
          const { client, server, close } = await connectedPair(name, family);
          // The system holds nothing back.
          if (family !== socket.AF_UNIX)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1);
          server.send(Buffer.from('never read'));
          await sentAll(client, Buffer.alloc(nbytes));

          client.close();

          assert.is((await receivedUntilReset(server)).length, nbytes);
          assert.is((await received(server)).length, 0);
          close();
        });

      it('distinguishes an end after bytes from a reset, even if it has ended itself', async () => {
        const { client, server, close } = await connectedPair(name, family);
        server.shutdown(socket.SHUT_WR);
        assert.is((await received(client)).length, 0);
        client.send(Buffer.alloc(10));

        client.close();

        assert.is((await receivedAll(server)).length, 10);
        close();
      });

      it('keeps what the peer sent before it interrupted a waiting send', async () => {
        const { client, server, close } = await connectedPair(name, family);
        filled(client);
        server.send(Buffer.from('the answer'));
        const room = writable(client);

        server.close();
        await room;

        await rejects(
          attempt(() => client.send(Buffer.from('more'))),
          ConnectionError,
        );
        assert.is(String(await received(client)), 'the answer');
        close();
      });

      it("returns the peer's address from accept()", async () => {
        const listener = listening(name, family);
        const client = stream(name, family);
        if (family === socket.AF_UNIX) client.bind(freshAddress(family));
        const [[server, address]] = await Promise.all([
          accepted(listener),
          connected(client, listener.getsockname()),
        ]);

        assert.is(String(client.getpeername()), String(listener.getsockname()));
        assert.is(String(server.getsockname()), String(listener.getsockname()));
        if (!(family === socket.AF_UNIX && real)) {
          assert.is(String(address), String(client.getsockname()));
          assert.is(String(server.getpeername()), String(address));
        }
        for (const sock of [listener, client, server]) sock.close();
      });

      it('keeps connections in the order of arrival', async () => {
        const listener = listening(name, family);
        const clients = [stream(name, family), stream(name, family), stream(name, family)];
        for (const [index, client] of clients.entries()) {
          await connected(client, listener.getsockname());
          client.send(Buffer.from([index]));
        }

        const order: number[] = [];
        for (const _ of clients) {
          const [server] = await accepted(listener);
          order.push((await received(server))[0] ?? -1);
          server.close();
        }

        assert.equal(order, [0, 1, 2]);
        for (const sock of [listener, ...clients]) sock.close();
      });

      it('drops connections that were not accepted when the listener is closed', async () => {
        const listener = listening(name, family);
        const client = stream(name, family);
        await connected(client, listener.getsockname());

        listener.close();

        if (family === socket.AF_UNIX && name === 'node')
          assert.is((await received(client)).length, 0);
        else await rejects(received(client), ConnectionResetError);
        client.close();
      });

      it('refuses an address that is in use, at the line of bind()', async () => {
        const listener = listening(name, family);
        const second = stream(name, family);

        await rejects(
          attempt(() => second.bind(listener.getsockname())),
          OSError,
          {
            code: 'EADDRINUSE',
            message: '[Errno 98] Address already in use',
          },
        );
        listener.close();
        second.close();
      });

      it('can bind again after a bind that failed', async () => {
        const listener = listening(name, family);
        const second = stream(name, family);
        await rejects(
          attempt(() => second.bind(listener.getsockname())),
          OSError,
        );

        second.bind(freshAddress(family));
        second.listen();

        assert.is.not(String(second.getsockname()), String(listener.getsockname()));
        listener.close();
        second.close();
      });

      it('reports that nothing listens', async () => {
        const listener = listening(name, family);
        const address = listener.getsockname();
        listener.close();
        const client = stream(name, family);

        // Node removes the path of a listener that it closes; the kernel leaves it.
        if (family === socket.AF_UNIX && shown !== 'posix')
          await rejects(connected(client, address), FileNotFoundError, { code: 'ENOENT' });
        else
          await rejects(connected(client, address), ConnectionRefusedError, {
            code: 'ECONNREFUSED',
            message: '[Errno 111] Connection refused',
          });
        client.close();
      });

      it('wakes waiting tasks when it is closed, and then fails with EBADF', async () => {
        const { server, close } = await connectedPair(name, family);
        filled(server);
        const told = Promise.all([readable(server), writable(server)]);

        server.close();

        await told;
        const ebadf = { code: 'EBADF', message: '[Errno 9] Bad file descriptor' };
        await rejects(
          attempt(() => server._endpoint.tryRecv(1)),
          OSError,
          ebadf,
        );
        await rejects(
          attempt(() => server._endpoint.trySend(Buffer.from('x'), 0)),
          OSError,
          ebadf,
        );
        await rejects(
          attempt(() => server.getsockname()),
          OSError,
          ebadf,
        );
        close();
      });

      it('wakes tasks that wait to accept when the listener is closed', async () => {
        const listener = listening(name, family);
        const told = readable(listener);

        listener.close();

        await told;
        await rejects(
          attempt(() => listener.accept()),
          OSError,
          { code: 'EBADF' },
        );
      });

      it('does not call a waiter that was removed', async () => {
        const { client, server, close } = await connectedPair(name, family);
        assert.is(server._endpoint.tryRecv(1), undefined);
        server._endpoint.reader = { ready: () => assert.unreachable('told after all') };
        server._endpoint.reader = undefined;

        client.send(Buffer.from('kept'));

        assert.is(String(await received(server)), 'kept');
        close();
      });

      it('can be read and written from within ready()', async () => {
        const { client, server, close } = await connectedPair(name, family);
        const data = Buffer.alloc(3_000_000, 'e');
        const endpoint = server._endpoint;
        let left: Buffer | undefined;
        const echo = {
          ready(): void {
            while (!endpoint.closed) {
              left ??= endpoint.tryRecv(65_536);
              if (left === undefined) {
                endpoint.reader = echo;
                return;
              }
              if (left.length === 0) return;
              const nbytes = endpoint.trySend(left, 0);
              if (nbytes < 0) {
                endpoint.writer = echo;
                return;
              }
              left = nbytes < left.length ? left.subarray(nbytes) : undefined;
            }
          },
        };

        echo.ready();
        const [back] = await Promise.all([receivedAll(client, data.length), sentAll(client, data)]);

        assert.ok(back.equals(data));
        close();
      });

      it('can be closed from within ready()', async () => {
        const { client, server, close } = await connectedPair(name, family);
        assert.is(server._endpoint.tryRecv(1), undefined);
        const closed = new Promise<void>((resolve) => {
          server._endpoint.reader = {
            ready() {
              server.close();
              resolve();
            },
          };
        });

        client.send(Buffer.alloc(200_000));
        await closed;

        await rejects(receivedAll(client), ConnectionResetError).catch((error) => {
          if (!(family === socket.AF_UNIX && real)) throw error;
        });
        close();
      });

      it("receives into the caller's array", async () => {
        const { client, server, close } = await connectedPair(name, family);
        const into = Buffer.alloc(8, '.');

        client.send(Buffer.from('abcdef'));
        assert.is(String(await received(server, 1)), 'a');
        const first = server.recvInto(into, 4);
        const rest = server.recvInto(into.subarray(4));

        assert.equal([first, rest], [4, 1]);
        assert.is(String(into), 'bcdef...');
        assert.is(server._endpoint.tryRecvInto(into), -1);
        close();
      });

      it('has no peer address before it is connected', async () => {
        const sock = stream(name, family);
        const notConnected = {
          code: 'ENOTCONN',
          message: '[Errno 107] Transport endpoint is not connected',
        };

        await rejects(
          attempt(() => sock.getpeername()),
          OSError,
          notConnected,
        );
        await rejects(
          attempt(() => sock.recv(1)),
          OSError,
          family === socket.AF_UNIX && shown === 'posix' ? { code: 'EINVAL' } : notConnected,
        );
        // Linux lets an AF_UNIX socket be shut down that is not connected.
        if (family !== socket.AF_UNIX || shown !== 'posix')
          await rejects(
            attempt(() => sock.shutdown(socket.SHUT_WR)),
            OSError,
            notConnected,
          );
        await rejects(
          attempt(() => sock.accept()),
          OSError,
          { code: 'EINVAL' },
        );
        sock.close();
      });

      it('refuses to connect twice', async () => {
        const { client, listener, close } = await connectedPair(name, family);

        await rejects(
          attempt(() => client.connect(listener.getsockname())),
          OSError,
          {
            code: 'EISCONN',
            message: '[Errno 106] Transport endpoint is already connected',
          },
        );
        close();
      });
    });
  }
}
