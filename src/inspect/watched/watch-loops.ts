import { numberOf } from '../../base/printing/inspect.ts';
import { type TrafficWatch, traffic } from '../../base/traffic.ts';
import { attempt } from '../../base/values/attempt.ts';
import { Task } from '../../core/coroutines/task.ts';
import { Operation } from '../../core/futures/operation.ts';
import { Handle } from '../../core/turns/handle.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type { StepWatch } from '../../core/turns/turns.ts';
import { openLoops } from '../snapshot/open-loops.ts';

/** Is notified of what the loops of this thread do. */
export interface Watcher {
  /** A task's step, or a callback, has ended after `seconds`. */
  step(subject: unknown, seconds: number, loop: LoopCore): void;
  /** A socket or pipe has received or sent something. */
  readonly traffic: TrafficWatch;
}

const watchers = new Set<Watcher>();
const watched = new Map<LoopCore, StepWatch>();

/**
 * Notifies `watcher` of what the loops of this thread do. Another call includes new loops.
 *
 * @returns a function that stops it
 */
export function watchLoops(watcher: Watcher): () => void {
  watchers.add(watcher);
  traffic.watch = (...what) => {
    for (const each of watchers) each.traffic(...what);
  };
  for (const loop of openLoops()) {
    if (watched.has(loop)) continue;
    const ours: StepWatch = (subject, seconds) => {
      for (const each of watchers) each.step(subject, seconds, loop);
    };
    watched.set(loop, ours);
    loop._turns.setWatch(ours, true);
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    traffic.watch = undefined;
    for (const [{ _turns }, ours] of watched) _turns.setWatch(ours, false);
    watched.clear();
  };
}

/** Describes what has run. */
export function nameOfStep(subject: unknown): string {
  if (subject instanceof Task) return `${subject.getName()} (${subject._coroutine.name})`;
  if (subject instanceof Handle) return attempt(() => subject._form(), '') || 'a callback';
  if (subject instanceof Operation) return `${subject._describe().operation}()`;
  const { name } = Object(subject).constructor as { name: string };
  return `${name} ${numberOf(Object(subject))}`;
}
