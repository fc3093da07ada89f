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

/**
 * The ratio to the yardstick in each round: what slows a round down slows both. What runs on another Node is
 * compared with the yardstick on that Node, if there is one.
 */
export function ratios(
  own: readonly ServerFigure[],
  all: readonly ServerFigure[],
  yardstick: string,
): number[] {
  return own.flatMap((figure) => {
    const inRound = all.filter(({ round }) => round === figure.round);
    const find = (name: string): ServerFigure | undefined =>
      inRound.find(({ server }) => server === name);
    const other = find(`${yardstick}${nodeOf(figure.server)}`) ?? find(yardstick);
    return other === undefined ? [] : [cpuPerMessage(figure) / cpuPerMessage(other)];
  });
}

/** What the name of a server says of its Node, if that is not the one that runs the bench: ` (26)`. */
export function nodeOf(server: string): string {
  return / \(\d+\)$/.exec(server)?.[0] ?? '';
}
