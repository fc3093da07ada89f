/** What the record says of each look-up is what this system's resolver shows, on the drivers that use it. */
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runCommand } from '../../support/child.ts';
import { typescript } from '../../support/program.ts';
import { recorded } from './recorded.ts';

/** Runs a command as root of a network and of mounts of its own. */
const inNamespace = ['-rnm'];
const isPermitted = spawnSync('unshare', [...inNamespace, 'ip', 'link']).status === 0;

behaviour('A real look-up', (it) => {
  for (const driver of ['posix', 'node'])
    if (isPermitted)
      it(
        `ends as recorded: ${driver}`,
        async () => {
          const program = typescript('test/simulation/names/children/real-lookups.ts');
          const command = [...inNamespace, process.execPath, ...program, driver];
          const { status, stdout, stderr } = await runCommand('unshare', command, {
            ...process.env,
            ASYNCIO_SOCKETS: driver,
          });

          assert.is(status, 0, stderr);
          assert.equal(JSON.parse(stdout), recorded);
        },
        { seconds: 120 },
      );
    else it.skip(`ends as recorded: ${driver}`, 'this system allows no namespaces (unshare -rnm)');
});
