import { checkOptions } from '../../base/check-options.ts';
import { checkFunction } from '../../base/check-types.ts';
import { throwHere } from '../../base/errors/await-stack.ts';
import { CancelledError, endsTheLoop, invariant, RuntimeError } from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { calledAs, printsAsText } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { isA } from '../../base/values/attempt.ts';
import { cancelOf } from '../../core/cancellation/cancel-in-error.ts';
import { Limit } from '../../core/cancellation/limit.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { createTask, type NewTaskOptions } from '../../core/coroutines/ensure-future.ts';
import {
  cancelAs,
  currentTask,
  type NotAPromise,
  type Task,
  type TaskBody,
} from '../../core/coroutines/task.ts';
import { forThisTask } from '../../core/futures/call-graph-edges.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import { type Limited, Slots } from './concurrency-limit.ts';
import { BaseExceptionGroup } from './exception-group.ts';
import { endedTooEarly, untilEnded } from './start.ts';

/** The state of a group; see the diagram at {@link TaskGroup}. */
type Phase = 'created' | 'entered' | 'exiting';

/** The error that a body ended with. */
interface Failure {
  readonly error: unknown;
}

/** The cancels that came while a group waited for its tasks. */
interface Cancels {
  fromOutside?: CancelledError;
  last?: CancelledError;
}

/**
 * Tasks that end together; passed to the body of {@link taskGroup}.
 *
 * ```text
 *            run()            the body has ended            no task is left
 *   created ──────▶ entered ───────────────────▶ exiting ───────────────────▶ run() is over
 * ```
 *
 * In `entered` and `exiting` a group may be aborting: one of its tasks or the body failed, the
 * parent was cancelled, or `cancel()` was called. Then all its tasks are cancelled, and it accepts
 * no new ones.
 *
 * The parent is the task that runs the body. When a task of the group fails, the parent is
 * cancelled once, so that the body ends. That cancel is the group's own, which it withdraws at the
 * end. Any other cancel of the parent is thrown by `run()`, or, if the group throws its errors
 * instead, at the next `await`.
 *
 * @see asyncio's `TaskGroup`, https://docs.python.org/3/library/asyncio-task.html#asyncio.TaskGroup
 */
export class TaskGroup {
  static {
    printsAsText(this);
  }

  /** See the diagram above. */
  #phase: Phase = 'created';
  #aborting = false;
  /** Was {@link cancel} called before the body started? */
  #cancelOnEnter = false;
  #loop: LoopCore | undefined;
  /** The task that runs the body, while it does. */
  #parent: Task<unknown> | undefined;
  /**
   * The scope of the body and of the wait for the tasks, which the group cancels when one fails.
   */
  #limit: Limit | undefined;
  /** Has the group cancelled its body? */
  #bodyCancelled = false;
  /** Tasks that are not done, or whose end the group has not processed. */
  readonly #tasks = new Set<Task<unknown>>();
  /** The errors of tasks, in the order in which they ended. */
  #errors: unknown[] = [];
  /** The first error that ends the program; it is thrown on its own. */
  #baseError: Failure | undefined;
  /** Tasks of {@link start} that are not ready, and what waits for them. */
  readonly #starting = new Map<Task<unknown>, Future<unknown>>();
  readonly #slots: Slots | undefined;
  /** Done when the last task has ended; `exiting` waits for it. */
  #completed: Future<void> | undefined;

  /**
   * @param options - `limit`: how many tasks run at a time, in the order in which they were
   *   created; not in asyncio, see docs/limits.md
   * @throws {TypeError} when `limit` is not a number
   * @throws {RangeError} when it is not an integer >= 1
   */
  constructor(options?: Limited) {
    checkOptions(options, 'limit');
    this.#slots = Slots.of(options?.limit);
  }

  /**
   * Creates a task in the group.
   *
   * A coroutine that is refused is closed.
   *
   * @param body - a coroutine, or a function without arguments that returns a promise
   * @param options - `name`, `context`, `eagerStart`; `signal`: cancels the task when aborted;
   *   others for the loop's task factory
   * @throws {TypeError} when `body` is anything else, such as a promise that is already running, or
   *   when an option is unknown and there is no task factory
   * @throws {RuntimeError} when the group has not been entered, is finished, or is shutting down
   * @see asyncio's `TaskGroup.create_task()`,
   *   https://docs.python.org/3/library/asyncio-task.html#asyncio.TaskGroup.create_task
   */
  createTask<T, O = unknown>(
    body: TaskBody<T> | NotAPromise,
    options: NewTaskOptions & NoInfer<O> = {} as NewTaskOptions & NoInfer<O>,
  ): Task<T> {
    checkOptions(options);
    if (this.#phase === 'created') this.#refuse(body, 'has not been entered');
    if (this.#phase === 'exiting' && this.#tasks.size === 0) this.#refuse(body, 'is finished');
    if (this.#aborting) this.#refuse(body, 'is shutting down');
    const task = createTask<T>(this.#slots?.limited(body) ?? body, options);
    this.#tasks.add(task as Task<unknown>);
    task.addDoneCallback(this.#onTaskDone as (task: Task<T>) => void);
    // If it started eagerly, its first step may have cancelled the group.
    if (this.#aborting && !task.done()) task.cancel();
    return task;
  }

  /**
   * Creates a task in the group, and waits until it calls `ready()`.
   *
   * If the task fails before that, its error is thrown here, and the group continues. If this is
   * cancelled, the task is cancelled, too, and this ends when the task has ended.
   *
   * Not in asyncio. See docs/start.md.
   *
   * @param body - calls `ready(value)` once, and continues
   * @param options - as in {@link createTask}
   * @returns the value that `body` passed to `ready()`
   * @throws what `body` throws before it is ready
   * @throws {RuntimeError} when `body` returns before it is ready; when the group has not been
   *   entered, is finished, or is shutting down; from `ready()`, when it is called twice
   * @throws {CancelledError} when the waiting task is cancelled, or the new one before it is ready
   * @throws {TypeError} when `body` is not a function
   */
  start<T = void>(
    body: (ready: (value: T) => void) => PromiseLike<unknown>,
    options: NewTaskOptions = {},
  ): Coroutine<T> {
    checkOptions(options);
    checkFunction(body, 'body');
    return new Coroutine(() => this.#start(body, options), 'TaskGroup.start', undefined);
  }

  async #start<T>(
    body: (ready: (value: T) => void) => PromiseLike<unknown>,
    options: NewTaskOptions,
  ): Promise<T> {
    const started = describeAs(
      new Future<T>(requireRunningLoop()._asOption),
      'TaskGroup.start',
      this,
      () => ({ heldBy: [task] }),
    );
    let isReady = false;
    const ready = (value: T): void => {
      if (isReady) throw new RuntimeError('ready() was called twice');
      isReady = true;
      if (task !== undefined) this.#starting.delete(task);
      if (!started.done()) started._finish(value);
    };
    let task: Task<unknown> | undefined;
    task = this.createTask(
      Object.defineProperty(async () => await body(ready), 'name', { value: body.name }),
      options,
    );
    if (!isReady) this.#starting.set(task, started as Future<unknown>);
    try {
      return await started;
    } catch (error) {
      if (!isA(error, CancelledError)) throw error;
      task.cancel();
      await untilEnded(task);
      if (task._failed && !isReady) throw task._outcome();
      throw error;
    }
  }

  /**
   * Aborted when the body is cancelled: because a task failed, by {@link cancel}, or with the task
   * that runs it. For functions that accept a signal, such as `fetch(url, { signal })`.
   *
   * Not in asyncio.
   *
   * @throws {RuntimeError} when the body is not running
   */
  get signal(): AbortSignal {
    if (this.#limit === undefined) throw new RuntimeError(`TaskGroup ${this} is not running`);
    return this.#limit._signal;
  }

  /**
   * Ends the group: cancels its tasks and its body, and {@link run} returns without an error when
   * they have ended.
   *
   * {@link run} then returns `undefined`, unless the body had already returned: write
   * `taskGroup<Result | undefined>(…)` where you use both.
   *
   * If it is called before the body starts, it takes effect when the body first waits. Calling it
   * again, or after the group has finished, has no effect.
   *
   * @see asyncio's `TaskGroup.cancel()`, new in Python 3.15,
   *   https://docs.python.org/3.15/library/asyncio-task.html#asyncio.TaskGroup.cancel
   */
  cancel(): void {
    if (this.#phase === 'created') this.#cancelOnEnter = true;
    else if (!this.#aborting && (this.#phase === 'entered' || this.#tasks.size > 0))
      this.#abortWithParent();
  }

  /**
   * Runs `body` as part of the task that awaits this, and waits for all tasks of the group. Can be
   * called only once.
   *
   * Corresponds to Python's `async with`.
   *
   * @returns what `body` returns; `undefined` if {@link cancel} ended it
   * @throws {ExceptionGroup} of the errors of the tasks and the body, without cancels
   * @throws {CancelledError} when the waiting task is cancelled
   * @throws {RuntimeError} when it has been called before, or no task awaits this
   */
  run<T>(body: (group: TaskGroup) => T | PromiseLike<T>): Coroutine<T> {
    if (typeof body !== 'function') throw typeError(`a function was expected, got ${brief(body)}`);
    return new Coroutine(() => this.#run(body), 'taskGroup', undefined);
  }

  async #run<T>(body: (group: TaskGroup) => T | PromiseLike<T>): Promise<T> {
    const limit = this.#enter();
    let result: T | undefined;
    let failure: Failure | undefined;
    const all = async (): Promise<Cancels> => {
      try {
        result = await body(this);
      } catch (error) {
        failure = { error };
      }
      return await this.#end(failure);
    };
    try {
      let cancels: Cancels = {};
      try {
        cancels = await limit.run(all, (cancel) => cancel);
      } catch (error) {
        // A combinator in the body kept the group's own cancel from it.
        failure ??= { error };
      }
      this.#throw(failure, cancels, limit);
    } finally {
      this.#limit = undefined;
      this.#parent = undefined;
      this.#errors = [];
      this.#baseError = undefined;
    }
    // `undefined` if `cancel()` ended the body; callers who use that declare it in the type.
    return result as T;
  }

  #enter(): Limit {
    if (this.#phase !== 'created')
      throw new RuntimeError(`TaskGroup ${this} has already been entered`);
    this.#loop = requireRunningLoop();
    this.#parent = currentTask();
    const limit = Limit.open(
      { name: 'taskGroup', abandon: false },
      `TaskGroup ${this} cannot determine the parent task`,
    );
    this.#limit = limit;
    this.#phase = 'entered';
    forThisTask(this.#onTaskDone);
    if (this.#cancelOnEnter) this.cancel();
    return limit;
  }

  /** The body has ended. */
  async #end(failure: Failure | undefined): Promise<Cancels> {
    this.#phase = 'exiting';
    if (failure !== undefined) {
      this.#noteBaseError(failure.error);
      if (!this.#aborting) this.#abort();
    }
    return await this.#allDone();
  }

  /** All tasks have ended, and so has the scope: throws the errors or the cancel. */
  #throw(failure: Failure | undefined, cancels: Cancels, limit: Limit): void {
    if (this.#baseError !== undefined) {
      this.#reportSuppressed();
      throw this.#baseError.error;
    }

    const bodyCancel = cancelOf(failure?.error);
    let cancel = cancels.fromOutside ?? bodyCancel;
    if (this.#bodyCancelled) {
      if (limit._requestsInForce === 0) cancel = undefined;
      // A cancel that came in addition to our own must not be lost.
      else cancel ??= cancels.last;
    }
    if (failure !== undefined && bodyCancel === undefined) this.#errors.push(failure.error);
    if (this.#errors.length > 0) {
      // Another cancel, which the errors hide: the next `await` throws it.
      limit.throwAgain();
      // Adds this stack to those that passed no `await` in user code.
      this.#errors.forEach(throwHere);
      throw new BaseExceptionGroup('unhandled errors in a TaskGroup', this.#errors);
    }
    if (cancel !== undefined) throw cancel;
  }

  /** Waits for all tasks, even when cancelled meanwhile. */
  async #allDone(): Promise<Cancels> {
    const cancels: Cancels = {};
    while (this.#tasks.size > 0) {
      this.#completed ??= describeAs(
        new Future<void>(this.#loop?._asOption),
        'taskGroup',
        this,
        () => ({ heldBy: this.#tasks }),
      );
      try {
        await this.#completed;
      } catch (error) {
        invariant(isA(error, CancelledError), 'what a group waits for has failed');
        cancels.last = error;
        if (!this.#aborting) {
          cancels.fromOutside = error;
          this.#abort();
        }
      }
      this.#completed = undefined;
    }
    return cancels;
  }

  #abort(): void {
    this.#aborting = true;
    for (const task of this.#tasks) if (!task.done()) cancelAs(task, 'its group');
  }

  #abortWithParent(): void {
    this.#abort();
    if (this.#bodyCancelled) return;
    this.#bodyCancelled = true;
    this.#limit?.cancel('a task group');
  }

  readonly #onTaskDone = calledAs('TaskGroup._on_task_done', (task: Task<unknown>): void => {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0 && this.#completed !== undefined && !this.#completed.done())
      this.#completed._finish();
    const started = this.#starting.get(task);
    if (started !== undefined) {
      this.#starting.delete(task);
      endedTooEarly(task, started);
      return;
    }
    if (!task._failed) return;
    task._see();
    const error = task._outcome();
    this.#errors.push(error);
    this.#noteBaseError(error);
    if (this.#limit === undefined || this.#parent?.done())
      this.#loop?.callExceptionHandler({
        message: `Task ${task} has errored out but its parent task ${this.#parent} is already completed`,
        exception: error,
        task,
      });
    else if (!this.#aborting) this.#abortWithParent();
  });

  #noteBaseError(error: unknown): void {
    if (endsTheLoop(error)) this.#baseError ??= { error };
  }

  /** Reports the other errors, because only the one that ends the program is thrown. */
  #reportSuppressed(): void {
    for (const exception of this.#errors)
      if (exception !== this.#baseError?.error)
        this.#loop?.callExceptionHandler({
          message:
            'TaskGroup task exception was not propagated because the TaskGroup body is being ' +
            'closed with a BaseException',
          exception,
          taskGroup: this,
        });
  }

  #refuse(body: unknown, reason: string): never {
    if (body instanceof Coroutine) body.close();
    throw new RuntimeError(`TaskGroup ${this} ${reason}`);
  }

  /** `<TaskGroup tasks=1 entered>`, `<TaskGroup tasks=1 errors=1 cancelling>`, … */
  toString(): string {
    const parts = ['TaskGroup'];
    if (this.#tasks.size > 0) parts.push(`tasks=${this.#tasks.size}`);
    if (this.#errors.length > 0) parts.push(`errors=${this.#errors.length}`);
    if (this.#aborting) parts.push('cancelling');
    else if (this.#phase !== 'created') parts.push('entered');
    return `<${parts.join(' ')}>`;
  }
}

/**
 * Runs `body` as part of the task that awaits this, with a group in which it can create tasks, and
 * waits for all of them: none outlives the call.
 *
 * When a task or the body fails, all others are cancelled; when all have ended, the failures are
 * thrown together. A cancelled task is not a failure. A cancel of the waiting task cancels all.
 *
 * ```ts
 * await asyncio.taskGroup(async (group) => {
 *   const one = group.createTask(asyncio.sleep(1, 'one'));
 *   const two = group.createTask(asyncio.sleep(2, 'two'));
 *   console.log(await one, await two);
 * });
 * ```
 *
 * @param body - receives the {@link TaskGroup}
 * @param options - `limit`: how many tasks run at a time
 * @returns what `body` returns; `undefined` if {@link TaskGroup.cancel} ended it
 * @throws {ExceptionGroup} of the errors of the tasks and the body; a {@link BaseExceptionGroup} if
 *   a `BaseException` is among them; a `KeyboardInterrupt` or `SystemExit` on its own
 * @throws {CancelledError} when the waiting task is cancelled and nothing failed
 * @throws {TypeError} when `body` is not a function, or `limit` not a number
 * @throws {RangeError} when `limit` is not an integer >= 1
 * @throws {RuntimeError} when no loop is running, or no task awaits this
 * @see asyncio's `TaskGroup`, https://docs.python.org/3/library/asyncio-task.html#asyncio.TaskGroup
 */
export function taskGroup<T>(
  body: (group: TaskGroup) => T | PromiseLike<T>,
  options?: Limited,
): Coroutine<T> {
  return new TaskGroup(options).run(body);
}
