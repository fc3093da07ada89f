import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second in which Linux counts for programs: USER_HZ, the same on all machines. */
const TICKS_PER_SECOND = 100;

/**
 * The processor time that a process has used, in seconds: all its threads, in its own code and in
 * the kernel on its behalf.
 *
 * From /proc/PID/task/TID/schedstat, the scheduler's own account in nanoseconds, of all threads that
 * there are. Those that have ended are in /proc/PID/stat only, which is cut to 10 ms; where it has
 * more, it is taken.
 *
 * @returns NaN where there is no /proc: then only messages a second can be compared
 */
export function cpuTime(pid: number): number {
  try {
    return Math.max(threadsTime(pid), processTime(pid));
  } catch {
    // No Linux, or the process has ended; then its connections say so.
    return Number.NaN;
  }
}

function threadsTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number.parseInt(text(`/proc/${pid}/task/${thread}/schedstat`), 10);
    } catch {
      // It has ended just now, or this kernel keeps no such account: the other figure has it.
    }
  }
  return nanoseconds / 1e9;
}

function processTime(pid: number): number {
  const stat = text(`/proc/${pid}/stat`);
  // The name may hold spaces, its closing bracket is the last one; the third field comes next.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * The processor time that all processors have been busy, in seconds, also for other machines on the same
 * hardware.
 *
 * @returns NaN where there is no /proc
 */
export function busyTime(): number {
  try {
    const ticks = /^cpu +(.*)/.exec(text('/proc/stat'))?.[1]?.split(' ').map(Number) ?? [];
    // Of the eight, the fourth and the fifth are idle.
    const busy = [...ticks.slice(0, 3), ...ticks.slice(5, 8)];
    return busy.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN; // no Linux
  }
}

/** The memory that a process has in RAM, in bytes; NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^Rss:\s+(\d+) kB$/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1]) * 1024;
  } catch {
    // No Linux, or the process has ended.
    return Number.NaN;
  }
}

function text(file: string): string {
  return readFileSync(file, 'utf8');
}
