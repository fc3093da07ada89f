import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { typescript } from '../../support/program.ts';

behaviour('A sleeping task', (it) => {
  it('takes no more memory than its promises, timer, scope and task object', async () => {
    const program = typescript('test/core/children/task-memory.ts');

    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...program]);

    // A bare `async` function that waits for a promise takes about 700 of them while promises are followed.
    assert.ok(Number(stdout) < 1340, `a task takes ${stdout} bytes`);
  });
});
