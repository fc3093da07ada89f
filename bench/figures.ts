import type { Load, LoadResult } from './load.ts';

/** One server under one load, in one round. */
export interface EchoFigure extends Load, LoadResult {
  readonly round: number;
  readonly server: string;
}

/** What the loop itself costs: µs of processor time. */
export interface MicroCosts {
  /** A callback that is scheduled and called. */
  readonly callSoon: number;
  /** A turn that is awaited. */
  readonly sleepZero: number;
  /** A task that is made, does nothing and is awaited. */
  readonly createTask: number;
}

/** The micro figures of one program, in one round. */
export interface MicroFigure extends MicroCosts {
  readonly round: number;
  readonly program: string;
}

/** The server's processor time for one message, in µs. */
export function cpuPerMessage({ serverCpu, messages }: LoadResult): number {
  return (serverCpu / messages) * 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
