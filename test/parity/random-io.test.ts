/**
 * Random programs of transports, datagrams and streams on real sockets print what CPython prints of
 * them on this machine: what a socket takes at a time is the system's. `make-random-io.ts` makes others.
 */
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runCommand, runFile } from '../support/child.ts';

const programs = 'test/parity/random-io.jsonl';
/** The one that was looked at: others may tell a protocol of the same in another order. */
const SAME_VERSION = 'import sys; sys.exit(sys.version_info[:2] != (3, 11))';

/** What Python prints of all programs, asked for once; `undefined` where there is none of 3.11. */
let python: Promise<Ended | undefined> | undefined;

async function askPython(): Promise<Ended | undefined> {
  const version = await runCommand('python3', ['-c', SAME_VERSION]).catch(() => undefined);
  if (version?.status !== 0) return undefined;
  return await runCommand('python3', ['test/parity/random-io.py', programs]);
}

behaviour('parity of random programs on sockets', (it) => {
  // Only these have the system's sockets, and with them its limits.
  for (const driver of ['posix', 'posix, uv_poll'])
    it(
      `prints what the python3 of this machine prints, on ${driver}`,
      async () => {
        python ??= askPython();
        const [ours, theirs] = await Promise.all([
          runFile('test/parity/random-io.ts', { args: [programs, driver] }),
          python,
        ]);

        assert.is(ours.stderr, '');
        assert.is(ours.status, 0);
        if (theirs === undefined) return; // no Python here, or another one
        assert.is(theirs.status, 0, theirs.stderr);
        assert.is(ours.stdout, theirs.stdout);
      },
      { seconds: 30 },
    );
});
