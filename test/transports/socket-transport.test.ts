import * as assert from 'uvu/assert';
import {
  ConnectionResetError,
  ContextVar,
  copyContext,
  currentTask,
  KeyboardInterrupt,
  type Loop,
  OSError,
  Protocol,
  RuntimeError,
  type Transport,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { TransportSocket } from '../../src/transports/transport-socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { rejects } from '../support/rejects.ts';
import { throws } from '../support/throws.ts';
import {
  onStage,
  Recorder,
  receiveAll,
  reset,
  socketsOn,
  until,
  writeUntilFull,
} from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const HELLO = Buffer.from('hello');
const ANY = 'test_selector_events.py::SelectorTransportTests::';
const SOCKET = 'test_selector_events.py::SelectorSocketTransportTests::';

/** A protocol one of whose methods is another one. */
function recorderWith(loop: Loop, methods: Partial<Protocol>): Recorder {
  return Object.assign(new Recorder(loop), methods);
}

for (const { name } of DRIVERS) {
  loopBehaviour(`Transport's callbacks on ${name}`, (it) => {
    it(
      'come in order: connectionMade, dataReceived, eofReceived, connectionLost',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const { calls } = protocol;
          assert.equal(calls, ['connectionMade']);
          assert.is(protocol.transport, transport);

          await loop.sockSendall(peer, HELLO);
          await until(loop, () => calls.length > 1);
          peer.shutdown(socket.SHUT_WR);
          const error = await protocol.lost;
          await settle();

          assert.is(error, undefined);
          const last = ['dataReceived hello', 'eofReceived', 'connectionLost'];
          assert.equal(calls, ['connectionMade', ...last]);
        });
      },
      {
        ...REAL,
        cpython: [
          `${SOCKET}test_ctor`,
          `${SOCKET}test_read_ready`,
          `${SOCKET}test_read_ready_eof`,
          `${SOCKET}test_read_ready_tryagain`,
        ],
      },
    );

    it(
      'come for data received before the transport existed, but not before connectionMade',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        await loop.sockSendall(peer, HELLO);
        peer.close();

        const protocol = new Recorder(loop);
        await loop.createConnection(() => protocol, undefined, undefined, { sock });
        await protocol.lost;

        const expected = ['connectionMade', 'dataReceived hello', 'eofReceived', 'connectionLost'];
        assert.equal(protocol.calls, expected);
      },
      { ...REAL, cpython: [`${SOCKET}test_ctor_with_waiter`] },
    );

    it(
      'run in the context of the code that connected, and in no task',
      async (loop) => {
        const variable = new ContextVar<string>('variable', { default: 'none' });
        const seen: unknown[] = [];
        const look = (): void => void seen.push([variable.get(), currentTask()]);
        const protocol = recorderWith(loop, { connectionMade: look, dataReceived: look });
        const [sock, peer] = await socketsOn(loop, name);

        await copyContext().run(async () => {
          variable.set('mine');
          await loop.createConnection(() => protocol, undefined, undefined, { sock });
        });
        variable.set('other');
        await loop.sockSendall(peer, HELLO);
        await until(loop, () => seen.length === 2);
        peer.close();
        await protocol.lost;

        assert.equal(seen, [
          ['mine', undefined],
          ['mine', undefined],
        ]);
      },
      REAL,
    );

    it(
      'go to the protocol that was set last',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const other = new Recorder(loop);

          transport.setProtocol(other);
          await loop.sockSendall(peer, HELLO);
          await until(loop, () => other.calls.length > 0);
          assert.is(transport.getProtocol(), other);
          transport.close();
          await other.lost;

          assert.equal(protocol.calls, ['connectionMade']);
          assert.equal(other.calls, ['dataReceived hello', 'connectionLost']);
          assert.is(transport.getProtocol(), undefined);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`Transport.pauseReading on ${name}`, (it) => {
    it(
      'stops delivery until resumeReading()',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          transport.pauseReading();
          transport.pauseReading();
          assert.is(transport.isReading(), false);
          await loop.sockSendall(peer, HELLO);
          await settle(10);
          assert.equal(protocol.calls, ['connectionMade']);

          transport.resumeReading();
          transport.resumeReading();
          assert.is(transport.isReading(), true);
          await until(loop, () => protocol.calls.length > 1);
          await settle(10);

          assert.equal(protocol.calls, ['connectionMade', 'dataReceived hello']);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_pause_resume_reading`] },
    );

    it(
      'takes effect from the first byte if it is called in connectionMade',
      async (loop, { settle }) => {
        const [sock, peer] = await socketsOn(loop, name);
        await loop.sockSendall(peer, HELLO);
        const protocol = new Recorder(loop);
        const paused = recorderWith(loop, {
          connectionMade: (transport) => transport.pauseReading(),
          dataReceived: (data) => protocol.dataReceived(data),
        });

        const connecting = loop.createConnection(() => paused, undefined, undefined, { sock });
        const [transport] = await connecting;
        await settle(10);
        assert.equal(protocol.calls, []);
        transport.resumeReading();
        await until(loop, () => protocol.calls.length > 0);

        assert.equal(protocol.calls, ['dataReceived hello']);
        transport.abort();
        await paused.lost;
        peer.close();
      },
      { ...REAL, cpython: [`${SOCKET}test_pause_reading_connection_made`] },
    );

    it(
      'cancels a turn that has bytes to deliver',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const reader = socketOf(transport)._endpoint.reader;
          await loop.sockSendall(peer, HELLO);
          reader?.ready(); // as if the news had just come

          transport.pauseReading();
          await settle(10);

          assert.equal(protocol.calls, ['connectionMade']);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`Transport.write on ${name}`, (it) => {
    it(
      'sends immediately, and buffers nothing',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          transport.write(HELLO);
          transport.write(new Uint8Array());
          transport.writelines([Buffer.from(' wor'), Buffer.from('ld')]);

          assert.is(transport.getWriteBufferSize(), 0);
          assert.is(String(await receiveAll(loop, peer, 11)), 'hello world');
        });
      },
      {
        ...REAL,
        cpython: [
          `${SOCKET}test_write`,
          `${SOCKET}test_write_no_data`,
          `${SOCKET}test_write_bytearray`,
          `${SOCKET}test_write_memoryview`,
          'test_transports.py::TransportTests::test_writelines',
        ],
      },
    );

    it(
      'sends the first piece of each turn at once, and the following small ones at the end of the turn',
      async (loop, { settle }) => {
        const [sock, peer] = socket.socketpair(undefined, undefined, 0, { driver: name });
        sock.setblocking(false);
        const protocol = new Recorder(loop);
        const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
          sock,
        });

        const seen: string[] = [];
        for (let turn = 0; turn < 3; turn += 1) {
          transport.write(HELLO);
          seen.push(String(peer.recv(100)));
          await settle();
        }
        transport.write(HELLO);
        transport.write(Buffer.from(' wo'));
        transport.write(Buffer.from('rld'));
        seen.push(String(peer.recv(100)));
        await settle();
        seen.push(String(peer.recv(100)));

        assert.equal(seen, ['hello', 'hello', 'hello', 'hello', ' world']);
        transport.abort();
        peer.close();
        await protocol.lost;
      },
      REAL,
    );

    it(
      'keeps a copy of what the peer does not accept, and sends it in order',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const first = writeUntilFull(transport);
          const data = Buffer.from(' and the rest');
          transport.write(data);
          data.fill('x');

          const size = first.length + data.length;
          const received = await receiveAll(loop, peer, size);

          assert.ok(received.equals(Buffer.concat([first, Buffer.from(' and the rest')])));
          await until(loop, () => transport.getWriteBufferSize() === 0);
        });
      },
      {
        ...REAL,
        cpython: [
          `${SOCKET}test_write_partial`,
          `${SOCKET}test_write_partial_bytearray`,
          `${SOCKET}test_write_partial_memoryview`,
          `${SOCKET}test_write_buffer`,
          `${SOCKET}test_write_ready`,
          `${SOCKET}test_write_ready_partial`,
          `${SOCKET}test_write_tryagain`,
          'test_selector_events.py::SelectorSocketTransportTests::test_write_partial_none',
          'test_selector_events.py::SelectorSocketTransportTests::test_write_ready_partial_none',
          'test_selector_events.py::SelectorSocketTransportTests::test_write_ready_tryagain',
        ],
      },
    );

    it(
      'pauses the protocol immediately above the high-water mark, and resumes it at the low-water mark',
      async (loop) => {
        const sizes: number[] = [];
        const note = (): void => void sizes.push(transportOf(protocol).getWriteBufferSize());
        const protocol = recorderWith(loop, { pauseWriting: note, resumeWriting: note });
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          const first = writeUntilFull(transport).length;
          const room = 64 * 1024 - transport.getWriteBufferSize();
          transport.write(Buffer.alloc(room));
          assert.equal(sizes, []);

          transport.write(Buffer.alloc(1));
          transport.write(Buffer.alloc(10));
          assert.equal(sizes, [64 * 1024 + 1]);
          await receiveAll(loop, peer, first + room + 11);
          await until(loop, () => sizes.length > 1);

          assert.ok((sizes[1] as number) <= 16 * 1024, `resumed at ${sizes[1]}`);
          assert.is(sizes.length, 2);
        });
      },
      REAL,
    );

    it(
      'pauses the protocol if small pieces of one turn cannot be sent at its end',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          transport.setWriteBufferLimits(0);
          let written = 0;
          while (transport.getWriteBufferSize() === 0) {
            // The first one goes at once; the others wait for the end of the turn.
            for (const size of [1, 4096, 4096, 4096]) {
              transport.write(Buffer.alloc(size));
              written += size;
            }
            await settle();
          }
          assert.equal(protocol.calls, ['connectionMade', 'pauseWriting']);

          await receiveAll(loop, peer, written);
          await until(loop, () => protocol.calls.length > 2);

          assert.equal(protocol.calls, ['connectionMade', 'pauseWriting', 'resumeWriting']);
        });
      },
      REAL,
    );

    it(
      'can be called in resumeWriting, repeatedly',
      async (loop) => {
        let rounds = 0;
        const protocol = recorderWith(loop, {
          resumeWriting: () => {
            rounds += 1;
            if (rounds < 3) fill();
            else transportOf(protocol).close();
          },
        });
        let written = 0;
        const fill = (): void => {
          written += writeUntilFull(transportOf(protocol)).length;
        };
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          transport.setWriteBufferLimits(0);
          fill();

          const received = await receiveAll(loop, peer);

          assert.is(received.length, written);
          assert.is(rounds, 3);
          assert.is(await protocol.lost, undefined);
          assert.is(protocol.calls.filter((call) => call === 'connectionLost').length, 1);
        });
      },
      REAL,
    );

    it(
      'drops data written after the end, and logs it from the fifth time on',
      async (loop, { logged, settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          transport.close();
          for (let time = 0; time < 4; time += 1) transport.write(HELLO);
          for (let time = 0; time < 4; time += 1) transport.write(new Uint8Array());
          await settle();
          assert.equal(logged, []);

          transport.write(HELLO);
          transport.write(HELLO);

          assert.equal(logged, Array(2).fill('socket.send() raised exception.\n'));
          assert.is((await receiveAll(loop, peer)).length, 0);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_write_closing`] },
    );

    it(
      'drops data written after it sent its buffer and ended, and logs that from the fifth time on',
      async (loop, { logged }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const written = writeUntilFull(transport);
          transport.close();
          assert.is((await receiveAll(loop, peer)).length, written.length);
          assert.is(await protocol.lost, undefined);

          for (let time = 0; time < 6; time += 1) transport.write(HELLO);

          assert.equal(logged, Array(2).fill('socket.send() raised exception.\n'));
        });
      },
      REAL,
    );

    it(
      'sends strings as UTF-8, including empty strings and lone surrogates',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          transport.write('grüß ');
          transport.write('');
          transport.writelines(['€ ', Buffer.from('and '), '😀']);
          transport.writelines(['\ud800']);
          transport.writeEof();

          assert.is(String(await receiveAll(loop, peer)), 'grüß € and 😀\ufffd');
        });
      },
      REAL,
    );

    it(
      'refuses what is neither bytes nor a string',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          throws(() => transport.write(5 as never), TypeError, {
            message: 'data must be a Uint8Array or a string, got 5',
          });
          throws(() => transport.writelines([HELLO, [1] as never]), TypeError);
          throws(() => transport.writelines('text'), TypeError, {
            message: 'expected an iterable of Uint8Arrays or strings, got a string',
          });

          transport.close();
          assert.is((await receiveAll(loop, peer)).length, 0);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_write_str`] },
    );
  });

  loopBehaviour(`Transport.setWriteBufferLimits on ${name}`, (it) => {
    it(
      'pauses the protocol immediately if the buffer is already too large',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          writeUntilFull(transport);
          assert.equal(protocol.calls, ['connectionMade']);

          transport.setWriteBufferLimits(0);

          assert.equal(transport.getWriteBufferLimits(), [0, 0]);
          assert.equal(protocol.calls, ['connectionMade', 'pauseWriting']);
        });
      },
      {
        ...REAL,
        cpython: ['test_transports.py::TransportTests::test_flowcontrol_mixin_set_write_limits'],
      },
    );
  });

  loopBehaviour(`Transport.writeEof on ${name}`, (it) => {
    it(
      'ends sending once everything is sent, and keeps receiving',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          assert.is(transport.canWriteEof(), true);
          const written = writeUntilFull(transport);
          transport.writeEof();
          transport.writeEof();

          const received = await receiveAll(loop, peer);
          await loop.sockSendall(peer, HELLO);
          await until(loop, () => protocol.received.length > 0);

          assert.ok(received.equals(written));
          assert.is(transport.isClosing(), false);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_write_eof_buffer`] },
    );

    it(
      'ends sending immediately if the buffer is empty, and refuses later writes',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          transport.writeEof();

          throws(() => transport.write(HELLO), RuntimeError, {
            message: 'Cannot call write() after writeEof()',
          });
          assert.is((await receiveAll(loop, peer)).length, 0);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_write_eof`] },
    );

    it(
      'lets a protocol answer a peer that has ended if eofReceived() returns true',
      async (loop) => {
        const protocol = recorderWith(loop, { eofReceived: () => true });
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          peer.shutdown(socket.SHUT_WR);
          await until(loop, () => /read=idle/.test(String(transport)));
          assert.is(transport.isClosing(), false);

          transport.write(HELLO);
          transport.writeEof();

          assert.is(String(await receiveAll(loop, peer)), 'hello');
          transport.close();
          assert.is(await protocol.lost, undefined);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_read_ready_eof_keep_open`] },
    );
  });

  loopBehaviour(`Transport.close on ${name}`, (it) => {
    it(
      'sends its buffer, stops receiving, and calls connectionLost() once',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const written = writeUntilFull(transport);
          transport.close();
          transport.close();
          assert.is(transport.isClosing(), true);
          assert.is(transport.isReading(), false);

          const received = await receiveAll(loop, peer, written.length);
          assert.is(await protocol.lost, undefined);
          await settle();

          assert.ok(received.equals(written));
          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
          assert.is(transport.getExtraInfo('socket')?.fileno(), -1);
        });
      },
      {
        ...REAL,
        cpython: [
          `${ANY}test_close`,
          `${ANY}test_close_write_buffer`,
          `${SOCKET}test_write_ready_closing`,
        ],
      },
    );

    it(
      'calls connectionLost() a turn later if it is called in resumeWriting',
      async (loop) => {
        const protocol = recorderWith(loop, {
          resumeWriting: () => {
            loop.callSoon(() => protocol.calls.push('a callback'));
            transportOf(protocol).close();
          },
        });
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          transport.setWriteBufferLimits(0);
          writeUntilFull(transport);
          await receiveAll(loop, peer);
          await protocol.lost;

          assert.equal(protocol.calls.slice(-2), ['a callback', 'connectionLost']);
        });
      },
      REAL,
    );

    it(
      'calls connectionLost() once, and sends nothing that is written there',
      async (loop, { settle }) => {
        const protocol = recorderWith(loop, {
          connectionLost: (error) => {
            Recorder.prototype.connectionLost.call(protocol, error);
            transportOf(protocol).write(HELLO);
            transportOf(protocol).abort();
          },
        });
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          const written = writeUntilFull(transport);
          transport.close();
          const received = await receiveAll(loop, peer);
          await settle();

          assert.is(received.length, written.length);
          assert.is(transport.getWriteBufferSize(), 0);
          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        });
      },
      REAL,
    );

    it(
      'calls connectionLost() in the next turn if the buffer is empty, not within the call',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          transport.close();
          assert.equal(protocol.calls, ['connectionMade']);
          await settle(1);

          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        });
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::SelectorSocketTransportTests::test_transport_close_remove_writer',
        ],
      },
    );

    it(
      'delivers nothing that was received but not yet delivered',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          await loop.sockSendall(peer, HELLO);
          transport.close();
          await settle(10);

          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`Transport.abort on ${name}`, (it) => {
    it(
      'drops its buffer, and calls connectionLost() in the next turn',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          writeUntilFull(transport);

          transport.abort();
          transport.abort();
          transport.close();
          assert.is(transport.getWriteBufferSize(), 0);
          assert.equal(protocol.calls, ['connectionMade']);
          await settle(1);

          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
          assert.is(await protocol.lost, undefined);
        });
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::SelectorTransportTests::test_abort',
          'test_selector_events.py::SelectorTransportTests::test_force_close',
        ],
      },
    );

    it(
      'cuts short a close() that waits for the peer',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          writeUntilFull(transport);
          transport.close();
          await settle(10);
          assert.equal(protocol.calls, ['connectionMade']);

          transport.abort();
          await settle(1);

          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`A lost connection on ${name}`, (it) => {
    it(
      'is reported to the protocol with its reason, and nowhere else',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          reset(peer);
          const error = await protocol.lost;

          assert.instance(error, ConnectionResetError);
          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
          assert.is(transport.isClosing(), true);
        });
      },
      {
        ...REAL,
        cpython: [
          'test_selector_events.py::SelectorTransportTests::test_connection_lost',
          'test_selector_events.py::SelectorSocketTransportTests::test_read_ready_conn_reset',
        ],
      },
    );

    it(
      'ends a close() that waits for the peer',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          writeUntilFull(transport);
          transport.close();
          reset(peer);

          assert.instance(await protocol.lost, Error);
          assert.is(transport.getWriteBufferSize(), 0);
        });
      },
      REAL,
    );

    it(
      'is reported when the socket was closed under the transport',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          socketOf(transport).close();

          assert.match(String(await protocol.lost), 'Bad file descriptor');
        });
      },
      REAL,
    );
  });

  loopBehaviour(`A socket that fails on ${name}`, (it) => {
    // What the system says, and what is a fault of ours: only that is news.
    const faults: [fault: () => Error, told: boolean][] = [
      [() => new OSError('odd'), false],
      [() => new RangeError('odd'), true],
    ];
    for (const [fault, told] of faults) {
      const what = `${fault().name}, ${told ? 'which is' : 'and that is not'} reported`;
      const fails = (): never => {
        throw fault();
      };
      it(
        `ends the connection in the turn after a write: ${what}`,
        async (loop, { expectReport }) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
            socketOf(transport)._endpoint.trySend = fails;

            transport.write(HELLO);
            assert.equal(protocol.calls, ['connectionMade']);
            transport.write(HELLO);

            assert.is(String(await protocol.lost), `${fault().name}: odd`);
            if (told) expectReport(/^Fatal write error on socket transport$/);
          });
        },
        { ...REAL, cpython: [`${SOCKET}test_write_exception`, `${ANY}test_fatal_error`] },
      );

      it(
        `ends the connection while its buffer is sent: ${what}`,
        async (loop, { expectReport }) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
            const endpoint = socketOf(transport)._endpoint;
            endpoint.trySend = () => -1;
            transport.write(HELLO);
            assert.is(transport.getWriteBufferSize(), HELLO.length);

            endpoint.trySend = fails;
            endpoint.writer?.ready();

            assert.is(String(await protocol.lost), `${fault().name}: odd`);
            assert.is(transport.getWriteBufferSize(), 0);
            if (told) expectReport(/^Fatal write error on socket transport$/);
          });
        },
        { ...REAL, cpython: [`${SOCKET}test_write_ready_exception`] },
      );

      it(
        `ends the connection while it is read from: ${what}`,
        async (loop, { expectReport }) => {
          await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
            socketOf(transport)._endpoint.tryRecv = fails;

            await loop.sockSendall(peer, HELLO);

            assert.is(String(await protocol.lost), `${fault().name}: odd`);
            assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
            if (told) expectReport(/^Fatal read error on socket transport$/);
          });
        },
        {
          ...REAL,
          cpython: [`${SOCKET}test_read_ready_err`, `${ANY}test_fatal_error_custom_exception`],
        },
      );
    }
  });

  loopBehaviour(`A transport that is closing on ${name}`, (it) => {
    it(
      'neither ends sending nor receives, whatever is called',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          transport.pauseReading();
          transport.abort();
          await loop.sockSendall(peer, HELLO);

          transport.resumeReading();
          transport.writeEof();
          await settle();
          transport.writeEof();

          assert.is(transport.isReading(), false);
          assert.equal(protocol.calls, ['connectionMade', 'connectionLost']);
        });
      },
      { ...REAL, cpython: [`${SOCKET}test_write_eof_after_close`, `${ANY}test__add_reader`] },
    );
  });

  loopBehaviour(`A protocol that throws on ${name}`, (it) => {
    const methods: [keyof Protocol, message: string][] = [
      ['dataReceived', 'Fatal error: protocol.dataReceived() call failed.'],
      ['eofReceived', 'Fatal error: protocol.eofReceived() call failed.'],
    ];
    for (const [method, message] of methods)
      it(
        `is reported and disconnected: ${method}`,
        async (loop, scene) => {
          const error = new Error('odd');
          const fail = (): never => {
            throw error;
          };
          await onStage(loop, name, recorderWith(loop, { [method]: fail }), async (stage) => {
            const { transport, protocol, peer } = stage;
            await loop.sockSendall(peer, HELLO);
            peer.shutdown(socket.SHUT_WR);
            const lost = await protocol.lost;

            assert.is(lost, error);
            const [report] = scene.reports;
            assert.is(scene.reports.length, 1);
            assert.equal(Object.keys(report ?? {}), [
              'message',
              'exception',
              'transport',
              'protocol',
              'peername',
            ]);
            assert.is(report?.message, message);
            assert.is(report?.exception, error);
            assert.is(report?.['transport'], transport);
            assert.is(report?.['protocol'], protocol);
          });
        },
        {
          ...REAL,
          cpython: [
            'test_selector_events.py::SelectorSocketTransportTests::test_read_eof_received_error',
            'test_selector_events.py::SelectorSocketTransportTests::test_data_received_error',
          ],
        },
      );

    for (const method of ['pauseWriting', 'resumeWriting'] as const)
      it(
        `is reported, and its connection continues: ${method}`,
        async (loop, { expectReport }) => {
          const fail = (): never => {
            throw new Error('odd');
          };
          await onStage(loop, name, recorderWith(loop, { [method]: fail }), async (stage) => {
            const { transport, peer } = stage;
            transport.setWriteBufferLimits(0);
            const written = writeUntilFull(transport);
            transport.close();

            assert.ok((await receiveAll(loop, peer)).equals(written));
            expectReport(new RegExp(`^protocol.${method}\\(\\) failed$`));
          });
        },
        REAL,
      );

    it(
      'is reported as a callback, and its connection continues: connectionMade',
      async (loop, { expectReport }) => {
        class Odd extends Recorder {
          override connectionMade(): void {
            throw new Error('odd');
          }
        }
        await onStage(loop, name, new Odd(loop), async ({ protocol, peer }) => {
          await loop.sockSendall(peer, HELLO);
          await until(loop, () => protocol.received.length > 0);

          expectReport(/^Exception in callback Odd\.connectionMade\(\)$/);
        });
      },
      REAL,
    );

    it(
      'is reported as a callback, and its socket is closed: connectionLost',
      async (loop, { expectReport, settle }) => {
        const protocol = recorderWith(loop, {
          connectionLost: () => {
            throw new Error('odd');
          },
        });
        await onStage(loop, name, protocol, async ({ transport, peer }) => {
          transport.close();
          await settle();

          const callback = /^Exception in callback _SelectorSocketTransport\._call_connection_lost/;
          expectReport(callback);
          assert.is((await receiveAll(loop, peer)).length, 0);
          assert.match(String(transport), 'closed');
        });
      },
      REAL,
    );

    it.resting(
      'ends the loop with a KeyboardInterrupt',
      async (loop) => {
        const protocol = recorderWith(loop, {
          dataReceived: () => {
            throw new KeyboardInterrupt();
          },
        });
        const [transport, peer] = await loop.runUntilComplete(async () => {
          const [sock, other] = await socketsOn(loop, name);
          const made = await loop.createConnection(() => protocol, undefined, undefined, { sock });
          return [made[0], other] as const;
        });

        loop.callSoon(() => void loop.sockSendall(peer, HELLO));
        await rejects(loop.runForever(), KeyboardInterrupt);

        assert.is(transport.isClosing(), false);
        transport.abort();
        await loop.runUntilComplete(async () => void (await protocol.lost));
        peer.close();
      },
      REAL,
    );
  });

  loopBehaviour(`A transport's printed form on ${name}`, (it) => {
    it(
      'shows what it waits for, as CPython does',
      async (loop, { settle }) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const fd = transport.getExtraInfo('socket')?.fileno();
          const shows = (form: string): void =>
            assert.is(String(transport), `<_SelectorSocketTransport ${form}>`);
          shows(`fd=${fd} read=polling write=<idle, bufsize=0>`);
          transport.pauseReading();
          shows(`fd=${fd} read=idle write=<idle, bufsize=0>`);
          const written = writeUntilFull(transport).length;
          const bufsize = transport.getWriteBufferSize();
          shows(`fd=${fd} read=idle write=<polling, bufsize=${bufsize}>`);
          transport.close();
          shows(`closing fd=${fd} read=idle write=<polling, bufsize=${bufsize}>`);

          await receiveAll(loop, peer, written);
          await protocol.lost;
          await settle();

          shows(`closed fd=${fd}`);
        });
      },
      REAL,
    );

    it(
      'is idle until connectionMade() was called, and closing when the buffer is empty',
      async (loop) => {
        const forms: string[] = [];
        const form = (transport: Transport): void =>
          void forms.push(String(transport).replace(/fd=\d+/, 'fd=N'));
        const protocol = recorderWith(loop, { connectionMade: form });
        await onStage(loop, name, protocol, async ({ transport }) => {
          transport.close();
          form(transport);

          assert.equal(forms, [
            '<_SelectorSocketTransport fd=N read=idle write=<idle, bufsize=0>>',
            '<_SelectorSocketTransport closing fd=N read=idle write=<idle, bufsize=0>>',
          ]);
        });
      },
      REAL,
    );
  });

  loopBehaviour(`Transport.getExtraInfo on ${name}`, (it) => {
    it(
      'knows the socket and both addresses, and returns the default for other names',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const sockname = transport.getExtraInfo('sockname');
          const peername = transport.getExtraInfo('peername');

          assert.equal(sockname, peer.getpeername());
          assert.equal(peername, peer.getsockname());
          assert.ok(transport.getExtraInfo('socket') instanceof TransportSocket);
          assert.is(transport.getExtraInfo('cipher'), undefined);
          assert.is(transport.getExtraInfo('cipher', 'none'), 'none');
          assert.is(transport.getExtraInfo('toString'), undefined);
        });
      },
      {
        ...REAL,
        cpython: [
          'test_transports.py::TransportTests::test_get_extra_info',
          'test_transports.py::TransportTests::test_ctor_extra_is_none',
          'test_selector_events.py::SelectorTransportTests::test_ctor',
        ],
      },
    );
  });

  loopBehaviour(`A socket of a transport on ${name}`, (it) => {
    it(
      'is refused by socket operations, even if the transport does not read',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport }) => {
          const sock = socketOf(transport);
          transport.pauseReading();
          const message = `File descriptor ${sock.fileno()} is used by transport ${transport}`;

          throws(() => loop.sockRecv(sock, 1), RuntimeError, { message });
          throws(() => loop.sockSendall(sock, HELLO), RuntimeError, { message });
        });
      },
      {
        ...REAL,
        cpython: ['test_unix_events.py::TestFunctional::test_add_reader_or_writer_transport_fd'],
      },
    );

    it(
      'is refused by a second transport, as is one with a pending operation by the first',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const connect = (sock: socket.Socket) =>
            loop.createConnection(() => new Protocol(), undefined, undefined, { sock });
          const receiving = loop.sockRecv(peer, 10);

          await rejects(connect(socketOf(transport)), RuntimeError, {
            message: /used by transport/,
          });
          await rejects(connect(peer), RuntimeError, { message: /an operation is waiting on/ });

          transport.write(HELLO);
          assert.is(String(await receiving), 'hello');
          assert.equal(protocol.calls, ['connectionMade']);
        });
      },
      REAL,
    );
  });
}

for (const { name } of DRIVERS.filter((driver) => driver.name.startsWith('posix')))
  loopBehaviour(`Transports on ${name}`, (it) => {
    it(
      'receive in one step, even if their peers always send before the next turn',
      async (loop) => {
        const steps: string[] = [];
        const enough = loop.createFuture<void>();
        const peers: socket.Socket[] = [];
        const echo = (peer: socket.Socket) =>
          recorderWith(loop, {
            dataReceived: () => {
              steps.push('data');
              queueMicrotask(() => steps.push('microtask'));
              peer.send(HELLO);
              if (steps.length >= 60 && !enough.done()) enough.setResult();
            },
          });
        for (let n = 0; n < 3; n += 1) {
          const [sock, peer] = await socketsOn(loop, name);
          await loop.createConnection(() => echo(peer), undefined, undefined, { sock });
          peers.push(peer);
        }

        for (const peer of peers) peer.send(HELLO);
        await enough;

        const turn = [...Array(3).fill('data'), ...Array(3).fill('microtask')];
        assert.equal(steps.slice(-18), [...turn, ...turn, ...turn]);
        for (const peer of peers) peer.close();
      },
      REAL,
    );
  });

loopBehaviour('Transport on memory', (it) => {
  it('passes on at most 256 KiB at a time, one piece per turn', async (loop) => {
    const sizes: (number | string)[] = [];
    const protocol = recorderWith(loop, {
      dataReceived: (data) => {
        sizes.push(data.length);
        loop.callSoon(() => sizes.push('a turn'));
      },
    });
    await onStage(loop, 'memory', protocol, async ({ transport, peer }) => {
      socketOf(transport).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000);
      await loop.sockSendall(peer, Buffer.alloc(600_000));
      await until(loop, () => sizes.length === 6);

      assert.equal(sizes, [262_144, 'a turn', 262_144, 'a turn', 75_712, 'a turn']);
    });
  });
});

/** The transport's own socket. */
function socketOf(transport: Transport): socket.Socket {
  return (transport.getExtraInfo('socket') as TransportSocket)._sock;
}

function transportOf(protocol: Recorder): Transport {
  return protocol.transport as Transport;
}
