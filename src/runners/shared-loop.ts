import { RuntimeError } from '../base/errors/errors.ts';
import { setImmediate } from '../base/node-timers.ts';
import type { NewTaskOptions } from '../core/coroutines/ensure-future.ts';
import type { Task, TaskBody } from '../core/coroutines/task.ts';
import type { Future } from '../core/futures/future.ts';
import { runningLoop } from '../core/turns/running-loop.ts';
import { onItsWayOut } from '../loop/interrupts.ts';
import { type Interruption, Loop } from '../loop/loop.ts';

/** Turns that still run when the last task has ended: as many as the end of `run()` has. */
const LAST_TURNS = 4;

/**
 * The loop for programs that run already: it runs while it has a task, and rests otherwise.
 *
 *            a task is made                    the last task ends
 *   resting ────────────────▶ running ◀──────────────────────────────▶ leaving
 *      ▲                                  a task is made                  │
 *      └──────────────────────────────────────────────────────────────────┘
 *                             LAST_TURNS more turns are over
 *
 * What still has to be called then, to close a connection for example, is called in the last turns.
 * Whoever waits for the last task is told in the rest, so that it may `run()` something at once.
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
  /** To be called when the loop rests. */
  readonly #whenResting: (() => void)[] = [];

  override createTask<T>(body: TaskBody<T>, options?: NewTaskOptions): Task<T> {
    const task = super.createTask(body, options);
    this.#watch(task);
    this.#wake();
    return task;
  }

  /** @internal makes the task of one who enters */
  _enter<T>(body: TaskBody<T>, options: NewTaskOptions): Task<T> {
    const task = this.createTask(body, options);
    this.#entered.add(task);
    return task;
  }

  /** @internal the task has ended: calls `tell` at once, or in the rest if it was the last one */
  _leave(task: Future<unknown>, tell: () => void): void {
    this.#entered.delete(task);
    if (this.#isEmpty()) {
      this.#whenResting.push(tell);
      this.#leave();
    } else tell();
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

  #isEmpty(): boolean {
    return this.#entered.size === 0 && this._tasks.size === 0;
  }

  /** Runs, unless another loop does: then the next one who enters wakes it. */
  #wake(): void {
    if (runningLoop() !== undefined) return;
    this._start((interruption) => this.#ended(interruption));
  }

  #watch(task: Future<unknown>): void {
    if (this.#watched !== undefined && !this.#watched.done()) return;
    this.#watched = task;
    task.addDoneCallback(this.#oneEnded);
  }

  readonly #oneEnded = (): void => {
    const [next] = this._tasks as Set<Task<unknown>>;
    if (next !== undefined) this.#watch(next);
    else if (this.#isEmpty()) this.#leave();
  };

  /** Rests soon, unless there is a task again by then. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    let turns = LAST_TURNS;
    const oneTurn = (): void => {
      turns -= 1;
      if (this.#isEmpty() && turns > 0) {
        this._callSoonIn(undefined, oneTurn);
        return;
      }
      this.#isLeaving = false;
      if (this.#isEmpty()) {
        this.#isStopping = true;
        super.stop();
      } else this.#tellAll();
    };
    this._callSoonIn(undefined, oneTurn);
  }

  #ended(interruption: Interruption | undefined): void {
    // One that was broken off has callbacks left to call.
    const isBrokenOff = !this.#isStopping;
    this.#isStopping = false;
    if (interruption !== undefined) this.#throwOut(interruption.error);
    this.#tellAll();
    if (isBrokenOff || !this.#isEmpty()) this.#wake();
  }

  /** A SystemExit or KeyboardInterrupt is for whoever entered, or else for the program. */
  #throwOut(error: unknown): void {
    for (const task of this.#entered)
      if (task.done() && !task.cancelled() && task.exception() === error) return;
    setImmediate(() => {
      throw onItsWayOut(error);
    });
  }

  #tellAll(): void {
    for (const tell of this.#whenResting.splice(0)) tell();
  }
}
