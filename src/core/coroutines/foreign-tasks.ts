/** Tasks that this library did not create: which ones exist, and which is the current one. */
import type { LoopCore } from '../turns/loop-core.ts';

/**
 * A task of another implementation. `run()` cancels it at its end and waits for it, for which it
 * needs these methods of a {@link Task}.
 */
export interface ForeignTask {
  /** The loop that it runs on. */
  getLoop(): object;
  /** Has it ended? */
  done(): boolean;
}

/** The registered tasks, by loop. */
const registered = new WeakMap<object, Set<ForeignTask>>();
/** The task that was entered in a loop; `null` for none, whatever is running. */
const entered = new WeakMap<LoopCore, object | null>();
/** Has any been entered? */
let isUsed = false;

/** The task that was entered in `loop`; `null` for none, `undefined` if nothing was entered. */
export function enteredTask(loop: LoopCore): object | null | undefined {
  return isUsed ? entered.get(loop) : undefined;
}

/** Sets the current task of `loop`; `undefined` for its own. */
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
