import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { randomPrograms, runRandomProgram } from '../support/random-programs.ts';

/** By seed: how many programs. Several runs, so that their memory is given back in between. */
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);
const EACH = 5000;

loopBehaviour('100,000 random programs of tasks, groups, timeouts and locks', (it) => {
  for (const seed of SEEDS)
    it(
      `end, and leave nothing behind, from seed ${seed} on`,
      async (loop, scene) => {
        await fc.assert(
          fc.asyncProperty(randomPrograms, (program) => runRandomProgram(loop, program)),
          { seed, numRuns: EACH },
        );

        for (const { message } of scene.reports)
          assert.match(String(message), / exception in shielded future$/);
      },
      { seconds: 600 },
    );
});
