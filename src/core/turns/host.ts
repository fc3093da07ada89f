import { nextImmediate } from '../../base/check-phase.ts';
import { LONGEST_TIMER_MS } from '../../base/constants.ts';
import {
  clearInterval,
  clearTimeout,
  nextTick,
  now,
  setImmediate,
  setInterval,
  setTimeout,
} from '../../base/node-timers.ts';
import { asyncContextsUsed, outside } from '../context/async-context.ts';
import type { Timed } from './timer-heap.ts';

/**
 * What the loop runs on: Node's own loop, in five calls. Tests replace it with a host that has its
 * own clock.
 *
 * One turn of Node's loop, and what runs in it:
 *
 *   1. timers      the alarm: due timers join the ready queue
 *   2. poll        drivers find sockets ready, here or right after it: waiting operations join the
 *                  ready queue
 *   3. immediates  one of our turns, and further ones in ticks, of sixteen entries in all or for a
 *                  millisecond; then an immediate requests Node's next turn
 *
 * So one of our turns runs a fixed batch in order, like asyncio's `_run_once`; see `turns.ts`.
 */
export interface Host {
  /** Monotonic time, in seconds. */
  time(): number;

  /** Calls back in the next turn, after earlier callbacks. */
  immediate(callback: () => void): void;

  /** Calls back when no microtask is left; call it from a microtask. */
  tick(callback: () => void): void;

  /**
   * Calls back once, in the timers phase of a turn, after at least `delay` seconds.
   *
   * @returns a function that cancels the call
   */
  alarm(delay: number, callback: () => void): () => void;

  /** Keeps the process alive until the returned function is called. */
  keepAlive(): () => void;

  /** Changes the order of timers that are due, where asyncio leaves it open. */
  reorder?(due: Timed[]): void;
}

/**
 * Node's callbacks inherit the async context in which they were registered, and keep its stores
 * alive. The host registers its callbacks in a context of its own.
 */
export const nodeHost: Host = {
  time: () => now() / 1000,

  immediate: (callback) => {
    if (asyncContextsUsed) outside(nextImmediate, callback);
    else nextImmediate(callback);
  },

  tick: (callback) => {
    if (asyncContextsUsed) outside(nextTick, callback);
    else nextTick(callback);
  },

  alarm: (delay, callback) => {
    const delayMs = Math.min(Math.max(Math.ceil(delay * 1000), 1), LONGEST_TIMER_MS);
    const timer = outside(setTimeout, callback, delayMs);
    return () => clearTimeout(timer);
  },

  keepAlive: () => {
    const timer = outside(setInterval, () => {}, LONGEST_TIMER_MS);
    return () => clearInterval(timer);
  },
};

/**
 * Calls back once after `delayMs` milliseconds, at most 24 days, without keeping the process
 * alive: for housekeeping outside any loop.
 *
 * @returns a function that cancels the call
 */
export function chore(delayMs: number, callback: () => void): () => void {
  const timer = outside(setTimeout, callback, Math.min(delayMs, LONGEST_TIMER_MS));
  timer.unref();
  return () => clearTimeout(timer);
}

/**
 * Calls back in the next turn, and keeps the process alive until then.
 *
 * An unreferenced immediate would not do: with nothing else to do, Node would sleep until the
 * system reports something.
 */
export function choreNextTurn(callback: () => void): void {
  outside(setImmediate, callback);
}
