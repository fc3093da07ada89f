import type { FrameData, Snapshot } from '../../inspect/snapshot/data.ts';
import { Awaits, stackOf, stacksOf, taskId } from './awaits.ts';

/** The columns of `python -m asyncio ps`, and their widths. */
const COLUMNS = [
  ['tid', 10],
  ['task id', 20],
  ['task name', 20],
  ['coroutine stack', 50],
  ['awaiter chain', 50],
  ['awaiter name', 15],
  ['awaiter id', 15],
] as const;

const RULE = '-'.repeat(180);

/** The tasks as a table, as `python -m asyncio ps` prints it: a line for each task and each task that awaits it. */
export function formatTable(snapshots: readonly Snapshot[]): string {
  const awaits = new Awaits(snapshots);
  const lines = awaits.tasks.flatMap((one) => {
    const { task, thread } = one;
    const stack = stacksOf(task).map(chain).join(', ');
    const by = awaits.edgesTo(one);
    const begin = [thread, taskId(task), task.name, stack];
    if (by.length === 0) return [[...begin, '', '', '0x0']];
    return by.map(({ waiter, wait }) => [
      ...begin,
      chain(stackOf(wait)),
      waiter.task.name,
      taskId(waiter.task),
    ]);
  });
  return [row(COLUMNS.map(([name]) => name)), RULE, ...lines.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padEnd(COLUMNS[at]?.[1] ?? 0)).join(' ');
}

function chain(stack: readonly (string | FrameData)[]): string {
  return stack.map((frame) => (typeof frame === 'string' ? frame : frame.name)).join(' -> ');
}
