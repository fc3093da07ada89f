import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../inspect/printable.ts';
import type { Rates } from '../../inspect/watched/rates-data.ts';
import { say } from '../process/say.ts';
import { ofEach, parse, type Target } from '../process/target.ts';
import type { Size } from './keys.ts';
import { Screen } from './screen.ts';

/** The time between two updates, in milliseconds. */
const PAUSE = 1000;
/** The size of the output if it is not a terminal. */
const PLAIN: Size = { columns: 120, rows: 40 };

/**
 * Shows what a process does, once a second, until `until` is fulfilled. Shows it only once if the output is not a
 * terminal.
 *
 * @throws {Failure} when the process has ended
 */
export async function showTop(target: Target, until: Promise<void>): Promise<void> {
  const { stdout } = process;
  let size: Size = stdout.isTTY ? stdout : PLAIN;
  process.on('message', (resized: Size) => {
    size = resized;
  });
  const ended = until.then(() => true);
  // Starts the counting.
  if (!(await Promise.race([ratesOf(target), until]))) return;
  const screen = stdout.isTTY ? new Screen() : undefined;
  try {
    while (!(await Promise.race([ended, sleep(PAUSE, false)]))) {
      const lines = linesOf(await ratesOf(target), size);
      if (screen === undefined) {
        await say(lines.join('\n'));
        return;
      }
      screen.draw(fill(lines, size));
    }
  } finally {
    screen?.leave();
  }
}

/** Lines that overwrite the whole screen. */
function fill(lines: readonly string[], { columns, rows }: Size): string[] {
  return Array.from({ length: rows }, (_, at) => (lines[at] ?? '').padEnd(columns));
}

async function ratesOf(target: Target): Promise<Rates[]> {
  const threads = await target.threads();
  return printable(await ofEach(threads, async (ask) => parse<Rates>(await ask('rates'))));
}

/** The lines to show, cut to the size of the screen. */
export function linesOf(threads: readonly Rates[], { columns, rows }: Size): string[] {
  const heads = threads.flatMap(headOf);
  const spent = threads
    .flatMap(({ thread, seconds, spent }) =>
      spent.map((one) => ({
        ...one,
        thread,
        share: one.seconds / seconds,
        each: one.steps / seconds,
      })),
    )
    .sort((one, other) => other.share - one.share);
  const table = spent.map(({ name, thread, share, longest, each }) =>
    [
      (share * 100).toFixed(1).padStart(6),
      inMilliseconds(longest).padStart(10),
      count(each).padStart(9),
      ` ${thread === 0 ? '' : `${thread}/`}${name}`,
    ].join(' '),
  );
  const title = ' %TIME    LONGEST   STEPS/s  TASK OR CALLBACK';
  return [...heads, '', title, ...table]
    .slice(0, rows)
    .map((line) => line.slice(0, columns).trimEnd());
}

function headOf(rates: Rates): string[] {
  const { pid, thread, node, uptime, seconds, busy, turns, longestTurn, read, write } = rates;
  const traffic = ({ times, bytes }: Rates['read']): string =>
    `${count(times / seconds)} messages/s, ${size(bytes / seconds)}/s`;
  return [
    `${thread === 0 ? `Process ${pid}` : `Thread ${pid}/${thread}`}, Node ${node}, up ${uptime.toFixed(0)} s, ${(busy * 100).toFixed(0)} % busy`,
    `${count(rates.tasks)} tasks, ${count(rates.open)} servers and connections, ${count(turns / seconds)} turns/s, the longest ${inMilliseconds(longestTurn)}`,
    `received ${traffic(read)}; sent ${traffic(write)}`,
  ];
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en');
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes.toFixed(0)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function inMilliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
