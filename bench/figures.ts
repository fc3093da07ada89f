import type { LoadResult } from './loads.ts';

/** One server under one load, in one round. */
export interface ServerFigure extends LoadResult {
  readonly round: number;
  readonly server: string;
  /** The name of the load, as in --loads. */
  readonly load: string;
}

/** The operations of the loop, and their names in the table. */
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

/** The cost of each, in µs of CPU time; unsupported ones are omitted. */
export type MicroCosts = { readonly [what in keyof typeof MICRO]?: number };

/** The micro benchmarks of one program, in one round. */
export interface MicroFigure {
  readonly round: number;
  readonly program: string;
  readonly costs: MicroCosts;
}

/** A program that is missing from some or all tables. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** All results of a run. */
export interface Figures {
  readonly servers: ServerFigure[];
  readonly micro: MicroFigure[];
  readonly leftOut: LeftOut[];
}

/** The server's CPU time per message, in µs. */
export function cpuPerMessage({ serverCpu, messages }: LoadResult): number {
  return (serverCpu / messages) * 1e6;
}

/** NaN if empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The distinct values, in order of first occurrence. */
export function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/**
 * The ratio to the yardstick in each round, because what slows a round down slows both. A program on another Node is
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

/** The suffix with the Node version of a server, if it is not the one that runs the benchmark: ` (26)`. */
export function nodeOf(server: string): string {
  return / \(\d+\)$/.exec(server)?.[0] ?? '';
}
