import * as assert from 'uvu/assert';
import {
  dismissSuspect,
  onSuspectedGarbage,
  suspectGarbage,
  suspects,
} from '../../src/base/garbage.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('suspectGarbage', (it) => {
  it('tells those who listen, with its urgency, until they stop', () => {
    const before = suspects();
    const told: boolean[] = [];
    const stop = onSuspectedGarbage((urgent) => told.push(urgent));

    suspectGarbage();
    suspectGarbage(true);
    stop();
    suspectGarbage(true);

    assert.equal(told, [false, true]);
    assert.is(suspects(), before + 1);
    dismissSuspect();
    assert.is(suspects(), before);
  });
});
