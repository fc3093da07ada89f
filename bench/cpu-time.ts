import { readFileSync } from 'node:fs';

/** Ticks a second in which Linux counts for programs: USER_HZ, the same on all machines. */
const TICKS_PER_SECOND = 100;

/**
 * The processor time that a process has used, in seconds: all its threads, in its own code and in
 * the kernel on its behalf. These are `utime` and `stime` of /proc/PID/stat.
 *
 * @returns NaN where there is no /proc: then only messages a second can be compared
 */
export function cpuTime(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // No Linux, or the process has ended; then its connections say so.
    return Number.NaN;
  }
  // The name may hold spaces, its closing bracket is the last one; the third field comes next.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
