import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';

// In processes of their own: in one that has no store, nothing is paid for any.
behaviour('What is made in a store and runs later', (it) => {
  for (const modes of [
    'stores',
    'stores variable',
    'hooks',
    'stores hooks variable',
    'stores early',
    'hooks early',
  ])
    for (const debug of ['', '1'])
      it(
        `runs in that store, with ${modes}${debug && ' in debug mode'}`,
        async () => {
          const { stdout, stderr } = await runFile('test/core/children/async-context.ts', {
            args: modes.split(' '),
            env: { ASYNCIO_DEBUG: debug },
          });

          assert.equal([stdout, stderr], ['many checks\n', '']);
        },
        { seconds: 60 },
      );
});
