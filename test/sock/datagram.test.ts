import * as assert from 'uvu/assert';
import {
  BlockingIOError,
  ConnectionRefusedError,
  OSError,
} from '../../src/base/errors/os-errors.ts';
import * as socket from '../../src/socket.ts';
import { behaviour } from '../support/behaviour.ts';
import {
  attempt,
  DRIVERS,
  datagram,
  FAMILIES,
  freshAddress,
  readable,
  received,
  receivedFrom,
  whenReadable,
} from '../support/drivers.ts';
import { rejects } from '../support/rejects.ts';

/** Two datagram sockets, each with an address. */
function boundPair(name: socket.DriverName, family: number): [socket.Socket, socket.Socket] {
  const one = datagram(name, family);
  const other = datagram(name, family);
  one.bind(freshAddress(family));
  other.bind(freshAddress(family));
  return [one, other];
}

for (const { name, withoutUnixDatagrams } of DRIVERS) {
  for (const [familyName, family] of FAMILIES) {
    const unix = family === socket.AF_UNIX;
    behaviour(`a datagram socket (${name}, ${familyName})`, (it) => {
      if (unix && withoutUnixDatagrams !== undefined) {
        it('cannot be created', async () => {
          await rejects(
            attempt(() => datagram(name, family)),
            OSError,
            { code: 'ESOCKTNOSUPPORT', message: /Node has no AF_UNIX datagrams/ },
          );
        });
        it.skip('carries datagrams', withoutUnixDatagrams);
        return;
      }

      it('carries datagrams one by one, with the address of their sender', async () => {
        const [one, other] = boundPair(name, family);

        one.sendto(Buffer.from('first'), other.getsockname());
        one.sendto(Buffer.from('second'), other.getsockname());
        const [first, from] = await receivedFrom(other);
        const [second] = await receivedFrom(other);

        assert.is(`${first} ${second}`, 'first second');
        assert.is(String(from), String(one.getsockname()));
        one.close();
        other.close();
      });

      it('drops the rest of a datagram that was not read', async () => {
        const [one, other] = boundPair(name, family);

        one.sendto(Buffer.from('abcdef'), other.getsockname());
        one.sendto(Buffer.from('next'), other.getsockname());

        assert.is(String((await receivedFrom(other, 2))[0]), 'ab');
        assert.is(String((await receivedFrom(other))[0]), 'next');
        one.close();
        other.close();
      });

      it("carries whole datagrams up to the send buffer's size, and refuses larger ones", async () => {
        const [one, other] = boundPair(name, family);
        const to = other.getsockname();
        if (unix) one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000);
        const sendBuffer = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) as number;
        const longest = unix ? sendBuffer - 32 : family === socket.AF_INET ? 65_507 : 65_527;
        const into = Buffer.alloc(longest + 1);

        for (const length of [65_507, longest]) {
          const data = Buffer.alloc(length, 'x');
          for (const receive of [
            () => other.recv(2 ** 20).length,
            () => other.recvfrom(2 ** 20)[0].length,
            () => other.recv(2 ** 40).length,
            () => other.recvInto(into),
            () => other.recvfromInto(into)[0],
            () => other.recvmsg(2 ** 20)[0].length,
          ]) {
            one.sendto(data, to);
            assert.is(await whenReadable(other, receive), length);
          }
        }
        const tooLong = Buffer.alloc(longest + 1);
        await rejects(
          attempt(() => one.sendto(tooLong, to)),
          OSError,
          { code: 'EMSGSIZE', message: '[Errno 90] Message too long' },
        );
        one.close();
        other.close();
      });

      it('carries an empty datagram, which is not an end', async () => {
        const [one, other] = boundPair(name, family);

        one.sendto(Buffer.alloc(0), other.getsockname());
        one.sendto(Buffer.from('x'), other.getsockname());

        assert.is((await receivedFrom(other))[0].length, 0);
        assert.is(String((await receivedFrom(other))[0]), 'x');
        one.close();
        other.close();
      });

      it("receives into the caller's array", async () => {
        const [one, other] = boundPair(name, family);
        const into = Buffer.alloc(4, '.');

        one.sendto(Buffer.from('1'), other.getsockname());
        one.sendto(Buffer.from('abcdef'), other.getsockname());
        await receivedFrom(other);
        let got = other._endpoint.tryRecvfromInto(into.subarray(0, 3));
        if (got === undefined) {
          await readable(other);
          got = other._endpoint.tryRecvfromInto(into.subarray(0, 3));
        }

        assert.is(got?.nbytes, 3);
        assert.is(String(into), 'abc.');
        one.close();
        other.close();
      });

      it('says that it holds no datagram', async () => {
        const [one, other] = boundPair(name, family);

        await rejects(
          attempt(() => one.recvfrom(1)),
          BlockingIOError,
          { code: 'EAGAIN' },
        );
        one.close();
        other.close();
      });

      it('sends without an address when it is connected', async () => {
        const [one, other] = boundPair(name, family);

        one.connect(other.getsockname());
        one.send(Buffer.from('hello'));

        assert.is(String(await received(other)), 'hello');
        assert.is(String(one.getpeername()), String(other.getsockname()));
        one.close();
        other.close();
      });

      it('has no destination before it is connected', async () => {
        const sock = datagram(name, family);

        await rejects(
          attempt(() => sock.send(Buffer.from('x'))),
          OSError,
          { code: unix ? 'ENOTCONN' : 'EDESTADDRREQ' },
        );
        sock.close();
      });

      it('wakes waiting tasks when it is closed', async () => {
        const [one, other] = boundPair(name, family);
        assert.is(one._endpoint.tryRecv(1), undefined);
        const told = readable(one);

        one.close();

        await told;
        await rejects(
          attempt(() => one._endpoint.tryRecvfrom(1)),
          OSError,
          { code: 'EBADF' },
        );
        other.close();
      });

      it('refuses an address that is in use', async () => {
        const [one, other] = boundPair(name, family);
        const third = datagram(name, family);

        await rejects(
          attempt(() => third.bind(one.getsockname())),
          OSError,
          { code: 'EADDRINUSE' },
        );
        for (const sock of [one, other, third]) sock.close();
      });

      it('does not listen or accept', async () => {
        const sock = datagram(name, family);

        await rejects(
          attempt(() => sock.listen()),
          OSError,
          { code: 'EOPNOTSUPP' },
        );
        await rejects(
          attempt(() => sock.accept()),
          OSError,
          { code: 'EOPNOTSUPP' },
        );
        sock.close();
      });

      if (unix) {
        it('is an empty sender address if it has none', async () => {
          const [other, idle] = boundPair(name, family);
          const nameless = datagram(name, family);
          nameless.connect(other.getsockname());

          nameless.send(Buffer.from('one'));
          nameless.send(Buffer.from('two'));

          assert.equal(await receivedFrom(other), [Buffer.from('one'), '']);
          const view = new Uint8Array(3);
          assert.equal(other.recvfromInto(view), [3, '']);
          assert.is(String(Buffer.from(view)), 'two');
          for (const each of [nameless, other, idle]) each.close();
        });

        it('would block while the receiver has no room, and reports when there is room', async () => {
          const [one, other] = boundPair(name, family);
          const address = other.getsockname();
          while (one._endpoint.trySendto(Buffer.from('x'), address) > 0);
          const room = new Promise<void>((resolve) => {
            one._endpoint.writer = { ready: () => resolve() };
          });

          other.recv(1);

          await room;
          assert.is(one.sendto(Buffer.from('x'), address), 1);
          one.close();
          other.close();
        });
        return;
      }

      it('is bound by its first send', async () => {
        const [one, other] = boundPair(name, family);
        const sender = datagram(name, family);

        sender.sendto(Buffer.from('hello'), one.getsockname());
        const [, from] = await receivedFrom(one);
        one.sendto(Buffer.from('back'), from);

        assert.is(String(await received(sender)), 'back');
        for (const sock of [one, other, sender]) sock.close();
      });

      it('receives the first datagram even if it waited before it was bound', async () => {
        const [one, other] = boundPair(name, family);
        const sender = datagram(name, family);
        const answer = receivedFrom(sender);

        sender.sendto(Buffer.from('hello'), one.getsockname());
        const [, from] = await receivedFrom(one);
        one.sendto(Buffer.from('back'), from);

        assert.is(String((await answer)[0]), 'back');
        for (const sock of [one, other, sender]) sock.close();
      });

      it('reports that nothing listens, when it is connected', async () => {
        const [one, other] = boundPair(name, family);
        const address = other.getsockname();
        other.close();
        one.connect(address);

        one.send(Buffer.from('anybody?'));

        await rejects(received(one), ConnectionRefusedError);
        one.close();
      });

      it('drops datagrams that nothing receives, and continues', async () => {
        const [one, other] = boundPair(name, family);
        const datagrams = 5000;
        for (let sent = 0; sent < datagrams; sent += 1)
          one.sendto(Buffer.alloc(1000, 'x'), other.getsockname());

        await receivedFrom(other);
        let got = 1;
        while (other._endpoint.tryRecv(1000) !== undefined) got += 1;
        one.sendto(Buffer.from('after'), other.getsockname());
        let last = '';
        while (last !== 'after') last = String((await receivedFrom(other))[0]);

        assert.ok(got < datagrams, `${got} of ${datagrams} were kept`);
        one.close();
        other.close();
      });

      it('lets the caller overwrite what sendto() has taken', async () => {
        const [one, other] = boundPair(name, family);
        const data = Buffer.from('kept');

        one.sendto(data, other.getsockname());
        data.fill(0);

        assert.is(String((await receivedFrom(other))[0]), 'kept');
        one.close();
        other.close();
      });
    });
  }
}
