import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { typescript } from '../../support/program.ts';

behaviour('Ten million awaits', (it) => {
  it(
    'leave nothing behind',
    async () => {
      const program = typescript('test/core/children/many-awaits.ts');

      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...program]);

      // What the compiler and the collector keep; a byte an await would be nine million.
      assert.ok(Number(stdout) < 1_000_000, `the heap grew by ${stdout} bytes`);
    },
    { seconds: 300 },
  );
});
