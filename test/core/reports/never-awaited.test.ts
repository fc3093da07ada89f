import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { type Ended, runFile } from '../../support/child.ts';

const SECONDS = 60;

function report(program: string, env: Record<string, string> = {}): Promise<Ended> {
  return runFile('test/core/children/reports.ts', { args: [program], env });
}

// All at once, for each of them mostly waits.
const [dropped, droppedInDebugMode, kept, awaited] = [
  report('neverAwaited'),
  report('neverAwaited', { ASYNCIO_DEBUG: '1' }),
  report('keptCoroutine'),
  report('awaited'),
];

behaviour('A coroutine that nobody awaits', (it) => {
  it(
    'is warned of as it is collected, while the program runs',
    async () => {
      const { stdout, stderr } = await dropped;

      assert.match(
        stderr,
        /RuntimeWarning: coroutine 'boom' was never awaited\n {4}defined at test\/core\/children\/reports\.ts:\d+\n/,
      );
      assert.is(stdout, 'said while running: true\n');
    },
    { seconds: SECONDS },
  );

  it(
    'is warned of in debug mode with where it was called',
    async () => {
      const { stderr } = await droppedInDebugMode;

      assert.match(
        stderr,
        /coroutine 'boom' was never awaited\nCoroutine created at \(most recent call first\)\n {4}at neverAwaited \(.*reports\.ts:\d+:\d+\)\n/,
      );
    },
    { seconds: SECONDS },
  );

  it(
    'is warned of at the end of the process where somebody refers to it until then',
    async () => {
      const { stdout, stderr } = await kept;

      assert.is(stdout, 'said while running: false\n');
      assert.match(stderr, /^RuntimeWarning: coroutine 'boom' was never awaited\n/);
    },
    { seconds: SECONDS },
  );

  it(
    'is no matter where it was awaited, made a task of, or closed',
    async () => {
      const { stderr } = await awaited;

      assert.is(stderr, '');
    },
    { seconds: SECONDS },
  );
});
