import { cpuPerMessage, type EchoFigure, type MicroFigure, median } from './figures.ts';
import type { Load } from './load.ts';
import { YARDSTICK } from './subjects.ts';

/** The figures of all servers under one load; medians over the rounds. */
export function echoTable(load: Load, all: readonly EchoFigure[]): string {
  const figures = all.filter(
    ({ connections, size }) => connections === load.connections && size === load.size,
  );
  const rows = names(figures, ({ server }) => server).map((name) => {
    const own = figures.filter(({ server }) => server === name);
    return [
      name,
      digits(median(own.map(({ messages, seconds }) => messages / seconds))),
      fixed(median(own.map(cpuPerMessage)), 2),
      fixed(median(ratios(own, figures)), 2),
      percent(median(own.map(({ serverCpu, seconds }) => serverCpu / seconds))),
      percent(median(own.map(({ clientCpu, seconds }) => clientCpu / seconds))),
    ];
  });
  const connections = `${load.connections} ${load.connections === 1 ? 'connection' : 'connections'}`;
  return table([
    [
      `${connections}, ${digits(load.size)} bytes`,
      'messages/s',
      'CPU µs/message',
      `of ${YARDSTICK}`,
      'server busy',
      'client busy',
    ],
    ...rows,
  ]);
}

/** What the loop itself costs; medians over the rounds. */
export function microTable(figures: readonly MicroFigure[]): string {
  const programs = names(figures, ({ program }) => program);
  const row = (what: string, pick: (figure: MicroFigure) => number): string[] => [
    what,
    ...programs.map((name) =>
      fixed(median(figures.filter(({ program }) => program === name).map(pick)), 2),
    ),
  ];
  return table([
    ['CPU µs', ...programs],
    row('callSoon()', ({ callSoon }) => callSoon),
    row('await sleep(0)', ({ sleepZero }) => sleepZero),
    row('await createTask()', ({ createTask }) => createTask),
  ]);
}

/** The ratio to the yardstick in each round: what slows a round down slows both. */
function ratios(own: readonly EchoFigure[], all: readonly EchoFigure[]): number[] {
  return own.flatMap((figure) => {
    const yardstick = all.find(
      ({ server, round }) => server === YARDSTICK && round === figure.round,
    );
    return yardstick === undefined ? [] : [cpuPerMessage(figure) / cpuPerMessage(yardstick)];
  });
}

function names<Figure>(figures: readonly Figure[], pick: (figure: Figure) => string): string[] {
  return [...new Set(figures.map(pick))];
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
  const [head = [], ...rest] = rows.map(line);
  return [head, '─'.repeat(head.length), ...rest].join('\n');
}

/** `83,412` */
export function digits(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function fixed(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : '–';
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '–';
}
