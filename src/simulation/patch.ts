import { LONGEST_TIMER_MS } from '../base/constants.ts';
import { clearTimeout } from '../base/node-timers.ts';
import type { Cancellable } from '../core/turns/loop-core.ts';
import { requireRunningLoop, runningLoop } from '../core/turns/running-loop.ts';
import type { Random } from './clock/random.ts';

/** What `Date` shows at the start of a simulation, in milliseconds: 1 January 2030. */
const EPOCH = Date.UTC(2030, 0, 1);

/**
 * Replaces `Math.random()`, `Date` and the global timers with simulated ones. `Date` shows the clock of the host that
 * uses it.
 *
 * @param random - for `Math.random()`
 * @param now - the simulation's time, for code outside of hosts
 * @returns a function that restores Node's own
 */
export function patchGlobals(random: Random, now: () => number): () => void {
  const { Date: NodeDate } = globalThis;
  const time = (): number => EPOCH + Math.floor(1000 * (runningLoop()?.time() ?? now()));
  class SimulatedDate extends NodeDate {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [time()] : args) as [number]));
    }
    static override now(): number {
      return time();
    }
  }
  Object.defineProperty(SimulatedDate, 'name', { value: 'Date' });
  const later =
    (repeats: boolean) =>
    (callback: (...args: unknown[]) => void, delay?: unknown, ...args: unknown[]): Timer =>
      new Timer(callback, Number(delay ?? 0), args, repeats);
  const patched = {
    Date: SimulatedDate,
    setTimeout: later(false),
    setInterval: later(true),
    setImmediate: (callback: (...args: unknown[]) => void, ...args: unknown[]): Timer =>
      new Timer(callback, 0, args, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  const before = Object.fromEntries(
    Object.keys(patched).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]),
  ) as PropertyDescriptorMap;
  for (const [name, value] of Object.entries(patched))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const { random: nodeRandom } = Math;
  Math.random = () => random.next();
  return () => {
    Math.random = nodeRandom;
    Object.defineProperties(globalThis, before);
  };
}

/** A simulated timer with the interface of Node's. */
class Timer {
  #handle!: Cancellable;
  readonly #again: () => void;

  constructor(
    callback: (...args: unknown[]) => void,
    delay: number,
    args: unknown[],
    repeats: boolean,
  ) {
    const loop = requireRunningLoop();
    // As in Node, a millisecond if it is less, too long, or not a number.
    const seconds = (delay >= 1 && delay <= LONGEST_TIMER_MS ? delay : 1) / 1000;
    const ring = (): void => {
      if (repeats) this.#again();
      callback(...args);
    };
    this.#again = () => {
      this.#handle = loop.callLater(seconds, ring);
    };
    this.#again();
  }

  close(): this {
    this.#handle.cancel();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.#handle.cancel();
    this.#again();
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function clear(timer: unknown): void {
  if (timer instanceof Timer) timer.close();
  else clearTimeout(timer as NodeJS.Timeout);
}
