import type { FrameData, Snapshot } from '../../inspect/snapshot/data.ts';
import { placeOf } from '../../inspect/words.ts';
import { Failure } from '../process/failure.ts';
import { Awaits, stackOf, stacksOf, type TaskOfThread } from './awaits.ts';

/** A task, or a function of one. */
interface Node {
  readonly label: string;
  readonly children: Node[];
}

/**
 * The tasks as a tree, as `python -m asyncio pstree` prints it: below each task are the functions in which it waits,
 * and below these the tasks that it awaits.
 *
 * @throws {Failure} when tasks await each other
 */
export function formatTree(snapshots: readonly Snapshot[]): string {
  const awaits = new Awaits(snapshots);
  const cycles = awaits.cycles();
  if (cycles.length > 0)
    throw new Failure(
      [
        'ERROR: await-graph contains cycles - cannot print a tree!',
        '',
        ...cycles.map((cycle) => `cycle: ${cycle.map(({ task }) => task.name).join(' → ')}`),
      ].join('\n'),
    );
  const nodes = new Map<TaskOfThread, Node>(
    awaits.tasks.map((one) => [one, { label: `(T) ${one.task.name}`, children: [] }]),
  );
  const below = new Set<Node>();
  const waiters = new Set<TaskOfThread>();
  for (const { waiter, wait, awaited } of awaits.edges) {
    const child = nodes.get(awaited) as Node;
    const at = descend(nodes.get(waiter) as Node, stackOf(wait));
    if (!at.children.includes(child)) at.children.push(child);
    below.add(child);
    waiters.add(waiter);
  }
  for (const [one, node] of nodes)
    if (!waiters.has(one)) for (const stack of stacksOf(one.task)) descend(node, stack);
  const roots = [...nodes.values()].filter((node) => !below.has(node));
  return roots.map((root) => render(root).join('\n')).join('\n');
}

/** The node of the innermost function of a stack; missing nodes are created. */
function descend(task: Node, stack: readonly (string | FrameData)[]): Node {
  let at = task;
  for (const frame of [...stack].reverse()) {
    const label = ` ${labelOf(frame)}`;
    let next = at.children.find((child) => child.label === label);
    if (next === undefined) {
      next = { label, children: [] };
      at.children.push(next);
    }
    at = next;
  }
  return at;
}

function render(root: Node): string[] {
  const lines: string[] = [];
  // Without recursion, because trees may be deep.
  const left: [node: Node, margin: string, isLast: boolean][] = [[root, '', true]];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const [{ label, children }, margin, isLast] = one;
    lines.push(`${margin}${isLast ? '└── ' : '├── '}${label}`);
    const within = `${margin}${isLast ? '    ' : '│   '}`;
    for (let at = children.length - 1; at >= 0; at -= 1)
      left.push([children[at] as Node, within, at === children.length - 1]);
  }
  return lines;
}

function labelOf(frame: string | FrameData): string {
  return typeof frame === 'string' ? frame : `${frame.name} ${placeOf(frame)}`;
}
