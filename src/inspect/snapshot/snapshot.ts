import { performance } from 'node:perf_hooks';
import { workerThreads } from '../../base/node-modules.ts';
import { now, setImmediate } from '../../base/node-timers.ts';
import { numberOf } from '../../base/printing/inspect.ts';
import { formatCallback } from '../../base/printing/repr.ts';
import { attempt, textOf } from '../../base/values/attempt.ts';
import type { CancelScope } from '../../core/cancellation/cancel-scope.ts';
import { currentScope } from '../../core/context/context.ts';
import { Task } from '../../core/coroutines/task.ts';
import type { Waiting } from '../../core/futures/awaiter.ts';
import { awaitedBy } from '../../core/futures/call-graph-edges.ts';
import { describedAwaits } from '../../core/futures/described-promise.ts';
import { Future } from '../../core/futures/future.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import { unseenFailures } from '../../core/reports/never-retrieved.ts';
import type { TimerHandle } from '../../core/turns/handle.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { Timed } from '../../core/turns/timer-heap.ts';
import type { Endpoint } from '../../sock/endpoint/endpoint.ts';
import { LoopBound } from '../../sync/waiting/loop-bound.ts';
import { listExecutors } from '../../threads/thread-pool-executor.ts';
import { allOpenOn, type OpenResource } from '../../transports/open-transports.ts';
import { Server } from '../../transports/server/server.ts';
import { BaseTransport } from '../../transports/transport.ts';
import {
  type FailureData,
  type LoopData,
  MOST_FAILURES,
  MOST_TIMERS,
  SNAPSHOT_VERSION,
  type Snapshot,
  type TaskData,
  type TimerData,
  type TransportData,
  type WaitData,
} from './data.ts';
import { inWords, Words } from './in-words.ts';
import { openLoops } from './open-loops.ts';
import { shownFor } from './shown.ts';
import { functionsThatWait, trackedFunctions } from './where.ts';

/** How long taking a snapshot may block the loop at a time, in milliseconds. */
const LONGEST = 5;

/** Collects descriptions of tasks or transports. */
interface List {
  push(description: object): unknown;
}

/** A loop with its tasks and transports in lists of another kind. */
type LoopIn<L> = Omit<LoopData, 'tasks' | 'transports'> & {
  readonly [list in 'tasks' | 'transports']: L;
};

/** A snapshot with them in lists of another kind. */
export type SnapshotIn<L> = Omit<Snapshot, 'loops'> & { readonly loops: readonly LoopIn<L>[] };

/**
 * Takes a snapshot of the loops of this thread: their tasks, where each one waits and what for, timers, servers and
 * connections.
 *
 * For a large program, this takes several turns of Node's loop. Each task is described at one moment; tasks that end in
 * the meantime are left out.
 */
export async function takeSnapshot(): Promise<Snapshot> {
  return (await takeSnapshotIn(() => [] as object[])) as SnapshotIn<unknown> as Snapshot;
}

/**
 * Takes a snapshot whose tasks and transports are in lists of another kind.
 *
 * @param newList - creates a list
 * @param isWhole - `false` leaves out servers, connections, and the words for what a task waits for
 */
export async function takeSnapshotIn<L extends List>(
  newList: () => L,
  isWhole = true,
): Promise<SnapshotIn<L>> {
  const pause = new Pause();
  const words = isWhole ? new Words() : undefined;
  const loops: LoopIn<L>[] = [];
  for (const loop of openLoops()) {
    const resources = isWhole ? allOpenOn(loop) : [];
    loops.push(await describeLoop(loop, resources, words, pause, newList));
  }
  return {
    version: SNAPSHOT_VERSION,
    at: new Date().toISOString(),
    process: {
      pid: process.pid,
      thread: workerThreads().threadId,
      node: process.version,
      uptime: process.uptime(),
    },
    busy: busyTimes(),
    executors: listExecutors().map((one) => ({ words: String(one), ...one._counts() })),
    loops,
  };
}

function busyTimes(): Snapshot['busy'] {
  const { active, idle } = performance.eventLoopUtilization();
  return { active: active / 1000, idle: idle / 1000 };
}

async function describeLoop<L extends List>(
  loop: LoopCore,
  resources: Iterable<OpenResource>,
  words: Words | undefined,
  pause: Pause,
  newList: () => L,
): Promise<LoopIn<L>> {
  const tasks = newList();
  const all = [...loop._tasks] as Task<unknown>[];
  const waiters = await whoWaits(all, pause);
  const primitives = new Map<object, Primitive>();
  for (const task of all) {
    await pause.ifNeeded();
    if (!task.done()) tasks.push(await describeTask(task, waiters, words, primitives));
  }
  const timers = loop._turns.listTimers();
  const transports = newList();
  for (const one of [...resources]) {
    await pause.ifNeeded();
    if (!isInner(one)) transports.push(describeTransport(one, loop));
  }
  return {
    words: String(loop),
    running: loop.isRunning(),
    debug: loop.getDebug(),
    turns: loop._turns.turn,
    ready: loop._turns.readyCount,
    primitives: Array.from(primitives, ([on, held]) => ({ words: words?.of(on) ?? '', ...held })),
    failures: describeFailures(loop),
    tasks,
    timers: timers.slice(0, MOST_TIMERS).map((timer) => describeTimer(timer, loop)),
    timerCount: timers.length,
    transports,
  };
}

/** A primitive that a task waits for. */
interface Primitive {
  readonly heldBy: number[];
  readonly waiters: number[];
}

/** By task: the tasks that wait for it (`of`), and those that it waits for (`for`). */
interface Waiters {
  readonly of: Map<object, number[]>;
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
  for (const task of tasks) {
    await pause.ifNeeded();
    for (const waiting of describedAwaits(task)) {
      const { on } = (waiting._future as Future<unknown>)._describe();
      // Perhaps nothing awaits what its `then()` returned.
      if (on instanceof Task && (await functionsThatWait(waiting)).length > 0)
        waiters.of.get(on)?.push(numberOf(task));
    }
  }
  return waiters;
}

async function describeTask(
  task: Task<unknown>,
  waiters: Waiters,
  words: Words | undefined,
  primitives: Map<object, Primitive>,
): Promise<TaskData> {
  const isCurrent = (currentScope()?.task as unknown) === task;
  const { name, _site: site, _untouched: hasNotBegun } = task._coroutine;
  const awaits = task._waits();
  const direct = new Set<number>();
  for (const { _future } of awaits) if (_future instanceof Task) direct.add(numberOf(_future));
  const others = (waiters.for.get(task) ?? []).filter((id) => !direct.has(id));
  const waits: WaitData[] = [];
  const now = task._loop.time();
  const by = task._cancelledBy;
  for (const waiting of [...awaits, ...describedAwaits(task)]) {
    const future = waiting._future as Future<unknown>;
    const description = future._describe();
    notePrimitive(primitives, numberOf(task), description);
    const limit = limitOf(waiting, description) - now;
    const wait = {
      ...describeWait(future, description, others, words),
      limit: limit > 0 && limit < Number.POSITIVE_INFINITY ? limit : undefined,
      seconds: shownFor(waiting, now),
      stack: await functionsThatWait(waiting),
    };
    // Of a native promise. Perhaps nothing awaits what its `then()` returned.
    if (wait.stack.length > 0 || awaits.includes(waiting)) waits.push(wait);
  }
  return {
    id: numberOf(task),
    name: task.getName(),
    state: isCurrent ? 'running' : hasNotBegun ? 'scheduled' : 'waiting',
    age: shownFor(task, now),
    cancelling: task.cancelling(),
    cancelledBy: typeof by === 'number' ? `Task-${by}` : by,
    coroutine: { name, site },
    waits,
    stack: waits.length > 0 ? [] : trackedFunctions(task),
    awaitedBy: waiters.of.get(task) ?? [],
  };
}

/** @param others - the tasks that its task waits for without awaiting them: those of a `gather()`, or of a group */
function describeWait(
  future: Future<unknown>,
  description: WaitDescription,
  others: readonly number[],
  words: Words | undefined,
): Pick<WaitData, 'operation' | 'words' | 'for' | 'any'> {
  const { operation, heldBy, any } = description;
  const behind = numbersOf(future instanceof Task ? [future] : tasksBehind(description));
  const isKnown = operation === undefined || heldBy !== undefined || behind.length > 0;
  return {
    operation,
    words: words === undefined ? '' : inWords(description, words),
    for: isKnown ? behind : others,
    any: (any && behind.length > 1) || undefined,
  };
}

/** The tasks that hold up a wait, including those below a `gather()` in a `gather()`. */
function tasksBehind(
  { on, heldBy = [on] }: WaitDescription,
  seen: Set<unknown> = new Set(),
): Task<unknown>[] {
  return [...heldBy].flatMap((one) => {
    if (!(one instanceof Future) || one.done() || seen.has(one)) return [];
    seen.add(one);
    return one instanceof Task ? [one] : tasksBehind(one._describe(), seen);
  });
}

/** When a limit ends a wait, on the loop's clock. */
function limitOf({ _scope: first }: Waiting, { until }: WaitDescription): number {
  let earliest = until ?? Number.POSITIVE_INFINITY;
  let scope = first as CancelScope | undefined;
  for (; scope !== undefined; scope = scope._above)
    earliest = Math.min(earliest, scope._until ?? Number.POSITIVE_INFINITY);
  return earliest;
}

function notePrimitive(
  primitives: Map<object, Primitive>,
  waiter: number,
  { on, heldBy }: WaitDescription,
): void {
  if (!(on instanceof LoopBound)) return;
  const known = primitives.get(on);
  if (known !== undefined) known.waiters.push(waiter);
  else primitives.set(on, { heldBy: numbersOf(tasksBehind({ heldBy })), waiters: [waiter] });
}

function numbersOf(tasks: readonly Task<unknown>[]): number[] {
  return tasks.map(numberOf);
}

function describeFailures(loop: LoopCore): FailureData[] {
  return [...unseenFailures()]
    .filter((failure) => failure.loop === loop)
    .slice(0, MOST_FAILURES)
    .map(({ printed, exception }) => ({ words: printed, exception: textOf(exception) }));
}

function describeTimer(timer: Timed, loop: LoopCore): TimerData {
  const callback = (timer as Partial<TimerHandle>)._callback;
  return {
    in: timer.when() - loop.time(),
    callback:
      callback === undefined ? 'sleep()' : attempt(() => formatCallback(callback, undefined), ''),
  };
}

/** Is it the transport below a TLS transport, which is shown instead? */
function isInner(one: OpenResource): boolean {
  const { protocol } = one as { protocol?: { _isInner?: true } };
  return 'transport' in one && !('pipe' in one) && protocol?._isInner === true;
}

function describeTransport(one: OpenResource, loop: LoopCore): TransportData {
  // Some are known to users by their transports.
  const { transport = one } = one as { readonly transport?: object };
  const head = { id: numberOf(transport), words: textOf(transport) };
  if (transport instanceof Server) return { ...head, connections: transport._connectionCount };
  if (!(transport instanceof BaseTransport)) return head;
  const { getWriteBufferSize, isReading } = transport as Partial<{
    getWriteBufferSize(): number;
    isReading(): boolean;
  }>;
  const reading = attempt(() => isReading?.call(transport), undefined);
  const end = ((one as { pipe?: { end: object } }).pipe?.end ??
    attempt(() => transport.getExtraInfo('socket')?._sock._endpoint, undefined)) as
    | Endpoint
    | undefined;
  return {
    ...head,
    peername: attempt(() => transport.getExtraInfo('peername'), undefined),
    sockname: attempt(() => transport.getExtraInfo('sockname'), undefined),
    received: end?.bytesRead,
    sent: end?.bytesWritten,
    idle: end && shownFor(end, loop.time(), end.bytesRead + end.bytesWritten),
    unsent: attempt(() => getWriteBufferSize?.call(transport), undefined),
    paused: reading === undefined ? undefined : !reading,
  };
}

/** Yields to Node's loop from time to time. */
class Pause {
  #since = now();

  async ifNeeded(): Promise<void> {
    if (now() - this.#since < LONGEST) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.#since = now();
  }
}
