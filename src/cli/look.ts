import { attach } from './attach.ts';
import { formatTable } from './ps.ts';
import { formatTree } from './pstree.ts';
import { explain } from './why.ts';

/** The commands that look into a running process. */
export type LookCommand = 'ps' | 'pstree' | 'why';

/**
 * Looks into a process.
 *
 * @param rest - what follows the process in the command line: the task of `why`
 * @returns what is to be printed
 * @throws {Failure} when it cannot be looked into
 */
export async function look(
  command: LookCommand,
  pid: number,
  rest: readonly string[],
  asJson: boolean,
): Promise<string> {
  const target = await attach(pid);
  try {
    const snapshots = await target.snapshots();
    if (command === 'why') return explain(snapshots, rest[0] as string);
    if (asJson) return JSON.stringify(snapshots, undefined, 2);
    return command === 'ps' ? formatTable(snapshots) : formatTree(snapshots);
  } finally {
    await target.close();
  }
}
