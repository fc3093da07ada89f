import { closeSync, openSync } from 'node:fs';
import { connect, createServer, Socket as NetSocket } from 'node:net';
import { devNull } from 'node:os';
import * as assert from 'uvu/assert';
import { OSError } from '../../../src/base/errors/os-errors.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import {
  accepted,
  attempt,
  connected,
  connectedPair,
  DRIVERS,
  datagram,
  listening,
  received,
  receivedAll,
  sentAll,
  stream,
} from '../../support/drivers.ts';
import { rejects } from '../../support/rejects.ts';

/** What Node's own socket has received when it ends. */
async function textOf(peer: NetSocket): Promise<string> {
  let text = '';
  for await (const chunk of peer) text += chunk;
  return text;
}

for (const { name, shown = name } of DRIVERS) {
  if (shown !== 'posix') continue;

  behaviour(`a socket's descriptor (${name})`, (it) => {
    it('can be used by node:net', async () => {
      const { client, server, listener, close } = await connectedPair(name);
      // It has waited: the selector knows it, and must forget it.
      assert.is(server._endpoint.tryRecv(1), undefined);

      const taken = new NetSocket({ fd: server.detach() });
      taken.end('from node');

      assert.is(String(await receivedAll(client)), 'from node');
      await sentAll(client, Buffer.from('to node'));
      client.shutdown(socket.SHUT_WR);
      assert.is(await textOf(taken), 'to node');
      listener.close();
      close();
    });

    it('comes from a socket of node:net', async () => {
      const server = createServer((peer) => peer.end('hello')).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const peer = connect(port, '127.0.0.1').pause();
      await new Promise((resolve) => peer.once('connect', resolve));
      const { fd } = (peer as unknown as { _handle: { fd: number } })._handle;

      const ours = socket.fromfd(fd, -1, -1, -1, { driver: name });
      peer.destroy();

      assert.equal([ours.family, ours.type, ours.proto], [2, 1, 6]);
      assert.is(String(await receivedAll(ours)), 'hello');
      ours.close();
      server.close();
    });

    it('has family, type and protocol', () => {
      for (const [family, type, proto] of [
        [socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP],
        [socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP],
        [socket.AF_UNIX, socket.SOCK_STREAM, 0],
      ] as const) {
        const made = socket.socket(family, type, 0, { driver: name });
        const again = socket.socket(-1, -1, -1, { driver: name, fileno: made.detach() });

        assert.equal([again.family, again.type, again.proto], [family, type, proto]);
        again.close();
      }
    });

    it('is refused if it is not a socket', async () => {
      const file = openSync(devNull, 'r');
      const take = (fileno: number) =>
        attempt(() => socket.socket(-1, -1, -1, { driver: name, fileno }));

      await rejects(take(file), OSError, { code: 'ENOTSOCK' });
      closeSync(file);
      await rejects(take(-1), RangeError, {
        message: 'socket(): fileno must be an integer from 0 to 2147483647, got -1',
      });
      await rejects(take('3' as never), TypeError);
    });

    it('is refused if another Socket has it', async () => {
      const sock = stream(name);
      const fileno = sock.fileno();

      await rejects(
        attempt(() => socket.socket(-1, -1, -1, { driver: name, fileno })),
        OSError,
        { code: 'EBUSY' },
      );
      sock.close();
    });

    it('can be duplicated', async () => {
      const { client, server, listener, close } = await connectedPair(name);
      server.setblocking(false);
      assert.is(server._endpoint.tryRecv(1), undefined);

      const twin = server.dup();
      server.close();
      await sentAll(client, Buffer.from('still'));

      assert.is.not(twin.fileno(), -1);
      assert.is(twin.gettimeout(), 0);
      assert.is(String(await received(twin)), 'still');
      twin.close();
      assert.is((await received(client)).length, 0);
      listener.close();
      close();
    });

    it('wakes waiting tasks when it is detached', async () => {
      const { server, close } = await connectedPair(name);
      assert.is(server._endpoint.tryRecv(1), undefined);
      let told = 0;
      server._endpoint.reader = {
        ready: () => {
          told += 1;
        },
      };

      const fd = server.detach();

      assert.is(told, 1);
      closeSync(fd);
      close();
    });
  });

  behaviour(`a real socket (${name})`, (it) => {
    it('shares a port with SO_REUSEPORT', () => {
      const one = stream(name);
      const other = stream(name);
      for (const sock of [one, other]) sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1);

      one.bind(['127.0.0.1', 0]);
      other.bind(one.getsockname());

      one.listen();
      other.listen();
      assert.is(String(one.getsockname()), String(other.getsockname()));
      one.close();
      other.close();
    });

    it('resets with SO_LINGER 0', async () => {
      const { client, server, close } = await connectedPair(name);
      const linger = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
      client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger);

      client.close();

      await rejects(received(server), OSError, { code: 'ECONNRESET' });
      close();
    });

    it('has buffers of the requested size', () => {
      const sock = stream(name);

      for (const option of [socket.SO_RCVBUF, socket.SO_SNDBUF]) {
        sock.setsockopt(socket.SOL_SOCKET, option, 16_384);
        // Linux doubles it, for its own accounts.
        assert.ok([16_384, 32_768].includes(sock.getsockopt(socket.SOL_SOCKET, option)));
      }
      sock.close();
    });

    it('creates pairs of kernel sockets', () => {
      const [one, other] = socket.socketpair(undefined, undefined, 0, { driver: name });

      for (const sock of [one, other])
        assert.is(sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), socket.SOCK_STREAM);
      one.close();
      other.close();
    });

    it('has AF_UNIX names outside of the file system', async () => {
      const listener = stream(name, socket.AF_UNIX);
      const path = `\0asyncio-ts-${name}-${process.pid}`;
      listener.bind(path);
      listener.listen();
      const client = stream(name, socket.AF_UNIX);

      await connected(client, path);
      const [server] = await accepted(listener);

      assert.is(listener.getsockname(), path);
      assert.is(client.getpeername(), path);
      for (const sock of [listener, client, server]) sock.close();
    });

    it('serves both IP versions, or one', async () => {
      const both = stream(name, socket.AF_INET6);
      both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0);
      both.bind(['::', 0]);
      both.listen();
      const client = stream(name);

      await connected(client, ['127.0.0.1', both.getsockname()[1] as number]);
      const [server, address] = await accepted(both);

      assert.is(address[0], '::ffff:127.0.0.1');
      for (const sock of [both, client, server]) sock.close();
    });

    it('reports a datagram that nothing received', async () => {
      const gone = datagram(name);
      gone.bind(['127.0.0.1', 0]);
      const address = gone.getsockname();
      gone.close();
      const sock = datagram(name);
      await connected(sock, address);

      sock.send(Buffer.from('x'));

      await rejects(received(sock), OSError, { code: 'ECONNREFUSED' });
      sock.close();
    });
  });
}

for (const { name, shown = name } of DRIVERS) {
  if (shown === 'posix') continue;
  behaviour(`a socket without a descriptor of its own (${name})`, (it) => {
    it('is reported', async () => {
      const sock = listening(name);

      await rejects(
        attempt(() => sock.dup()),
        OSError,
        { code: 'EOPNOTSUPP', message: new RegExp(`the ${name} driver has no descriptors`) },
      );
      sock.close();
    });
  });
}
