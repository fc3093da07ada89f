import { cpuPerMessage, distinct, median, type ServerFigure } from './figures.ts';
import { describe, type Load, nameOf } from './loads.ts';

// Lengths in pixels.
const WIDTH = 760;
const MARGIN = 16;
const NAMES = 180;
const VALUES = 64;
const HEAD = 64;
const ROW = 26;
const BAR = 16;
const LINE = 16;
const FOOT = 14;

/**
 * Colours for light and for dark. The background is the picture's own: a page may be dark where the
 * reader's system, which is all that a picture knows of, is light.
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

/** How a server's bar is coloured. */
export type Role = 'ours' | 'other' | 'limit';

/** Which load is drawn: the one that the goals are about, if it was measured. */
export function drawn(loads: readonly Load[]): Load | undefined {
  const messages = loads.filter(({ kind }) => kind === 'echo');
  return messages.find((load) => nameOf(load) === '100x1000') ?? messages[0];
}

/**
 * Draws a bar for each server, as long as its processor time per message; the least comes first.
 *
 * @param about - lines on where and how it was measured
 * @returns an SVG document, readable on light and on dark
 */
export function picture(
  load: Load,
  figures: readonly ServerFigure[],
  about: readonly string[],
  roleOf: (server: string) => Role,
): string {
  const own = figures.filter((figure) => figure.load === nameOf(load));
  const bars = distinct(own.map(({ server }) => server))
    .map((name) => ({
      name,
      cost: median(own.filter(({ server }) => server === name).map(cpuPerMessage)),
    }))
    .filter(({ cost }) => Number.isFinite(cost))
    .sort((one, other) => one.cost - other.cost);
  const most = Math.max(...bars.map(({ cost }) => cost));
  const rows = bars.map(({ name, cost }, index) =>
    row(name, cost, cost / most, HEAD + index * ROW, roleOf(name)),
  );
  const foot = HEAD + bars.length * ROW + LINE;
  const lines = about.map((line, index) => small(line, foot + index * LINE));
  const height = foot + (about.length - 1) * LINE + FOOT;
  const title = `Processor time of the server per message: ${describe(load)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="page" width="100%" height="100%" rx="6"/>
<text class="title" x="${MARGIN}" y="28">${escaped(title)}</text>
${small('µs, user and system; shorter is better', 48)}
${[...rows, ...lines].join('\n')}
</svg>
`;
}

function row(name: string, cost: number, share: number, y: number, role: Role): string {
  const left = MARGIN + NAMES;
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
