import { printable } from '../inspect/printable.ts';
import type { Snapshot } from '../inspect/snapshot/data.ts';
import { LivePage } from './live/live-page.ts';
import { showTop } from './live/top.ts';
import { formatTable } from './once/ps.ts';
import { formatTree } from './once/pstree.ts';
import { formatRest } from './once/rest.ts';
import { writeTrace } from './once/trace.ts';
import { explain } from './once/why.ts';
import { attach } from './process/attach.ts';
import { connectTo } from './process/connect.ts';
import { say } from './process/say.ts';
import { snapshotsOf, type Target } from './process/target.ts';

/** The commands that look into a running process. */
export type LookCommand = 'ps' | 'pstree' | 'why';

/** Connects to a process by its ID or the path at which it listens, and disconnects afterwards. */
async function at<T>(where: string, act: (target: Target) => Promise<T>): Promise<T> {
  const isPid = /^[1-9]\d*$/.test(where);
  const target = await (isPid ? attach(Number(where)) : connectTo(where));
  try {
    return await act(target);
  } finally {
    await target.close();
  }
}

/**
 * Shows what a process does on a web page, until the process ends or `until` is fulfilled.
 *
 * @param where - the ID of a process, or the path at which it listens; likewise below
 * @param port - 0 for any
 * @throws {Failure} when it cannot be looked into, or has ended
 */
export async function showLive(where: string, port: number, until: Promise<void>): Promise<void> {
  await at(where, async (target) => {
    // Fails now if the process does not run asyncio-ts, or another version.
    if (!(await Promise.race([snapshotsOf(target), until]))) return;
    const page = await LivePage.open(target, port);
    await say(`${page.url}\nPress Ctrl-C to stop.`);
    void until.then(() => page.close());
    await page.run();
  });
}

/**
 * Shows what a process does in the terminal, until `until` is fulfilled.
 *
 * @throws {Failure} when it cannot be looked into, or has ended
 */
export async function top(where: string, until: Promise<void>): Promise<void> {
  await at(where, async (target) => await showTop(target, until));
}

/**
 * Records what a process does, and writes it to a file.
 *
 * @throws {Failure} when it cannot be looked into, or has ended, or the file cannot be written
 */
export async function trace(
  where: string,
  seconds: number,
  path: string,
  until: Promise<void>,
): Promise<void> {
  await at(where, async (target) => await writeTrace(target, seconds, path, until));
}

/**
 * Prints what a process is doing; nothing if `until` is fulfilled earlier.
 *
 * @param rest - the remaining arguments: the task, for `why`
 * @param format - `json`: all data as JSON; `all`: also everything besides tasks
 * @throws {Failure} when it cannot be looked into
 */
export async function look(
  command: LookCommand,
  where: string,
  rest: readonly string[],
  format: { readonly json?: boolean; readonly all?: boolean },
  until: Promise<void>,
): Promise<void> {
  const isAll = format.json || format.all || command === 'why';
  const question = isAll ? 'snapshot' : 'snapshot tasks';
  const taken = await at(where, (target) => Promise.race([snapshotsOf(target, question), until]));
  if (!taken) return;
  if (format.json) {
    await say(JSON.stringify(taken, undefined, 2));
    return;
  }
  const shown = printable(taken);
  await say(inWords[command](shown, rest) + (format.all ? `\n${formatRest(shown)}` : ''));
}

const inWords: Record<
  LookCommand,
  (taken: readonly Snapshot[], rest: readonly string[]) => string
> = {
  ps: formatTable,
  pstree: formatTree,
  why: (taken, [task]) => explain(taken, task as string),
};
