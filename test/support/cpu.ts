/**
 * How long a process ran, and how long it was ready to run while the machine ran others: what tells one that
 * is slow from one that is starved.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** The accounts of a process at a moment; all in ms. */
export interface Sample {
  /** Since 1970. */
  readonly at: number;
  /** How long its main thread ran, and was starved. */
  readonly ran: number;
  readonly starved: number;
  /** How long its other threads were starved, for which a collection waits; and the one who looks. */
  readonly others: number;
  readonly watcher: number;
}

/** What Linux knows of a process; elsewhere nobody ever ran, or was starved. */
export function sampleOf(pid: number): Sample {
  const at = performance.timeOrigin + performance.now();
  const { ran, starved } = accounts(pid, pid);
  const watcher = accounts(process.pid, process.pid).starved;
  let others = 0;
  for (const thread of platform() === 'linux' ? readdirSync(`/proc/${pid}/task`) : [])
    if (thread !== String(pid)) others += accounts(pid, thread).starved;
  return { at, ran, starved, others, watcher };
}

/** Of one thread; nothing of one that is gone. */
function accounts(pid: number, thread: number | string): { ran: number; starved: number } {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    const [ran = 0, starved = 0] = text.split(' ').map((ns) => Number(ns) / 1e6);
    return { ran, starved };
  } catch {
    return { ran: 0, starved: 0 };
  }
}

/** How many milliseconds the machine took for others between two samples: never those in which it ran. */
export function delayed(before: Sample, now: Sample): number {
  const more = (who: 'starved' | 'others' | 'watcher'): number =>
    Math.max(0, now[who] - before[who]);
  const most = now.at - before.at - (now.ran - before.ran);
  return Math.max(0, Math.min(most, more('starved') + more('others') + more('watcher')));
}

/** How long a process that was sent a signal may run before it knows of it, in ms. */
const AWAKE_MS = 50;

/** What became of a process that was sent a signal, in ms. */
export interface Ending {
  /** From the moment at which it was to end until it was gone. */
  readonly late: number;
  /** How many the machine took for others, of those and of the ones until it knew of the signal. */
  readonly delayed: number;
  /** How long it ran after the moment. */
  readonly ran: number;
}

/** @param due - when it was to end, in ms since 1970: all that it had to wait for was over */
export function endingOf(samples: readonly Sample[], due: number): Ending {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nobody looked');
  // A delay before it knew of the signal delays all; one while it waited, nothing.
  const awake = samples.find(({ ran }) => ran > first.ran + AWAKE_MS) ?? last;
  let sum = 0;
  for (const [n, now] of samples.entries()) {
    const before = samples[n - 1];
    if (before === undefined || (before.at >= awake.at && before.at < due)) continue;
    sum += delayed(before, now);
  }
  const overdue = samples.find(({ at }) => at >= due) ?? last;
  return { late: last.at - due, delayed: sum, ran: last.ran - overdue.ran };
}
