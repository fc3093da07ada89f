import { CANCEL_PATIENCE, SHUTDOWN_PATIENCE } from '../../base/constants.ts';
import { log } from '../../base/printing/log.ts';
import { suspendedFrames } from '../futures/await-stacks.ts';
import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Names the tasks that do not end although they were cancelled, and why: one that awaits a promise of
 * somebody else, which knows no cancel, and one whose `catch` kept the `CancelledError` to itself.
 */

/** What is asked of a task that was cancelled. */
export interface CancelledTask {
  readonly _loop: LoopCore;
  readonly _mustCancel: boolean;
  getName(): string;
  getCoro(): { readonly _site: string | undefined };
  done(): boolean;
  /** What of ours it awaits. */
  _awaited(): unknown[];
}

/** Where each task was that was cancelled in debug mode. */
const cancelledAt = new WeakMap<CancelledTask, string>();

/** Tasks that are left as their program ends: that is reported, and no matter of debug mode. */
const leftOver = new WeakSet<CancelledTask>();

/** Is told, in debug mode, that `task` was cancelled. */
export function noteWhereCancelled(task: CancelledTask): void {
  const site = suspendedFrames(task)[0]?._site;
  if (site !== undefined) cancelledAt.set(task, site);
}

/**
 * Names `task`, which was cancelled, if it still waits for a promise that is not ours some seconds
 * from now.
 *
 * @returns a function that ends the watch: the task is done
 */
export function watchCancel(task: CancelledTask): () => void {
  if (task._loop.isClosed()) return () => {};
  const begin = task._loop.time();
  const timer = task._loop.callLater(CANCEL_PATIENCE, () => {
    if (task.done() || !task._mustCancel || leftOver.has(task)) return;
    log(describeLaggard(task, task._loop.time() - begin));
  });
  return () => timer.cancel();
}

/** Is told, in debug mode, that `task` ended with a result in spite of a cancel. */
export function noteSwallowed(task: CancelledTask): void {
  const site = cancelledAt.get(task);
  log(
    `${task.getName()} was cancelled${site === undefined ? '' : ` while it waited at ${site}`}, and ended with a result all the same: ` +
      'a catch swallowed the CancelledError. Throw it on, or take the cancel back with uncancel()',
  );
}

/**
 * Reports those of the tasks, in a while from now, that were cancelled and have not ended by then:
 * soon those that await what knows no cancel, and later those that only take their time.
 *
 * @returns a function that ends the watch
 */
export function watchLaggards(loop: LoopCore, tasks: readonly CancelledTask[]): () => void {
  const begin = loop.time();
  const told = new Set<CancelledTask>();
  for (const task of tasks) leftOver.add(task);
  const report = (isMeant: (task: CancelledTask) => boolean) => (): void => {
    for (const task of tasks) {
      if (task.done() || told.has(task) || !isMeant(task)) continue;
      told.add(task);
      loop.callExceptionHandler({ message: describeLaggard(task, loop.time() - begin), task });
    }
  };
  const timers = [
    loop.callLater(
      CANCEL_PATIENCE,
      report((task) => task._awaited().length === 0),
    ),
    loop.callLater(
      SHUTDOWN_PATIENCE,
      report(() => true),
    ),
  ];
  return () => {
    for (const timer of timers) timer.cancel();
  };
}

/**
 * `Task-7 was cancelled 2.0 s ago and still waits for a promise that is not ours, at FILE:LINE`
 *
 * @param seconds - how long ago it was cancelled
 */
function describeLaggard(task: CancelledTask, seconds: number): string {
  const awaited = task._awaited();
  const what = awaited.length > 0 ? awaited.join(', ') : 'a promise that is not ours';
  const site = suspendedFrames(task)[0]?._site;
  const { _site: defined } = task.getCoro();
  const where =
    site !== undefined
      ? `, at ${site}`
      : ` (${defined === undefined ? '' : `in a function defined at ${defined}; `}debug mode says where)`;
  return `${task.getName()} was cancelled ${seconds.toFixed(1)} s ago and still waits for ${what}${where}`;
}
