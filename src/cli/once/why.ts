import type { LoopData, Snapshot, TaskData, WaitData } from '../../inspect/snapshot/data.ts';
import { framesInWords, stateInWords } from '../../inspect/words.ts';
import { Failure } from '../process/failure.ts';
import { Awaits, cyclesIn, type TaskOfThread, taskId } from './awaits.ts';

/**
 * Explains why a task does not continue: what it waits for, what that waits for, and so on. Tasks that wait for each
 * other are reported as a deadlock.
 *
 * @param wanted - the task's name, or its ID as printed by `ps`
 * @throws {Failure} when there is no such task
 */
export function explain(snapshots: readonly Snapshot[], wanted: string): string {
  const awaits = new Awaits(snapshots);
  const named = awaits.tasks.filter(({ task }) => task.name === wanted || taskId(task) === wanted);
  if (named.length === 0) throw new Failure(`no such task: ${wanted} (see ps for a list of tasks)`);
  return named.map((one) => new Explanation(awaits, snapshots, one).text()).join('\n\n');
}

class Explanation {
  readonly #awaits: Awaits;
  readonly #snapshots: readonly Snapshot[];
  readonly #first: TaskOfThread;
  readonly #lines: string[] = [];
  /** The tasks that have been explained, and what they wait for. */
  readonly #next = new Map<TaskOfThread, TaskOfThread[]>();
  /** Is the end of the chain known: a timer, the network, other code? */
  #endsOutside = false;

  constructor(awaits: Awaits, snapshots: readonly Snapshot[], first: TaskOfThread) {
    this.#awaits = awaits;
    this.#snapshots = snapshots;
    this.#first = first;
  }

  text(): string {
    const left: [one: TaskOfThread, margin: string][] = [[this.#first, '']];
    for (let step = left.pop(); step !== undefined; step = left.pop()) {
      const [one, margin] = step;
      const known = this.#next.has(one);
      this.#say(one.task, margin, known);
      if (known) continue;
      const next = [...new Set(one.task.waits.flatMap((wait) => wait.for))]
        .map((id) => this.#awaits.inThreadOf(one, id))
        .filter((other) => other !== undefined);
      this.#next.set(one, next);
      for (const other of next.reverse()) left.push([other, `${margin}  `]);
    }
    this.#conclude();
    return this.#lines.join('\n');
  }

  #say(task: TaskData, margin: string, known: boolean): void {
    const by = task.cancelledBy === undefined ? '' : ` by ${task.cancelledBy}`;
    const cancelled = task.cancelling > 0 ? `, cancelled${by}` : '';
    const who = `${margin}${task.name} (${task.coroutine.name}${cancelled})`;
    if (known) {
      this.#lines.push(`${who}: see above`);
      return;
    }
    if (task.waits.length === 0) {
      this.#endsOutside = true;
      this.#lines.push(`${who} ${stateInWords(task)}`);
      this.#lines.push(...framesInWords(task.stack, margin));
    }
    for (const wait of task.waits) {
      if (!isOfTasks(wait)) this.#endsOutside = true;
      const since = wait.seconds < 0.1 ? '' : `, for at least ${wait.seconds.toFixed(1)} s`;
      this.#lines.push(`${who} waits for ${wait.words}${since}`);
      this.#lines.push(...framesInWords(wait.stack, margin));
    }
  }

  #conclude(): void {
    const cycles = cyclesIn(this.#next);
    for (const cycle of cycles) {
      const names = cycle.map(({ task }) => task.name);
      this.#lines.push(
        names.length === 2
          ? `This is a deadlock: ${names[0]} waits for itself.`
          : `This is a deadlock: ${names.join(' → ')} wait for one another.`,
      );
    }
    if (cycles.length > 0 || this.#endsOutside) return;
    const loop = this.#snapshots
      .filter(({ process: { thread } }) => String(thread) === this.#first.key.split('/')[0])
      .flatMap(({ loops }) => loops)
      .find(({ tasks }) => tasks.includes(this.#first.task));
    if (loop !== undefined && !canGoOn(loop))
      this.#lines.push(
        'This is a deadlock: all tasks of the loop wait for locks, queues and the like, and none of them can go on.',
      );
  }
}

/** Can only another task end this wait? */
function isOfTasks(wait: WaitData): boolean {
  return (
    wait.for.length > 0 ||
    /^(?:Lock|Condition|Event|Semaphore|Barrier|Queue|ChannelSender|ChannelReceiver)\./.test(
      wait.operation ?? '',
    )
  );
}

/** Can anything except a Node callback wake a task of the loop? */
function canGoOn({ ready, timerCount, transports, tasks }: LoopData): boolean {
  return (
    ready > 0 ||
    timerCount > 0 ||
    transports.length > 0 ||
    tasks.some(({ state, waits }) => state !== 'waiting' || waits.length === 0) ||
    tasks.some(({ waits }) => waits.some((wait) => !isOfTasks(wait)))
  );
}
