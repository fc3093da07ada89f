/** What a soak has seen at one moment. */
export interface Sample {
  /** The server's memory, in bytes. */
  readonly rss: number;
  /** The server's open descriptors. */
  readonly descriptors: number;
}

/** What a soak came to. */
export interface Verdict {
  readonly passed: boolean;
  /** What it rests on, a line each. */
  readonly reasons: readonly string[];
}

/** By how much memory may be more in the last quarter than in the second: a part of it. */
const MEMORY_SLACK = 0.05;
/** By how many descriptors the quarters may differ: clients come and go all the time. */
const DESCRIPTORS_SLACK = 3;

/**
 * Says whether memory and descriptors stayed flat: by the medians of the second quarter and the
 * last. The first, in which everything is met for the first time, does not count.
 */
export function flat(samples: readonly Sample[]): Verdict {
  if (samples.length < 8) return { passed: false, reasons: ['too short to tell'] };
  const quarter = samples.length / 4;
  const [second, last] = [
    samples.slice(quarter, 2 * quarter),
    samples.slice(samples.length - quarter),
  ];
  const rss = [second, last].map((part) => median(part.map((sample) => sample.rss)));
  const open = [second, last].map((part) => median(part.map((sample) => sample.descriptors)));
  const [before, after] = rss as [number, number];
  const [were, are] = open as [number, number];
  return {
    passed: after <= before * (1 + MEMORY_SLACK) && Math.abs(are - were) <= DESCRIPTORS_SLACK,
    reasons: [
      `memory: ${megabytes(before)} in the second quarter, ${megabytes(after)} in the last ` +
        `(${percent(after / before - 1)}; up to ${percent(MEMORY_SLACK)} is flat)`,
      `descriptors: ${were} in the second quarter, ${are} in the last ` +
        `(${DESCRIPTORS_SLACK} more or fewer are flat)`,
    ],
  };
}

/** `71.3 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function percent(part: number): string {
  return `${part < 0 ? '' : '+'}${(part * 100).toFixed(1)} %`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
