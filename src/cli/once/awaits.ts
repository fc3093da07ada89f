import type { FrameData, Snapshot, TaskData, WaitData } from '../../inspect/snapshot/data.ts';

/** A task of one thread. */
export interface TaskOfThread {
  readonly task: TaskData;
  /** A key that is unique across threads. */
  readonly key: string;
  /** The name of its thread, as in asyncio's tables. */
  readonly thread: string;
}

/** A task that waits for another one, and its `await`. */
export interface Edge {
  readonly waiter: TaskOfThread;
  readonly wait: WaitData | undefined;
  readonly awaited: TaskOfThread;
}

/** The tasks of all threads, and which task awaits which. */
export class Awaits {
  readonly tasks: readonly TaskOfThread[];
  readonly edges: readonly Edge[];
  readonly #byAwaited = new Map<TaskOfThread, Edge[]>();
  readonly #known: ReadonlyMap<string, TaskOfThread>;

  constructor(snapshots: readonly Snapshot[]) {
    this.tasks = snapshots.flatMap(({ process, loops }) =>
      loops.flatMap(({ tasks }) =>
        tasks.map((task) => ({
          task,
          key: `${process.thread}/${task.id}`,
          thread: threadName(process),
        })),
      ),
    );
    this.#known = new Map(this.tasks.map((one) => [one.key, one]));
    this.edges = this.tasks.flatMap((awaited) =>
      awaited.task.awaitedBy.flatMap((id) => {
        const waiter = this.inThreadOf(awaited, id);
        if (waiter === undefined) return [];
        const wait = waiter.task.waits.find((each) => each.for.includes(awaited.task.id));
        return [{ waiter, wait, awaited }];
      }),
    );
    for (const edge of this.edges) addTo(this.#byAwaited, edge.awaited, edge);
  }

  /** The task with an ID, in the thread of another one. */
  inThreadOf({ key }: TaskOfThread, id: number): TaskOfThread | undefined {
    return this.#known.get(`${key.split('/')[0]}/${id}`);
  }

  /** The tasks that await a task. */
  edgesTo(awaited: TaskOfThread): readonly Edge[] {
    return this.#byAwaited.get(awaited) ?? [];
  }

  /** Cycles of tasks that await each other, each as a list that ends with its first task. */
  cycles(): (readonly TaskOfThread[])[] {
    const next = new Map<TaskOfThread, TaskOfThread[]>();
    for (const { waiter, awaited } of this.edges) addTo(next, waiter, awaited);
    return cyclesIn(next);
  }
}

/** Adds a value to the list of a key. */
export function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}

/** The name of a thread in tables. */
export function threadName({ pid, thread }: Snapshot['process']): string {
  return thread === 0 ? String(pid) : `${pid}/${thread}`;
}

/** The ID of a task, as `ps` prints it and `why` accepts it. */
export function taskId({ id }: TaskData): string {
  return `0x${id.toString(16)}`;
}

/** The cycles of a graph, found without recursion, because chains may be long. */
export function cyclesIn<N>(next: ReadonlyMap<N, readonly N[]>): (readonly N[])[] {
  const done = new Set<N>();
  const cycles: (readonly N[])[] = [];
  for (const start of next.keys()) {
    if (done.has(start)) continue;
    const path: N[] = [start];
    const branches = [(next.get(start) ?? []).values()];
    while (branches.length > 0) {
      const step = branches.at(-1)?.next();
      if (step === undefined || step.done) {
        branches.pop();
        done.add(path.pop() as N);
        continue;
      }
      const at = path.indexOf(step.value);
      if (at >= 0) cycles.push([...path.slice(at), step.value]);
      else if (!done.has(step.value)) {
        path.push(step.value);
        branches.push((next.get(step.value) ?? []).values());
      }
    }
  }
  return cycles;
}

/** The operation and the functions that wait for it, innermost first: asyncio's coroutine stack. */
export function stackOf(wait: WaitData | undefined): readonly (string | FrameData)[] {
  if (wait === undefined) return [];
  return wait.operation === undefined ? wait.stack : [wait.operation, ...wait.stack];
}

/** The stacks of a task, one for each pending `await`. */
export function stacksOf(task: TaskData): (readonly (string | FrameData)[])[] {
  if (task.waits.length > 0) return task.waits.map(stackOf);
  return [task.stack.length > 0 ? task.stack : [task.coroutine.name]];
}
