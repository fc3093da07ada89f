/** Servers of ours, and clients that others wrote, under `'hell'`. */
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { echo, http, resp } from './ours.ts';
import { ioredis, postgres, websocket } from './packages.ts';
import { play } from './program.ts';

behaviour('Under hell', (it) => {
  for (const [name, program] of Object.entries({ echo, http, resp, ioredis, postgres, websocket }))
    it(`${name} gets no wrong answer, ends, and does the same again`, async () => {
      const { passed, failed, digests } = await play(program, { runs: 5 });
      assert.ok(passed > 0 && failed.size > 0);
      const again = await play(program, { runs: 2 });
      // What ws sends depends on random bytes of node:crypto, and so does the digest. How it ends does not.
      if (program === websocket)
        assert.equal({ ...(await play(program, { runs: 2 })), digests: again.digests }, again);
      else assert.equal(again.digests, digests.slice(0, 2));
    });
});
