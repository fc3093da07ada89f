import { openSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { OSError } from '../../../src/base/errors/os-errors.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import {
  attempt,
  connectedPair,
  DRIVERS,
  datagram,
  freshPath,
  receivedAll,
  receivedMessage,
} from '../../support/drivers.ts';
import { openDescriptors } from '../../support/processes.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const MSG = Buffer.from('message');
const INT = 4;
const { CMSG_LEN, CMSG_SPACE, MSG_CTRUNC, SCM_RIGHTS, SOL_SOCKET } = socket;

/** How many descriptors there are of sockets, and of files such as these; others open some of their own. */
function countOpen(): number {
  const found = [...openDescriptors().values()];
  return found.filter((target) => /^socket:| \(deleted\)$/.test(target)).length;
}

/** Files that hold their index, and nothing else. */
function files(count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const path = freshPath();
    const fd = openSync(path, 'w+');
    unlinkSync(path);
    writeSync(fd, String(index));
    return fd;
  });
}

function close(fds: readonly number[]): void {
  for (const fd of fds) socket.close(fd);
}

function rights(fds: readonly number[]): socket.AncillaryInput {
  return [SOL_SOCKET, SCM_RIGHTS, Int32Array.from(fds)];
}

/** The descriptors in ancillary data, which is of nothing else. */
function fdsIn(ancdata: readonly socket.AncillaryData[]): number[] {
  return ancdata.flatMap(([level, type, data]) => {
    assert.equal([level, type], [SOL_SOCKET, SCM_RIGHTS]);
    return Array.from({ length: Math.floor(data.length / INT) }, (_, n) =>
      data.readInt32LE(n * INT),
    );
  });
}

/** Checks that these are the first of {@link files}, that children do not inherit them, and closes them. */
function checkAndClose(fds: readonly number[]): void {
  for (const [index, fd] of fds.entries()) {
    const buffer = Buffer.alloc(10);
    assert.is(String(buffer.subarray(0, readSync(fd, buffer, 0, 10, 0))), String(index));
    const flags = /^flags:\s+0*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    assert.ok((Number.parseInt(flags?.[1] ?? '', 8) & socket.SOCK_CLOEXEC) !== 0);
  }
  close(fds);
}

for (const { name } of DRIVERS.filter((driver) => driver.name.startsWith('posix'))) {
  const pair = (): [socket.Socket, socket.Socket] =>
    socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver: name });

  /** Sends descriptors, and gives what is received; checks that none is left open but those. */
  async function passed(
    items: readonly socket.AncillaryInput[],
    ...args: [ancbufsize?: number, flags?: number]
  ) {
    const [one, other] = pair();
    assert.is(one.sendmsg([MSG], items), MSG.length);
    const before = countOpen();
    const [data, ancdata, flags, address] = await receivedMessage(other, MSG.length, ...args);
    assert.equal([String(data), address], [String(MSG), undefined]);
    one.close();
    other.close();
    assert.is(countOpen(), before - 2 + fdsIn(ancdata).length);
    return { ancdata, flags };
  }

  behaviour(`Descriptors over AF_UNIX (${name})`, (it) => {
    it('arrive as duplicates that no child inherits', async () => {
      const sent = files(4);
      const bytes = new Uint8Array(Int32Array.of(sent[0] as number).buffer);

      for (const [items, count] of [
        [[[SOL_SOCKET, SCM_RIGHTS, bytes]], 1],
        [[rights(sent)], 4],
        [[rights(sent.slice(0, 1)), rights(sent.slice(1, 2))], 2],
      ] as const)
        for (const room of [10_240, CMSG_SPACE(count * INT), CMSG_LEN(count * INT)]) {
          const { ancdata, flags } = await passed(items, room);
          assert.is(flags, 0);
          assert.is(fdsIn(ancdata).length, count);
          checkAndClose(fdsIn(ancdata));
        }
      close(sent);
    });

    it('are whole ints: leftover bytes are not a descriptor', async () => {
      const sent = files(2);
      const bytes = Buffer.alloc(2 * INT);
      bytes.writeInt32LE(sent[0] as number, 0);
      bytes.writeInt32LE(-0x5555, INT);
      const partial: socket.AncillaryInput = [SOL_SOCKET, SCM_RIGHTS, bytes.subarray(0, 7)];

      assert.equal((await passed([[SOL_SOCKET, SCM_RIGHTS, new Uint8Array(0)]], 1024)).ancdata, []);
      const short: socket.AncillaryInput = [SOL_SOCKET, SCM_RIGHTS, bytes.subarray(INT, 7)];
      assert.equal((await passed([short], 1024)).ancdata, []);
      const { ancdata } = await passed([partial, rights(sent.slice(1))], 1024);
      assert.is(fdsIn(ancdata).length, 2);
      checkAndClose(fdsIn(ancdata));
      close(sent);
    });

    it('are closed if there is no room, and the flags say so', async () => {
      const sent = files(2);
      for (let room = 0; room <= CMSG_LEN(2 * INT); room += 1) {
        const { ancdata, flags } = await passed([rights(sent)], room);
        const fitting = Math.max(0, Math.floor((room - CMSG_LEN(0)) / INT));
        assert.is(fdsIn(ancdata).length, fitting, `room ${room}`);
        assert.is(flags, fitting < 2 ? MSG_CTRUNC : 0);
        if (room < CMSG_LEN(INT)) assert.equal(ancdata, []);
        checkAndClose(fdsIn(ancdata));
      }
      assert.equal(await passed([rights(sent)]), { ancdata: [], flags: MSG_CTRUNC });
      close(sent);
    });

    it('are closed if a receive takes only the bytes', async () => {
      const [one, other] = pair();
      const sent = files(3);
      const before = countOpen();
      const buffer = Buffer.alloc(100);
      const takers: readonly (() => unknown)[] = [
        () => other.recv(100),
        () => other.recv(100, socket.MSG_DONTWAIT),
        () => other.recvInto(buffer),
        () => other.recvfrom(100),
        () => other.recvfromInto(buffer, 0, socket.MSG_WAITALL),
        () => other.recvmsg(100),
        () => other.recvmsg(100, 0, socket.MSG_PEEK) && other.recv(100),
      ];
      for (const take of takers) {
        socket.sendFds(one, [MSG], sent);
        take();
        assert.is(countOpen(), before);
      }
      // Nobody receives them at all.
      socket.sendFds(one, [MSG], sent);
      one.close();
      other.close();
      assert.is(countOpen(), before - 2);
      close(sent);
    });

    it('are sent and received by their numbers', async () => {
      const [one, other] = pair();
      const sent = files(4);

      assert.is(socket.sendFds(one, [MSG, MSG], new Set(sent)), 2 * MSG.length);
      const [data, fds, flags, address] = socket.recvFds(other, 100, 4);
      assert.equal([String(data), flags, address], [String(MSG).repeat(2), 0, undefined]);
      checkAndClose(fds);

      // Looked at only, they come again.
      socket.sendFds(one, [MSG], sent, socket.MSG_DONTWAIT);
      const [, seen] = socket.recvFds(other, 100, 4, socket.MSG_PEEK);
      checkAndClose(seen);
      const [, some, cut] = socket.recvFds(other, 100, 2);
      assert.equal([some.length, cut], [2, MSG_CTRUNC]);
      checkAndClose(some);

      socket.sendFds(one, [MSG], []);
      assert.equal(socket.recvFds(other, 100, 2).slice(1), [[], 0, undefined]);
      close(sent);
      one.close();
      other.close();
    });

    it('refuses anything but a descriptor, and sends nothing', async () => {
      const [one, other] = pair();
      const loose = socket.sendFds as (...args: unknown[]) => number;

      throws(() => loose(one, [MSG], 5), TypeError, {
        message: /^sendFds\(\): fds must be an iter/,
      });
      for (const fd of ['0', 1.5, undefined, one])
        throws(() => loose(one, [MSG], [0, fd]), Error, { message: /^sendFds\(\): a descriptor/ });
      throws(() => socket.sendFds(one, [MSG], [2 ** 31]), RangeError);
      await rejects(
        attempt(() => socket.sendFds(one, [MSG], [0, 9999])),
        OSError,
        { code: 'EBADF' },
      );
      await rejects(
        attempt(() => socket.sendFds(one, [MSG], [-1])),
        OSError,
        { code: 'EBADF' },
      );
      await rejects(
        attempt(() => socket.sendFds(one, [MSG], Array(254).fill(0))),
        OSError,
        { code: 'EINVAL' },
      );
      throws(() => socket.recvFds(other, 10, -1), RangeError, { message: /^recvFds\(\): maxfds/ });
      throws(() => socket.recvFds(other, -1, 1), RangeError);
      await rejects(
        attempt(() => other.recv(10)),
        OSError,
        { code: 'EAGAIN' },
      );
      one.close();
      other.close();
    });

    it('can be sockets, which continue to exist under another number', async () => {
      const [one, other] = pair();
      const { client, server, close: closeAll } = await connectedPair(name);
      socket.sendFds(one, [MSG], [server.fileno()]);
      server.close();

      const [, [fd]] = socket.recvFds(other, 100, 1);
      const again = socket.socket(-1, -1, -1, { fileno: fd, driver: name });
      assert.is(String(again.getpeername()), String(client.getsockname()));
      client.send(Buffer.from('still there'));
      assert.is(String(await receivedAll(again, 11)), 'still there');

      again.close();
      closeAll();
      one.close();
      other.close();
    });

    it("also come with datagrams, with the sender's address", async () => {
      const [from, to] = [datagram(name, socket.AF_UNIX), datagram(name, socket.AF_UNIX)];
      to.bind(freshPath());
      const sent = files(1);
      socket.sendFds(from, [MSG], sent, 0, to.getsockname() as string);
      const [, fds, , nobody] = socket.recvFds(to, 100, 1);
      assert.is(nobody, undefined);
      checkAndClose(fds);

      from.bind(freshPath());
      socket.sendFds(from, [MSG], sent, 0, to.getsockname() as string);
      const [, others, , address] = socket.recvFds(to, 100, 1);
      assert.is(address, from.getsockname());
      checkAndClose(others);
      close(sent);
      from.close();
      to.close();
    });

    it('do not stop what is received after them', async () => {
      const [one, other] = pair();
      const sent = files(1);
      one.send(Buffer.from('before'));
      socket.sendFds(one, [Buffer.from('with')], sent);
      one.send(Buffer.from('after'));

      // A receive stops at the bytes that descriptors come with, and behind them.
      const [first, none] = socket.recvFds(other, 100, 1);
      const texts = [String(first)];
      let fds = none;
      while (texts.join('').length < 'beforewithafter'.length) {
        const [data, more] = socket.recvFds(other, 100, 1);
        texts.push(String(data));
        fds = [...fds, ...more];
      }
      assert.is(texts.join(''), 'beforewithafter');
      checkAndClose(fds);
      close(sent);
      one.close();
      other.close();
    });

    it('come together with the credentials of the sender', async () => {
      const [one, other] = pair();
      other.setsockopt(SOL_SOCKET, socket.SO_PASSCRED, 1);
      const sent = files(1);
      socket.sendFds(one, [MSG], sent);

      const [, ancdata] = other.recvmsg(100, 1024);
      const own = ancdata.find(([, type]) => type === socket.SCM_CREDENTIALS)?.[2] as Buffer;
      assert.is(own.readInt32LE(0), process.pid);
      assert.is(own.readInt32LE(4), process.getuid?.());
      checkAndClose(fdsIn(ancdata.filter(([, type]) => type === SCM_RIGHTS)));
      close(sent);
      one.close();
      other.close();
    });
  });

  behaviour(`Ancillary data of IPv6 (${name})`, (it) => {
    const ends = (): [socket.Socket, socket.Socket] => {
      const [from, to] = [datagram(name, socket.AF_INET6), datagram(name, socket.AF_INET6)];
      to.bind(['::1', 0]);
      from.connect(to.getsockname());
      to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1);
      return [from, to];
    };
    const hops = (count: number): socket.AncillaryInput => [
      socket.IPPROTO_IPV6,
      socket.IPV6_HOPLIMIT,
      Int32Array.of(count),
    ];
    const trafficClass: socket.AncillaryInput = [
      socket.IPPROTO_IPV6,
      socket.IPV6_TCLASS,
      Int32Array.of(8),
    ];
    const values = (ancdata: readonly socket.AncillaryData[]): Record<number, number> =>
      Object.fromEntries(ancdata.map(([, type, data]) => [type, data.readInt32LE(0)]));

    it('receives the hop limit and the traffic class, and sets them', async () => {
      const [from, to] = ends();
      from.send(MSG);
      const [data, [item]] = await receivedMessage(to, 100, 10_240);
      assert.is(String(data), String(MSG));
      assert.equal(item?.slice(0, 2), [socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT]);
      assert.is(item?.[2].length, INT);

      from.sendmsg([MSG], [hops(2)]);
      const [, ancdata] = await receivedMessage(to, 100, CMSG_SPACE(INT));
      assert.equal(values(ancdata), { [socket.IPV6_HOPLIMIT]: 2 });

      to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1);
      from.sendmsg([MSG], [trafficClass, hops(3)]);
      const [, both, flags] = await receivedMessage(to, 100, 2 * CMSG_SPACE(INT));
      assert.equal(values(both), { [socket.IPV6_HOPLIMIT]: 3, [socket.IPV6_TCLASS]: 8 });
      assert.is(flags, 0);
      from.close();
      to.close();
    });

    it('is refused by the kernel if it has a wrong size', async () => {
      const [from, to] = ends();
      const odd: socket.AncillaryInput = [
        socket.IPPROTO_IPV6,
        socket.IPV6_HOPLIMIT,
        new Uint8Array(3),
      ];
      await rejects(
        attempt(() => from.sendmsg([MSG], [odd])),
        OSError,
        { code: 'EINVAL' },
      );
      from.close();
      to.close();
    });

    it('is truncated if there is too little room, and the flags say so', async () => {
      const [from, to] = ends();
      to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1);
      const most = 2 * CMSG_SPACE(INT);
      for (let room = 0; room <= most; room += 1) {
        from.sendmsg([MSG], [trafficClass, hops(3)]);
        const [data, ancdata, flags] = await receivedMessage(to, 100, room);
        assert.is(String(data), String(MSG));
        const whole = ancdata.filter(([, , bytes]) => bytes.length === INT);
        assert.is(flags, whole.length < 2 ? MSG_CTRUNC : 0, `room ${room}`);
        const expected = room < CMSG_LEN(INT) ? 0 : room < CMSG_SPACE(INT) + CMSG_LEN(INT) ? 1 : 2;
        assert.is(whole.length, expected, `room ${room}`);
      }
      from.sendmsg([MSG], [trafficClass, hops(3)]);
      assert.equal((await receivedMessage(to, 100)).slice(1, 3), [[], MSG_CTRUNC]);
      from.close();
      to.close();
    });
  });
}

behaviour('CMSG_LEN() and CMSG_SPACE()', (it) => {
  it('are those of C', () => {
    assert.equal([0, 1, 4, 8].map(CMSG_LEN), [16, 17, 20, 24]);
    assert.equal([0, 1, 4, 8, 9].map(CMSG_SPACE), [16, 24, 24, 24, 32]);
    assert.is(CMSG_LEN(0x7fffffff - 16), 0x7fffffff);
    assert.is(CMSG_SPACE(0x7fffffff - 24), 0x7fffffff - 7);
    for (const each of [CMSG_LEN, CMSG_SPACE]) {
      for (const wrong of [-1, 0x7fffffff, Infinity, NaN, 1.5])
        throws(() => each(wrong), RangeError);
      throws(() => each('1' as unknown as number), TypeError);
    }
    throws(() => CMSG_LEN(0x7fffffff - 15), RangeError);
    throws(() => CMSG_SPACE(0x7fffffff - 23), RangeError);
  });
});
