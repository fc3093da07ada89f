import { RuntimeError } from '../base/errors/errors.ts';
import { setImmediate } from '../base/node-timers.ts';
import { leftCallsOf } from '../core/cancellation/left-calls.ts';
import type { NewTaskOptions } from '../core/coroutines/ensure-future.ts';
import type { Task, TaskBody } from '../core/coroutines/task.ts';
import type { Future } from '../core/futures/future.ts';
import { isAsked, watchEnding } from '../core/reports/slow-endings.ts';
import { chore } from '../core/turns/host.ts';
import { noneRuns, whenNoneRuns } from '../core/turns/running-loop.ts';
import { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import type { Interruption } from '../loop/signals/interrupts.ts';
import { isAnyOpenOn } from '../transports/open-transports.ts';

/** How many turns still run when nothing is left to do: as many as at the end of `run()`. */
const LAST_TURNS = 4;

/**
 * The loop for existing programs: it runs while it has something to do, and otherwise rests.
 *
 * It has something to do while it has a task, a call that an ended task did not await, or an open
 * server or connection.
 *
 *            there is something to do             nothing is left to do
 *   resting ──────────────────────────▶ running ───────────────────────▶ leaving
 *    ▲   ▲    a timer is due             │  ▲  ◀───────────────────────     │
 *    │   │                               │  │   there is something to do    │
 *    │   └───────────────────────────────┼──┼───────────────────────────────┘
 *    │         LAST_TURNS are over       │  │
 *    │                                   │  │ no loop runs any more
 *    │        another loop is to run,    ▼  │
 *    │        without a task       aside─┘
 *
 * Final callbacks, such as the end of a closed connection, are called in the last turns. The caller
 * that waits for the last task gets its result when the loop rests, so that it can `run()`
 * something immediately.
 *
 * Signals are left to the program.
 */
export class SharedLoop extends Loop {
  /** The tasks of callers, including those that a task factory made. */
  readonly #entered = new Set<Future<unknown>>();
  /** One of the tasks. When it ends, the loop checks whether it was the last one. */
  #watched: Future<unknown> | undefined;
  #isLeaving = false;
  /** Did we stop the run? */
  #isStopping = false;
  /** Is it making room for another loop? */
  #isAside = false;
  #unwatch: () => void = () => {};
  /** Removes the timer that wakes it from its rest. */
  #forgetAlarm: () => void = () => {};
  /** Called when the loop rests. */
  readonly #whenResting: (() => void)[] = [];

  override createTask<T>(body: TaskBody<T>, options?: NewTaskOptions): Task<T> {
    const task = super.createTask(body, options);
    this.#watch(task);
    this.#run();
    return task;
  }

  /** @internal creates the task of a caller */
  _enter<T>(body: TaskBody<T>, options: NewTaskOptions): Task<T> {
    const task = this.createTask(body, options);
    this.#entered.add(task);
    this.#unwatch();
    return task;
  }

  /**
   * @internal the task has ended: calls `tell` immediately, or once the loop rests, if nothing is
   *   left to do
   */
  _leave(task: Future<unknown>, tell: () => void): void {
    this.#entered.delete(task);
    if (this.#hasToRun) {
      tell();
      this.#explainIfSlow();
    } else {
      this.#whenResting.push(tell);
      this.#leave();
    }
  }

  /** @internal does it have a task? */
  get _hasTasks(): boolean {
    return this.#entered.size > 0 || this._tasks.size > 0;
  }

  /** @internal */
  override _wake(): boolean {
    if (this.isClosed() || !noneRuns()) return false;
    this.#run();
    // There may be nothing to do.
    this.#leave();
    return true;
  }

  /** @internal */
  override _hasLessToDo(): void {
    if (this.isRunning() && !this.#hasToRun) this.#leave();
  }

  /** @internal */
  override _standAside(): boolean {
    if (this._hasTasks) return false;
    this.#isAside = true;
    this._turns.halt();
    return true;
  }

  /** @throws {RuntimeError} always, because other callers use it */
  override stop(): void {
    throw new RuntimeError('the loop of enter() cannot be stopped, because it is shared');
  }

  /** @throws {RuntimeError} always, because it runs by itself */
  override async runForever(): Promise<void> {
    throw new RuntimeError('the loop of enter() runs by itself: write enter(body)');
  }

  /** @throws {RuntimeError} always, because it runs by itself */
  override async runUntilComplete<T>(_future: TaskBody<T> | PromiseLike<T>): Promise<T> {
    throw new RuntimeError('the loop of enter() runs by itself: write enter(body)');
  }

  get #hasToRun(): boolean {
    return this._hasTasks || leftCallsOf(this).size > 0 || isAnyOpenOn(this);
  }

  /** Explains why the loop continues after its last caller got its result. In debug mode, this may be intended. */
  #explainIfSlow(): void {
    if (this.#entered.size > 0 || !isAsked(this)) return;
    this.#unwatch();
    this.#unwatch = watchEnding(this, {
      headline: (seconds) =>
        `The last body of enter() ended ${seconds} s ago. Its loop is kept running by:`,
      subject: this,
      rank: 0,
    });
  }

  /** Runs, unless another loop is running. */
  #run(): void {
    if (this.isRunning() || this.isClosed()) return;
    this.#forgetAlarm();
    this._following.begin();
    if (noneRuns()) this._start((interruption) => this.#ended(interruption));
    else if (!this.#isAside) this.#waitForRoom();
  }

  /** Runs when no other loop is running any more. */
  #waitForRoom(): void {
    this.#isAside = true;
    whenNoneRuns(() => {
      this.#isAside = false;
      this.#run();
      if (!this.#hasToRun) this.#leave();
    });
  }

  #watch(task: Future<unknown>): void {
    if (this.#watched !== undefined && !this.#watched.done()) return;
    this.#watched = task;
    task.addDoneCallback(this.#oneEnded);
  }

  readonly #oneEnded = (): void => {
    const [next] = this._tasks as Set<Task<unknown>>;
    if (next !== undefined) this.#watch(next);
    else if (!this.#hasToRun) this.#leave();
  };

  /** Rests soon, unless there is something to do by then. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    let turns = LAST_TURNS;
    const oneTurn = (): void => {
      turns -= 1;
      if (!this.#hasToRun && turns > 0) {
        this._callSoonIn(undefined, oneTurn);
        return;
      }
      this.#isLeaving = false;
      if (this.#hasToRun) this.#tellAll();
      else {
        this.#isStopping = true;
        super.stop();
      }
    };
    this._callSoonIn(undefined, oneTurn);
  }

  #ended(interruption: Interruption | undefined): void {
    // An interrupted run has callbacks left to call.
    const isBrokenOff = !this.#isStopping;
    this.#unwatch();
    this.#isStopping = false;
    if (interruption !== undefined) this.#rethrow(interruption.error);
    if (this.#isAside) {
      this.#waitForRoom();
      this.#tellAll();
      return;
    }
    this.#tellAll();
    if (isBrokenOff || this.#hasToRun) this.#run();
    else this.#rest();
  }

  /** Timers also fire at rest, but do not keep the process alive. */
  #rest(): void {
    const when = this._turns.nextWhen();
    if (this.isRunning()) return;
    this._following.endAfterAwaits();
    // Otherwise its context would stay alive.
    this.#watched = undefined;
    if (when === undefined) return;
    this.#forgetAlarm = chore(Math.max(when - this.time(), 0) * 1000, () => {
      this.#run();
      if (!this.#hasToRun) this.#leave();
    });
  }

  /** A SystemExit or KeyboardInterrupt rejects the caller's promise, or else ends the program. */
  #rethrow(error: unknown): void {
    for (const task of this.#entered)
      if (task.done() && !task.cancelled() && task.exception() === error) return;
    setImmediate(() => {
      throw withExitStatus(error);
    });
  }

  #tellAll(): void {
    for (const tell of this.#whenResting.splice(0)) tell();
  }
}
