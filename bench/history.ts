import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { distinct, type Figures, median, ratios } from './figures.ts';
import { YARDSTICKS } from './subjects.ts';

/** The median, minimum and maximum of a ratio over the rounds of a run. */
export type Spread = readonly [median: number, least: number, most: number];

/** Appends a line to a file: the ratios of a run, and the commit that was measured. */
export function addToHistory(file: string, figures: Figures, programs: string): void {
  const line = { commit: commit(), date: new Date().toISOString(), programs, ...ratiosOf(figures) };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** The ratios of each server under each load, by yardstick. */
export function ratiosOf({ servers }: Figures): Record<string, Record<string, unknown>> {
  const loads: Record<string, Record<string, unknown>> = {};
  for (const load of distinct(servers.map((figure) => figure.load))) {
    const all = servers.filter((figure) => figure.load === load);
    const entries = distinct(all.map(({ server }) => server)).map((name) => {
      const own = all.filter(({ server }) => server === name);
      const spreads = Object.values(YARDSTICKS).flatMap((yardstick) => {
        const values = ratios(own, all, yardstick);
        return values.length > 0 ? [[`of ${yardstick}`, spread(values)]] : [];
      });
      return [name, Object.fromEntries(spreads)];
    });
    loads[load] = Object.fromEntries(entries);
  }
  return loads;
}

function spread(values: readonly number[]): Spread {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  return [rounded(median(values)), rounded(Math.min(...values)), rounded(Math.max(...values))];
}

function commit(): string {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'scripts') !== '';
  return `${git('rev-parse', '--short', 'HEAD') || 'unknown'}${changed ? ', changed' : ''}`;
}
