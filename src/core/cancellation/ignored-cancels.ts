import { CANCEL_PATIENCE, SHUTDOWN_PATIENCE } from '../../base/constants.ts';
import { log } from '../../base/log/log.ts';
import { suspendedFrames } from '../futures/await-stacks.ts';
import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Reports cancelled tasks that do not end, and why: a task may await a foreign promise, which
 * cannot be cancelled, or a `catch` may have swallowed the `CancelledError`.
 */

/** The part of a cancelled task that is needed here. */
export interface CancelledTask {
  readonly _loop: LoopCore;
  readonly _mustCancel: boolean;
  getName(): string;
  readonly _coroutine: { readonly _site: string | undefined };
  done(): boolean;
  /** What it awaits, without foreign promises. */
  _awaited(): unknown[];
}

/** Where each task waited when it was cancelled, in debug mode. */
const cancelledAt = new WeakMap<CancelledTask, string>();

/** Tasks that are left when their program ends; they are reported in every mode. */
const leftOver = new WeakSet<CancelledTask>();

/** Called in debug mode when `task` is cancelled. */
export function noteWhereCancelled(task: CancelledTask): void {
  const site = suspendedFrames(task)[0]?._site;
  if (site !== undefined) cancelledAt.set(task, site);
}

/**
 * Reports the cancelled `task` if it still waits for a foreign promise some seconds from now.
 *
 * @returns a function that stops watching, for when the task is done
 */
export function watchCancel(task: CancelledTask): () => void {
  if (task._loop.isClosed()) return () => {};
  const begin = task._loop.time();
  const timer = task._loop.callLater(CANCEL_PATIENCE, () => {
    if (task.done() || !task._mustCancel || leftOver.has(task)) return;
    log(describeLaggard(task, task._loop.time() - begin), 'warn');
  });
  return () => timer.cancel();
}

/** Called in debug mode when `task` ended with a result despite a cancel. */
export function noteSwallowed(task: CancelledTask): void {
  const site = cancelledAt.get(task);
  log(
    `${task.getName()} was cancelled${site === undefined ? '' : ` while it waited at ${site}`}, but ended with a result: ` +
      'a catch swallowed the CancelledError. Rethrow it, or withdraw the cancel with uncancel()',
    'warn',
  );
}

/**
 * Reports the cancelled tasks that have not ended after a while:
 * first those that await something that cannot be cancelled, later those that take long to clean up.
 *
 * @returns a function that stops watching
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
 * `Task-7 was cancelled 2.0 s ago and still waits for a promise that asyncio-ts did not create, at FILE:LINE`
 *
 * @param seconds - how long ago it was cancelled
 */
function describeLaggard(task: CancelledTask, seconds: number): string {
  const awaited = task._awaited();
  const what = awaited.length > 0 ? awaited.join(', ') : 'a promise that asyncio-ts did not create';
  const site = suspendedFrames(task)[0]?._site;
  const { _site: defined } = task._coroutine;
  const where =
    site !== undefined
      ? `, at ${site}`
      : ` (${defined === undefined ? '' : `in a function defined at ${defined}; `}debug mode says where)`;
  return `${task.getName()} was cancelled ${seconds.toFixed(1)} s ago and still waits for ${what}${where}`;
}
