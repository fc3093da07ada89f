import type { LoadResult } from './loads.ts';

/** One server under one load, in one round. */
export interface ServerFigure extends LoadResult {
  readonly round: number;
  readonly server: string;
  /** The load by its name, as in --loads. */
  readonly load: string;
}

/** What the loop itself is asked to do, and how the table calls it. */
export const MICRO = {
  callSoon: 'callSoon()',
  sleepZero: 'await sleep(0)',
  createTask: 'await createTask()',
  gather: 'gather() of 10,000, each',
  cancelledTimer: 'callLater(), cancelled, each of 100,000',
  timer: 'callLater(), run, each of 100,000',
  lock: 'lock handed over',
  queue: 'queue item handed over',
} as const;

/** What each costs, in µs of processor time; what a program cannot do is left out. */
export type MicroCosts = { readonly [what in keyof typeof MICRO]?: number };

/** The micro figures of one program, in one round. */
export interface MicroFigure {
  readonly round: number;
  readonly program: string;
  readonly costs: MicroCosts;
}

/** A program that is not in the tables, or not in all. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** All that came of a run. */
export interface Figures {
  readonly servers: ServerFigure[];
  readonly micro: MicroFigure[];
  readonly leftOut: LeftOut[];
}

/** The server's processor time for one message, in µs. */
export function cpuPerMessage({ serverCpu, messages }: LoadResult): number {
  return (serverCpu / messages) * 1e6;
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The different values, in the order of their first. */
export function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
