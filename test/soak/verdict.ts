/** What was seen of the server when all clients had left. */
export interface Sample {
  /** How many had come by then. */
  readonly connects: number;
  /** The memory that it uses: what is left after a collection, in bytes. */
  readonly used: number;
  /** The memory that it occupies, in bytes. */
  readonly rss: number;
  /** Its open descriptors. */
  readonly descriptors: number;
  /** Its tasks. */
  readonly tasks: number;
}

/** What a soak came to. */
export interface Verdict {
  readonly passed: boolean;
  /** What it rests on. */
  readonly reason: string;
}

/** Bytes that each client may leave behind: what is measured varies by so much for other reasons. */
const LEFT_BY_ONE = 100;
/** By how much the occupied memory may grow: a part of it. */
const OCCUPIED_SLACK = 0.05;
/** Samples that say something. */
const LEAST = 4;

/**
 * Says whether the server stayed as it was, by what it had whenever all clients had left. The first
 * quarter, in which everything is met for the first time, does not count for memory.
 *
 * @param atRest - what it had before the first client
 */
export function verdicts(
  samples: readonly Sample[],
  atRest: Pick<Sample, 'descriptors' | 'tasks'>,
): Verdict[] {
  return [
    ...ofMemory(samples.slice(Math.ceil(samples.length / 4))),
    ...(['descriptors', 'tasks'] as const).map((what) => {
      const most = Math.max(...samples.map((sample) => sample[what]));
      return {
        passed: most <= atRest[what],
        reason: `${what} without clients: ${atRest[what]} before the first, ${most} at most after others`,
      };
    }),
  ];
}

function ofMemory(samples: readonly Sample[]): Verdict[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < LEAST)
    return [{ passed: false, reason: 'memory: too short to tell' }];
  const each = slope(samples);
  const grown = last.rss / first.rss - 1;
  return [
    {
      passed: each <= LEFT_BY_ONE,
      reason:
        `memory in use: ${megabytes(first.used)} after the first quarter, ${megabytes(last.used)} at the end; ` +
        `${each.toFixed(0)} bytes for each client (up to ${LEFT_BY_ONE} are none)`,
    },
    {
      passed: grown <= OCCUPIED_SLACK,
      reason:
        `memory occupied: ${megabytes(first.rss)}, ${megabytes(last.rss)} ` +
        `(${percent(grown)}; up to ${percent(OCCUPIED_SLACK)} is flat)`,
    },
  ];
}

/** By how much the memory in use grows with each client: the median of what all pairs of samples say. */
function slope(samples: readonly Sample[]): number {
  const slopes = samples.flatMap((before, n) =>
    samples
      .slice(n + 1)
      .map((after) => (after.used - before.used) / (after.connects - before.connects)),
  );
  return slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)] as number;
}

/** `71.3 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function percent(part: number): string {
  return `${part < 0 ? '' : '+'}${(part * 100).toFixed(1)} %`;
}
