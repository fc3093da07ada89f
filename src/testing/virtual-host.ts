import { clearInterval, setInterval } from '../base/node-timers.ts';
import { outside } from '../core/context/async-context.ts';
import { type Host, nodeHost } from '../core/turns/host.ts';

/** After how many idle turns all tasks are assumed to wait for a timer. */
const IDLE_TURNS = 4;

/**
 * A host whose clock stops while anything is running, and jumps to the next timer when all tasks
 * wait.
 *
 * Not for programs that wait for the system: it cannot tell a real socket that is about to be
 * readable from one that never will be.
 */
export function virtualHost(start = 0): Host & { advance(seconds: number): void } {
  let now = start;
  let immediates = 0;
  let alarm: { readonly when: number; readonly callback: () => void } | undefined;

  const watch = (waiting: NonNullable<typeof alarm>, seen: number, idle: number): void => {
    nodeHost.immediate(() => {
      if (alarm !== waiting) return;
      if (immediates !== seen) watch(waiting, immediates, 0);
      else if (idle < IDLE_TURNS) watch(waiting, seen, idle + 1);
      else {
        alarm = undefined;
        now = Math.max(now, waiting.when);
        waiting.callback();
      }
    });
  };

  return {
    time: () => now,
    immediate: (callback) => {
      immediates += 1;
      nodeHost.immediate(callback);
    },
    tick: nodeHost.tick,
    alarm: (delay, callback) => {
      const made = { when: now + delay, callback };
      alarm = made;
      watch(made, immediates, 0);
      return () => {
        if (alarm === made) alarm = undefined;
      };
    },
    keepAlive: () => {
      const timer = outside(setInterval, () => {}, 1000);
      return () => clearInterval(timer);
    },
    advance: (seconds) => {
      now += seconds;
    },
  };
}
