import { labelOf, type TraceEntry } from '../simulation/network/trace.ts';

/** The most entries that are shown: the last ones. */
const MOST = 60;
/** Sizes, in pixels. */
const [LANE, ROW, LEFT, TOP, LETTER] = [190, 24, 110, 70, 7.3];

const STYLE =
  'text{font:12px ui-monospace,monospace;fill:#1f2933}.head{font-weight:bold}.time{fill:#7b8794}' +
  'line{stroke:#cbd2d9}.sent{stroke:#2563eb;stroke-width:1.5}.fault{fill:#c81e1e}';

/**
 * Draws a run as a sequence diagram, in SVG: a column for each host, and a row for each entry of the trace.
 *
 * @param title - only its first line is shown
 */
export function sequenceDiagram(title: string, entries: readonly TraceEntry[]): string {
  const shown = entries.slice(-MOST);
  const hosts = [...new Set(shown.flatMap(({ from, to }) => [from, to]))].filter(Boolean).sort();
  const x = (host: string): number => LEFT + LANE * (hosts.indexOf(host) + 0.5);
  const right = LEFT + LANE * hosts.length;
  const rows = shown.map((entry, row) => {
    const { time, from, to, kind } = entry;
    const y = TOP + ROW * (row + 1);
    const clock = text(LEFT - 20, y, time.toFixed(6), 'time', 'end');
    const label = labelOf(entry);
    if (from === '') return clock + text(LEFT, y, label, kind.startsWith('✗') ? 'fault' : '');
    const dot = `<circle cx="${x(from)}" cy="${y - 4}" r="3"/>`;
    if (to === '' || to === from) return clock + dot + text(x(from) + 8, y, label);
    const [left, most] = [Math.min(x(from), x(to)), Math.abs(x(from) - x(to)) / LETTER - 2];
    const short = label.length > most ? `${label.slice(0, most - 1)}…` : label;
    const arrow = `<line class="sent" x1="${x(from)}" y1="${y - 4}" x2="${x(to)}" y2="${y - 4}" marker-end="url(#head)"/>`;
    return `${clock}${dot}${arrow}${text(left + Math.abs(x(from) - x(to)) / 2, y - 7, short, '', 'middle')}`;
  });
  const height = TOP + ROW * (rows.length + 1);
  const first = title.split('\n')[0] as string;
  const width = Math.max(right + 20, 40 + first.length * LETTER);
  const lanes = hosts.map(
    (host) =>
      text(x(host), TOP - 12, host, 'head', 'middle') +
      `<line x1="${x(host)}" y1="${TOP - 5}" x2="${x(host)}" y2="${height - 10}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<style>${STYLE}</style>`,
    '<marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0,0L9,4L0,8z" fill="#2563eb"/></marker>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(20, 28, first, 'head'),
    ...lanes,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, words: string, kind = '', anchor = 'start'): string {
  const escaped = words.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${escaped}</text>`;
}
