import { cpuPerMessage, distinct, median, type ServerFigure } from './figures.ts';
import { describe, type Load, nameOf } from './loads.ts';

// Lengths in pixels.
const WIDTH = 760;
const MARGIN = 16;
/** The least width of the column of names. */
const NAMES = 180;
/** The width of a letter of a name: the average, rounded up. */
const LETTER = 7;
const VALUES = 64;
const HEAD = 64;
const ROW = 26;
const BAR = 16;
const LINE = 16;
const FOOT = 14;

/**
 * Colours for light and dark mode. The picture has its own background, because a page may be dark while
 * the system, the only thing a picture knows, is light.
 */
const STYLE = `
  .page { fill: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .ours { fill: #0969da }
  .other { fill: #8c959f }
  .limit { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 }
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .other { fill: #656c76 }
    .limit { fill: #3fb950 }
  }`;

/** The colour of a server's bar. */
export type Role = 'ours' | 'other' | 'limit';

/** The loads that are drawn: those with goals, if they were measured. */
export function drawn(loads: readonly Load[]): readonly Load[] {
  const messages = loads.filter(({ kind }) => kind === 'echo');
  const goals = messages.filter((load) => ['100x1000', '10x100000'].includes(nameOf(load)));
  return goals.length > 0 ? goals : messages.slice(0, 1);
}

/**
 * Draws a bar for each server under each load, proportional to its CPU time per message, the lowest first.
 *
 * @param about - lines about where and how it was measured
 * @returns an SVG document, readable in light and dark mode
 */
export function picture(
  loads: readonly Load[],
  figures: readonly ServerFigure[],
  about: readonly string[],
  roleOf: (server: string) => Role,
): string {
  const parts: string[] = [];
  const longest = Math.max(0, ...figures.map(({ server }) => server.length));
  const left = MARGIN + Math.max(NAMES, longest * LETTER);
  let y = 0;
  for (const load of loads) {
    const bars = barsOf(load, figures);
    const most = Math.max(...bars.map(({ cost }) => cost));
    parts.push(
      `<text class="title" x="${MARGIN}" y="${y + 28}">${escaped(titleOf(load))}</text>`,
      small('µs, user and system; shorter is better', y + 48),
      ...bars.map(({ name, cost }, index) =>
        row(name, cost, cost / most, left, y + HEAD + index * ROW, roleOf(name)),
      ),
    );
    y += HEAD + bars.length * ROW;
  }
  const foot = y + LINE;
  const lines = about.map((line, index) => small(line, foot + index * LINE));
  const height = foot + (about.length - 1) * LINE + FOOT;
  const title = loads.map(titleOf).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="page" width="100%" height="100%" rx="6"/>
${[...parts, ...lines].join('\n')}
</svg>
`;
}

function titleOf(load: Load): string {
  return `Processor time of the server per message: ${describe(load)}`;
}

/** The servers and their costs, the lowest first. */
function barsOf(
  load: Load,
  figures: readonly ServerFigure[],
): readonly { readonly name: string; readonly cost: number }[] {
  const own = figures.filter((figure) => figure.load === nameOf(load));
  return distinct(own.map(({ server }) => server))
    .map((name) => ({
      name,
      cost: median(own.filter(({ server }) => server === name).map(cpuPerMessage)),
    }))
    .filter(({ cost }) => Number.isFinite(cost))
    .sort((one, other) => one.cost - other.cost);
}

function row(
  name: string,
  cost: number,
  share: number,
  left: number,
  y: number,
  role: Role,
): string {
  const width = Math.max(1, share * (WIDTH - left - VALUES - MARGIN));
  const base = y + ROW / 2 + 4;
  return [
    `<text x="${left - 10}" y="${base}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="${role}" x="${left}" y="${y + (ROW - BAR) / 2}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<text x="${(left + width + 8).toFixed(1)}" y="${base}">${cost.toFixed(1)}</text>`,
  ].join('');
}

function small(line: string, y: number): string {
  return `<text class="small" x="${MARGIN}" y="${y}">${escaped(line)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
