import * as assert from 'uvu/assert';
import { BufferedProtocol, type Loop, Protocol, type Transport } from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { Recorder, receiveAll, reset, socketsOn, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const SUITE = 'test_selector_events.py::SelectorSocketTransportBufferedProtocolTests::';

/** Receives into the same eight bytes each time, and notes its calls. */
class Collector extends BufferedProtocol {
  readonly memory = Buffer.alloc(8);
  readonly calls: string[] = [];
  readonly lost;

  constructor(loop: Loop) {
    super();
    this.lost = loop.createFuture<unknown>();
  }

  override getBuffer(sizehint: number): Uint8Array {
    this.calls.push(`getBuffer ${sizehint}`);
    return this.memory;
  }

  override bufferUpdated(nbytes: number): void {
    this.calls.push(`bufferUpdated ${this.memory.subarray(0, nbytes)}`);
  }

  override eofReceived(): boolean | undefined {
    this.calls.push('eofReceived');
    return undefined;
  }

  override connectionLost(error?: unknown): void {
    this.calls.push('connectionLost');
    this.lost.setResult(error);
  }

  /** The calls that say something. */
  get told(): string[] {
    return this.calls.filter((call) => !call.startsWith('getBuffer'));
  }
}

for (const { name } of DRIVERS)
  loopBehaviour(`BufferedProtocol on ${name}`, (it) => {
    const connected = async <P extends BufferedProtocol>(
      loop: Loop,
      protocol: P,
    ): Promise<[transport: Transport, peer: socket.Socket]> => {
      const [sock, peer] = await socketsOn(loop, name);
      const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
        sock,
      });
      return [transport, peer];
    };
    const say = (loop: Loop, peer: socket.Socket, text: string) =>
      loop.sockSendall(peer, Buffer.from(text));

    it(
      'is asked for its buffer again if nothing was received',
      async (loop) => {
        const protocol = new Collector(loop);
        const [transport, peer] = await connected(loop, protocol);
        await until(loop, () => protocol.calls.length > 0);

        assert.equal(protocol.calls, ['getBuffer -1']);
        await say(loop, peer, 'hello');
        await until(loop, () => protocol.told.length > 0);
        assert.equal(protocol.calls.slice(0, 3), [
          'getBuffer -1',
          'getBuffer -1',
          'bufferUpdated hello',
        ]);
        transport.abort();
        peer.close();
        await protocol.lost;
      },
      REAL,
    );

    it(
      'receives bytes in its own buffer, piece by piece, and is notified of the end',
      async (loop) => {
        const protocol = new Collector(loop);
        const [, peer] = await connected(loop, protocol);

        await say(loop, peer, 'hello world');
        await until(loop, () => protocol.told.length === 2);
        peer.close();
        const error = await protocol.lost;

        assert.is(error, undefined);
        assert.equal(protocol.told, [
          'bufferUpdated hello wo',
          'bufferUpdated rld',
          'eofReceived',
          'connectionLost',
        ]);
        assert.ok(protocol.calls.includes('getBuffer -1'));
      },
      {
        ...REAL,
        cpython: [
          `${SUITE}test_ctor`,
          `${SUITE}test_read_ready`,
          `${SUITE}test_read_ready_eof`,
          `${SUITE}test_read_ready_tryagain`,
          'test_buffered_proto.py::BaseTestBufferedProtocol::test_buffered_proto_create_connection',
        ],
      },
    );

    it(
      'keeps the connection open if eofReceived() returns true',
      async (loop) => {
        const protocol = Object.assign(new Collector(loop), { eofReceived: () => true });
        const [transport, peer] = await connected(loop, protocol);

        peer.shutdown(socket.SHUT_WR);
        await until(loop, () => /read=idle/.test(String(transport)));
        transport.write(Buffer.from('still here'));

        assert.is(String(await receiveAll(loop, peer, 10)), 'still here');
        transport.close();
        await protocol.lost;
        peer.close();
      },
      { ...REAL, cpython: [`${SUITE}test_read_ready_eof_keep_open`] },
    );

    it(
      'can alternate with a Protocol on the same transport',
      async (loop) => {
        const buffered = new Collector(loop);
        const plain = new Recorder(loop);
        const [transport, peer] = await connected(loop, buffered);

        transport.setProtocol(plain);
        await say(loop, peer, 'plain');
        await until(loop, () => plain.received.length === 1);
        transport.setProtocol(buffered);
        await say(loop, peer, 'buffered');
        await until(loop, () => buffered.told.length === 1);

        assert.equal(plain.calls, ['dataReceived plain']);
        assert.equal(buffered.told, ['bufferUpdated buffered']);
        transport.close();
        await buffered.lost;
        peer.close();
      },
      { ...REAL, cpython: [`${SUITE}test_proto_type_switch`] },
    );

    for (const [method, message, failing, origin] of [
      [
        'getBuffer',
        'RuntimeError: getBuffer() returned an empty buffer',
        () => new Uint8Array(),
        'test_get_buffer_zerosized',
      ],
      [
        'getBuffer',
        'TypeError: getBuffer() must return a Uint8Array, got a string',
        () => 'text',
        undefined,
      ],
      ['getBuffer', 'Error: odd', fail, 'test_get_buffer_error'],
      ['bufferUpdated', 'Error: odd', fail, 'test_buffer_updated_error'],
      ['eofReceived', 'Error: odd', fail, 'test_read_eof_received_error'],
    ] as const)
      it(
        `is disconnected, and the failure is reported: ${method}, ${message}`,
        async (loop, scene) => {
          const protocol = Object.assign(new Collector(loop), { [method]: failing });
          const [, peer] = await connected(loop, protocol);

          await say(loop, peer, 'hello');
          peer.shutdown(socket.SHUT_WR);
          const error = await protocol.lost;

          assert.is(String(error), message);
          scene.expectReport(
            new RegExp(`^Fatal error: protocol\\.${method}\\(\\) call failed\\.$`),
          );
          peer.close();
        },
        { ...REAL, cpython: origin === undefined ? [] : [`${SUITE}${origin}`] },
      );

    it(
      'is notified of a reset, and nothing is reported',
      async (loop) => {
        const protocol = new Collector(loop);
        const [, peer] = await connected(loop, protocol);

        reset(peer);

        assert.match(String(await protocol.lost), /^ConnectionResetError/);
        assert.equal(protocol.told, ['connectionLost']);
      },
      { ...REAL, cpython: [`${SUITE}test_read_ready_conn_reset`, `${SUITE}test_read_ready_err`] },
    );
  });

loopBehaviour('BufferedProtocol', (it) => {
  it(
    'has methods that do nothing',
    async () => {
      const protocol = new BufferedProtocol();
      for (const method of ['connectionMade', 'connectionLost', 'pauseWriting', 'resumeWriting'])
        assert.is((protocol as never as Record<string, () => unknown>)[method]?.(), undefined);
      assert.is(protocol.eofReceived(), undefined);
      assert.is(protocol.getBuffer(100).length, 0);
      assert.is(protocol.bufferUpdated(150), undefined);
      assert.not.ok(protocol instanceof Protocol);
    },
    { cpython: ['test_protocols.py::ProtocolsAbsTests::test_buffered_protocol'] },
  );
});

function fail(): never {
  throw new Error('odd');
}
