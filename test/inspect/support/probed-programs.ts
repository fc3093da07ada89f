import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { takeSnapshot } from '../../../src/inspect/snapshot/snapshot.ts';
import { branchPrograms, compareBranches } from '../../support/branch-programs.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';

/**
 * Declares the test that this many random programs behave the same while snapshots are taken.
 *
 * @param seconds - how long it may take
 */
export function probedPrograms(numRuns: number, seconds: number): void {
  loopBehaviour('Random programs that are inspected while they run', (it) => {
    it(
      'behave the same as without',
      async (loop) => {
        let entries = 0;
        const probed = async (run: () => Promise<void>): Promise<void> => {
          loop._turns.watch = () => {
            entries += 1;
            if (entries % 3 !== 0) void takeSnapshot();
          };
          try {
            await run();
          } finally {
            loop._turns.watch = undefined;
          }
        };
        await fc.assert(
          fc.asyncProperty(branchPrograms, (program) => compareBranches(loop, program, probed)),
          { seed: 1, numRuns },
        );
        assert.ok(entries > 1000, 'there were moments to take them');
      },
      { seconds },
    );
  });
}
