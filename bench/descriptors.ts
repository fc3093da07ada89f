import { spawnSync } from 'node:child_process';
import { type Load, nameOf } from './loads.ts';
import { UsageError } from './options.ts';

/** Descriptors that a process needs beside those of its connections. */
const SPARE = 256;

/**
 * Sees to it that the servers and the client may have a descriptor for each connection.
 *
 * There is nothing to raise: Node raises its own limit as far as the system lets it when it starts,
 * and what it starts inherits that.
 *
 * @param allowed - how many a process may have
 * @throws {UsageError} when a load needs more
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

/** How many what this process starts may have; without end where that cannot be known. */
function allowedDescriptors(): number {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const allowed = Number.parseInt(stdout, 10); // "unlimited" is no number, nor is null
  return Number.isNaN(allowed) ? Number.POSITIVE_INFINITY : allowed;
}
