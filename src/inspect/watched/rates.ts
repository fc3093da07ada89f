import { performance } from 'node:perf_hooks';
import { workerThreads } from '../../base/node-modules.ts';
import { clearTimeout, now, setTimeout } from '../../base/node-timers.ts';
import { Task } from '../../core/coroutines/task.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { allOpenOn } from '../../transports/open-transports.ts';
import { openLoops } from '../snapshot/open-loops.ts';
import type { Rates, SpentData } from './rates-data.ts';
import { nameOfStep, type Watcher, watchLoops } from './watch-loops.ts';

/** It is counted for so many milliseconds after somebody has asked. */
const LEASE = 10_000;
/** So many of those that took most of the time are told. */
const MOST_SPENT = 50;
/** Of more tasks and callbacks, the others count together. */
const MOST_KNOWN = 10_000;

interface Spent {
  steps: number;
  seconds: number;
  longest: number;
}

/** What has happened since somebody asked last. */
class Count {
  readonly since = now();
  readonly spent = new Map<unknown, Spent>();
  readonly turns = new Map<LoopCore, number>(openLoops().map((loop) => [loop, loop._turns.turn]));
  readonly busy = performance.eventLoopUtilization();
  readonly read = { times: 0, bytes: 0 };
  readonly write = { times: 0, bytes: 0 };
  longestTurn = 0;
  /** The turn of a loop that runs, and the seconds that it has taken so far. */
  #turn: readonly [loop: LoopCore, turn: number] | undefined;
  #inTurn = 0;

  add(subject: unknown, seconds: number, loop: LoopCore): void {
    const { turn } = loop._turns;
    if (this.#turn?.[0] !== loop || this.#turn[1] !== turn) {
      this.#turn = [loop, turn];
      this.#inTurn = 0;
    }
    this.#inTurn += seconds;
    this.longestTurn = Math.max(this.longestTurn, this.#inTurn);
    // Each call of a callback is a handle of its own: those of one name count together.
    const own = subject instanceof Task ? subject : nameOfStep(subject);
    const key = this.spent.has(own) || this.spent.size < MOST_KNOWN ? own : 'others';
    const known = this.spent.get(key) ?? { steps: 0, seconds: 0, longest: 0 };
    this.spent.set(key, known);
    known.steps += 1;
    known.seconds += seconds;
    known.longest = Math.max(known.longest, seconds);
  }

  listSpent(): SpentData[] {
    return [...this.spent]
      .sort(([, one], [, other]) => other.seconds - one.seconds)
      .slice(0, MOST_SPENT)
      .map(([subject, spent]) => ({
        ...spent,
        name: typeof subject === 'string' ? subject : nameOfStep(subject),
        task: subject instanceof Task,
      }));
  }
}

let count: Count | undefined;
let lease: ReturnType<typeof setTimeout> | undefined;
let stopWatching: (() => void) | undefined;

const watcher: Watcher = {
  step: (...step) => count?.add(...step),
  traffic(_end, what, nbytes) {
    const sum = count?.[what];
    if (sum === undefined) return;
    sum.times += 1;
    sum.bytes += nbytes;
  },
};

/**
 * What has happened in this thread since somebody asked last. The first time, and when that is long ago, nothing:
 * it begins to be counted now, and ends when nobody asks any more.
 */
export function ratesSoFar(): Rates {
  const { since, turns, busy, read, write, longestTurn } = count ?? new Count();
  const spent = count?.listSpent() ?? [];
  const seconds = (now() - since) / 1000;
  const loops = openLoops();
  const rates = {
    pid: process.pid,
    thread: workerThreads().threadId,
    node: process.version,
    uptime: process.uptime(),
    seconds,
    busy: performance.eventLoopUtilization(busy).utilization,
    turns: sum(loops, (loop) => loop._turns.turn - (turns.get(loop) ?? 0)),
    longestTurn,
    read,
    write,
    tasks: sum(loops, (loop) => loop._tasks.size),
    ready: sum(loops, (loop) => loop._turns.readyCount),
    open: sum(loops, (loop) => [...allOpenOn(loop)].length),
    spent,
  };
  begin();
  return rates;
}

function begin(): void {
  stopWatching = watchLoops(watcher);
  count = new Count();
  clearTimeout(lease);
  lease = setTimeout(stopCounting, LEASE).unref();
}

/** Ends the counting before its time. */
export function stopCounting(): void {
  clearTimeout(lease);
  stopWatching?.();
  count = undefined;
}

function sum(loops: readonly LoopCore[], of: (loop: LoopCore) => number): number {
  return loops.reduce((total, loop) => total + of(loop), 0);
}
