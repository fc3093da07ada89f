import { Duplex } from 'node:stream';
import * as assert from 'uvu/assert';
import { fromDuplex, type Loop } from '../../src/index.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

class Stubborn extends Duplex {
  override _read(): void {}
  override destroy(): this {
    throw new Error('not now');
  }
}

loopBehaviour('a loop that is closed', (it) => {
  it.resting('closes all transports, also if a stream throws', async (loop: Loop, scene) => {
    const streams = [new Duplex({ read() {} }), new Stubborn(), new Duplex({ read() {} })];
    await loop.runUntilComplete(async () => {
      for (const stream of streams) await fromDuplex(stream);
    });

    loop.close();

    assert.equal(
      streams.map((stream) => stream.destroyed),
      [true, false, true],
    );
    scene.expectReport(/Exception while the loop was closed/);
  });
});
