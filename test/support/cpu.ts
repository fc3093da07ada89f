/**
 * Measures how long a process has run, and how long it was ready to run while the machine ran others. This
 * distinguishes a slow process from a starved one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** The CPU times of a process at one moment, in ms. */
export interface Sample {
  /** The moment, in ms since 1970. */
  readonly at: number;
  /** How long its main thread has run, and has been starved. */
  readonly ran: number;
  readonly starved: number;
  /** How long other threads have been starved: its own, for which a collection waits, and the observer's. */
  readonly others: number;
  readonly watcher: number;
}

/** The CPU times of a process on Linux; elsewhere, all are 0. */
export function sampleOf(pid: number): Sample {
  const at = performance.timeOrigin + performance.now();
  const { ran, starved } = accounts(pid, pid);
  const watcher = accounts(process.pid, process.pid).starved;
  let others = 0;
  for (const thread of platform() === 'linux' ? readdirSync(`/proc/${pid}/task`) : [])
    if (thread !== String(pid)) others += accounts(pid, thread).starved;
  return { at, ran, starved, others, watcher };
}

/** The times of one thread; 0 if it has ended, or elsewhere than on Linux. */
export function accounts(pid: number, thread: number | string): { ran: number; starved: number } {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    const [ran = 0, starved = 0] = text.split(' ').map((ns) => Number(ns) / 1e6);
    return { ran, starved };
  } catch {
    return { ran: 0, starved: 0 };
  }
}

/** How long the machine ran others between two samples while this process was ready, in ms. */
export function delayed(before: Sample, now: Sample): number {
  const more = (who: 'starved' | 'others' | 'watcher'): number =>
    Math.max(0, now[who] - before[who]);
  const most = now.at - before.at - (now.ran - before.ran);
  return Math.max(0, Math.min(most, more('starved') + more('others') + more('watcher')));
}

/** How long a process may run before it notices a signal, in ms. */
const AWAKE_MS = 50;

/** The end of a process that was sent a signal, in ms. */
export interface Ending {
  /** From when it should have ended until it had ended. */
  readonly late: number;
  /** How much of this time, and of the time until it noticed the signal, the machine ran others. */
  readonly delayed: number;
  /** How long it ran after it should have ended. */
  readonly ran: number;
}

/** @param due - when it should have ended, because it had nothing more to wait for, in ms since 1970 */
export function endingOf(samples: readonly Sample[], due: number): Ending {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('there is no sample');
  // A delay before it noticed the signal delays everything; a delay while it waited does not matter.
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
