/** What the record of a real kernel says of each fault is what this system's kernel shows. */
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { behaviour } from '../../support/behaviour.ts';
import { runCommand } from '../../support/child.ts';
import { typescript } from '../../support/program.ts';
import { FAULTS } from './fault-cases.ts';
import { FAMILIES } from './fault-play.ts';
import { withFamily } from './play.ts';
import { recorded } from './recorded.ts';

/** The most descriptors of the process. */
const DESCRIPTORS = 256;

/** Runs a command as root of a network of its own. */
const inNamespace = ['-rn', 'sh', '-c'];
const isPermitted = spawnSync('unshare', [...inNamespace, 'ip link && tc qdisc']).status === 0;

/** What each case sees on real sockets. */
async function playReal(): Promise<Record<string, readonly string[]>> {
  const program = [
    process.execPath,
    ...typescript('test/simulation/kernel/children/real-faults.ts'),
  ];
  const line = `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`;
  const { status, stdout, stderr } = await runCommand('unshare', [
    ...inNamespace,
    line,
    ...program,
  ]);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout);
}

behaviour('A real kernel', (it) => {
  let real: ReturnType<typeof playReal> | undefined;
  // Over IPv6 a program sees the same.
  for (const [name, family] of FAULTS.flatMap(([name]) =>
    FAMILIES.map((each) => [name, withFamily(each)]),
  ) as [string, string][])
    if (isPermitted)
      it(
        `behaves as recorded: ${name}${family}`,
        async () => {
          real ??= playReal();
          const seen = (await real)[`${name}${family}`];

          assert.equal(seen, recorded[name]);
        },
        { seconds: 120 },
      );
    else it.skip(`${name}${family}`, 'this system allows no network namespaces (unshare -rn)');
});
