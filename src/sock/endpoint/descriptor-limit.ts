import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { requestCollection } from '../../base/collection-requests.ts';
import type { OSError } from '../../base/errors/os-errors.ts';

/**
 * How close the process is to its limit of descriptors.
 *
 * libuv keeps accepting until none is left, and then drops clients: it closes a spare descriptor,
 * accepts each waiting connection with it and closes it again, without calling `onconnection`.
 * Observed under `ulimit -n 64` on Node 20.20 (libuv 1.46), 22.23, 24.21 and 26.10 (libuv 1.52):
 * the accepted descriptors go up to 63, further clients are connected and dropped, and service
 * resumes once descriptors are free.
 *
 * A kernel uses the lowest free number. So if a new descriptor is the last one below the limit,
 * none is left, and if it is close to the limit, few are. That is how a shortage is noticed here;
 * in Python, an accept would have failed.
 */

/**
 * The share of descriptors that is still free when a collection is urgently requested: V8 needs
 * time for it, and more clients come in the meantime.
 */
const NEARLY = 1 / 4;

/** Lower numbers are not checked, because no real limit is that low. */
const WORTH_A_LOOK = 32;

let limit: number | undefined;

/**
 * Checks the number of a new descriptor, and requests a collection if it is high.
 *
 * @returns whether it was the last one
 */
export function noteDescriptor(fd: number | undefined): boolean {
  if (fd === undefined || fd < WORTH_A_LOOK) return false;
  limit ??= descriptorLimit();
  if (fd >= limit * (1 - NEARLY)) requestCollection(true);
  return fd >= limit - 1;
}

/** Requests a collection if an error means that descriptors ran out; returns the error. */
export function noteFailure(error: OSError): OSError {
  if (error.code === 'EMFILE' || error.code === 'ENFILE') requestCollection(true);
  return error;
}

/**
 * Are at least that many descriptors left? Only called if there were none before, or if much
 * depends on it.
 */
export function hasDescriptor(count = 1): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync(devNull, 'r'));
    return true;
  } catch {
    // EMFILE: not that many are left.
    return false;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** The most descriptors the process may have. Node raises it to the hard limit when it starts. */
function descriptorLimit(): number {
  if (process.platform === 'win32') return Infinity;
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : Infinity;
  } catch {
    // No /proc: the diagnostic report has it, which takes some milliseconds, once.
  }
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const soft = Number(report?.userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : Infinity;
}
