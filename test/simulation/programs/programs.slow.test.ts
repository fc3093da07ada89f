/** The same under more seeds. */
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { echo, http, resp } from './ours.ts';
import { ioredis, postgres, websocket } from './packages.ts';
import { play } from './program.ts';

behaviour('Under 500 seeds of hell', (it) => {
  for (const [name, program] of Object.entries({ echo, http, resp, ioredis, postgres, websocket }))
    it(
      `${name} gets no wrong answer, and ends`,
      async () => {
        const { passed, digests } = await play(program, { runs: 500 });
        assert.ok(passed > 500);
        assert.is(digests.length, 500);
      },
      { seconds: 240 },
    );
});
