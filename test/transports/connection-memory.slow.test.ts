import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { typescript } from '../support/program.ts';

const MOST = { protocol: 2100, streams: 4100 };

behaviour('An idle connection', (it) => {
  for (const [style, most] of Object.entries(MOST))
    it(`of ${style} has no closures or maps of its own`, async () => {
      const program = typescript('test/core/children/connection-memory.ts');
      const args = ['--expose-gc', ...program, style];

      const { stdout } = await promisify(execFile)(process.execPath, args);

      assert.ok(Number(stdout) < most, `with its client it takes ${stdout} bytes`);
    });
});
