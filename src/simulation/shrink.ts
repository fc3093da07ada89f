import type { RunReport, RunResult } from './failure.ts';

/** How often a run is repeated with fewer faults. */
const MOST_TRIES = 100;

/**
 * Searches for a shorter list of faults with which a run still fails, with Zeller's ddmin algorithm.
 *
 * @param again - repeats the run with some of the faults
 * @returns the run with the fewest
 */
export async function shrink(
  report: RunReport,
  again: (faults: ReadonlySet<string>) => Promise<RunResult | RunReport>,
): Promise<RunReport> {
  let least = report;
  let tries = 0;
  const attempt = async (kept: readonly string[]): Promise<boolean> => {
    if (tries >= MOST_TRIES) return false;
    tries += 1;
    const result = await again(new Set(kept));
    // Other faults may have occurred instead; they count, too.
    if (!('error' in result) || result.faults.length >= least.faults.length) return false;
    least = result;
    return true;
  };
  if (least.faults.length === 0 || (await attempt([]))) return least;
  for (let parts = 2; least.faults.length > 1 && tries < MOST_TRIES; ) {
    const names = least.faults.map(({ name }) => name);
    const size = Math.ceil(names.length / parts);
    const slices = Array.from({ length: Math.ceil(names.length / size) }, (_, at) => at * size);
    let smaller = false;
    for (const from of slices) smaller ||= await attempt(names.slice(from, from + size));
    if (smaller) {
      parts = 2;
      continue;
    }
    for (const from of slices)
      smaller ||= await attempt([...names.slice(0, from), ...names.slice(from + size)]);
    if (smaller) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(names.length, 2 * parts);
  }
  return least;
}
