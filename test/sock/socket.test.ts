import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { BlockingIOError, gaierror, OSError } from '../../src/base/errors/os-errors.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  accepted,
  attempt,
  connected,
  connectedPair,
  DRIVERS,
  freshPath,
  stream,
} from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';

for (const { name, shown = name } of DRIVERS) {
  behaviour(`Socket (${name})`, (it) => {
    it('prints as in CPython', async () => {
      const { client, server, listener, close } = await connectedPair(name);
      const [here, there] = [listener.getsockname(), client.getsockname()];

      assert.is(
        String(listener),
        `<socket.socket fd=${listener.fileno()}, family=2, type=1, proto=0, laddr=${here}>`,
      );
      assert.is(
        inspect(server),
        `<socket.socket fd=${server.fileno()}, family=2, type=1, proto=0, laddr=${here}, raddr=${there}>`,
      );
      close();
      assert.is(`${client}`, '<socket.socket [closed] fd=-1, family=2, type=1, proto=0>');
    });

    it('prints paths without quotes, and leaves empty ones out', () => {
      const listener = stream(name, socket.AF_UNIX);
      const path = freshPath();
      assert.match(String(listener), /^<socket.socket fd=-?\d+, family=1, type=1, proto=0>$/);

      listener.bind(path);

      assert.ok(String(listener).endsWith(`, family=1, type=1, proto=0, laddr=${path}>`));
      listener.close();
    });

    it('is in blocking mode when it is new or accepted', async () => {
      const fresh = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, { driver: name });
      const { server, close } = await connectedPair(name);

      assert.is(fresh.getblocking(), true);
      assert.is(fresh.gettimeout(), undefined);
      assert.is(server.getblocking(), true);
      fresh.close();
      close();
    });

    it('keeps its mode and its time limit', () => {
      const sock = stream(name);

      assert.is(sock.getblocking(), false);
      assert.is(sock.gettimeout(), 0);
      sock.settimeout(2.5);
      assert.is(sock.gettimeout(), 2.5);
      assert.is(sock.getblocking(), true);
      sock.setblocking(false);
      assert.is(sock.gettimeout(), 0);
      sock.close();
    });

    it('hides the flags of its type', () => {
      const sock = stream(name);

      assert.equal([sock.family, sock.type, sock.proto, sock.driver], [2, 1, 0, shown]);
      sock.close();
    });

    it('is closed at the end of its block', () => {
      const sock = stream(name);

      sock[Symbol.dispose]();

      assert.is(sock.fileno(), -1);
      sock.close();
    });

    it('can be detached and opened again', async () => {
      const { client, server, listener, close } = await connectedPair(name);
      const fd = server.detach();
      assert.is(server.fileno(), -1);

      const again = socket.socket(undefined, undefined, undefined, { fileno: fd });
      client.send(Buffer.from('x'));

      assert.is(again.fileno(), fd);
      assert.is(String(again.getpeername()), String(client.getsockname()));
      again.close();
      listener.close();
      close();
    });

    it('throws for a number that is not a descriptor', async () => {
      const code = shown === 'posix' ? 'EBADF' : 'EOPNOTSUPP';

      await rejects(
        attempt(() => socket.socket(2, 1, 0, { driver: name, fileno: 12_345 })),
        OSError,
        { code },
      );
      await rejects(
        attempt(() => socket.fromfd(12_345, 2, 1, 0, { driver: name })),
        OSError,
        { code },
      );
    });

    it('refuses wrong arguments at once', () => {
      const driver = 5 as never;
      throws(() => Reflect.construct(socket.Socket, [2, 1, 0, driver]), TypeError, {
        message: 'sockets are created with socket(), got new Socket(2)',
      });
      const message = 'options must be an object, got 5';
      throws(() => socket.socket(2, 1, 0, driver), TypeError, { message });
      throws(() => socket.socketpair(1, 1, 0, driver), TypeError, { message });
      throws(() => socket.fromfd(0, 2, 1, 0, driver), TypeError, { message });
    });

    it('has the usual options', async () => {
      const { client, listener, close } = await connectedPair(name);

      assert.is(client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), socket.SOCK_STREAM);
      assert.is(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0);
      assert.is(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1);
      client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, true);
      assert.is(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1);
      client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1);
      assert.is(client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1);
      listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);
      assert.is(listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), 1);
      close();
    });

    it('returns SO_LINGER as in C', () => {
      const sock = stream(name);
      const linger = Buffer.from([1, 0, 0, 0, 5, 0, 0, 0]);

      sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger);

      assert.ok(linger.equals(sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)));
      assert.is(sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER), 1);
      sock.close();
    });

    it('refuses an option that the driver does not have', async () => {
      const sock = stream(name);
      const unknown = { code: 'ENOPROTOOPT', message: '[Errno 92] Protocol not available' };

      await rejects(
        attempt(() => sock.setsockopt(socket.SOL_SOCKET, 9999, 1)),
        OSError,
        unknown,
      );
      await rejects(
        attempt(() => sock.getsockopt(socket.SOL_SOCKET, 9999)),
        OSError,
        unknown,
      );
      sock.close();
    });

    it('passes on the options of a listener to accepted sockets', async () => {
      const listener = stream(name);
      listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1);
      listener.bind(['127.0.0.1', 0]);
      listener.listen();
      const client = stream(name);

      const [[server]] = await Promise.all([
        accepted(listener),
        connected(client, listener.getsockname()),
      ]);

      assert.is(server.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1);
      for (const sock of [listener, client, server]) sock.close();
    });

    it('resolves local names at the line of bind()', () => {
      const sock = stream(name);

      sock.bind(['localhost', 0]);

      assert.is((sock.getsockname() as socket.InetAddress)[0], '127.0.0.1');
      sock.close();
    });

    it('does not look up other names', async () => {
      const sock = stream(name);

      await rejects(
        attempt(() => sock.bind(['nowhere.invalid', 0])),
        gaierror,
        { code: 'ENOTFOUND', message: '[Errno -2] Name or service not known' },
      );
      sock.close();
    });

    it('returns the outcome of connecting as a number', async () => {
      const { listener, close } = await connectedPair(name);
      const sock = stream(name);

      const outcome = sock.connectEx(listener.getsockname());

      assert.is(outcome, name === 'memory' ? 0 : 115);
      sock.close();
      close();
    });

    it('says what was expected and what was passed', async () => {
      const { client: sock, close } = await connectedPair(name);
      // The compiler would refuse these too.
      const send = sock.send.bind(sock) as (data: unknown) => number;
      const bind = sock.bind.bind(sock) as (address: unknown) => void;
      const wrong: [() => unknown, typeof TypeError, string][] = [
        [() => sock.recv(-1), RangeError, 'recv(): nbytes must be an integer >= 0, got -1'],
        [() => sock.recv(1.5), RangeError, 'recv(): nbytes must be an integer >= 0, got 1.5'],
        [
          () => sock.recv('1' as never),
          TypeError,
          "recv(): nbytes must be an integer >= 0, got '1'",
        ],
        [() => send('text'), TypeError, 'send(): data must be a Uint8Array, got a string'],
        [
          () => bind(['127.0.0.1', 70_000]),
          RangeError,
          'bind(): the port must be an integer from 0 to 65535, got 70000',
        ],
        [
          () => bind(['127.0.0.1', '80']),
          TypeError,
          "bind(): the port must be an integer from 0 to 65535, got '80'",
        ],
        [
          () => bind('127.0.0.1:80'),
          TypeError,
          "bind(): an AF_INET address must be [host, port], got '127.0.0.1:80'",
        ],
        [() => bind([80, 80]), TypeError, 'bind(): the host must be a string, got 80'],
        [
          () => sock.recvInto(Buffer.alloc(2), 3),
          RangeError,
          'recvInto(): nbytes must be an integer from 0 to 2, got 3',
        ],
        [
          () => sock.shutdown(3),
          RangeError,
          'shutdown(): how must be an integer from 0 to 2, got 3',
        ],
        [
          () => sock.settimeout(-1),
          RangeError,
          'settimeout(): timeout must be a number of seconds >= 0, got -1',
        ],
        [
          () => sock.listen('5' as never),
          TypeError,
          "listen(): backlog must be an integer from -2147483648 to 2147483647, got '5'",
        ],
      ];

      for (const [call, ErrorClass, message] of wrong)
        await rejects(attempt(call), ErrorClass, { message });
      close();
    });

    it('returns nothing if nothing is requested', async () => {
      const { client, close } = await connectedPair(name);

      assert.is(client.recv(0).length, 0);
      close();
    });

    it('refuses families and types that the driver does not have', async () => {
      await rejects(
        attempt(() => socket.socket(99, 1, 0, { driver: name })),
        OSError,
        {
          code: 'EAFNOSUPPORT',
          message: '[Errno 97] Address family not supported by protocol',
        },
      );
      await rejects(
        attempt(() => socket.socket(2, 3, 0, { driver: name })),
        OSError,
        { code: 'ESOCKTNOSUPPORT' },
      );
    });
  });

  behaviour(`socketpair (${name})`, (it) => {
    it('creates two connected ends', () => {
      const [one, other] = socket.socketpair(undefined, undefined, 0, { driver: name });

      one.send(Buffer.from('over'));

      assert.is(String(other.recv(10)), 'over');
      assert.is(one.family, socket.AF_UNIX);
      one.close();
      assert.is(other.recv(10).length, 0);
      other.close();
    });

    it('reads what is available at each call, even after one that would have blocked', async () => {
      const [one, other] = socket.socketpair(undefined, undefined, 0, { driver: name });
      const buffer = new Uint8Array(10);
      const texts: string[] = [];
      const wouldBlock = (receive: () => unknown) => rejects(attempt(receive), BlockingIOError);

      for (const word of ['first', 'second', 'third']) {
        await wouldBlock(() => other.recv(10));
        one.send(Buffer.from(word));
        texts.push(String(other.recv(10)));
        await wouldBlock(() => other.recvInto(buffer));
        one.send(Buffer.from(word));
        texts.push(String(Buffer.from(buffer.subarray(0, other.recvInto(buffer)))));
      }

      assert.equal(texts, ['first', 'first', 'second', 'second', 'third', 'third']);
      one.close();
      assert.is(other.recv(10).length, 0);
      other.close();
    });

    it('accepts more as soon as the other end has received, even if it was full before', () => {
      const [one, other] = socket.socketpair(undefined, undefined, 0, { driver: name });
      const piece = new Uint8Array(64 * 1024);
      const fill = (): number => {
        let sent = 0;
        try {
          for (;;) sent += one.send(piece);
        } catch (error) {
          assert.instance(error, BlockingIOError);
          return sent;
        }
      };

      const sent: number[] = [];
      for (let n = 0; n < 3; n += 1) {
        sent.push(fill());
        for (let rest = sent[n] as number; rest > 0; ) rest -= other.recv(rest).length;
      }

      assert.ok(Math.min(...sent) > 0);
      one.close();
      other.close();
    });

    it('keeps datagrams apart', () => {
      const type = socket.SOCK_DGRAM;
      const [one, other] = socket.socketpair(socket.AF_UNIX, type, 0, { driver: name });

      one.send(Buffer.from('a'));
      one.send(Buffer.from('b'));

      assert.is(`${other.recv(10)}${other.recv(10)}`, 'ab');
      assert.is(other.getblocking(), true);
      one.close();
      other.close();
    });

    it('refuses the families of the internet', async () => {
      await rejects(
        attempt(() => socket.socketpair(socket.AF_INET, 1, 0, { driver: name })),
        OSError,
        { code: 'EOPNOTSUPP' },
      );
    });
  });
}
