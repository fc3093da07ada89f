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

/**
 * What the loop stands on: Node's own loop, in five calls. The one file that makes immediates,
 * ticks and timers; tests put a host with its own clock in its place.
 *
 * One turn of Node's loop, and what of ours runs in it:
 *
 *   1. timers      the alarm: due timers join the ready queue
 *   2. poll        drivers find sockets ready: their waiting operations join the ready queue
 *   3. immediates  a turn of ours, and further ones in ticks, of sixteen entries in all or for a
 *                  millisecond; then an immediate asks for the next turn of Node's
 *
 * So a turn of ours runs a fixed batch, in order, as asyncio's `_run_once`; `turns.ts` has how.
 */
export interface Host {
  /** Seconds on a clock that never goes back. */
  time(): number;

  /** Calls back in the next turn, after whatever was asked for before. */
  immediate(callback: () => void): void;

  /** Calls back when no microtask is left; to be called in one. */
  tick(callback: () => void): void;

  /**
   * Calls back once, in the timers of a turn, not before `delay` seconds are over.
   *
   * @returns a function that forgets the call
   */
  alarm(delay: number, callback: () => void): () => void;

  /** Keeps the process alive until the returned function is called. */
  keepAlive(): () => void;
}

/**
 * What Node calls back inherits the async context in force where it was asked for, and keeps its
 * stores alive. The host asks in a context that belongs to nobody.
 */
export const nodeHost: Host = {
  time: () => now() / 1000,

  immediate: (callback) => {
    if (asyncContextsUsed) outside(setImmediate, callback);
    else setImmediate(callback);
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
 * Calls back once after `delayMs` milliseconds, without keeping the process alive: for chores
 * that belong to no loop.
 *
 * @returns a function that forgets the call
 */
export function chore(delayMs: number, callback: () => void): () => void {
  const timer = outside(setTimeout, callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

/**
 * Calls back in the next turn; the process lives that long.
 *
 * Not with an immediate that is unreferenced: where nothing else has anything to do, Node sleeps
 * over it until the system has news.
 */
export function choreNextTurn(callback: () => void): void {
  outside(setImmediate, callback);
}
