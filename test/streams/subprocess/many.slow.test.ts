import * as assert from 'uvu/assert';
import { createSubprocessExec, gather, subprocess } from '../../../src/index.ts';
import { loopBehaviour } from '../../support/loop-behaviour.ts';
import { openDescriptors, PIPE_DRIVERS } from '../../support/processes.ts';
import { throws } from '../../support/throws.ts';

const { PIPE } = subprocess;
const PIPES = { stdin: PIPE, stdout: PIPE, stderr: PIPE };

for (const driver of PIPE_DRIVERS) {
  loopBehaviour(`createSubprocessExec on ${driver}`, (it) => {
    const run = async (input: string): Promise<number> => {
      const child = await createSubprocessExec('cat', { ...PIPES, driver });
      const [stdout, stderr] = await child.communicate(input);
      assert.is(String(stdout), input);
      assert.is(stderr?.length, 0);
      assert.is(child.returncode, 0);
      return child.pid;
    };

    it(
      'leaves nothing behind after a thousand children in sequence and a hundred at once',
      async () => {
        await run('first');
        const before = openDescriptors().size;
        const children: number[] = [];
        for (let n = 0; n < 1000; n += 1) children.push(await run(String(n)));
        assert.ok(openDescriptors().size <= before);
        const many = Array.from({ length: 100 }, (_, n) => () => run(String(n).repeat(100_000)));
        children.push(...(await gather(...many)));
        assert.ok(openDescriptors().size <= before);
        for (const pid of children.slice(-500))
          throws(() => process.kill(pid, 0), Error, { code: 'ESRCH' });
      },
      { clock: 'real', seconds: 120 },
    );
  });
}
