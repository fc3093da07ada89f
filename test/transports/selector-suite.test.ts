/** CPython's tests of writing and accepting that 3.12 to 3.14 added to test_selector_events.py, on every driver. */
import * as assert from 'uvu/assert';
import { osError } from '../../src/base/errors/os-errors.ts';
import { ConnectionResetError, type Transport } from '../../src/index.ts';
import type { Endpoint } from '../../src/sock/endpoint/endpoint.ts';
import type * as socket from '../../src/socket.ts';
import { DRIVERS } from '../support/drivers.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import {
  onStage,
  Recorder,
  receiveAll,
  socketsOn,
  until,
  writeUntilFull,
} from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const SOCKET = 'test_selector_events.py::SelectorSocketTransportTests::test_';
const PIECES = ['data1', 'data2', 'data3'].map((text) => Buffer.from(text));

function endpointOf(transport: Transport): Endpoint {
  return (transport.getExtraInfo('socket') as { _sock: socket.Socket })._sock._endpoint;
}

for (const { name } of DRIVERS)
  loopBehaviour(`Transport.writelines on ${name}`, (it) => {
    it(
      'sends all pieces in order, and buffers nothing if the system accepts them',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          transport.writelines(PIECES);

          assert.is(String(await receiveAll(loop, peer, 15)), 'data1data2data3');
          assert.is(transport.getWriteBufferSize(), 0);
        });
      },
      {
        ...REAL,
        cpython: ['write_sendmsg_full', 'writelines_send_full', 'writelines_sendmsg_full'].map(
          (test) => SOCKET + test,
        ),
      },
    );

    it(
      'buffers what the system does not accept, and sends it in order',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const first = writeUntilFull(transport);
          const kept = transport.getWriteBufferSize();

          transport.writelines(PIECES);
          assert.is(transport.getWriteBufferSize(), kept + 15);
          const received = await receiveAll(loop, peer, first.length + 15);

          assert.ok(received.equals(Buffer.concat([first, ...PIECES])));
          await until(loop, () => transport.getWriteBufferSize() === 0);
        });
      },
      {
        ...REAL,
        cpython: [
          'write_sendmsg_partial',
          'write_sendmsg_half_buffer',
          'writelines_send_partial',
          'writelines_sendmsg_partial',
        ].map((test) => SOCKET + test),
      },
    );

    it(
      'neither sends nor buffers empty pieces',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, peer }) => {
          const first = writeUntilFull(transport);
          const kept = transport.getWriteBufferSize();

          transport.write(Buffer.alloc(0));
          transport.writelines([Buffer.alloc(0), Buffer.alloc(0)]);

          assert.is(transport.getWriteBufferSize(), kept);
          assert.is((await receiveAll(loop, peer, first.length)).length, first.length);
        });
      },
      { ...REAL, cpython: [`${SOCKET}write_sendmsg_no_data`] },
    );

    it(
      'pauses the protocol',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol, peer }) => {
          const first = writeUntilFull(transport);
          await receiveAll(loop, peer, first.length);
          await until(loop, () => transport.getWriteBufferSize() === 0);
          transport.setWriteBufferLimits(1);
          endpointOf(transport).trySend = () => -1;

          transport.writelines(PIECES);

          assert.equal(protocol.calls.slice(-1), ['pauseWriting']);
        });
      },
      { ...REAL, cpython: [`${SOCKET}writelines_pauses_protocol`] },
    );

    it(
      'fails the connection, and buffers nothing',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          const endpoint = endpointOf(transport);
          endpoint.trySend = () => -1;
          transport.writelines(PIECES);
          assert.is(transport.getWriteBufferSize(), 15);

          endpoint.trySend = () => {
            throw osError('ECONNRESET', 'write');
          };
          endpoint.writer?.ready();

          assert.instance(await protocol.lost, ConnectionResetError);
          assert.is(transport.getWriteBufferSize(), 0);
        });
      },
      { ...REAL, cpython: [`${SOCKET}write_sendmsg_OSError`] },
    );

    it(
      'buffers nothing after the connection has failed',
      async (loop) => {
        await onStage(loop, name, new Recorder(loop), async ({ transport, protocol }) => {
          endpointOf(transport).trySend = () => {
            throw osError('ECONNRESET', 'write');
          };
          transport.write(PIECES[0] as Buffer);

          transport.writelines(PIECES);
          assert.is(transport.getWriteBufferSize(), 0);
          await protocol.lost;
          transport.writelines(PIECES);

          assert.is(transport.getWriteBufferSize(), 0);
        });
      },
      { ...REAL, cpython: [`${SOCKET}writelines_after_connection_lost`] },
    );

    it(
      'sends what the protocol writes when it is resumed after close()',
      async (loop) => {
        class WritesOn extends Recorder {
          override resumeWriting(): void {
            super.resumeWriting();
            this.transport?.write(Buffer.from('the rest'));
          }
        }
        const [sock, peer] = await socketsOn(loop, name);
        const protocol = new WritesOn(loop);
        const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
          sock,
        });
        transport.setWriteBufferLimits(1);
        const first = writeUntilFull(transport);

        transport.close();
        assert.not(protocol.calls.includes('connectionLost'));
        const received = await receiveAll(loop, peer);

        assert.ok(received.equals(Buffer.concat([first, Buffer.from('the rest')])));
        assert.is(await protocol.lost, undefined);
        peer.close();
      },
      { ...REAL, cpython: [`${SOCKET}write_buffer_after_close`] },
    );
  });
