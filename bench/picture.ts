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
const FOOT = 28;

/** Colours for light and for dark; the background is the page's. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .ours { fill: #0969da }
  .other { fill: #8c959f }
  .limit { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
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
 * @param about - a line on where and how it was measured
 * @returns an SVG document, readable on light and on dark
 */
export function picture(
  load: Load,
  figures: readonly ServerFigure[],
  about: string,
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
  const height = HEAD + bars.length * ROW + FOOT;
  const title = `Processor time of the server per message: ${describe(load)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>${STYLE}
</style>
<text class="title" x="${MARGIN}" y="28">${escaped(title)}</text>
<text class="small" x="${MARGIN}" y="48">µs, user and system; shorter is better</text>
${rows.join('\n')}
<text class="small" x="${MARGIN}" y="${height - 10}">${escaped(about)}</text>
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

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
