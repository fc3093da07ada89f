import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { PeerProgress } from '../../../../src/sock/drivers/node/peer-progress.ts';
import { behaviour } from '../../../support/behaviour.ts';
import { connectedPair, filled, receivedAll } from '../../../support/drivers.ts';

behaviour('PeerProgress', (it) => {
  if (!existsSync('/proc/thread-self/net/tcp')) {
    it.skip('knows whether the peer takes bytes', 'Linux alone tells');
    return;
  }

  it('knows from one answer to the next whether the peer took bytes', async () => {
    const pair = await connectedPair('node');
    filled(pair.client);
    const progress = new PeerProgress(pair.client.fileno());
    assert.ok(await progress.ask());
    // What is on its way comes in pieces, with a "no" between two of them.
    for (let quiet = 0; quiet < 20; ) quiet = (await progress.ask()) ? 0 : quiet + 1;

    await receivedAll(pair.server, 1_000_000);
    assert.ok(await progress.ask());
    pair.close();
  });

  it('answers all calls of one turn', async () => {
    const pair = await connectedPair('node');
    const all = Array.from({ length: 100 }, () => new PeerProgress(pair.client.fileno()));

    assert.ok((await Promise.all(all.map((each) => each.ask()))).every((moved) => moved));
    assert.not((await Promise.all(all.map((each) => each.ask()))).some((moved) => moved));
    pair.close();
  });
});
