import { printable } from '../inspect/printable.ts';
import { attach } from './attach.ts';
import { connectTo } from './connect.ts';
import { formatTable } from './ps.ts';
import { formatTree } from './pstree.ts';
import { explain } from './why.ts';

/** The commands that look into a running process. */
export type LookCommand = 'ps' | 'pstree' | 'why';

/** Is it the number of a process? */
export function isPid(where: string): boolean {
  return /^[1-9]\d*$/.test(where);
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
  const target = await (isPid(where) ? attach(Number(where)) : connectTo(where));
  try {
    const taken = await target.snapshots();
    if (asJson) return JSON.stringify(taken, undefined, 2);
    const snapshots = printable(taken);
    if (command === 'why') return explain(snapshots, rest[0] as string);
    return command === 'ps' ? formatTable(snapshots) : formatTree(snapshots);
  } finally {
    await target.close();
  }
}
