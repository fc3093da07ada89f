/**
 * How long a process ran, and how long it was ready to run while the machine ran others: what tells one that
 * is slow from one that is starved.
 */
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** How long the main thread of a process was starved since it began, in ms. Never, where this is not Linux. */
export function starvedOf(pid: number): number {
  if (platform() !== 'linux') return 0;
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

/** The accounts of a process at a moment; all in ms. */
export interface Sample {
  /** Since 1970. */
  readonly at: number;
  /** How long its main thread ran, and was starved. */
  readonly ran: number;
  readonly starved: number;
  /** How long its other threads were starved, each, and the one who looks. */
  readonly others: number;
  readonly watcher: number;
}

/** How long a process that was sent a signal may run before it knows of it, in ms. */
const AWAKE_MS = 10;

/** What became of a process that was sent a signal, in ms. */
export interface Ending {
  /** From the moment at which it was to end until it was gone. */
  readonly late: number;
  /** Of those, how many the machine took for others; rather too few. */
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
  let delayed = 0;
  for (const [n, now] of samples.entries()) {
    const before = samples[n - 1];
    if (before === undefined || (before.at >= awake.at && before.at < due)) continue;
    const most = Math.max(
      now.starved - before.starved,
      now.others - before.others,
      now.watcher - before.watcher,
    );
    delayed += Math.min(most, now.at - before.at);
  }
  const overdue = samples.find(({ at }) => at >= due) ?? last;
  return { late: last.at - due, delayed, ran: last.ran - overdue.ran };
}
