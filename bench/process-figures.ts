import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second in Linux's interface to programs: USER_HZ, the same on all machines. */
const TICKS_PER_SECOND = 100;

/**
 * The CPU time that a process has used, in seconds: of all its threads, in user and kernel
 * mode.
 *
 * From /proc/PID/task/TID/schedstat, the scheduler's accounting in nanoseconds, of all existing
 * threads. Threads that have ended are included only in /proc/PID/stat, which has a resolution of 10 ms;
 * the larger value is used.
 *
 * @returns NaN without /proc: then only messages per second can be compared
 */
export function cpuTime(pid: number): number {
  try {
    return Math.max(threadsTime(pid), processTime(pid));
  } catch {
    // Not Linux, or the process has ended, which its connections will report.
    return Number.NaN;
  }
}

function threadsTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number.parseInt(text(`/proc/${pid}/task/${thread}/schedstat`), 10);
    } catch {
      // It has just ended, or this kernel has no such accounting: the other value includes it.
    }
  }
  return nanoseconds / 1e9;
}

function processTime(pid: number): number {
  const stat = text(`/proc/${pid}/stat`);
  // The name may contain spaces, and ends at the last bracket; the third field follows.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * The time that all CPUs have been busy, in seconds, including other virtual machines on the same
 * hardware.
 *
 * @returns NaN without /proc
 */
export function busyTime(): number {
  try {
    const ticks = /^cpu +(.*)/.exec(text('/proc/stat'))?.[1]?.split(' ').map(Number) ?? [];
    // Of the eight fields, the fourth and fifth are idle time.
    const busy = [...ticks.slice(0, 3), ...ticks.slice(5, 8)];
    return busy.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN; // not Linux
  }
}

/** How many bytes of a process are in RAM; NaN without /proc. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^Rss:\s+(\d+) kB$/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1]) * 1024;
  } catch {
    // Not Linux, or the process has ended.
    return Number.NaN;
  }
}

function text(file: string): string {
  return readFileSync(file, 'utf8');
}
