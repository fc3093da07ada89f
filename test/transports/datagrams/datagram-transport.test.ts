import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { osError } from '../../../src/base/errors/os-errors.ts';
import { DatagramProtocol, DatagramTransport, type Loop, OSError } from '../../../src/index.ts';
import { driverNamed } from '../../../src/sock/drivers/registry.ts';
import type { Endpoint } from '../../../src/sock/endpoint/endpoint.ts';
import type { Address, AddressInput, DriverName, Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { DRIVERS, datagram, freshPath, stream } from '../../support/drivers.ts';
import { loopBehaviour, type Scene, settle } from '../../support/loop-behaviour.ts';
import { rejects } from '../../support/rejects.ts';
import { throws } from '../../support/throws.ts';
import { until } from '../../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const SUITE = 'test_selector_events.py::SelectorDatagramTransportTests::';
const EVENTS = 'test_events.py::EventLoopTestsMixin::';
const BASE = 'test_base_events.py::BaseEventLoopWithSelectorTests::';

/** Notes what it is told. */
class Mailbox extends DatagramProtocol {
  readonly received: [text: string, address: Address][] = [];
  readonly errors: Error[] = [];
  readonly calls: string[] = [];
  readonly lost;

  constructor(loop: Loop) {
    super();
    this.lost = loop.createFuture<unknown>();
  }

  override connectionMade(): void {
    this.calls.push('connectionMade');
  }

  override datagramReceived(data: Uint8Array, address: Address): void {
    this.received.push([String(data), address]);
  }

  override errorReceived(error: Error): void {
    this.errors.push(error);
  }

  override pauseWriting(): void {
    this.calls.push('pauseWriting');
  }

  override resumeWriting(): void {
    this.calls.push('resumeWriting');
  }

  override connectionLost(error?: unknown): void {
    this.calls.push('connectionLost');
    this.lost.setResult(error);
  }
}

/** A transport on a bound socket of a driver. */
async function boxOn(
  loop: Loop,
  driver: DriverName,
  remote?: Address,
): Promise<[DatagramTransport, Mailbox]> {
  const sock = datagram(driver);
  sock.bind(['127.0.0.1', 0]);
  if (remote !== undefined) sock.connect(remote as AddressInput);
  return await loop.createDatagramEndpoint(() => new Mailbox(loop), { sock });
}

const nameOf = (transport: DatagramTransport): Address =>
  transport.getExtraInfo('sockname') as Address;

for (const { name } of DRIVERS)
  loopBehaviour(`DatagramTransport on ${name}`, (it) => {
    it.resting(
      'sends its buffer when its loop is closed, and makes no more callbacks',
      async (loop) => {
        const [one, first, two, second] = await loop.runUntilComplete(async () => [
          ...(await boxOn(loop, name)),
          ...(await boxOn(loop, name)),
        ]);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => -1;
        one.setWriteBufferLimits(0);
        for (const text of ['fails', 'arrives', 'would block'])
          one.sendto(Buffer.from(text), nameOf(two) as AddressInput);
        one.close();
        const tried: string[] = [];
        endpoint.trySendto = (data, address) => {
          const text = String(data);
          tried.push(text);
          if (text === 'fails') throw osError('EACCES', 'sendto');
          return text === 'would block' ? -1 : trySendto.call(endpoint, data, address);
        };

        loop.close();

        assert.equal(tried, ['fails', 'arrives', 'would block']);
        assert.equal(first.errors, []);
        assert.equal(first.calls, ['connectionMade', 'pauseWriting']);
        assert.equal(second.calls, ['connectionMade']);
      },
      REAL,
    );

    it(
      'tries once per turn if errorReceived() sends again and every send fails',
      async (loop, { settle }) => {
        const [transport, mailbox] = await boxOn(loop, name);
        const to = nameOf(transport) as AddressInput;
        const endpoint = transport.getExtraInfo('socket')?._sock._endpoint as Endpoint;
        endpoint.trySendto = () => -1;
        transport.sendto(HELLO, to);
        let tries = 0;
        endpoint.trySendto = () => {
          tries += 1;
          if (tries > 1000) throw new Error('never ends');
          throw osError('ENETUNREACH', 'sendto');
        };
        mailbox.errorReceived = () => transport.sendto(HELLO, to);

        endpoint.writer?.ready();
        await settle(20);

        assert.ok(tries > 1 && tries < 100, `${tries}`);
        transport.abort();
        await mailbox.lost;
      },
      REAL,
    );

    it(
      'sends to the given address, and reports the sender',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);

        one.sendto(HELLO, nameOf(two) as AddressInput);
        one.sendto(new Uint8Array(), nameOf(two) as AddressInput);
        await until(loop, () => second.received.length === 2);
        two.sendto(Buffer.from('answer'), second.received[0]?.[1] as AddressInput);
        await until(loop, () => first.received.length === 1);

        assert.equal(second.received, [
          ['hello', nameOf(one)],
          ['', nameOf(one)],
        ]);
        assert.equal(first.received, [['answer', nameOf(two)]]);
        for (const each of [one, two]) each.close();
        assert.is(await first.lost, undefined);
        await second.lost;
        assert.equal(first.calls, ['connectionMade', 'connectionLost']);
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_read_ready`,
          `${SUITE}test_sendto`,
          `${SUITE}test_read_ready_tryagain`,
          `${EVENTS}test_create_datagram_endpoint_sock`,
          'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_bytearray',
          'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_memoryview',
        ],
      },
    );

    it(
      'needs no address if its socket is connected, and refuses a different one',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name, nameOf(one));

        two.sendto(HELLO);
        await until(loop, () => first.received.length === 1);

        assert.equal(first.received, [['hello', nameOf(two)]]);
        assert.equal(two.getExtraInfo('peername'), nameOf(one));
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      REAL,
    );

    it(
      'refuses anything but a Uint8Array',
      async (loop) => {
        const [transport, protocol] = await boxOn(loop, name);

        throws(() => transport.sendto('text' as never, nameOf(transport) as never), TypeError, {
          message: 'data must be a Uint8Array, got a string',
        });

        transport.abort();
        assert.is(await protocol.lost, undefined);
      },
      { ...REAL, cpython: [`${SUITE}test_sendto_str`] },
    );

    it(
      'buffers what the system does not accept, and pauses and resumes the protocol',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => -1;
        const piece = Buffer.alloc(40_000, 'x');

        one.sendto(piece, nameOf(two) as AddressInput);
        piece.fill('y');
        assert.is(one.getWriteBufferSize(), 40_008);
        assert.equal(first.calls, ['connectionMade']);
        one.sendto(piece, nameOf(two) as AddressInput);
        assert.equal(first.calls, ['connectionMade', 'pauseWriting']);
        endpoint.trySendto = trySendto;
        endpoint.writer?.ready();
        await until(loop, () => second.received.length === 2);

        assert.is(one.getWriteBufferSize(), 0);
        assert.equal(first.calls, ['connectionMade', 'pauseWriting', 'resumeWriting']);
        assert.equal(
          second.received.map(([text]) => text.replace(/(.)\1*/g, '$1')),
          ['x', 'y'],
        );
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_sendto_buffer`,
          `${SUITE}test_sendto_tryagain`,
          `${SUITE}test_sendto_ready`,
          `${SUITE}test_sendto_ready_tryagain`,
          'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_buffer_bytearray',
          'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_buffer_memoryview',
        ],
      },
    );

    it(
      'keeps a datagram until the system accepts it, and an empty one after it',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => -1;

        one.sendto(Buffer.from('data1'), nameOf(two) as AddressInput);
        assert.is(one.getWriteBufferSize(), 13);
        endpoint.writer?.ready();
        await settle(loop);
        assert.is(one.getWriteBufferSize(), 13);
        one.sendto(Buffer.alloc(0), nameOf(two) as AddressInput);
        assert.is(one.getWriteBufferSize(), 21);
        endpoint.trySendto = trySendto;
        endpoint.writer?.ready();
        await until(loop, () => second.received.length === 2);

        assert.is(one.getWriteBufferSize(), 0);
        assert.equal(
          second.received.map(([text]) => text),
          ['data1', ''],
        );
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      {
        ...REAL,
        cpython: ['sendto_sendto_ready', 'sendto_sendto_ready_blocked', 'sendto_buffer_nodata'].map(
          (test) => `test_selector_events.py::SelectorDatagramTransportTests::test_${test}`,
        ),
      },
    );

    it(
      'reports a receive error to the protocol, and continues',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(two)._endpoint;
        const { tryRecvfrom } = endpoint;
        endpoint.tryRecvfrom = () => {
          endpoint.tryRecvfrom = tryRecvfrom;
          throw new OSError('odd');
        };

        one.sendto(HELLO, nameOf(two) as AddressInput);
        await until(loop, () => second.received.length === 1);

        assert.equal(second.errors.map(String), ['OSError: odd']);
        assert.is(two.isClosing(), false);
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      { ...REAL, cpython: [`${SUITE}test_read_ready_oserr`] },
    );

    it(
      'continues to receive after sending to a port where nothing listens',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const [gone, third] = await boxOn(loop, name);
        const nobody = nameOf(gone) as AddressInput;
        gone.abort();
        await third.lost;
        one.sendto(Buffer.from('a'), nameOf(two) as AddressInput);
        two.sendto(Buffer.from('b'), nameOf(one) as AddressInput);
        await until(loop, () => first.received.length + second.received.length === 2);

        one.sendto(Buffer.from('c'), nobody);
        await settle(loop);
        two.sendto(Buffer.from('d'), nameOf(one) as AddressInput);
        await until(loop, () => first.received.length === 2);

        assert.equal(
          first.received.map(([text]) => text),
          ['b', 'd'],
        );
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      { ...REAL, cpython: [`${EVENTS}test_datagram_send_to_non_listening_address`] },
    );

    it(
      'is a DatagramTransport',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);

        assert.instance(one, DatagramTransport);

        one.close();
        await first.lost;
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::SelectorDatagramTransportTests::test_transport_inheritance',
        ],
      },
    );

    it(
      'sends its buffer before it closes',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => -1;
        one.sendto(HELLO, nameOf(two) as AddressInput);

        one.close();
        assert.is(one.isClosing(), true);
        endpoint.trySendto = trySendto;
        endpoint.writer?.ready();

        assert.is(await first.lost, undefined);
        await until(loop, () => second.received.length === 1);
        two.close();
        await second.lost;
      },
      {
        ...REAL,
        cpython: [`${SUITE}test_sendto_closing`, `${SUITE}test_sendto_ready_closing`],
      },
    );

    it(
      'reports an error to the protocol, and continues',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => {
          throw new OSError('odd');
        };

        one.sendto(HELLO, nameOf(two) as AddressInput);
        assert.equal(first.errors.map(String), ['OSError: odd']);
        endpoint.trySendto = trySendto;
        one.sendto(HELLO, nameOf(two) as AddressInput);
        await until(loop, () => second.received.length === 1);

        assert.is(one.isClosing(), false);
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_sendto_error_received`,
          'test_selector_events.py::SelectorDatagramTransportTests::test_sendto_error_received_connected',
        ],
      },
    );

    it(
      'is closed by an error that is not an OSError, which is reported',
      async (loop, { expectReport }) => {
        const [one, first] = await boxOn(loop, name);
        socketOf(one)._endpoint.trySendto = () => {
          throw new RangeError('odd');
        };

        one.sendto(HELLO, nameOf(one) as AddressInput);

        assert.is(String(await first.lost), 'RangeError: odd');
        expectReport(/^Fatal write error on datagram transport$/);
      },
      { ...REAL, cpython: [`${SUITE}test_sendto_exception`] },
    );

    it(
      'reports the error of a buffered datagram to the protocol, and sends the rest',
      async (loop) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        endpoint.trySendto = () => -1;
        for (const text of ['lost', 'sent'])
          one.sendto(Buffer.from(text), nameOf(two) as AddressInput);

        endpoint.trySendto = () => {
          endpoint.trySendto = trySendto;
          throw new OSError('odd');
        };
        endpoint.writer?.ready();
        await until(loop, () => first.errors.length > 0);
        // CPython leaves what follows to the next time that the socket is ready.
        endpoint.writer?.ready();
        await until(loop, () => second.received.length > 0);

        assert.equal(first.errors.map(String), ['OSError: odd']);
        assert.is(second.received[0]?.[0], 'sent');
        assert.is(one.isClosing(), false);
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_sendto_ready_error_received`,
          `${SUITE}test_sendto_ready_error_received_connection`,
        ],
      },
    );

    it(
      'continues with the remaining datagrams, received and buffered, if the protocol throws',
      async (loop, { expectReport }) => {
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const { datagramReceived } = second;
        second.datagramReceived = (data, address) => {
          datagramReceived.call(second, data, address);
          if (String(data) === 'first') throw new Error('cannot receive');
        };
        for (const text of ['first', 'second', 'third'])
          one.sendto(Buffer.from(text), nameOf(two) as AddressInput);
        await until(loop, () => second.received.length === 3);
        expectReport(/_SelectorDatagramTransport\._read_ready/);

        const endpoint = socketOf(one)._endpoint;
        const { trySendto } = endpoint;
        first.errorReceived = (error) => {
          first.errors.push(error);
          throw new Error('cannot be told');
        };
        endpoint.trySendto = () => -1;
        for (const text of ['lost', 'sent'])
          one.sendto(Buffer.from(text), nameOf(two) as AddressInput);
        endpoint.trySendto = (data, address) => {
          if (String(data) !== 'lost') return trySendto.call(endpoint, data, address);
          throw new OSError('odd');
        };
        endpoint.writer?.ready();
        await until(loop, () => second.received.length === 4);

        assert.equal(
          second.received.map(([text]) => text),
          ['first', 'second', 'third', 'sent'],
        );
        assert.equal(first.errors.map(String), ['OSError: odd']);
        expectReport(/_SelectorDatagramTransport\._sendto_ready/);
        assert.is(one.getWriteBufferSize(), 0);
        for (const each of [one, two]) each.close();
        await Promise.all([first.lost, second.lost]);
      },
      REAL,
    );

    it(
      'is closed by an error that is not an OSError while it receives or sends its buffer',
      async (loop, { expectReport }) => {
        const fails = (): never => {
          throw new RangeError('odd');
        };
        const [one, first] = await boxOn(loop, name);
        const [two, second] = await boxOn(loop, name);
        const [sending, receiving] = [one, two].map((each) => socketOf(each)._endpoint);
        assert.ok(sending !== undefined && receiving !== undefined);
        receiving.tryRecvfrom = fails;
        one.sendto(HELLO, nameOf(two) as AddressInput);
        assert.is(String(await second.lost), 'RangeError: odd');

        sending.trySendto = () => -1;
        one.sendto(HELLO, nameOf(one) as AddressInput);
        sending.trySendto = fails;
        sending.writer?.ready();

        assert.is(String(await first.lost), 'RangeError: odd');
        expectReport(/^Fatal read error on datagram transport$/);
        expectReport(/^Fatal write error on datagram transport$/);
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_read_ready_err`,
          `${SUITE}test_sendto_ready_exception`,
          `${SUITE}test_fatal_error_connected_custom_error`,
        ],
      },
    );

    it(
      'prints as in CPython',
      async (loop) => {
        const [transport, protocol] = await boxOn(loop, name);
        const fd = socketOf(transport).fileno();
        assert.is(
          String(transport),
          `<_SelectorDatagramTransport fd=${fd} read=polling write=<idle, bufsize=0>>`,
        );

        transport.close();
        await protocol.lost;
        await until(loop, () => true);

        assert.is(String(transport), `<_SelectorDatagramTransport closed fd=${fd}>`);
      },
      REAL,
    );
  });

/** Is the driver that is chosen unasked one of datagrams on paths? */
function hasUnixDatagrams(): boolean {
  const sock = socket.socket();
  sock.close();
  return sock.driver === 'posix';
}

for (const { name, withoutUnixDatagrams } of DRIVERS)
  loopBehaviour(`An AF_UNIX datagram on ${name}`, (it) => {
    if (withoutUnixDatagrams !== undefined) {
      it.skip('arrives whole', withoutUnixDatagrams);
      return;
    }

    it(
      'arrives whole if it fits into the send buffer, and otherwise is an error',
      async (loop, { settle }) => {
        const sock = datagram(name, socket.AF_UNIX);
        sock.bind(freshPath());
        const lengths: number[] = [];
        class Lengths extends Mailbox {
          override datagramReceived(data: Uint8Array): void {
            lengths.push(data.length);
          }
        }
        const [, box] = await loop.createDatagramEndpoint(() => new Lengths(loop), { sock });
        const from = datagram(name, socket.AF_UNIX);
        const [transport, sender] = await loop.createDatagramEndpoint(() => new Mailbox(loop), {
          sock: from,
        });
        const longest = (from.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) as number) - 32;
        const to = sock.getsockname() as AddressInput;

        for (const length of [longest, longest + 1, 65_537]) {
          transport.sendto(Buffer.alloc(length), to);
          await settle();
        }
        await until(loop, () => lengths.length === 2);
        const other = datagram(name, socket.AF_UNIX);
        assert.is(await loop.sockSendto(other, Buffer.alloc(100_000), to), 100_000);
        other.close();
        await until(loop, () => lengths.length === 3);

        assert.equal(lengths, [longest, 65_537, 100_000]);
        assert.equal(
          sender.errors.map((error) => (error as OSError).code),
          ['EMSGSIZE'],
        );
        assert.not(transport.isClosing());
        assert.equal(box.errors, []);
        transport.close();
      },
      REAL,
    );
  });

loopBehaviour('loop.createDatagramEndpoint with AF_UNIX', (it) => {
  const onPosix = (
    sentence: string,
    scenario: (loop: Loop, scene: Scene) => Promise<void>,
    cpython: readonly string[] = [],
  ): void => {
    const options = { ...REAL, cpython };
    if (hasUnixDatagrams()) it(sentence, scenario, options);
    else it.skip(sentence, 'it takes posix', scenario, options);
  };

  onPosix(
    'needs no address',
    async (loop) => {
      const make = (): Mailbox => new Mailbox(loop);
      const [transport, box] = await loop.createDatagramEndpoint(make, { family: socket.AF_UNIX });

      assert.is(transport.getExtraInfo('socket')?.family, socket.AF_UNIX);
      transport.close();
      assert.is(await box.lost, undefined);
      assert.equal(box.calls, ['connectionMade', 'connectionLost']);
    },
    [`${BASE}test_create_datagram_endpoint_sock_unix`],
  );

  onPosix(
    'replaces a stale socket file, and receives what is sent there',
    async (loop, { logged }) => {
      const localAddr = freshPath();
      const stale = datagram('posix', socket.AF_UNIX);
      stale.bind(localAddr);
      stale.close();
      const make = (): Mailbox => new Mailbox(loop);
      const family = socket.AF_UNIX;

      const [server, box] = await loop.createDatagramEndpoint(make, { localAddr, family });
      const [client, other] = await loop.createDatagramEndpoint(make, {
        remoteAddr: localAddr,
        family,
      });
      client.sendto(HELLO);
      await until(loop, () => box.received.length === 1);

      assert.is(box.received[0]?.[0], 'hello');
      assert.equal(logged, []);
      for (const each of [server, client]) each.close();
      await Promise.all([box.lost, other.lost]);
    },
    [`${BASE}test_create_datagram_endpoint_existing_sock_unix`],
  );

  onPosix(
    'fails if the path is a file other than a socket, and leaves it untouched',
    async (loop) => {
      const localAddr = freshPath();
      writeFileSync(localAddr, 'text');
      const make = (): Mailbox => new Mailbox(loop);

      await rejects(
        loop.createDatagramEndpoint(make, { localAddr, family: socket.AF_UNIX }),
        OSError,
        { code: 'EADDRINUSE' },
      );

      assert.is(readFileSync(localAddr, 'utf8'), 'text');
    },
  );
});

loopBehaviour('loop.createDatagramEndpoint when it fails', (it) => {
  const open = { localAddr: ['127.0.0.1', 0] } as const;
  const cases = { family: { family: socket.AF_INET }, localAddr: open } as const;

  for (const [what, options] of Object.entries(cases)) {
    it(
      `throws if it cannot create a socket, given ${what}`,
      async (loop) => {
        const driver = driverNamed();
        const { open: opens } = driver;
        Object.assign(driver, {
          open: () => {
            throw osError('EMFILE', 'socket');
          },
        });
        try {
          await rejects(
            loop.createDatagramEndpoint(() => new Mailbox(loop), options),
            OSError,
            { code: 'EMFILE' },
          );
        } finally {
          Object.assign(driver, { open: opens });
        }
      },
      { ...REAL, cpython: [`${BASE}test_create_datagram_endpoint_socket_err`] },
    );

    it(
      `closes a socket that it cannot make non-blocking, given ${what}`,
      async (loop) => {
        const made: Socket[] = [];
        const { setblocking } = socket.Socket.prototype;
        socket.Socket.prototype.setblocking = function (this: Socket) {
          made.push(this);
          throw new OSError('odd');
        };
        try {
          await rejects(
            loop.createDatagramEndpoint(() => new Mailbox(loop), options),
            OSError,
            { message: 'odd' },
          );
        } finally {
          socket.Socket.prototype.setblocking = setblocking;
        }

        assert.equal(
          made.map((sock) => sock._endpoint.closed),
          [true],
        );
      },
      { ...REAL, cpython: [`${BASE}test_create_datagram_endpoint_setblk_err`] },
    );
  }
});

loopBehaviour('loop.createDatagramEndpoint with a numeric address', (it) => {
  it(
    'binds a socket of its family to it',
    async (loop) => {
      const reusePort = 'SO_REUSEPORT' in socket;

      const [transport, protocol] = await loop.createDatagramEndpoint(() => new Mailbox(loop), {
        localAddr: ['127.0.0.1', 0],
        reusePort,
      });

      const sock = socketOf(transport);
      assert.is((sock.getsockname() as [string, number])[0], '127.0.0.1');
      assert.equal([sock.family, sock.type], [socket.AF_INET, socket.SOCK_DGRAM]);
      transport.close();
      await protocol.lost;
    },
    { ...REAL, cpython: [`${BASE}test_create_datagram_endpoint_ip_addr`] },
  );
});

loopBehaviour('loop.createDatagramEndpoint', (it) => {
  for (const [host, origin] of [
    ['127.0.0.1', 'test_create_datagram_endpoint'],
    ['::1', 'test_create_datagram_endpoint_ipv6'],
  ] as const)
    it(
      `binds to ${host}, and sends to a remote address`,
      async (loop) => {
        const make = (): Mailbox => new Mailbox(loop);
        const [server, box] = await loop.createDatagramEndpoint(make, { localAddr: [host, 0] });
        const [, port] = nameOf(server) as [string, number];

        const [client, other] = await loop.createDatagramEndpoint(make, {
          remoteAddr: [host, port],
        });
        client.sendto(HELLO);
        await until(loop, () => box.received.length === 1);
        throws(() => client.sendto(HELLO, [host, 1]), RangeError, {
          message: `Invalid address: must be undefined or ${client.getExtraInfo('peername')}`,
        });

        assert.is(box.received[0]?.[0], 'hello');
        for (const each of [server, client]) each.close();
        await Promise.all([box.lost, other.lost]);
      },
      { ...REAL, cpython: [`${EVENTS}${origin}`, `${SUITE}test_sendto_connected_addr`] },
    );

  it(
    'refuses incompatible options',
    async (loop) => {
      const make = (options: object) =>
        loop.createDatagramEndpoint(() => new DatagramProtocol(), options);
      const tcp = stream('memory');
      const udp = datagram('memory');

      await rejects(make({}), RangeError, { message: 'unexpected address family' });
      await rejects(make({ sock: tcp }), RangeError, {
        message: `A UDP Socket was expected, got ${tcp}`,
      });
      await rejects(make({ sock: udp, localAddr: ['127.0.0.1', 0] }), RangeError, {
        message:
          'socket modifier options can not be used when sock is specified. ' +
          "(localAddr=['127.0.0.1', 0])",
      });
      await rejects(make({ localAddr: 'text' }), TypeError, {
        message: "localAddr must be [host, port], got 'text'",
      });
      await rejects(make({ localAddr: ['127.0.0.1', 0], remoteAddr: ['::1', 1] }), RangeError, {
        message: 'can not get address information',
      });
      for (const each of [tcp, udp]) each.close();
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_wrong_sock',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_addr_error',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_no_matching_family',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_noaddr_nofamily',
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_sock_sockopts',
      ],
    },
  );

  it(
    'fails if the address is already in use',
    async (loop) => {
      const sock = datagram('node');
      sock.bind(['127.0.0.1', 0]);
      const [host, port] = sock.getsockname() as [string, number];

      await rejects(
        loop.createDatagramEndpoint(() => new DatagramProtocol(), { localAddr: [host, port] }),
        OSError,
        { code: 'EADDRINUSE' },
      );
      sock.close();
    },
    {
      cpython: [
        'test_base_events.py::BaseEventLoopWithSelectorTests::test_create_datagram_endpoint_cant_bind',
      ],
    },
  );

  it(
    'has a protocol whose methods do nothing',
    async () => {
      const protocol = new DatagramProtocol();
      assert.is(protocol.connectionMade(undefined as never), undefined);
      assert.is(protocol.datagramReceived(HELLO, ''), undefined);
      assert.is(protocol.errorReceived(new Error('odd')), undefined);
      assert.is(protocol.connectionLost(), undefined);
    },
    { cpython: ['test_protocols.py::ProtocolsAbsTests::test_datagram_protocol'] },
  );
});

/** The transport's own socket. */
function socketOf(transport: DatagramTransport): Socket {
  return transport.getExtraInfo('socket')?._sock as Socket;
}
