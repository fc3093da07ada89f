import * as assert from 'uvu/assert';
import { BlockingIOError, OSError } from '../../../src/base/errors/os-errors.ts';
import * as socket from '../../../src/socket.ts';
import { behaviour } from '../../support/behaviour.ts';
import {
  attempt,
  connectedPair,
  DRIVERS,
  type DriverCase,
  datagram,
  freshAddress,
  received,
  receivedMessage,
  sentAll,
} from '../../support/drivers.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';

const MSG = Buffer.from('Michael Gilfix was here\n');

/** Who sends, who receives, and where to. */
interface Ends {
  readonly from: socket.Socket;
  readonly to: socket.Socket;
  /** For datagrams. */
  readonly address: socket.AddressInput | undefined;
  /** What recvmsg() says of the sender. */
  readonly sender: socket.Address | undefined;
  close(): void;
}

async function streamEnds(driver: DriverCase, family: number): Promise<Ends> {
  const { client: from, server: to, close } = await connectedPair(driver.name, family);
  return { from, to, address: undefined, sender: undefined, close };
}

async function datagramEnds({ name }: DriverCase, family: number): Promise<Ends> {
  const [from, to] = [datagram(name, family), datagram(name, family)];
  for (const end of [from, to]) end.bind(freshAddress(family));
  const close = (): void => {
    for (const end of [from, to]) end.close();
  };
  return { from, to, address: to.getsockname(), sender: from.getsockname(), close };
}

type Kind = readonly [name: string, make: (driver: DriverCase) => Promise<Ends>];

const STREAMS: readonly Kind[] = [
  ['TCP', (driver) => streamEnds(driver, socket.AF_INET)],
  ['AF_UNIX', (driver) => streamEnds(driver, socket.AF_UNIX)],
];

const DATAGRAMS: readonly Kind[] = [
  ['UDP', (driver) => datagramEnds(driver, socket.AF_INET)],
  ['UDP on IPv6', (driver) => datagramEnds(driver, socket.AF_INET6)],
];

for (const driver of DRIVERS) {
  for (const [kind, make] of [...STREAMS, ...DATAGRAMS]) {
    const isStream = STREAMS.some(([each]) => each === kind);

    behaviour(`sendmsg() over ${kind} (${driver.name})`, (it) => {
      it('sends several arrays as one', async () => {
        const { from, to, address, close } = await make(driver);
        function* parts(): Generator<Uint8Array> {
          yield MSG.subarray(0, 3);
          yield new Uint8Array(0);
          yield new Uint8Array(MSG.subarray(3));
        }

        for (const buffers of [[MSG], parts(), new Set([MSG])]) {
          assert.is(from.sendmsg(buffers, [], 0, address), MSG.length);
          assert.is(String(await received(to, MSG.length)), String(MSG));
        }
        close();
      });

      it('accepts ancillary data from any iterable, and flags that change nothing', async () => {
        const { from, to, address, close } = await make(driver);
        function* nothing(): Generator<never> {}

        from.sendmsg([MSG], nothing(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, address);

        assert.is(String(await received(to, MSG.length)), String(MSG));
        close();
      });

      it('refuses wrong arguments before it sends anything', async () => {
        const { from, to, address, close } = await make(driver);
        const loose = from as unknown as { sendmsg(...args: unknown[]): number };
        const refused = (args: unknown[], message: RegExp): void =>
          void throws(() => loose.sendmsg(...args), TypeError, { message });

        refused([], /^sendmsg\(\): buffers must be an iterable, got None$/);
        refused([MSG], /^sendmsg\(\): a buffer must be a Uint8Array, got 77$/);
        refused(['text'], /^sendmsg\(\): buffers must be an iterable, got a string$/);
        refused([[MSG, {}]], /^sendmsg\(\): a buffer must be a Uint8Array, got an object of class/);
        refused([[MSG], {}], /^sendmsg\(\): ancdata must be an iterable, got an object of class/);
        refused([[MSG], [], {}], /^sendmsg\(\): flags must be an integer/);
        refused([[MSG], [], 0, {}], /^sendmsg\(\): an AF_\w+ address must be/);
        for (const item of [{}, 0, [0, 0], [0, 0, MSG, 42]])
          refused(
            [[MSG], [item]],
            /^sendmsg\(\): ancillary data must be \[level, type, data\], got/,
          );
        refused([[MSG], [[{}, 0, MSG]]], /^sendmsg\(\): level must be an integer/);
        refused([[MSG], [[0, {}, MSG]]], /^sendmsg\(\): type must be an integer/);
        refused(
          [[MSG], [[0, 0, 'data']]],
          /^sendmsg\(\): ancillary data must be a Uint8Array or an Int32Array, got a string$/,
        );
        refused([[MSG], [[0, 0, MSG], {}]], /^sendmsg\(\): ancillary data must be/);
        throws(() => from.sendmsg([MSG], [[0, 2 ** 31, MSG]]), RangeError, {
          message: /^sendmsg\(\): type/,
        });
        throws(() => from.sendmsg([MSG], [], 2 ** 31), RangeError, {
          message: /^sendmsg\(\): flags/,
        });
        await rejects(
          attempt(() => from.sendmsg(Array(1025).fill(MSG))),
          OSError,
          {
            code: 'EMSGSIZE',
          },
        );

        from.sendmsg([Buffer.from('done')], [], 0, address);
        assert.is(String(await received(to, 1000)), 'done');
        close();
      });

      it('fails on a closed socket', async () => {
        const { from, close, address } = await make(driver);
        close();

        await rejects(
          attempt(() => from.sendmsg([MSG], [], 0, address)),
          OSError,
          { code: 'EBADF' },
        );
        await rejects(
          attempt(() => from.recvmsg(10)),
          OSError,
          { code: 'EBADF' },
        );
        await rejects(
          attempt(() => from.recvmsgInto([MSG])),
          OSError,
          { code: 'EBADF' },
        );
      });
    });

    behaviour(`recvmsg() over ${kind} (${driver.name})`, (it) => {
      it('receives a message and who sent it', async () => {
        const { from, to, address, sender, close } = await make(driver);

        from.sendmsg([MSG], [], 0, address);

        const [data, ancdata, flags, from_] = await receivedMessage(to, MSG.length);
        assert.is(String(data), String(MSG));
        assert.equal(ancdata, []);
        assert.is(flags, 0);
        assert.is(String(from_), String(sender));
        close();
      });

      it('would block if nothing has arrived', async () => {
        const { to, close } = await make(driver);

        await rejects(
          attempt(() => to.recvmsg(10)),
          BlockingIOError,
          { code: 'EAGAIN' },
        );
        await rejects(
          attempt(() => to.recvmsgInto([Buffer.alloc(2)])),
          BlockingIOError,
        );
        await rejects(
          attempt(() => to.recv(10, socket.MSG_PEEK)),
          BlockingIOError,
        );
        close();
      });

      it('leaves data that it only peeks at', async () => {
        const { from, to, address, close } = await make(driver);
        from.sendmsg([MSG], [], 0, address);

        const [part, , flags] = await receivedMessage(to, MSG.length - 3, 0, socket.MSG_PEEK);
        assert.is(String(part), String(MSG.subarray(0, -3)));
        assert.is(flags, isStream ? 0 : socket.MSG_TRUNC);
        const all = await receivedMessage(to, MSG.length, 0, socket.MSG_PEEK);
        assert.is(String(all[0]), String(MSG));
        assert.is(String(to.recv(4, socket.MSG_PEEK)), String(MSG.subarray(0, 4)));
        const buffer = Buffer.alloc(4);
        assert.is(to.recvInto(buffer, 2, socket.MSG_PEEK), 2);
        assert.equal([...buffer], [...MSG.subarray(0, 2), 0, 0]);

        assert.is(String((await receivedMessage(to, 1024))[0]), String(MSG));
        await rejects(
          attempt(() => to.recv(10, socket.MSG_PEEK)),
          BlockingIOError,
        );
        close();
      });

      it('fills several arrays one after another', async () => {
        const { from, to, address, close } = await make(driver);
        from.sendmsg([MSG], [], 0, address);
        await receivedMessage(to, 1, 0, socket.MSG_PEEK);
        const [one, two, three] = [Buffer.alloc(1), new Uint8Array(3), Buffer.alloc(100, '-')];

        const [nbytes, ancdata, flags] = to.recvmsgInto(new Set([one, two, three]));

        assert.is(nbytes, MSG.length);
        assert.equal([ancdata, flags], [[], 0]);
        assert.is(
          String(Buffer.concat([one, two, three.subarray(0, MSG.length - 4)])),
          String(MSG),
        );
        assert.is(String(three.subarray(MSG.length - 4)), '-'.repeat(104 - MSG.length));
        close();
      });

      it('refuses wrong arguments before it receives anything', async () => {
        const { from, to, address, close } = await make(driver);
        from.sendmsg([Buffer.from('done')], [], 0, address);
        await receivedMessage(to, 1, 0, socket.MSG_PEEK);
        const loose = to as unknown as {
          recvmsg(...args: unknown[]): unknown;
          recvmsgInto(...args: unknown[]): unknown;
        };
        const refused = (args: unknown[], message: RegExp, type: typeof Error = TypeError): void =>
          void throws(() => loose.recvmsg(...args), type, { message });
        const refusedInto = (
          args: unknown[],
          message: RegExp,
          type: typeof Error = TypeError,
        ): void => void throws(() => loose.recvmsgInto(...args), type, { message });

        refused([], /^recvmsg\(\): bufsize must be an integer >= 0, got None$/);
        refused([-1], /^recvmsg\(\): bufsize must be/, RangeError);
        refused([1, -1], /^recvmsg\(\): ancbufsize must be/, RangeError);
        refused([1, {}], /^recvmsg\(\): ancbufsize must be/);
        refused([1, 0, {}], /^recvmsg\(\): flags must be/);
        refusedInto([], /^recvmsgInto\(\): buffers must be an iterable, got None$/);
        refusedInto([MSG], /^recvmsgInto\(\): a buffer must be a Uint8Array, got 77$/);
        refusedInto([[Buffer.alloc(1), {}]], /^recvmsgInto\(\): a buffer must be a Uint8Array/);
        refusedInto([[Buffer.alloc(1)], -1], /^recvmsg\(\): ancbufsize must be/, RangeError);
        refusedInto([[Buffer.alloc(1)], 0, {}], /^recvmsg\(\): flags must be/);

        assert.is(String(await received(to, 1000)), 'done');
        close();
      });

      if (isStream) {
        it('returns the rest in the next call, and then the end', async () => {
          const { from, to, close } = await make(driver);
          from.send(MSG);
          from.shutdown(socket.SHUT_WR);

          const [first] = await receivedMessage(to, MSG.length - 3);
          const [second] = await receivedMessage(to, 1024);
          assert.is(String(Buffer.concat([first, second])), String(MSG));
          const [end, ancdata, , address] = await receivedMessage(to, 1024);
          assert.equal([end.length, ancdata, address], [0, [], undefined]);
          assert.is((await receivedMessage(to, 10, 0, socket.MSG_PEEK))[0].length, 0);
          close();
        });

        it('sends everything at once, or reports that it would block', async () => {
          const { from, to, close } = await make(driver);
          from.sendall(MSG);
          from.sendall(MSG, socket.MSG_DONTWAIT);
          from.sendall(Buffer.alloc(0));

          const twice = String(Buffer.concat([MSG, MSG]));
          let text = '';
          while (text.length < twice.length) text += await received(to);
          assert.is(text, twice);
          const large = Buffer.alloc(64 * 1024 * 1024);
          await rejects(
            attempt(() => from.sendall(large)),
            BlockingIOError,
          );
          close();
        });

        it('reports that sending would block if there is no room', async () => {
          const { from, close } = await make(driver);
          const piece = Buffer.alloc(65_536);

          const fill = attempt(() => {
            for (;;) from.sendmsg([piece, piece], [], socket.MSG_DONTWAIT);
          });
          await rejects(fill, BlockingIOError, { code: 'EAGAIN' });
          close();
        });
      } else {
        it('reports that a datagram was longer', async () => {
          const { from, to, address, sender, close } = await make(driver);
          const send = (): number => from.sendto(MSG, 0, address as socket.AddressInput);

          send();
          const [data, , flags, from_] = await receivedMessage(to, 5);
          assert.is(String(data), String(MSG.subarray(0, 5)));
          assert.is(flags, socket.MSG_TRUNC);
          assert.is(String(from_), String(sender));
          // The rest of it is gone.
          await rejects(
            attempt(() => to.recvmsg(10)),
            BlockingIOError,
          );

          send();
          const buffers = [Buffer.alloc(2), Buffer.alloc(2)];
          await receivedMessage(to, 1, 0, socket.MSG_PEEK);
          assert.equal(to.recvmsgInto(buffers).slice(0, 3), [4, [], socket.MSG_TRUNC]);

          // Asked for, its whole length is given, and never more bytes than there are.
          send();
          const look = socket.MSG_TRUNC | socket.MSG_PEEK;
          await receivedMessage(to, 1, 0, socket.MSG_PEEK);
          assert.is(to.recvInto(Buffer.alloc(5), 0, look), MSG.length);
          assert.is(to.recvfromInto(Buffer.alloc(5), 0, look)[0], MSG.length);
          assert.is(to.recv(5, look).length, 5);
          const [seen, who] = to.recvfrom(5, look);
          assert.equal([String(seen), String(who)], [String(MSG.subarray(0, 5)), String(sender)]);
          close();
        });

        it('needs the destination of a datagram', async () => {
          const { from, close } = await make(driver);
          await rejects(
            attempt(() => from.sendmsg([MSG])),
            OSError,
            { code: 'EDESTADDRREQ' },
          );
          close();
        });

        it('sends datagrams with flags', async () => {
          const { from, to, address, close } = await make(driver);
          const where = address as socket.AddressInput;
          assert.is(from.sendto(MSG, socket.MSG_DONTWAIT, where), MSG.length);
          assert.is(String(await received(to)), String(MSG));
          const loose = from as unknown as { sendto(...args: unknown[]): number };
          throws(() => loose.sendto(MSG), TypeError, {
            message: /^sendto\(\): an AF_\w+ address must/,
          });
          throws(() => loose.sendto(MSG, 'x', address), TypeError, {
            message: /^sendto\(\): flags must be/,
          });
          throws(() => loose.sendto(MSG, 1, undefined), TypeError, {
            message: /^sendto\(\): an AF_\w+ address/,
          });
          close();
        });
      }
    });
  }

  if (driver.name.startsWith('posix')) continue;
  behaviour(`Flags and ancillary data (${driver.name})`, (it) => {
    it('are refused if the driver has none', async () => {
      const { from, to, close } = await streamEnds(driver, socket.AF_UNIX);
      const unsupported = async (call: () => unknown, message: RegExp): Promise<void> =>
        void (await rejects(attempt(call), OSError, { code: 'EOPNOTSUPP', message }));

      const rights: socket.AncillaryInput = [1, socket.SCM_RIGHTS, Int32Array.of(0)];
      await unsupported(() => from.sendmsg([MSG], [rights]), /has no ancillary data\)$/);
      await unsupported(() => socket.sendFds(from, [MSG], [0]), /has no ancillary data\)$/);
      await unsupported(() => socket.recvFds(to, 10, 1), /has no ancillary data\)$/);
      await unsupported(() => to.recvmsg(10, socket.CMSG_SPACE(4)), /has no ancillary data\)$/);
      await unsupported(() => from.send(MSG, socket.MSG_OOB), /has no such flags\)$/);
      await unsupported(() => to.recv(10, socket.MSG_OOB), /has no such flags\)$/);
      await unsupported(() => from.sendall(MSG, socket.MSG_MORE), /has no such flags\)$/);
      await unsupported(() => from.setInheritable(true), /no descriptors for child processes\)$/);
      from.setInheritable(false);
      assert.is(from.getInheritable(), false);

      await sentAll(from, Buffer.from('ok'));
      assert.is(String(await received(to)), 'ok');
      close();
    });
  });
}
