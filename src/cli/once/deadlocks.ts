import type { WaitData } from '../../inspect/snapshot/data.ts';
import { type Awaits, addTo, cyclesIn, type TaskOfThread } from './awaits.ts';

/** Tasks that wait for one another, as a list that ends with its first task. */
export interface Cycle {
  readonly tasks: readonly TaskOfThread[];
  /** Can none of them continue? */
  readonly isDeadlock: boolean;
}

/** The tasks that wait for one another. If there are deadlocks, only these are returned. */
export function cyclesAmong(awaits: Awaits, tasks: readonly TaskOfThread[]): Cycle[] {
  const stuck = stuckAmong(awaits, tasks);
  const among = (some: readonly TaskOfThread[]): (readonly TaskOfThread[])[] => {
    const known = new Set(some);
    return cyclesIn(
      new Map(
        some.map((one) => [
          one,
          one.task.waits.flatMap((wait) => awaited(awaits, one, wait).filter((x) => known.has(x))),
        ]),
      ),
    );
  };
  const isDeadlock = stuck.length > 0;
  return among(isDeadlock ? stuck : tasks).map((cycle) => ({ tasks: cycle, isDeadlock }));
}

/**
 * The tasks that cannot continue whatever else happens, because they wait only for such tasks. Found by removing every
 * task that can continue, until none is left.
 */
function stuckAmong(awaits: Awaits, tasks: readonly TaskOfThread[]): TaskOfThread[] {
  const stuck = new Set(tasks);
  /** The waits for each task. */
  const waits = new Map<TaskOfThread, { readonly of: TaskOfThread; left: number }[]>();
  const free: TaskOfThread[] = [];
  for (const one of tasks)
    for (const wait of waitsOf(one)) {
      const others = awaited(awaits, one, wait);
      const known = others.filter((other) => stuck.has(other));
      // How many tasks must continue before it can.
      const left = wait.limit === undefined ? (wait.any ? 1 : known.length) : 0;
      if (left === 0 || (wait.any && known.length < wait.for.length)) free.push(one);
      const entry = { of: one, left };
      for (const other of known) addTo(waits, other, entry);
    }
  for (let one = free.pop(); one !== undefined; one = free.pop()) {
    if (!stuck.delete(one)) continue;
    for (const entry of waits.get(one) ?? []) {
      entry.left -= 1;
      if (entry.left === 0) free.push(entry.of);
    }
  }
  return [...stuck];
}

/** What a task waits for. A wait for a foreign promise counts as a wait for no task. */
function waitsOf({ task }: TaskOfThread): readonly Pick<WaitData, 'for' | 'any' | 'limit'>[] {
  return task.waits.length > 0 ? task.waits : [{ for: [] }];
}

/** The tasks that a wait is for. */
export function awaited(
  awaits: Awaits,
  one: TaskOfThread,
  wait: Pick<WaitData, 'for'>,
): TaskOfThread[] {
  return wait.for.flatMap((id) => awaits.inThreadOf(one, id) ?? []);
}
