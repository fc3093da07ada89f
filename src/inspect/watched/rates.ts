import { performance } from 'node:perf_hooks';
import { workerThreads } from '../../base/node-modules.ts';
import { clearTimeout, now, setTimeout } from '../../base/node-timers.ts';
import { Task } from '../../core/coroutines/task.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { allOpenOn } from '../../transports/open-transports.ts';
import { openLoops } from '../snapshot/open-loops.ts';
import type { Rates, SpentData } from './rates-data.ts';
import { nameOfStep, type Watcher, watchLoops } from './watch-loops.ts';

/** How long counting continues after a request, in milliseconds. */
const LEASE = 10_000;
/** How many tasks and callbacks are reported: those that took the most time. */
const MOST_SPENT = 50;
/** How many tasks and callbacks are counted separately; the others are counted together. */
const MOST_KNOWN = 10_000;

interface Spent {
  steps: number;
  seconds: number;
  longest: number;
}

/** What has happened since the last request. */
class Count {
  readonly since = now();
  readonly spent = new Map<unknown, Spent>();
  readonly turns = new Map<LoopCore, number>(openLoops().map((loop) => [loop, loop._turns.turn]));
  readonly busy = performance.eventLoopUtilization();
  readonly read = { times: 0, bytes: 0 };
  readonly write = { times: 0, bytes: 0 };
  longestTurn = 0;
  /** The current turn of a loop, and how many seconds it has taken so far. */
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
    // Each call of a callback has its own handle, so callbacks with the same name are counted together.
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
 * What has happened in this thread since the last request. Nothing for the first request, or a long time after the last
 * one: counting starts with a request, and stops when no more come.
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

/** Stops counting early. */
export function stopCounting(): void {
  clearTimeout(lease);
  stopWatching?.();
  count = undefined;
}

function sum(loops: readonly LoopCore[], of: (loop: LoopCore) => number): number {
  return loops.reduce((total, loop) => total + of(loop), 0);
}
