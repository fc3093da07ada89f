/**
 * Tasks that this library did not make: which ones there are, and which one counts as the current one.
 */
import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Something like a task, made by somebody else. `run()` cancels it at its end and waits for it, and so it
 * needs what a {@link Task} has for that.
 */
export interface ForeignTask {
  /** The loop that it runs on. */
  getLoop(): object;
  /** Has it ended? */
  done(): boolean;
}

/** Those that were registered, by their loops. */
const registered = new WeakMap<object, Set<ForeignTask>>();
/** What was entered in a loop; `null`: no task, whatever runs. */
const entered = new WeakMap<LoopCore, object | null>();
/** Was anything ever? */
let isUsed = false;

/** What was entered in `loop`; `null` if that is no task, `undefined` if nothing was entered. */
export function enteredTask(loop: LoopCore): object | null | undefined {
  return isUsed ? entered.get(loop) : undefined;
}

/** Says what counts as the current task of `loop`; `undefined`: its own. */
export function setEntered(loop: LoopCore, task: object | null | undefined): void {
  isUsed = true;
  if (task === undefined) entered.delete(loop);
  else entered.set(loop, task);
}

/** The registered tasks of `loop` that are not done. */
export function registeredTasks(loop: object): Set<ForeignTask> {
  const tasks = registered.get(loop) ?? new Set();
  for (const task of tasks) if (task.done()) tasks.delete(task);
  return tasks;
}

/** Adds a task to those of its loop. */
export function register(task: ForeignTask): void {
  const loop = task.getLoop();
  registered.set(loop, registeredTasks(loop).add(task));
}
