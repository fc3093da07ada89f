/** Small writes that wait for the end of the turn arrive, whatever ends before that. */
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import * as assert from 'uvu/assert';
import { connectDuplex, Protocol, type Transport } from '../../src/index.ts';
import { AF_UNIX } from '../../src/socket.ts';
import { DRIVERS, receivedAll, streamOn } from '../support/drivers.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { loopBehaviour, settle } from '../support/loop-behaviour.ts';
import { CLIENT, SERVER, secureClient } from '../support/tls.ts';
import { Recorder, receiveAll, socketsOn, until } from '../support/transports.ts';

const REAL = { clock: 'real' } as const;
const SMALL = Buffer.from('small');

function writeThree(transport: Transport): void {
  for (let n = 0; n < 3; n += 1) transport.write(SMALL);
}

/** What comes to a server of TLS: `size` bytes, or all up to the end. */
function decrypted(stream: Duplex, size: number): Promise<string> {
  const socket = new TLSSocket(stream as never, { isServer: true, ...SERVER });
  let whole = '';
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      whole += data;
      if (whole.length >= size) resolve(whole);
    });
    // TLS's own end does not come.
    stream.on('end', () => setImmediate(() => resolve(whole)));
  });
}

loopBehaviour('Three small writes on a Node stream', (it) => {
  it.resting('arrive if the loop is closed in the same turn', async (loop) => {
    const [near, far] = duplexPair();
    const [transport] = await loop.runUntilComplete(() =>
      connectDuplex(() => new Protocol(), near),
    );
    // It takes one piece at a time, and is still at the first when the run has ended.
    const write = near._write;
    const later = (turns: number, done: () => void): void =>
      void setImmediate(() => (turns > 1 ? later(turns - 1, done) : done()));
    near._write = (data, encoding, done) =>
      write.call(near, data, encoding, () => later(5, done as () => void));
    loop.callSoon(() => {
      writeThree(transport);
      loop.stop();
    });
    await loop.runForever();
    loop.close();

    assert.is(await text(far), 'small'.repeat(3));
    assert.ok(near.destroyed);
  });

  it.resting(
    'arrive with startTls too',
    async (loop) => {
      const [near, far] = duplexPair();
      const receiving = decrypted(far, 15);
      const transport = await loop.runUntilComplete(async () => {
        const protocol = new Protocol();
        const [before] = await connectDuplex(() => protocol, near);
        return loop.startTls(before, protocol, CLIENT, { serverHostname: 'localhost' });
      });
      loop.callSoon(() => {
        writeThree(transport);
        loop.stop();
      });
      await loop.runForever();
      loop.close();

      assert.is(await receiving, 'small'.repeat(3));
    },
    REAL,
  );
});

for (const { name, real } of DRIVERS) {
  if (real)
    loopBehaviour(`Three small writes with TLS on ${name}`, (it) => {
      for (const when of [
        'the loop is stopped in their turn',
        'no loop runs',
        'they are behind many',
      ])
        it.resting(
          `arrive if ${when}, and it is closed`,
          async (loop) => {
            // Over TCP the peer may lose what was sent before the tickets of TLS 1.3 were read.
            const [sock, peer] = await loop.runUntilComplete(() => socketsOn(loop, name, AF_UNIX));
            const many = when === 'they are behind many' ? 100_000 : 0;
            const receiving = decrypted(streamOn(peer), many + 15);
            const transport = await loop.runUntilComplete(() =>
              secureClient(loop, sock, new Protocol()),
            );
            const write = (): void => {
              transport.write(Buffer.alloc(many, 'x'));
              writeThree(transport);
              loop.stop();
            };
            if (when === 'no loop runs') writeThree(transport);
            else {
              loop.callSoon(write);
              await loop.runForever();
            }
            loop.close();

            assert.is(await receiving, 'x'.repeat(many) + 'small'.repeat(3));
            peer.close();
          },
          REAL,
        );
    });

  loopBehaviour(`Three small writes on ${name}`, (it) => {
    if (real)
      it.resting(
        'arrive if the loop is stopped in the same turn, and closed',
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
      'arrive if the protocol throws after them, or the transport is aborted',
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

  loopBehaviour(`A protocol that paused on ${name}`, (it) => {
    it(
      'is notified of the end when it resumes, not before',
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
