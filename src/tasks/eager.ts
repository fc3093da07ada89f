import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { Task, type TaskBody, type TaskOptions } from '../core/coroutines/task.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';

/** A class of tasks. */
type TaskClass = new <T>(
  body: TaskBody<T>,
  options?: TaskOptions & { readonly loop?: LoopCore | undefined },
) => Task<T>;

/** The type that `loop.setTaskFactory()` accepts. */
type EagerTaskFactory = <T>(loop: LoopCore, body: TaskBody<T>, options?: TaskOptions) => Task<T>;

/**
 * A task factory whose tasks start inside the call that creates them, and run until they first
 * wait. A task that never waits is done without a turn of the loop.
 *
 * This changes the order of steps: a program that relies on the usual order may break.
 *
 * Unlike in asyncio, a task that never waits is not done when the call that creates it returns, but
 * some microtasks later. See docs/differences.md#eager-tasks.
 *
 * @param taskClass - the class of the tasks: {@link Task}, or a subclass
 * @throws {TypeError} when `taskClass` is not a class
 * @see asyncio's `create_eager_task_factory()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.create_eager_task_factory
 */
export function createEagerTaskFactory(taskClass: TaskClass): EagerTaskFactory {
  if (typeof taskClass !== 'function')
    throw typeError(`a class of tasks was expected, got ${brief(taskClass)}`);
  return (loop, body, options) => new taskClass(body, { eagerStart: true, ...options, loop });
}

/**
 * The factory of eager tasks: `loop.setTaskFactory(eagerTaskFactory)`; see
 * {@link createEagerTaskFactory}.
 *
 * @see asyncio's `eager_task_factory()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.eager_task_factory
 */
export const eagerTaskFactory: EagerTaskFactory = createEagerTaskFactory(Task);
