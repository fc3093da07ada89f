import { once } from 'node:events';
import { Duplex } from 'node:stream';
import * as assert from 'uvu/assert';
import { connectDuplex, fromDuplex, type Loop, newEventLoop, Protocol } from '../../src/index.ts';
import { duplexPair } from '../support/duplex-pair.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

class Stubborn extends Duplex {
  override _read(): void {}
  override end(): this {
    throw new Error('not now');
  }
}

loopBehaviour('A loop that is closed', (it) => {
  it.resting('closes all transports, even if a stream throws', async (loop: Loop, scene) => {
    const streams = [new Duplex({ read() {} }), new Stubborn(), new Duplex({ read() {} })];
    await loop.runUntilComplete(async () => {
      for (const stream of streams) await fromDuplex(stream);
    });

    loop.close();
    await new Promise(setImmediate);

    assert.equal(
      streams.map((stream) => stream.destroyed),
      [true, false, true],
    );
    scene.expectReport(/Exception while the loop was closed/);
  });

  it.resting('ends the Node streams of its transports, as close() does', async (loop) => {
    for (const connect of [
      async (near: Duplex): Promise<unknown> => await fromDuplex(near),
      async (near: Duplex) => await connectDuplex(() => new Protocol(), near),
    ]) {
      const [near, far] = duplexPair();
      const another = newEventLoop();
      await another.runUntilComplete(() => connect(near));

      another.close();
      far.resume();
      await once(far, 'end');

      await new Promise(setImmediate);
      assert.ok(near.destroyed);
      far.destroy();
    }
    assert.not(loop.isClosed());
  });
});
