import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { loopBehaviour } from '../support/loop-behaviour.ts';
import { randomPrograms, runRandomProgram } from '../support/random-programs.ts';

loopBehaviour('Random programs of tasks, groups, timeouts and locks', (it) => {
  it('end, and leave nothing behind', async (loop, scene) => {
    await fc.assert(
      fc.asyncProperty(randomPrograms, (program) => runRandomProgram(loop, program)),
      { seed: 5, numRuns: 100 },
    );

    for (const { message } of scene.reports)
      assert.match(String(message), / exception in shielded future$/);
  });
});
