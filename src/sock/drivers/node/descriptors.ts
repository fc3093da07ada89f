import { readFileSync } from 'node:fs';

/**
 * How near the process is to its limit of descriptors.
 *
 * libuv keeps accepting until none is left, and then sheds: it closes a spare descriptor, accepts
 * every waiting connection with it and closes it again. Nobody is told: `onconnection` is not
 * called, not even with a status. Seen so under `ulimit -n 64` on Node 20.20 (libuv 1.46), 22.23,
 * 24.21 and 26.10 (libuv 1.52): the accepted descriptors go up to 63, the next clients are
 * connected and dropped, and service resumes by itself once descriptors are free.
 *
 * A kernel gives out the lowest free number. So a new descriptor that is the last below the limit
 * says for certain that none is left, and one just below says that it is close; that is how the
 * shortage is noticed here, where an accept would have failed in Python.
 */

/** Descriptors that are still free when the collector is asked to hurry. */
const NEARLY = 16;

/** No process has a limit so low that a smaller number could say anything. */
const WORTH_A_LOOK = 32;

let limit: number | undefined;

/** What a new descriptor says about those left: the shares are in descriptors. */
export function shortage(fd: number | undefined): 'none' | 'near' | 'out' {
  if (fd === undefined || fd < WORTH_A_LOOK) return 'none';
  limit ??= descriptorLimit();
  if (fd >= limit - 1) return 'out';
  return fd >= limit - NEARLY ? 'near' : 'none';
}

/** The most descriptors the process may have; Node itself raises it to the hard limit at its start. */
function descriptorLimit(): number {
  if (process.platform === 'win32') return Infinity;
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : Infinity;
  } catch {
    // No /proc: the report has it, and takes some milliseconds, once.
  }
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const soft = Number(report?.userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : Infinity;
}
