/** Each fault shows a program on a simulated host what a real kernel shows it: the same outcomes in the same order. */
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { FAULTS } from './fault-cases.ts';
import { FAMILIES } from './fault-play.ts';
import { withFamily } from './play.ts';
import { recorded } from './recorded.ts';
import { playSimulated } from './simulated-faults.ts';

behaviour('A simulated fault', (it) => {
  for (const family of FAMILIES)
    for (const each of FAULTS)
      it(`behaves like a real one: ${each[0]}${withFamily(family)}`, async () => {
        const seen = await playSimulated(each, family);

        assert.ok(seen.length > 0);
        assert.equal(seen, recorded[each[0]]);
      });
});
