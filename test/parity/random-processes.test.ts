/**
 * Random programs of pipes and child processes print what CPython prints of them on this machine: what a
 * pipe takes at a time is the system's. `make-random-processes.ts` makes others.
 */
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { type Ended, runCommand, runFile } from '../support/child.ts';

const programs = 'test/parity/random-processes.jsonl';
/** Those that were looked at. */
const KNOWN_VERSIONS = 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))';

/** What Python prints of all programs, asked for once; `undefined` where there is none. */
let python: Promise<Ended | undefined> | undefined;

async function askPython(): Promise<Ended | undefined> {
  const version = await runCommand('python3', ['-c', KNOWN_VERSIONS]).catch(() => undefined);
  if (version?.status !== 0) return undefined;
  return await runCommand('python3', ['test/parity/random-processes.py', programs]);
}

behaviour('parity of random programs of pipes and child processes', (it) => {
  // Only these have the system's pipes, and with them its limits.
  for (const driver of ['posix', 'posix, uv_poll'])
    it(
      `prints what the python3 of this machine prints, on ${driver}`,
      async () => {
        python ??= askPython();
        const [ours, theirs] = await Promise.all([
          runFile('test/parity/random-processes.ts', { args: [programs, driver] }),
          python,
        ]);

        assert.is(ours.stderr, '');
        assert.is(ours.status, 0);
        if (theirs === undefined) return; // no Python here, or another one
        assert.is(theirs.status, 0, theirs.stderr);
        assert.is(ours.stdout, theirs.stdout);
      },
      { seconds: 60 },
    );
});
