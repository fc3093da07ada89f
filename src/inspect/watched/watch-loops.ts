import { numberOf } from '../../base/printing/inspect.ts';
import { type TrafficWatch, traffic } from '../../base/traffic.ts';
import { attempt } from '../../base/values/attempt.ts';
import { Task } from '../../core/coroutines/task.ts';
import { Handle } from '../../core/turns/handle.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { openLoops } from '../snapshot/open-loops.ts';

/** Is notified of what the loops of this thread do. */
export interface Watcher {
  /** A task's step, or a callback, has ended, and took so many seconds. */
  step(subject: unknown, seconds: number, loop: LoopCore): void;
  /** A socket or pipe has received or sent something. */
  readonly traffic: TrafficWatch;
}

type Watch = LoopCore['_turns']['watch'];

const watchers = new Set<Watcher>();
const watched = new Map<LoopCore, { readonly ours: Watch; readonly before: Watch }>();

/**
 * Notifies `watcher` of what the loops of this thread do. Called again, also includes new loops.
 *
 * @returns a function that stops it
 */
export function watchLoops(watcher: Watcher): () => void {
  watchers.add(watcher);
  traffic.watch = (...what) => {
    for (const each of watchers) each.traffic(...what);
  };
  for (const loop of openLoops()) {
    const { watch: before } = loop._turns;
    if (before !== undefined && before === watched.get(loop)?.ours) continue;
    const ours: Watch = (subject, seconds) => {
      before?.(subject, seconds);
      for (const each of watchers) each.step(subject, seconds, loop);
    };
    watched.set(loop, { ours, before });
    loop._turns.watch = ours;
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    traffic.watch = undefined;
    for (const [{ _turns }, { ours, before }] of watched)
      if (_turns.watch === ours) _turns.watch = before;
    watched.clear();
  };
}

/** Describes what has run. */
export function nameOfStep(subject: unknown): string {
  if (subject instanceof Task) return `${subject.getName()} (${subject._coroutine.name})`;
  if (subject instanceof Handle) return attempt(() => subject._form(), '') || 'a callback';
  const { name } = Object(subject).constructor as { name: string };
  return `${name} ${numberOf(Object(subject))}`;
}
