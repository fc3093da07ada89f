import {
  cpuPerMessage,
  distinct,
  type Figures,
  MICRO,
  type MicroCosts,
  median,
  ratios,
  type ServerFigure,
} from './figures.ts';
import { describe, type Load, nameOf } from './loads.ts';
import { YARDSTICKS } from './subjects.ts';

/** A column of a table of servers. */
interface Column {
  readonly head: string;
  /** @param own - the server's results in all rounds */
  cell(own: readonly ServerFigure[], all: readonly ServerFigure[]): string;
}

const column = (
  head: string,
  pick: (figure: ServerFigure) => number,
  print: (value: number) => string,
): Column => ({ head, cell: (own) => print(median(own.map(pick))) });

const ratio = (yardstick: string): Column => ({
  head: `of ${yardstick}`,
  cell: (own, all) => {
    const values = ratios(own, all, yardstick);
    return `${fixed(median(values), 2)}${spread(values)}`;
  },
});

const RATE = ({ messages, seconds }: ServerFigure): number => messages / seconds;

const LATENCIES = [
  column('p50 µs', ({ p50 }) => p50 * 1e6, digits),
  column('p99 µs', ({ p99 }) => p99 * 1e6, digits),
];

const SHARES = [
  column('server busy', ({ serverCpu, seconds }) => serverCpu / seconds, percent),
  column('client busy', ({ clientCpu, seconds }) => clientCpu / seconds, percent),
];

const RATIOS = [ratio(YARDSTICKS.node), ratio(YARDSTICKS.limit)];

const COLUMNS: { readonly [kind in Load['kind']]: readonly Column[] } = {
  echo: [
    column('messages/s', RATE, digits),
    column('CPU µs/message', cpuPerMessage, (value) => fixed(value, 2)),
    ...RATIOS,
    ...LATENCIES,
    ...SHARES,
  ],
  accept: [
    column('accepts/s', RATE, digits),
    column('CPU µs/accept', cpuPerMessage, (value) => fixed(value, 1)),
    ...RATIOS,
    ...LATENCIES,
    ...SHARES,
  ],
  idle: [
    column('bytes/idle', ({ idleBytes }) => idleBytes ?? Number.NaN, digits),
    column('messages/s', RATE, digits),
    column('CPU µs/message', cpuPerMessage, (value) => fixed(value, 2)),
    ...LATENCIES,
  ],
};

/** The results of all servers under one load; medians over the rounds. */
export function serverTable(load: Load, figures: readonly ServerFigure[]): string {
  const all = figures.filter((figure) => figure.load === nameOf(load));
  const columns = COLUMNS[load.kind];
  const rows = distinct(all.map(({ server }) => server)).map((name) => {
    const own = all.filter(({ server }) => server === name);
    return [name, ...columns.map(({ cell }) => cell(own, all))];
  });
  return table([[describe(load), ...columns.map(({ head }) => head)], ...rows]);
}

/** The costs of the loop itself; medians over the rounds. Operations that no program supports have no row. */
export function microTable({ micro }: Figures): string {
  const programs = distinct(micro.map(({ program }) => program));
  const costs = (what: keyof MicroCosts): number[] =>
    programs.map((name) =>
      median(
        micro
          .filter(({ program }) => program === name)
          .flatMap((figure) => figure.costs[what] ?? []),
      ),
    );
  const rows = (Object.keys(MICRO) as (keyof MicroCosts)[])
    .map((what) => ({ what, values: costs(what) }))
    .filter(({ values }) => values.some(Number.isFinite))
    .map(({ what, values }) => [MICRO[what], ...values.map((value) => fixed(value, 2))]);
  return table([['CPU µs', ...programs], ...rows]);
}

/** The minimum and maximum; empty for a single value. */
function spread(values: readonly number[]): string {
  if (values.length < 2) return '';
  return ` (${fixed(Math.min(...values), 2)}–${fixed(Math.max(...values), 2)})`;
}

function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ');
  const [head = '', ...rest] = rows.map(line);
  return [head, '─'.repeat(head.length), ...rest].join('\n');
}

/** `83,412` */
function digits(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : '–';
}

function fixed(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : '–';
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '–';
}
