import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The programs that get a CPU of their own. */
export type Side = 'server' | 'client';

/** The CPUs of the two; nothing if there are fewer than two, or no `taskset`. */
export const processors: Readonly<Record<Side, number>> | undefined = findProcessors();

/** The start of a command that runs on the CPU of one side. */
export function pin(side: Side): string[] {
  return processors === undefined ? [] : ['taskset', '-c', String(processors[side])];
}

function findProcessors(): Readonly<Record<Side, number>> | undefined {
  const allowed = allowedProcessors();
  const [server, client] = [allowed[0], allowed.at(-1)];
  if (server === undefined || client === undefined || server === client) return undefined;
  const { status } = spawnSync('taskset', ['-c', `${server},${client}`, 'true']);
  return status === 0 ? { server, client } : undefined;
}

/** The CPUs that this process may run on; empty if unknown. */
function allowedProcessors(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return numbersOf(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  } catch {
    return []; // not Linux
  }
}

/** The numbers in a list such as `0-2,5`. */
export function numbersOf(list: string): number[] {
  return Array.from(list.matchAll(/(\d+)(?:-(\d+))?/g)).flatMap(([, first, last = first]) => {
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, index) => Number(first) + index);
  });
}
