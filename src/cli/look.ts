import { printable } from '../inspect/printable.ts';
import { LivePage } from './live/live-page.ts';
import { showTop } from './live/top.ts';
import { formatTable } from './once/ps.ts';
import { formatTree } from './once/pstree.ts';
import { writeTrace } from './once/trace.ts';
import { explain } from './once/why.ts';
import { attach } from './process/attach.ts';
import { connectTo } from './process/connect.ts';
import { snapshotsOf, type Target } from './process/target.ts';

/** The commands that look into a running process. */
export type LookCommand = 'ps' | 'pstree' | 'why';

/** Is it the number of a process? */
export function isPid(where: string): boolean {
  return /^[1-9]\d*$/.test(where);
}

/**
 * Connects to a process.
 *
 * @param where - its number, or the path at which it listens
 * @throws {Failure} when it cannot be looked into
 */
export async function targetAt(where: string): Promise<Target> {
  return await (isPid(where) ? attach(Number(where)) : connectTo(where));
}

/**
 * Shows what a process does on a page, until the process ends or `until` is fulfilled.
 *
 * @param port - 0: any
 * @throws {Failure} when it cannot be looked into, or has ended
 */
export async function showLive(where: string, port: number, until: Promise<void>): Promise<void> {
  const target = await targetAt(where);
  try {
    // A process without asyncio-ts, or with another version, is found out now.
    await snapshotsOf(target);
    const page = await LivePage.open(target, port);
    console.log(`${page.url}\nCtrl-C ends it.`);
    void until.then(() => page.close());
    await page.run();
  } finally {
    await target.close();
  }
}

/**
 * Shows what a process does on the terminal, until `until` is fulfilled.
 *
 * @throws {Failure} when it cannot be looked into, or has ended
 */
export async function top(where: string, until: Promise<void>): Promise<void> {
  const target = await targetAt(where);
  try {
    await showTop(target, until);
  } finally {
    await target.close();
  }
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
  const target = await targetAt(where);
  try {
    await writeTrace(target, seconds, path, until);
  } finally {
    await target.close();
  }
}

/**
 * Looks into a process.
 *
 * @param where - the number of a process, or the path at which it listens
 * @param rest - what follows the process in the command line: the task of `why`
 * @returns what is to be printed
 * @throws {Failure} when it cannot be looked into
 */
export async function look(
  command: LookCommand,
  where: string,
  rest: readonly string[],
  asJson: boolean,
): Promise<string> {
  const target = await targetAt(where);
  try {
    const taken = await snapshotsOf(target);
    if (asJson) return JSON.stringify(taken, undefined, 2);
    const snapshots = printable(taken);
    if (command === 'why') return explain(snapshots, rest[0] as string);
    return command === 'ps' ? formatTable(snapshots) : formatTree(snapshots);
  } finally {
    await target.close();
  }
}
