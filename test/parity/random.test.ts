/**
 * Random programs print what CPython 3.13 printed of them. `make-random.ts` makes others: compare
 * with a `python3.13` where there is one.
 */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { runCommand, runFile } from '../support/child.ts';

const programs = 'test/parity/random.jsonl';
const expected = readFileSync(new URL('random.txt', import.meta.url), 'utf8');
/** Before, groups and timeouts cancelled otherwise. */
const NEW_ENOUGH = 'import sys; sys.exit(sys.version_info < (3, 13))';

behaviour('parity of random programs', (it) => {
  it(
    'prints the same in whatever form its steps wait',
    async () => {
      const { stdout, stderr } = await runFile('test/parity/random.ts', {
        args: [programs, 'forms'],
      });

      assert.is(stdout, expected);
      assert.is(stderr, '');
    },
    { seconds: 20 },
  );

  for (const mode of ['normal', 'debug']) {
    it(
      `prints what CPython printed, in ${mode} mode`,
      async () => {
        const { stdout, stderr, status } = await runFile('test/parity/random.ts', {
          args: [programs, mode],
        });

        assert.is(stdout, expected);
        assert.is(stderr, '');
        assert.is(status, 0);
      },
      { seconds: 20 },
    );

    it(
      `prints what the python3 of this machine prints, in ${mode} mode`,
      async () => {
        const python = await runCommand('python3', ['-c', NEW_ENOUGH]).catch(() => undefined);
        if (python?.status !== 0) return; // none here, or too old: the text has to do

        const { stdout } = await runCommand('python3', ['test/parity/random.py', programs, mode]);

        assert.is(stdout, expected);
      },
      { seconds: 20 },
    );
  }
});
