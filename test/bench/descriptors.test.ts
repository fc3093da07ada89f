import * as assert from 'uvu/assert';
import { checkDescriptors } from '../../bench/descriptors.ts';
import { UsageError } from '../../bench/options.ts';
import { behaviour } from '../support/behaviour.ts';
import { throws } from '../support/throws.ts';

behaviour('checkDescriptors', (it) => {
  it('refuses more connections than a process may have descriptors, and says how many it may', () => {
    const loads = [{ kind: 'accept' }, { kind: 'idle', connections: 9000 }] as const;

    const error = throws(() => checkDescriptors(loads, 4096), UsageError);

    assert.is(
      error.message,
      'idle needs 9256 descriptors in a process, and 4096 are allowed (ulimit -Hn); ' +
        'the most connections are 3840',
    );
  });

  it('has nothing against as many as there may be', () => {
    checkDescriptors([{ kind: 'idle', connections: 3840 }], 4096);
  });
});
