import { workerThreads } from '../base/node-modules.ts';
import { now, setImmediate } from '../base/node-timers.ts';
import { numberOf } from '../base/printing/inspect.ts';
import { brief, formatCallback } from '../base/printing/repr.ts';
import { attempt } from '../base/values/attempt.ts';
import { currentScope } from '../core/context/context.ts';
import { Task } from '../core/coroutines/task.ts';
import { suspendedFrames } from '../core/futures/await-stacks.ts';
import type { Waiting } from '../core/futures/awaiter.ts';
import { awaitedBy } from '../core/futures/call-graph-edges.ts';
import type { Future } from '../core/futures/future.ts';
import type { TimerHandle } from '../core/turns/handle.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { allOpenOn } from '../transports/open-transports.ts';
import { BaseTransport } from '../transports/transport.ts';
import {
  type LoopData,
  MOST_TIMERS,
  SNAPSHOT_VERSION,
  type Snapshot,
  type TaskData,
  type TimerData,
  type TransportData,
  type WaitData,
} from './data.ts';
import { openLoops } from './open-loops.ts';
import { frameData, functionsThatWait } from './where.ts';

/** The loop is not held up for longer than so many milliseconds at a time. */
const LONGEST = 5;

/**
 * What the loops of this thread do: their tasks, where each stands and what it waits for, timers, servers
 * and connections.
 *
 * Of a large program it takes several turns of Node's loop. Each task is described as it is at one moment;
 * a task that has ended meanwhile is left out.
 */
export async function takeSnapshot(): Promise<Snapshot> {
  const pause = new Pause();
  const words = new Words();
  const loops: LoopData[] = [];
  for (const loop of openLoops()) loops.push(await describeLoop(loop, words, pause));
  return {
    version: SNAPSHOT_VERSION,
    at: new Date().toISOString(),
    process: {
      pid: process.pid,
      thread: workerThreads().threadId,
      node: process.version,
      uptime: process.uptime(),
    },
    loops,
  };
}

async function describeLoop(loop: LoopCore, words: Words, pause: Pause): Promise<LoopData> {
  const tasks: TaskData[] = [];
  const all = [...loop._tasks] as Task<unknown>[];
  const waiters = await whoWaits(all, pause);
  for (const task of all) {
    await pause.ifNeeded();
    if (!task.done()) tasks.push(await describeTask(task, waiters, words));
  }
  const timers = loop._turns.listTimers() as TimerHandle[];
  const transports: TransportData[] = [];
  for (const one of [...allOpenOn(loop)]) {
    await pause.ifNeeded();
    transports.push(describeTransport(one));
  }
  return {
    words: String(loop),
    running: loop.isRunning(),
    debug: loop.getDebug(),
    turns: loop._turns.turn,
    ready: loop._turns.readyCount,
    tasks,
    timers: timers.slice(0, MOST_TIMERS).map((timer) => describeTimer(timer, loop)),
    timerCount: timers.length,
    transports,
  };
}

/** By future: the tasks that wait for it. By task: the tasks that it waits for. */
interface Waiters {
  readonly of: Map<object, readonly number[]>;
  readonly for: Map<object, number[]>;
}

async function whoWaits(tasks: readonly Task<unknown>[], pause: Pause): Promise<Waiters> {
  const waiters: Waiters = { of: new Map(), for: new Map() };
  for (const task of tasks) {
    await pause.ifNeeded();
    const by = [...awaitedBy(task)].filter((one): one is Task<unknown> => one instanceof Task);
    waiters.of.set(task, by.map(numberOf));
    for (const waiter of by) {
      const known = waiters.for.get(waiter);
      if (known === undefined) waiters.for.set(waiter, [numberOf(task)]);
      else known.push(numberOf(task));
    }
  }
  return waiters;
}

async function describeTask(
  task: Task<unknown>,
  waiters: Waiters,
  words: Words,
): Promise<TaskData> {
  const isCurrent = (currentScope()?.task as unknown) === task;
  const { name, _site: site, _untouched: hasNotBegun } = task._coroutine;
  const awaits = task._waits();
  const direct = new Set<number>();
  for (const { _future } of awaits) if (_future instanceof Task) direct.add(numberOf(_future));
  const others = (waiters.for.get(task) ?? []).filter((id) => !direct.has(id));
  const waits: WaitData[] = [];
  for (const waiting of awaits) waits.push(await describeWait(waiting, others, words));
  return {
    id: numberOf(task),
    name: task.getName(),
    state: isCurrent ? 'running' : hasNotBegun ? 'scheduled' : 'waiting',
    cancelling: task.cancelling(),
    coroutine: { name, site },
    waits,
    stack: waits.length > 0 ? [] : suspendedFrames(task).map(frameData),
    awaitedBy: waiters.of.get(task) ?? [],
  };
}

/** @param others - the tasks that its task waits for without awaiting them: those of a `gather()`, or of a group */
async function describeWait(
  waiting: Waiting,
  others: readonly number[],
  words: Words,
): Promise<WaitData> {
  const future = waiting._future as Future<unknown>;
  const { operation, on, detail, heldBy = [] } = future._describe();
  const forTasks =
    future instanceof Task
      ? [numberOf(future)]
      : heldBy.length > 0
        ? heldBy.map((task) => numberOf(task as object))
        : on instanceof Task
          ? [numberOf(on)]
          : operation === undefined
            ? []
            : others;
  return {
    operation,
    words: [
      [operation, on === undefined ? '' : `on ${words.of(on)}`].filter(Boolean).join(' '),
      detail,
    ]
      .filter(Boolean)
      .join(', ')
      .replace(/^on /, ''),
    stack: await functionsThatWait(waiting),
    for: forTasks,
  };
}

function describeTimer(timer: TimerHandle, loop: LoopCore): TimerData {
  const callback = timer._callback;
  return {
    in: timer.when() - loop.time(),
    callback: callback === undefined ? '' : attempt(() => formatCallback(callback, undefined), ''),
  };
}

function describeTransport(one: object): TransportData {
  const printed = attempt(() => String(one), '');
  if (!(one instanceof BaseTransport)) return { words: printed };
  const { getWriteBufferSize, isReading } = one as Partial<{
    getWriteBufferSize(): number;
    isReading(): boolean;
  }>;
  const reading = attempt(() => isReading?.call(one), undefined);
  return {
    words: printed,
    peername: attempt(() => one.getExtraInfo('peername'), undefined),
    sockname: attempt(() => one.getExtraInfo('sockname'), undefined),
    unsent: attempt(() => getWriteBufferSize?.call(one), undefined),
    paused: reading === undefined ? undefined : !reading,
  };
}

/** Printed forms, each made once: thousands of tasks may wait for one queue. */
class Words {
  readonly #known = new Map<unknown, string>();

  of(subject: unknown): string {
    let form = this.#known.get(subject);
    if (form === undefined) {
      form = subject instanceof Task ? subject.getName() : attempt(() => brief(subject), '?');
      this.#known.set(subject, form);
    }
    return form;
  }
}

/** Gives Node's loop its turn from time to time. */
class Pause {
  #since = now();

  async ifNeeded(): Promise<void> {
    if (now() - this.#since < LONGEST) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.#since = now();
  }
}
