import { checkOptions } from '../../base/check-options.ts';
import {
  CancelledError,
  endsTheLoop,
  InvalidStateError,
  RuntimeError,
} from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { print } from '../../base/log/log.ts';
import { nextTick } from '../../base/node-timers.ts';
import { brief, repr } from '../../base/printing/repr.ts';
import type { Frame } from '../../base/stacks/frame.ts';
import { isA } from '../../base/values/attempt.ts';
import { isAggregateError } from '../../base/values/is-error.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { cancelOf } from '../cancellation/cancel-in-error.ts';
import type { CancelScope } from '../cancellation/cancel-scope.ts';
import { CancelSignal } from '../cancellation/cancel-signal.ts';
import { noteSwallowed, noteWhereCancelled, watchCancel } from '../cancellation/ignored-cancels.ts';
import { RUNS_TASK } from '../cancellation/kept/cancel-path.ts';
import type { LimitedTask } from '../cancellation/limit.ts';
import { RootScope } from '../cancellation/root-scope.ts';
import { cancelScope } from '../cancellation/self-cancel.ts';
import { asyncContextHere } from '../context/async-context.ts';
import {
  type Context,
  checkContext,
  copyValues,
  currentScope,
  runInScope,
  startInScope,
} from '../context/context.ts';
import { outermostSuspendedFrame } from '../futures/await-stacks.ts';
import type { Awaited, AwaitingTask, CancelRequest, Waiting } from '../futures/awaiter.ts';
import { checkCancelMessage } from '../futures/cancel-message.ts';
import { type Entry, Future, isfuture } from '../futures/future.ts';
import { isSettled } from '../futures/is-settled.ts';
import { Turn } from '../futures/next-turn.ts';
import { Operation } from '../futures/operation.ts';
import { taskCancelled, taskCreated, taskDone } from '../reports/diagnostics.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import type { Runnable } from '../turns/ready-entry.ts';
import { requireRunningLoop, runningLoop } from '../turns/running-loop.ts';
import { Coroutine, iscoroutinefunction } from './coroutine.ts';
import { enteredTask, registeredTasks } from './foreign-tasks.ts';
import { formatStack, stackOfTask } from './task-stack.ts';

/** What a task can be created from: a coroutine, or a function that returns a promise. */
export type TaskBody<T> = Coroutine<T> | Operation<T> | (() => PromiseLike<T>);

/**
 * The compiler's message for a promise where a {@link TaskBody} is expected; the name of this type
 * is part of it. No value has this type.
 */
export type NotAPromise =
  'this promise is already running: write createTask(() => f()), or make f a coroutine function with coroutine()';

/** Options for a new task. */
export interface TaskOptions {
  /** The name of the task; by default `Task-N`, where N counts the tasks of the process. */
  readonly name?: string | undefined;
  /** The context that the task runs in; by default a copy of the current one. */
  readonly context?: Context | undefined;
  /**
   * Start the body inside the call that creates the task, and run it until it first waits? By default
   * it starts in the next turn, as it always does if the loop is not running.
   */
  readonly eagerStart?: boolean | undefined;
}

const nativeThen = Promise.prototype.then;

/** The body of an eager task in its first step. */
const BEGINNING = new Promise<never>(() => {});

/** Eager tasks in their first step, which includes its microtasks. */
let beginning: Task<unknown>[] = [];

const settled = Promise.resolve();
const tick = (): void => nextTick(endFirstSteps);

/** No microtask is left: those that are not done wait. */
function endFirstSteps(): void {
  for (const task of beginning) if (!task.done()) task._onlyTurn = undefined;
  beginning = [];
}

/** Cancels a task. Snapshots show that `by` did it. */
export function cancelAs(task: Task<unknown>, by: string): boolean {
  const isRequested = task.cancel();
  task._cancelledBy = by;
  return isRequested;
}

/** Counts tasks, for their names. */
let tasksMade = 0;

// A task that is not done is in one of three states; a new one starts in `scheduled`, an eager one
// in `running`.
//
//             its turn comes            it awaits a future that is not done
//   scheduled ───────────────▶ running ─────────────────────────────────────▶ waiting
//       ▲                         │                                              │
//       └─────────────────────────┼──────────────────────────────────────────────┘
//                                 │        that future is done, or was cancelled
//                                 ▼
//                      the body ends: the task is done
//
// Its scope knows what it awaits and what a cancel does: see `cancel-scope.ts`. While the body
// awaits something that is not ours, such as a promise of `fetch()`, the task is `running` to us:
// only `signal` reaches it there.

/**
 * Runs a coroutine concurrently with the code that created it.
 *
 * The loop keeps a reference to it until it is done. Its body starts in the next turn. Each `await`
 * of a future that is not done lets others run. A failure that is not retrieved, by `await`,
 * `result()` or `exception()`, is reported once it can no longer be retrieved.
 *
 * @see asyncio's `Task`, https://docs.python.org/3/library/asyncio-task.html#asyncio.Task
 */
export class Task<T> extends Future<T> implements Runnable, AwaitingTask, LimitedTask {
  /** @internal report it if its loop closes before it is done? Not if that is already known. */
  declare _logDestroyPending: boolean;
  /** Stops watching for a cancel that does not reach the body. */
  declare private _endWatch: (() => void) | undefined;
  /** @internal for an eager task: what its body returned, until the task is done. */
  declare _eagerBody: PromiseLike<unknown> | undefined;
  /** @internal the turn in which it began, if it is eager and has not waited, as far as is known. */
  declare _onlyTurn: number | undefined;
  /** @internal what cancelled it last: the name or the number of a task, or a description */
  declare _cancelledBy: string | number | undefined;
  readonly #coroutine: Coroutine<T>;
  /** The name, or the number for a default name. */
  #name: string | number;
  readonly #scope: RootScope;
  /** How many cancels, of the task and of the limits in it, uncancel() has not withdrawn. */
  #cancelling = 0;

  static {
    Object.assign(this.prototype, {
      _logDestroyPending: true,
      _endWatch: undefined,
      _eagerBody: undefined,
      _onlyTurn: undefined,
      _cancelledBy: undefined,
    });
  }

  /**
   * @param body - a coroutine, or a function without arguments that returns a promise
   * @param options - `loop`: by default the running one, otherwise that of `setEventLoop()`;
   *   `name`; `context`; `eagerStart`
   * @throws {TypeError} when `body` is anything else, such as a promise, which is already running
   *   and can be neither tracked nor cancelled; or when an option is unknown
   * @throws {RuntimeError} when no loop is given and there is no current one
   */
  constructor(
    body: TaskBody<T>,
    options: TaskOptions & { readonly loop?: LoopCore | undefined } = {},
  ) {
    super(options);
    if (options !== this._loop._asOption && new.target === Task)
      checkOptions(options, 'name context eagerStart loop');
    if (options.context !== undefined) checkContext(options.context);
    this.#coroutine = toCoroutine(body);
    if (options.name === undefined) {
      tasksMade += 1;
      this.#name = tasksMade;
    } else this.#name = String(options.name);
    this.#scope = new RootScope(options.context ?? copyValues(), this);
    this._loop._tasks.add(this);
    if (taskCreated.hasSubscribers) taskCreated.publish({ task: this });
    if (options.eagerStart && runningLoop() === this._loop) {
      this._eagerBody = BEGINNING;
      this._onlyTurn = this._loop._turns.turn;
      if (beginning.push(this as Task<unknown>) === 1) void settled.then(tick);
      const gave = runInScope(this.#scope, Task.#begin, this as Task<unknown>);
      if (this._eagerBody === BEGINNING) this._eagerBody = gave;
    } else {
      const asyncContext = asyncContextHere();
      if (asyncContext !== undefined) this.#scope._asyncContext = asyncContext;
      this._loop._turns.soon(this);
    }
  }

  /** The name of the task. */
  getName(): string {
    return typeof this.#name === 'number' ? `Task-${this.#name}` : this.#name;
  }

  /** Renames the task. */
  setName(name: string): void {
    this.#name = String(name);
    if (this._record !== undefined) this._record.printed = String(this);
  }

  /** @internal its scope */
  get _scope(): object {
    return this.#scope;
  }

  /** The coroutine that the task runs; `undefined` for an eager task whose body ended without waiting. */
  getCoro(): Coroutine<T> | undefined {
    return this._hasEndedAtOnce() ? undefined : this.#coroutine;
  }

  /** The context of all its steps. */
  getContext(): Context {
    return this.#scope.context;
  }

  /**
   * Aborted when the task is cancelled. For functions that accept a signal, such as `fetch(url, {
   * signal })`. In the body of a limit, such as `timeout()`, also aborted when that expires.
   *
   * Awaiting such a call throws the cancel, and the next `await` does not throw it again. When all
   * cancels have been withdrawn, there is a new signal.
   */
  get signal(): AbortSignal {
    const scope = currentScope()?._awaitsIn as CancelScope | undefined;
    return (scope?._root === this.#scope ? scope : this.#scope)._signal;
  }

  /**
   * Asks the task to end: a {@link CancelledError} is thrown at the `await` where it waits, or at
   * its next one. The body may clean up, or ignore the cancel.
   *
   * If the task waits for another task, that one is cancelled.
   *
   * @param message - the message of the error
   * @returns `false` if the task was already done, and nothing happened
   * @throws {TypeError} when `message` is not a string
   * @see asyncio's `Task.cancel()`,
   *   https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.cancel
   */
  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    this._see();
    if (this._state !== 'pending') return false;
    // The body has ended; the task is done a few microtasks later.
    if (this._eagerBody !== undefined && isSettled(this._eagerBody)) return false;
    this.#cancelling += 1;
    const by = currentScope()?.task;
    this._cancelledBy = by instanceof Task ? by.#name : 'a callback';
    if (taskCancelled.hasSubscribers) taskCancelled.publish({ task: this, message });
    this.#scope._requests += 1;
    cancelScope(this.#scope, message);
    if (this._loop.getDebug()) noteWhereCancelled(this);
    this._watchCancel();
    return true;
  }

  /** @internal see {@link AwaitingTask} */
  _watchCancel(): void {
    if (this._mustCancel && this._endWatch === undefined) this._endWatch = watchCancel(this);
  }

  /** How many cancels were requested and not withdrawn by {@link uncancel}. */
  cancelling(): number {
    return this.#cancelling;
  }

  /**
   * Withdraws one cancel, for code that has caught its error and continues. Withdrawing the last
   * one also drops a cancel that was not delivered yet.
   *
   * @returns how many cancels are left
   */
  uncancel(): number {
    if (this.#cancelling > 0) {
      const scope = currentScope()?._awaitsIn as CancelScope | undefined;
      this.#scope._takeRequestBack(scope);
      this.#cancelling -= 1;
      if (this.#cancelling > 0) return this.#cancelling;
      if (scope?._root === this.#scope) this.#scope._withdrawFrom(scope);
      else this.#scope._withdraw();
    }
    return this.#cancelling;
  }

  /**
   * The task's stack, innermost frame first: the current stack if it is the current task; where it
   * waits, in debug mode and after `setAwaitTracking(true)`; or where it failed. Empty if unknown,
   * or if it has ended without failing.
   *
   * Unlike asyncio's, it is innermost first, and has all functions that wait for one another. See
   * docs/differences.md#where-a-task-waits.
   *
   * @param options - `limit`: the most frames
   * @throws {RangeError} when `limit` is not an integer
   * @see asyncio's `Task.get_stack()`,
   *   https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.get_stack
   */
  getStack(options: { readonly limit?: number | undefined } = {}): Frame[] {
    checkOptions(options, 'limit');
    return stackOfTask(this, options.limit);
  }

  /**
   * Prints {@link getStack} as a stack, to standard error.
   *
   * @param options - `limit`: the most frames; `file`: an object with `write()` to print to instead
   * @throws {RangeError} when `limit` is not an integer
   * @see asyncio's `Task.print_stack()`,
   *   https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.print_stack
   */
  printStack(
    options: {
      readonly limit?: number | undefined;
      readonly file?: { write(text: string): unknown } | undefined;
    } = {},
  ): void {
    checkOptions(options, 'limit file');
    const text = formatStack(this, options.limit);
    if (options.file === undefined) print(text);
    else options.file.write(`${text}\n`);
  }

  /**
   * Not for tasks: the body determines the result.
   *
   * @throws {RuntimeError} always
   */
  override setResult(_result: T): void {
    throw new RuntimeError('Task does not support setResult operation');
  }

  /**
   * Not for tasks: the body determines the exception.
   *
   * @throws {RuntimeError} always
   */
  override setException(_exception: unknown): void {
    throw new RuntimeError('Task does not support setException operation');
  }

  // ── internal ───────────────────────────────────────────────────────────────────────────────

  /** @internal the coroutine, even if {@link getCoro} does not return it */
  get _coroutine(): Coroutine<T> {
    return this.#coroutine;
  }

  /** Would the body have ended, in asyncio, in the call that created the task? */
  private _hasEndedAtOnce(): boolean {
    if (this._onlyTurn === undefined) return false;
    if (this._eagerBody === undefined) return true;
    return this._onlyTurn === this._loop._turns.turn && isSettled(this._eagerBody);
  }

  /** @internal its first turn */
  _run(): void {
    const cancel = this.#scope._takePending();
    if (cancel !== undefined) {
      this.#coroutine.close();
      this._bodyFailed(new CancelledError(cancel.message));
    } else if (this._state === 'pending')
      void startInScope(this.#scope, Task.#begin, this as Task<unknown>);
    else this._bodyEnded();
    // From here on the `await`s of the body carry it.
    if (this.#scope._asyncContext !== undefined) this.#scope._asyncContext = undefined;
  }

  /** @internal is a cancel waiting for the next `await`? */
  get _mustCancel(): boolean {
    return this.#scope._isPending;
  }

  /** @internal a limit in it was reached, or a group in it has failed */
  _countCancel(by = 'a limit'): void {
    this._cancelledBy = by;
    this.#cancelling += 1;
  }

  /**
   * @internal withdraws the cancel of a limit whose body has ended; what the body left behind stays
   *   cancelled
   */
  _uncountCancel(): void {
    this.#cancelling -= 1;
    if (this.#cancelling === 0) this.#scope._withdrawPending();
  }

  /** @internal */
  override _parts(): string[] {
    const [state, ...rest] = super._parts();
    const awaited = this._awaited();
    return [
      this.#cancelling > 0 && this._state === 'pending' ? 'cancelling' : (state as string),
      `name=${repr(this.getName())}`,
      ...(this._hasEndedAtOnce() ? [] : [`coro=<${this._formCoroutine()}>`]),
      ...(awaited.length === 0 ? [] : [`wait_for=${awaited.join(', ')}`]),
      ...rest,
    ];
  }

  /** @internal calls no callback if the body ended after the loop was closed */
  override _tellOne(entry: Entry): void {
    if (!this._loop.isClosed()) super._tellOne(entry);
  }

  /** @internal what it waits for */
  _awaited(): Awaited[] {
    return this._waits().map(({ _future }) => _future);
  }

  /** @internal its pending `await`s */
  _waits(): Waiting[] {
    return this._state === 'pending' ? this.#scope._listAwaits() : [];
  }

  /** Not a closure of each task, because there may be many waiting tasks, and each byte counts. */
  static #begin(task: Task<unknown>): PromiseLike<unknown> {
    const gave = task.#coroutine._begin();
    // An `async` function returns a native promise. Anything else is awaited, so that a cancel
    // reaches it, and functions find their task in the current scope.
    const body = gave.then === nativeThen ? gave : Task.#awaitBody(gave);
    nativeThen.call(body, Task.#bodyGave, Task.#bodyThrew);
    return body;
  }

  static async #awaitBody(gave: PromiseLike<unknown>): Promise<unknown> {
    return await gave;
  }

  static readonly #bodyGave = (result: unknown): void => {
    taskInForce()._give(result);
  };

  static readonly #bodyThrew = (error: unknown): void => {
    taskInForce()._bodyFailed(error);
  };

  // Not `#private`, because private methods cost each object a field.

  /** The body has returned. */
  private _give(result: T): void {
    if (!this._bodyEnded()) return;
    const cancel = this.#scope._takePending();
    if (cancel !== undefined) this._endAtCancel(cancel);
    else {
      if (this.#cancelling > 0 && this._loop.getDebug()) noteSwallowed(this);
      this._finish(result);
    }
    if (taskDone.hasSubscribers) taskDone.publish({ task: this });
  }

  /** A cancel came in the last step, so the body's result is dropped. */
  private _endAtCancel(cancel: CancelRequest): void {
    super.cancel(cancel.message);
  }

  /** The body threw. */
  private _bodyFailed(error: unknown): void {
    if (!this._bodyEnded()) return;
    const cancel = isA(error, CancelledError) ? error : this._cancelIn(error);
    if (cancel !== undefined) this._endCancelled(cancel);
    else this._fail(error);
    if (taskDone.hasSubscribers) taskDone.publish({ task: this });
    if (!endsTheLoop(error)) return;
    // It is thrown to the caller that runs the loop, so it is not lost.
    this._see();
    this._loop._interrupt(error);
  }

  /**
   * The body has ended.
   *
   * @returns `false` when the task is already done, because methods of `Future` were called on it
   */
  private _bodyEnded(): boolean {
    this.#scope._end();
    this._endWatch?.();
    if (this._eagerBody !== undefined) {
      this._eagerBody = undefined;
      if (this._onlyTurn !== this._loop._turns.turn) this._onlyTurn = undefined;
    }
    this._loop._tasks.delete(this as Task<unknown>);
    if (this._state === 'pending') return true;
    this._loop.callExceptionHandler({
      message: 'Exception in callback Task.task_step()',
      exception: new InvalidStateError(`step(): already done: ${this}`),
      task: this,
    });
    return false;
  }

  /** A cancel of this task that `error` is or wraps. */
  private _cancelIn(error: unknown): CancelledError | undefined {
    return isAggregateError(error)
      ? this.#cancelling > 0
        ? cancelOf(error)
        : undefined
      : CancelSignal.reasonIn(error, this.#scope);
  }

  private _formCoroutine(): string {
    const { name, _site: site } = this.#coroutine;
    if (this._state !== 'pending') return `${name}() done${site ? `, defined at ${site}` : ''}`;
    const frame = outermostSuspendedFrame(this);
    if (frame !== undefined) return `${name}() running at ${frame._site}`;
    return `${name}() running${site ? `, defined at ${site}` : ''}`;
  }
}

/** The task whose body has just ended. */
function taskInForce(): Task<unknown> {
  return currentScope()?.task as Task<unknown>;
}

/** An operation as a coroutine. If it is closed before it starts, the operation is cancelled. */
class OperationCall<T> extends Coroutine<T> {
  readonly #operation: Operation<T>;

  constructor(operation: Operation<T>) {
    const wait = (): Operation<T> => (operation instanceof Turn ? operation._again() : operation);
    super(async () => await wait(), 'operation', undefined);
    this.#operation = operation;
  }

  override close(): void {
    if (this._untouched) this.#operation.cancel();
    super.close();
  }
}

function toCoroutine<T>(body: TaskBody<T>): Coroutine<T> {
  if (body instanceof Coroutine) return body;
  if (body instanceof Operation) return new OperationCall(body as Operation<T>);
  if (iscoroutinefunction(body)) return (body as () => Coroutine<T>)();
  if (typeof body === 'function' && !isThenable(body))
    return new Coroutine(() => runBodyOfTask(body), body.name || '<anonymous>', undefined);
  throw typeError(
    isThenable(body)
      ? `a coroutine was expected, got ${isfuture(body) ? brief(body) : 'a promise that is already running'}: ` +
          'make the function a coroutine function with coroutine(), or write createTask(() => call())'
      : `a coroutine was expected, got ${brief(body)}`,
  );
}

/** Identified by its name in stacks, even in a minified program. */
async function runBodyOfTask<T>(body: () => PromiseLike<T>): Promise<T> {
  const gave = body();
  const task = taskInForce();
  if (task._eagerBody !== undefined && gave instanceof Promise && gave.then === nativeThen)
    task._eagerBody = gave;
  return await gave;
}

Object.defineProperty(runBodyOfTask, 'name', { value: RUNS_TASK });

/**
 * The task whose code is running; `undefined` if there is none, as in a callback.
 *
 * @param loop - the task's loop; by default the running one
 * @throws {RuntimeError} when no loop is given and none is running
 * @see asyncio's `current_task()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.current_task
 */
export function currentTask(loop: LoopCore = requireRunningLoop()): Task<unknown> | undefined {
  const entered = enteredTask(loop);
  if (entered !== undefined) return (entered ?? undefined) as Task<unknown> | undefined;
  const task = currentScope()?.task as Task<unknown> | undefined;
  return task?._loop === loop && runningLoop() === loop ? task : undefined;
}

/**
 * The tasks that are not done.
 *
 * @param loop - the tasks' loop; by default the running one
 * @throws {RuntimeError} when no loop is given and none is running
 * @see asyncio's `all_tasks()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.all_tasks
 */
export function allTasks(loop: LoopCore = requireRunningLoop()): Set<Task<unknown>> {
  const tasks = new Set(loop._tasks);
  for (const task of registeredTasks(loop)) tasks.add(task);
  return tasks as Set<Task<unknown>>;
}
