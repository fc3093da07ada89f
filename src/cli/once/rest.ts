import type { Snapshot, TransportData } from '../../inspect/snapshot/data.ts';
import { threadName } from './awaits.ts';

/** What a process has besides tasks and their waits: a section for each kind, with a line for each item. */
export function formatRest(snapshots: readonly Snapshot[]): string {
  return snapshots
    .flatMap(({ process, executors, loops }) => {
      const sections: Record<string, readonly string[]> = {
        'servers and connections': loops.flatMap((loop) => loop.transports.map(transportInWords)),
        timers: loops.flatMap(({ timers, timerCount }) => {
          const lines = timers.map((timer) => `in ${timer.in.toFixed(1)} s: ${timer.callback}`);
          const more = timerCount - timers.length;
          return more > 0 ? [...lines, `and ${more} more`] : lines;
        }),
        executors: executors.map(({ words, most }) => `${words}, at most ${most} threads`),
        'failures that were not retrieved': loops.flatMap(({ failures }) =>
          failures.map(({ exception, words }) => `${exception}: ${words}`),
        ),
      };
      return Object.entries(sections).flatMap(([title, lines]) => [
        `\n${threadName(process)}: ${lines.length > 0 ? title : `no ${title}`}`,
        ...lines.map((line) => `  ${line}`),
      ]);
    })
    .join('\n');
}

/** `<Server …> connections=2`: its printed form and other facts. */
function transportInWords({ id: _, words, ...rest }: TransportData): string {
  const facts = Object.entries(rest).map(([name, value]) => {
    const text = Array.isArray(value) ? value.slice(0, 2).join(':') : value;
    return `${name}=${typeof text === 'number' ? Math.round(text * 10) / 10 : text}`;
  });
  return [words, ...facts].join(' ');
}
