import { spawnSync } from 'node:child_process';
import { type Load, nameOf } from './loads.ts';
import { UsageError } from './options.ts';

/** How many descriptors a process needs in addition to its connections. */
const SPARE = 256;

/**
 * Checks that the servers and the client may have a descriptor for each connection.
 *
 * Nothing needs to be raised: Node raises its own limit to the maximum at startup, and child processes
 * inherit it.
 *
 * @param allowed - how many descriptors a process may have
 * @throws {UsageError} if a load needs more
 */
export function checkDescriptors(
  loads: readonly Load[],
  allowed: number = allowedDescriptors(),
): void {
  for (const load of loads) {
    const needed = (load.kind === 'accept' ? 0 : load.connections) + SPARE;
    if (needed > allowed)
      throw new UsageError(
        `${nameOf(load)} needs ${needed} descriptors in a process, and ${allowed} are allowed ` +
          `(ulimit -Hn); the most connections are ${allowed - SPARE}`,
      );
  }
}

/** How many descriptors a child process may have; infinite if unknown. */
function allowedDescriptors(): number {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const allowed = Number.parseInt(stdout, 10); // "unlimited" is not a number, and neither is null
  return Number.isNaN(allowed) ? Number.POSITIVE_INFINITY : allowed;
}
