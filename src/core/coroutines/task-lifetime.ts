/**
 * Functions for custom task implementations.
 *
 * @see https://docs.python.org/3/library/asyncio-extending.html#task-lifetime-support
 */
import { RuntimeError } from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { type ForeignTask, register, registeredTasks, setEntered } from './foreign-tasks.ts';
import { currentTask } from './task.ts';

/**
 * Registers a custom task, which `allTasks()` then includes until it is done or unregistered.
 *
 * @throws {TypeError} when it lacks `getLoop()` or `done()`
 */
export function _registerTask(task: ForeignTask): void {
  checkTask(task);
  register(task);
}

/**
 * Unregisters a custom task.
 *
 * @throws {TypeError} when it lacks `getLoop()` or `done()`
 */
export function _unregisterTask(task: ForeignTask): void {
  checkTask(task);
  registeredTasks(task.getLoop()).delete(task);
}

function checkTask(task: unknown): asserts task is ForeignTask {
  const { getLoop, done } = Object(task) as Partial<ForeignTask>;
  if (typeof getLoop !== 'function' || typeof done !== 'function')
    throw typeError(`task must have the methods getLoop() and done(), got ${brief(task)}`);
}

/**
 * Makes a custom task the current one of `loop`. Leave it before the turn ends.
 *
 * @throws {RuntimeError} when there already is a current task
 */
export function _enterTask(loop: LoopCore, task: object): void {
  const current = currentTask(loop);
  if (current !== undefined)
    throw new RuntimeError(
      `Cannot enter into task ${repr(task)} while another task ${current} is being executed.`,
    );
  setEntered(loop, task);
}

/**
 * Reverts {@link _enterTask}.
 *
 * @throws {RuntimeError} when `task` is not the current one
 */
export function _leaveTask(loop: LoopCore, task: object): void {
  const current = currentTask(loop) as unknown;
  if (current !== task)
    throw new RuntimeError(
      `Leaving task ${repr(task)} does not match the current task ${repr(current)}.`,
    );
  setEntered(loop, undefined);
  if (currentTask(loop) !== undefined) setEntered(loop, null);
}

/**
 * Makes `task` the current one of `loop`; `undefined` for none.
 *
 * @returns the previous one
 */
export function _swapCurrentTask(loop: LoopCore, task: object | undefined): object | undefined {
  const before = currentTask(loop);
  setEntered(loop, undefined);
  if ((currentTask(loop) as unknown) !== task) setEntered(loop, task ?? null);
  return before;
}
