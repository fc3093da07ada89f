import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  ADDITIONS,
  branchPrograms,
  branchProgramsOf,
  compareBranches,
  USUAL_REPORTS,
} from '../support/branch-programs.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** By seed: how many programs. Several runs, so that their memory is given back in between. */
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);
const EACH = 5000;

loopBehaviour('Branches of a task, in 100,000 random programs of each kind', (it) => {
  for (const seed of SEEDS)
    it(
      `see what separate tasks would see, at the same time, from seed ${seed} on`,
      async (loop, scene) => {
        await fc.assert(
          fc.asyncProperty(branchPrograms, (program) => compareBranches(loop, program)),
          { seed, numRuns: EACH },
        );

        for (const { message } of scene.reports) assert.match(String(message), USUAL_REPORTS);
      },
      { seconds: 600 },
    );

  for (const addition of ADDITIONS)
    for (const seed of SEEDS)
      it(
        `also see it with ${addition}, from seed ${seed} on`,
        async (loop, scene) => {
          await fc.assert(
            fc.asyncProperty(branchProgramsOf(addition), (program) =>
              compareBranches(loop, program),
            ),
            { seed, numRuns: EACH },
          );

          for (const { message } of scene.reports) assert.match(String(message), USUAL_REPORTS);
        },
        { seconds: 600 },
      );
});
