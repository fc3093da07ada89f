import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../support/program.ts';

/**
 * What each case of faults sees on real sockets, as `real-faults.ts` prints it: made with
 * `unshare -rn sh -c 'ulimit -n 256; node --import tsx test/simulation/kernel/children/real-faults.ts'`.
 */
export const recorded: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(path.join(root, 'test/simulation/kernel/faults.json'), 'utf8'),
);
