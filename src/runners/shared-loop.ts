import { RuntimeError } from '../base/errors/errors.ts';
import { setImmediate } from '../base/node-timers.ts';
import { leftCallsOf } from '../core/cancellation/left-calls.ts';
import type { NewTaskOptions } from '../core/coroutines/ensure-future.ts';
import type { Task, TaskBody } from '../core/coroutines/task.ts';
import type { Future } from '../core/futures/future.ts';
import { chore } from '../core/turns/host.ts';
import { noneRuns, whenNoneRuns } from '../core/turns/running-loop.ts';
import { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import type { Interruption } from '../loop/signals/interrupts.ts';
import { isAnyOpenOn } from '../transports/open-transports.ts';

/** Turns that still run when nothing is left to do: as many as the end of `run()` has. */
const LAST_TURNS = 4;

/**
 * The loop for existing programs: it runs while it has something to do, and rests otherwise.
 *
 * It has something to do while it has a task, a call that nobody awaited and that its task has left
 * behind, or a server or connection that is open. It is inhabited while it has a task.
 *
 *            there is something to do             nothing is left to do
 *   resting ──────────────────────────▶ running ───────────────────────▶ leaving
 *    ▲   ▲    a timer is due             │  ▲  ◀───────────────────────     │
 *    │   │                               │  │   there is something to do    │
 *    │   └───────────────────────────────┼──┼───────────────────────────────┘
 *    │         LAST_TURNS are over       │  │
 *    │                                   │  │ no loop runs any more
 *    │        another loop is to run,    ▼  │
 *    │        and nobody is inside    aside─┘
 *
 * What still has to be called in the end, to close a connection for example, is called in the last
 * turns. Whoever waits for the last task is told in the rest, so that it may `run()` something at once.
 *
 * Signals are left to the program.
 */
export class SharedLoop extends Loop {
  /** The tasks of those who entered; also those that a task factory made. */
  readonly #entered = new Set<Future<unknown>>();
  /** One of the tasks: when it ends, the loop looks whether that was the last one. */
  #watched: Future<unknown> | undefined;
  #isLeaving = false;
  /** Is the end of the run ours? */
  #isStopping = false;
  /** Does it make room for another loop? */
  #isAside = false;
  /** Forgets the timer that it rests until. */
  #forgetAlarm: () => void = () => {};
  /** To be called when the loop rests. */
  readonly #whenResting: (() => void)[] = [];

  override createTask<T>(body: TaskBody<T>, options?: NewTaskOptions): Task<T> {
    const task = super.createTask(body, options);
    this.#watch(task);
    this.#run();
    return task;
  }

  /** @internal makes the task of one who enters */
  _enter<T>(body: TaskBody<T>, options: NewTaskOptions): Task<T> {
    const task = this.createTask(body, options);
    this.#entered.add(task);
    return task;
  }

  /** @internal the task has ended: calls `tell` at once, or in the rest if nothing is left to do */
  _leave(task: Future<unknown>, tell: () => void): void {
    this.#entered.delete(task);
    if (this.#hasToRun) tell();
    else {
      this.#whenResting.push(tell);
      this.#leave();
    }
  }

  /** @internal is anybody inside? */
  get _isInhabited(): boolean {
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
    if (this._isInhabited) return false;
    this.#isAside = true;
    this._turns.halt();
    return true;
  }

  /** @throws {RuntimeError} always: others are inside */
  override stop(): void {
    throw new RuntimeError(
      'the loop of enter() cannot be stopped, because it is shared: it rests when its tasks have ended',
    );
  }

  /** @throws {RuntimeError} always: it runs by itself */
  override async runForever(): Promise<void> {
    throw new RuntimeError('the loop of enter() runs by itself: write enter(body)');
  }

  /** @throws {RuntimeError} always: it runs by itself */
  override async runUntilComplete<T>(_future: TaskBody<T> | PromiseLike<T>): Promise<T> {
    throw new RuntimeError('the loop of enter() runs by itself: write enter(body)');
  }

  get #hasToRun(): boolean {
    return this._isInhabited || leftCallsOf(this).size > 0 || isAnyOpenOn(this);
  }

  /** Runs, when no other loop does. */
  #run(): void {
    if (this.isRunning() || this.isClosed()) return;
    this.#forgetAlarm();
    this._following.begin();
    if (noneRuns()) this._start((interruption) => this.#ended(interruption));
    else if (!this.#isAside) this.#waitForRoom();
  }

  /** Runs when no other loop does any more. */
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
    // One that was interrupted has callbacks left to call.
    const isBrokenOff = !this.#isStopping;
    this.#isStopping = false;
    if (interruption !== undefined) this.#throwOut(interruption.error);
    if (this.#isAside) {
      this.#waitForRoom();
      this.#tellAll();
      return;
    }
    this.#tellAll();
    if (isBrokenOff || this.#hasToRun) this.#run();
    else this.#rest();
  }

  /** A timer is called in time, also in a rest; but it keeps no process alive. */
  #rest(): void {
    const when = this._turns.nextWhen();
    if (this.isRunning()) return;
    this._following.endAfterAwaits();
    // Or its context would live on.
    this.#watched = undefined;
    if (when === undefined) return;
    this.#forgetAlarm = chore(Math.max(when - this.time(), 0) * 1000, () => {
      this.#run();
      if (!this.#hasToRun) this.#leave();
    });
  }

  /** A SystemExit or KeyboardInterrupt is for whoever entered, or else for the program. */
  #throwOut(error: unknown): void {
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
