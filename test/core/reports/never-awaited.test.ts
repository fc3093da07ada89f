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
    'causes a warning when it is collected, while the program runs',
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
    'causes a warning in debug mode that says where it was called',
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
    'causes a warning at the end of the process if something still refers to it',
    async () => {
      const { stdout, stderr } = await kept;

      assert.is(stdout, 'said while running: false\n');
      assert.match(stderr, /^RuntimeWarning: coroutine 'boom' was never awaited\n/);
    },
    { seconds: SECONDS },
  );

  it(
    'causes no warning if it was awaited, made a task, or closed',
    async () => {
      const { stderr } = await awaited;

      assert.is(stderr, '');
    },
    { seconds: SECONDS },
  );
});
