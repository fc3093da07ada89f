import type { LoopData, Snapshot, TaskData, WaitData } from '../../inspect/snapshot/data.ts';
import { framesInWords, stateInWords } from '../../inspect/words.ts';
import { Failure } from '../process/failure.ts';
import { Awaits, type TaskOfThread, taskId } from './awaits.ts';
import { awaited, type Cycle, cyclesAmong } from './deadlocks.ts';

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
  /** The tasks that have been explained. */
  readonly #explained = new Set<TaskOfThread>();
  /** What would end the waits at the end of each chain. */
  readonly #hints = new Set<string>();
  /** Does a chain end outside: at a timer, the network, other code? */
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
      const known = this.#explained.has(one);
      this.#say(one.task, margin, known);
      if (known) continue;
      this.#explained.add(one);
      const next = new Set(one.task.waits.flatMap((wait) => awaited(this.#awaits, one, wait)));
      for (const other of [...next].reverse()) left.push([other, `${margin}  `]);
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
      if (task.state === 'waiting' && task.stack.length === 0)
        this.#hints.add('If started with ASYNCIO_EXPLAIN=1, the program shows the line.');
    }
    for (const wait of task.waits) {
      if (!isOfTasks(wait)) this.#endsOutside = true;
      const call = wait.for.length === 0 && endedBy(wait);
      if (call)
        this.#hints.add(`${task.name} continues when ${call}; nothing shows what will do that.`);
      const since = wait.seconds < 0.1 ? '' : `, for at least ${wait.seconds.toFixed(1)} s`;
      const limit =
        wait.limit === undefined ? '' : `; a limit ends that in ${wait.limit.toFixed(1)} s`;
      this.#lines.push(`${who} waits for ${wait.words}${since}${limit}`);
      this.#lines.push(...framesInWords(wait.stack, margin));
    }
  }

  #conclude(): void {
    const cycles = cyclesAmong(this.#awaits, [...this.#explained]);
    this.#lines.push(...cycles.map(cycleInWords));
    if (cycles.some(({ isDeadlock }) => isDeadlock)) return;
    this.#lines.push(...[...this.#hints].slice(0, MOST_HINTS));
    if (this.#endsOutside) return;
    const loop = this.#snapshots
      .filter(({ process: { thread } }) => String(thread) === this.#first.key.split('/')[0])
      .flatMap(({ loops }) => loops)
      .find(({ tasks }) => tasks.includes(this.#first.task));
    if (loop !== undefined && !canGoOn(loop))
      this.#lines.push(
        'This is a deadlock: all tasks of the loop wait for locks, queues and the like, and none of them can continue.',
      );
  }
}

function cycleInWords({ tasks, isDeadlock }: Cycle): string {
  const names = tasks.map(({ task }) => task.name);
  const words =
    names.length === 2
      ? `${names[0]} waits for itself`
      : `${names.join(' → ')} wait for one another`;
  if (isDeadlock) return `This is a deadlock: ${words}.`;
  const limits = tasks.flatMap(({ task }) => task.waits.flatMap(({ limit }) => limit ?? []));
  return limits.length === 0
    ? `${words}, but can continue because of their other waits.`
    : `${words}, until a limit ends that in ${Math.min(...limits).toFixed(1)} s.`;
}

/** What ends a wait that only another task or a callback can end, by operation. */
const ENDS: Readonly<Record<string, string>> = {
  'Lock.acquire': 'release() is called',
  'Semaphore.acquire': 'release() is called',
  'Condition.wait': 'notify() is called',
  'Event.wait': 'set() is called',
  'Barrier.wait': 'enough tasks wait at the barrier',
  'Queue.get': 'an item is put',
  'Queue.put': 'an item is taken',
  'Queue.join': 'taskDone() has been called for each item',
  'ChannelReceiver.receive': 'an item is sent',
  'ChannelSender.send': 'an item is received',
};

/** More hints than this would not help. */
const MOST_HINTS = 5;

function endedBy({ operation, words }: WaitData): string | undefined {
  if (operation === undefined) return /^<Future /.test(words) ? 'the future is done' : undefined;
  return ENDS[operation];
}

/** Can only another task end this wait? */
function isOfTasks({ operation = '', for: tasks, limit }: WaitData): boolean {
  return limit === undefined && (tasks.length > 0 || operation === 'limit' || operation in ENDS);
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
