import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runFile } from '../support/child.ts';

behaviour('openConnection', (it) => {
  it(
    'keeps a connection open whose writer is not referenced, and warns when its loop is closed',
    async () => {
      const { stdout, stderr } = await runFile('test/streams/children/forgets.ts', {
        env: { ASYNCIO_DEBUG: '1' },
      });

      assert.is(stdout, 'one\ntwo\n');
      assert.match(stderr, /ResourceWarning: unclosed transport <_SelectorSocketTransport fd=\d+/);
      assert.is(stderr.match(/Warning/g)?.length, 1, stderr);
    },
    { seconds: 30 },
  );
});
