import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runFile } from '../../support/child.ts';

behaviour('Loop', (it) => {
  it(
    'causes a warning in debug mode if it is collected before it is closed',
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
    'requests no collection if coroutines, tasks and futures end normally',
    async () => {
      const { stdout, stderr } = await runFile('test/core/children/collections.ts');

      assert.is(stderr, '');
      assert.is(stdout, 'collections: 0, forced: 0\n');
    },
    { seconds: 60 },
  );

  it(
    'makes V8 free large buffers in young collections before it starts full ones for them',
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
    'makes V8 start a collection for a lost failure without stopping the program',
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
