import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { branchPrograms, compareBranches } from '../support/branch-programs.ts';
import { loopBehaviour } from '../support/loop-behaviour.ts';

loopBehaviour('Branches of a task, in random programs', (it) => {
  it('see what tasks of their own would see, at the same time', async (loop, scene) => {
    await fc.assert(
      fc.asyncProperty(branchPrograms, (program) => compareBranches(loop, program)),
      { seed: 15, numRuns: 300 },
    );

    for (const { message } of scene.reports)
      assert.match(String(message), /parent task .* is already completed$/);
  });
});
