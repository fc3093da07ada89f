import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';

behaviour('Loop', (it) => {
  it(
    'is warned of in debug mode where it is collected without having been closed',
    async () => {
      const { stderr } = await runFile('test/core/children/reports.ts', {
        args: ['loop'],
        env: { ASYNCIO_DEBUG: '1' },
      });

      assert.match(
        stderr,
        /ResourceWarning: unclosed event loop <Loop running=False closed=False debug=True>\n/,
      );
    },
    { seconds: 60 },
  );

  it(
    'asks for no collection where coroutines, tasks and futures end as they should',
    async () => {
      const { stdout, stderr } = await runFile('test/core/children/collections.ts');

      assert.is(stderr, '');
      assert.is(stdout, 'collections: 0, forced: 0\n');
    },
    { seconds: 60 },
  );

  it(
    'has V8 free large buffers by young collections, before it begins full ones for them',
    async () => {
      const { stdout, stderr } = await runFile('test/core/children/collections.ts', {
        args: ['large'],
        env: { ASYNCIO_SOCKETS: 'posix' },
      });

      assert.is(stderr, '');
      assert.match(stdout, /^young: [12]\ncollections: 0, forced: 0\n$/);
    },
    { seconds: 60 },
  );

  it(
    'has V8 begin a collection for a lost failure, and does not stop the program for it',
    async () => {
      const { stdout, stderr } = await runFile('test/core/children/collections.ts', {
        args: ['lost'],
      });

      assert.match(stderr, /^Task exception was never retrieved\n/);
      assert.match(stdout, /^collections: [1-9]\d*, forced: 0\n$/);
    },
    { seconds: 60 },
  );
});
