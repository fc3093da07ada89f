import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  ADDITIONS,
  type BranchProgram,
  branchPrograms,
  branchProgramsOf,
  compareBranches,
  USUAL_REPORTS,
} from '../support/branch-programs.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

/** A cancel of the task and one of a failing group are kept by one `allSettled()`, and thrown as one. */
const keptTwice: BranchProgram = {
  block: [
    {
      do: 'group',
      blocks: [
        [
          {
            do: 'allSettled',
            blocks: [[{ do: 'group', blocks: [[], [{ do: 'sleep', time: 1 }]] }]],
          },
        ],
        [{ do: 'fail' }],
      ],
    },
  ],
  cancelAt: [1],
};

loopBehaviour('Branches of a task, in random programs', (it) => {
  it('see what separate tasks would see, at the same time', async (loop, scene) => {
    await fc.assert(
      fc.asyncProperty(branchPrograms, (program) => compareBranches(loop, program)),
      { seed: 15, numRuns: 300, examples: [[keptTwice]] },
    );

    for (const { message } of scene.reports) assert.match(String(message), USUAL_REPORTS);
  });

  for (const addition of ADDITIONS)
    it(`also see it with ${addition}`, async (loop, scene) => {
      await fc.assert(
        fc.asyncProperty(branchProgramsOf(addition), (program) => compareBranches(loop, program)),
        { seed: 15, numRuns: 50 },
      );

      for (const { message } of scene.reports) assert.match(String(message), USUAL_REPORTS);
    });
});
