import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { requestCollection } from '../../base/collection-requests.ts';
import type { OSError } from '../../base/errors/os-errors.ts';

/**
 * How near the process is to its limit of descriptors.
 *
 * libuv keeps accepting until none is left, and then sheds: it closes a spare descriptor, accepts
 * every waiting connection with it and closes it again. Nothing reports that: `onconnection` is not
 * called, not even with a status. Seen so under `ulimit -n 64` on Node 20.20 (libuv 1.46), 22.23,
 * 24.21 and 26.10 (libuv 1.52): the accepted descriptors go up to 63, the next clients are
 * connected and dropped, and service resumes by itself once descriptors are free.
 *
 * A kernel gives out the lowest free number. So a new descriptor that is the last below the limit
 * says for certain that none is left, and one just below says that it is close; that is how the
 * shortage is noticed here, where an accept would have failed in Python.
 */

/**
 * The share of the descriptors that is still free when the collector is asked to hurry: V8 needs some
 * time for that, and more clients come meanwhile.
 */
const NEARLY = 1 / 4;

/** No process has a limit so low that a smaller number could say anything. */
const WORTH_A_LOOK = 32;

let limit: number | undefined;

/**
 * Looks at the number of a new descriptor, and asks for a collection when it is high.
 *
 * @returns whether it was the last one
 */
export function noteDescriptor(fd: number | undefined): boolean {
  if (fd === undefined || fd < WORTH_A_LOOK) return false;
  limit ??= descriptorLimit();
  if (fd >= limit * (1 - NEARLY)) requestCollection(true);
  return fd >= limit - 1;
}

/** Asks for a collection when an error says that there was no descriptor; gives the error back. */
export function noteFailure(error: OSError): OSError {
  if (error.code === 'EMFILE' || error.code === 'ENFILE') requestCollection(true);
  return error;
}

/** Are so many descriptors left? Asked only where there was none before, or where much is at stake. */
export function hasDescriptor(count = 1): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync(devNull, 'r'));
    return true;
  } catch {
    // EMFILE: that was the question.
    return false;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
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
