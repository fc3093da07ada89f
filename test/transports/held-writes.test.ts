/** Small writes that wait for the end of the turn arrive, whatever ends before that. */
import * as assert from 'uvu/assert';
import { Protocol, type Transport } from '../../src/index.ts';
import { DRIVERS, receivedAll } from '../support/drivers.ts';
import { loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { Recorder, receiveAll, socketsOn, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const SMALL = Buffer.from('small');

function writeThree(transport: Transport): void {
  for (let n = 0; n < 3; n += 1) transport.write(SMALL);
}

for (const { name, real } of DRIVERS) {
  loopBehaviour(`three small writes on ${name}`, (it) => {
    if (real)
      it.resting(
        'arrive when the loop is stopped in their turn, and closed',
        async (loop) => {
          for (const closes of [false, true]) {
            const [sock, peer] = await loop.runUntilComplete(() => socketsOn(loop, name));
            const [transport] = await loop.runUntilComplete(() =>
              loop.createConnection(() => new Protocol(), undefined, undefined, { sock }),
            );
            loop.callSoon(() => {
              writeThree(transport);
              loop.stop();
            });
            await loop.runForever();
            // No loop runs: there is no end of a turn to wait for.
            writeThree(transport);
            if (closes) loop.close();

            assert.is(String(await receivedAll(peer, 30)), 'small'.repeat(6));
            peer.close();
          }
        },
        REAL,
      );

    it(
      'arrive when the protocol fails after them, and when the transport is aborted',
      async (loop, scene) => {
        class Failing extends Recorder {
          override dataReceived(): void {
            writeThree(this.transport as Transport);
            throw new Error('after the answer');
          }
        }
        scene.expectReport(/^Fatal error: protocol\.dataReceived\(\) call failed\.$/);
        for (const fails of [true, false]) {
          const [sock, peer] = await socketsOn(loop, name);
          const protocol = fails ? new Failing(loop) : new Recorder(loop);
          const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
            sock,
          });
          if (fails) await loop.sockSendall(peer, SMALL);
          else {
            writeThree(transport);
            transport.abort();
          }
          assert.is(String(await receiveAll(loop, peer)), 'small'.repeat(3));
          await protocol.lost;
          peer.close();
          await settle(loop);
        }
      },
      REAL,
    );
  });

  loopBehaviour(`a protocol that paused on ${name}`, (it) => {
    it(
      'is told of the end when it resumes, and not before',
      async (loop) => {
        const [sock, peer] = await socketsOn(loop, name);
        const protocol = new Recorder(loop);
        const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
          sock,
        });
        transport.pauseReading();
        peer.close();
        await settle(loop, 20);
        assert.equal(protocol.calls, ['connectionMade']);

        transport.resumeReading();

        await until(loop, () => protocol.calls.includes('connectionLost'));
        assert.equal(protocol.calls, ['connectionMade', 'eofReceived', 'connectionLost']);
      },
      REAL,
    );
  });
}
