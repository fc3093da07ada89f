import * as assert from 'uvu/assert';
import { behaviour } from '../../../../support/behaviour.ts';
import { runFile } from '../../../../support/child.ts';

/** What the child prints, in the main thread and then in another one. */
const PLAYED = ['bytes', '8000000', 'pair', 'EINPROGRESS', 'ENOTCONN'];

for (const driver of ['posix', 'posix, uv_poll'])
  behaviour(`errno (${driver})`, (it) => {
    it(
      'is that of the call, not of a later one',
      async () => {
        const { stdout, status } = await played(driver, 'late');

        assert.equal(stdout.trim().split('\n'), [...PLAYED, ...PLAYED]);
        assert.is(status, 0);
      },
      { seconds: 20 },
    );

    it(
      'is requested from koffi if it cannot be read',
      async () => {
        const { stdout, status } = await played(driver, 'no view');

        assert.equal(stdout.trim().split('\n'), [...PLAYED, ...PLAYED]);
        assert.is(status, 0);
      },
      { seconds: 20 },
    );
  });

function played(driver: string, how: string): ReturnType<typeof runFile> {
  return runFile('test/sock/children/errno.ts', {
    args: [how],
    env: { ASYNCIO_SOCKETS: driver },
  });
}
