import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { endWithUs } from './children.ts';
import { errorLine } from './error-line.ts';
import { UsageError } from './options.ts';
import { sleepers } from './subjects.ts';

export const MEMORY_HELP = `Usage: npm run bench -- memory [OPTIONS]

Compares the memory of sleeping tasks.

Options:
  --tasks N         the number of tasks                               (default: 1000000)
  --help            show this
`;

/** Bytes per task. */
interface MemoryFigures {
  /** The growth of the process's memory in RAM. */
  readonly resident: number;
  /** The same, after a full garbage collection. */
  readonly collected: number;
}

/**
 * Measures and prints the results of `npm run bench -- memory`.
 *
 * @param args - those after `memory`
 * @returns the exit status
 * @throws {UsageError} if the arguments do not match {@link MEMORY_HELP}
 */
export async function benchMemory(args: string[]): Promise<number> {
  const tasks = parseTasks(args);
  if (tasks === undefined) {
    process.stdout.write(MEMORY_HELP);
    return 0;
  }
  const rows: string[][] = [['', 'bytes/task', 'after a collection']];
  const leftOut: string[] = [];
  for (const { name, find } of sleepers) {
    const command = find();
    if ('missing' in command) {
      leftOut.push(`left out: ${name}: ${command.missing}`);
      continue;
    }
    const [program, ...rest] = command.command;
    try {
      const { resident, collected } = await measure(program, [...rest], tasks);
      rows.push([name, resident.toFixed(0), collected.toFixed(0)]);
    } catch (error) {
      leftOut.push(`left out: ${name}: ${(error as Error).message}`);
    }
  }
  console.log(`Memory per task, of ${tasks} sleeping tasks\n`);
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  '),
    );
  for (const line of leftOut) console.log(line);
  return rows.length > 1 ? 0 : 1;
}

function parseTasks(args: string[]): number | undefined {
  const options = {
    tasks: { type: 'string', default: '1000000' },
    help: { type: 'boolean' },
  } as const;
  let values: { tasks: string; help?: boolean | undefined };
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new UsageError(String((error as Error).message).split(/\. |\n/)[0]);
  }
  if (values.help) return undefined;
  if (/^[1-9]\d*$/.test(values.tasks)) return Number(values.tasks);
  throw new UsageError(`--tasks must be an integer >= 1, got '${values.tasks}'`);
}

async function measure(program: string, args: string[], tasks: number): Promise<MemoryFigures> {
  const running = promisify(execFile)(program, withCount(args, tasks));
  endWithUs(running.child);
  try {
    return JSON.parse((await running).stdout) as MemoryFigures;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(errorLine(stderr) ?? message);
  }
}

/** The first argument of the programs is the count, and the second may be `uvloop`. */
function withCount(args: readonly string[], tasks: number): string[] {
  const others = args.filter((arg) => arg !== 'uvloop');
  return [...others, String(tasks), ...(args.includes('uvloop') ? ['uvloop'] : [])];
}
