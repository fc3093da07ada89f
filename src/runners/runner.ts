import { checkOptions } from '../base/check-options.ts';
import { SHUTDOWN_PATIENCE, SLOW_ENDING, THREAD_JOIN_TIMEOUT } from '../base/constants.ts';
import { CancelledError, KeyboardInterrupt, RuntimeError } from '../base/errors/errors.ts';
import { isA } from '../base/values/attempt.ts';
import { describeAbandoned } from '../core/cancellation/abandoned.ts';
import { watchLaggards } from '../core/cancellation/ignored-cancels.ts';
import { leftCallsOf, watchLeftCalls } from '../core/cancellation/left-calls.ts';
import { type Context, copyContext } from '../core/context/context.ts';
import { checkSignal } from '../core/coroutines/abort-signals.ts';
import { allTasks, cancelAs, type Task } from '../core/coroutines/task.ts';
import {
  type Ending,
  endOfCancelled,
  explainEnding,
  watchEnding,
} from '../core/reports/slow-endings.ts';
import { beginProgram } from '../core/turns/running-loop.ts';
import { setEventLoop } from '../loop/event-loop.ts';
import { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import { signalsHeard } from '../loop/signals/signal-handlers.ts';
import { EndingSignals } from './ending-signals.ts';
import { checkMayRun } from './enter.ts';
import { cancelledBy, type Main, toTaskBody } from './main.ts';

/** Options for a run. */
export interface RunOptions {
  /** Debug mode; by default on if the environment variable `ASYNCIO_DEBUG` is set. */
  readonly debug?: boolean | undefined;
  /** Creates the loop; by default `newEventLoop()`. */
  readonly loopFactory?: (() => Loop) | undefined;
}

/** Options for one run of a runner. */
interface MainOptions {
  /** The context it runs in; by default the runner's own, which all runs share. */
  readonly context?: Context | undefined;
  /** Cancels the program when aborted; if that ends it, the reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs several coroutines one after another, on the same loop and in the same context.
 *
 * ```text
 *             the first run(), getLoop()             close()
 *   created ──────────────────────────────▶ usable ─────────▶ closed
 * ```
 *
 * @see asyncio's `Runner`,
 *   https://docs.python.org/3/library/asyncio-runner.html#asyncio.Runner
 */
export class Runner {
  readonly #options: RunOptions;
  #state: 'created' | 'usable' | 'closed' = 'created';
  #loop: Loop | undefined;
  #context: Context | undefined;
  /** How many SIGINTs came in this run. */
  #interrupts = 0;
  /** When the first one came, on the loop's clock. */
  #firstInterrupt = 0;
  #unwatchInterrupted: () => void = () => {};
  /** Has the first one cancelled the program? */
  #cancelled = false;
  /** Did one come after the program was over? */
  #late = false;

  /** @param options - `debug`, `loopFactory` */
  constructor(options: RunOptions = {}) {
    checkOptions(options, 'debug loopFactory');
    this.#options = options;
  }

  /**
   * This runner's loop, created at the first call.
   *
   * @throws {RuntimeError} when the runner is closed
   */
  getLoop(): Loop {
    return this.#prepare();
  }

  /**
   * Runs a coroutine until it ends.
   *
   * The first Ctrl-C cancels it. If it ends cancelled, the run fails with a
   * {@link KeyboardInterrupt}. The second ends the run immediately.
   *
   * @param main - a coroutine, a function without arguments that returns a promise, or another
   *   awaitable; a cancel ends the wait for a promise, not its work
   * @param options - `context`: by default the runner's own, which all runs share; `signal`:
   *   cancels the coroutine when aborted
   * @returns what the coroutine returns
   * @throws what the coroutine throws
   * @throws the reason of `signal`, when that was aborted and the cancel ended the coroutine
   * @throws {TypeError} when `main` cannot be awaited
   * @throws {RuntimeError} when a loop is already running, or the runner is closed
   * @throws {KeyboardInterrupt} when the user pressed Ctrl-C
   */
  async run<T>(main: Main<T>, options: MainOptions = {}): Promise<T> {
    checkOptions(options, 'context signal');
    checkMayRun('Runner.run()');
    return await asProgram(() => this._run(main, options));
  }

  /** @internal `signals`: the signals that end the program */
  async _run<T>(main: Main<T>, options: MainOptions, signals?: EndingSignals): Promise<T> {
    const body = toTaskBody(main);
    const { signal } = options;
    checkSignal(signal);
    const loop = this.#prepare();
    const context = options.context ?? (this.#context as Context);
    const task = loop.createTask(body, { context });
    this.#interrupts = 0;
    this.#cancelled = false;
    this.#late = false;
    const interrupt = (): void => {
      // With `addSignalHandler()` the program has taken over, as in asyncio. Other listeners do not
      // prevent the cancel.
      if (!loop._handlesSignal('SIGINT')) this.#onInterrupt(task);
    };
    const handles = process.listenerCount('SIGINT') === 0;
    if (handles) {
      process.on('SIGINT', interrupt);
      loop._turns.nodeAfterFirst();
    }
    const { forget, errorFor } = cancelledBy(signal, task);
    const ending = signals?.cancels(task);
    try {
      const result = await loop.runUntilComplete(task);
      // The program may have sent itself the signal in its last turn: it must not be lost.
      if (handles) await signalsHeard();
      if (this.#late) throw new KeyboardInterrupt();
      return result;
    } catch (error) {
      if (this.#interrupts > 1) await explainInterrupted(loop, error, this.#firstInterrupt);
      if (isA(error, CancelledError)) {
        if (handles && !this.#cancelled) await signalsHeard();
        // Not if other code cancelled it, too. Tasks of a task factory may not count cancels.
        const { uncancel, cancelling } = task as Partial<Task<T>>;
        const others = this.#cancelled ? uncancel : this.#late ? cancelling : undefined;
        if (others?.call(task) === 0) throw withExitStatus(new KeyboardInterrupt());
      }
      throw withExitStatus(errorFor(ending === undefined ? error : ending.errorFor(error)));
    } finally {
      forget();
      ending?.forget();
      this.#unwatchInterrupted();
      if (handles) process.off('SIGINT', interrupt);
    }
  }

  /**
   * Cancels and awaits remaining tasks, reports their failures, and closes the loop. Closing it
   * again has no effect.
   *
   * @throws {RuntimeError} when the loop is running
   */
  async close(): Promise<void> {
    if (this.#state !== 'usable') {
      if (this.#state === 'created') this.#state = 'closed';
      return;
    }
    const loop = this.#loop as Loop;
    if (loop.isRunning()) throw new RuntimeError('Cannot close a running event loop');
    await asProgram(() => this.#close(loop));
  }

  async #close(loop: Loop): Promise<void> {
    const since = loop.time();
    const unwatch = watchEnding(loop, endOfProgram(loop));
    try {
      await cancelAllTasks(loop);
      await cancelLeftCalls(loop);
      for (const message of describeAbandoned(loop)) loop.callExceptionHandler({ message });
      // Each in its own run, so that what was scheduled last, mostly callbacks, still has its
      // turns.
      await loop.runUntilComplete(loop.shutdownAsyncgens());
      await loop.runUntilComplete(loop.shutdownDefaultExecutor(THREAD_JOIN_TIMEOUT));
    } catch (error) {
      await explainInterrupted(loop, error, since);
      throw error;
    } finally {
      unwatch();
      if (this.#options.loopFactory === undefined) setEventLoop(undefined);
      loop.close();
      this.#loop = undefined;
      this.#state = 'closed';
    }
  }

  /** {@link close}, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #prepare(): Loop {
    if (this.#state === 'closed') throw new RuntimeError('Runner is closed');
    if (this.#loop === undefined) {
      const { loopFactory, debug } = this.#options;
      this.#loop = loopFactory === undefined ? new Loop() : loopFactory();
      if (loopFactory === undefined) setEventLoop(this.#loop);
      if (debug !== undefined) this.#loop.setDebug(debug);
      this.#context = copyContext();
      this.#state = 'usable';
    }
    return this.#loop;
  }

  #onInterrupt(task: Task<unknown>): void {
    this.#interrupts += 1;
    if (this.#interrupts === 1) this.#firstInterrupt = task._loop.time();
    if (this.#interrupts === 1 && !task.done()) {
      this.#cancelled = cancelAs(task, 'Ctrl-C');
      this.#unwatchInterrupted = watchEnding(task._loop, endOfCancelled(task, 'Ctrl-C'));
    } else if (this.#interrupts > 1 && this.#loop?.isRunning())
      this.#loop._interrupt(new KeyboardInterrupt());
    else this.#late = true;
  }
}

/**
 * Runs a program: creates a loop, runs `main` until it ends, cancels and awaits remaining tasks,
 * and closes the loop.
 *
 * The process stays alive until then. If the program does not catch a {@link KeyboardInterrupt}, it
 * exits with status 130, and prints one line.
 *
 * @param main - a coroutine, a function without arguments that returns a promise, or another
 *   awaitable; a cancel ends the wait for a promise, not its work
 * @param options - `debug`: debug mode; `loopFactory`: creates the loop; `signal`: cancels `main`
 *   when aborted; `signals`: names of signals, such as `['SIGTERM']`, the first of which cancels
 *   `main`, while the second ends the process
 * @returns what `main` returns
 * @throws what `main` throws
 * @throws the reason of `signal`, when that was aborted and the cancel ended `main`
 * @throws {SystemExit} when one of `signals` ended `main`: if not caught, the process exits with
 *   the status that shells use, 143 for SIGTERM
 * @throws {TypeError} when `main` cannot be awaited, or `signals` is not an array of names
 * @throws {RangeError} when there is no such signal
 * @throws {RuntimeError} when a loop is already running; when a signal cannot be caught, or not in
 *   this thread
 * @throws {KeyboardInterrupt} when the user pressed Ctrl-C, and `main` ended cancelled
 * @see asyncio's `run()`, https://docs.python.org/3/library/asyncio-runner.html#asyncio.run
 */
export async function run<T>(main: Main<T>, options: ProgramOptions = {}): Promise<T> {
  checkOptions(options, 'debug loopFactory signal signals');
  checkMayRun('asyncio.run()');
  const { signal, signals, ...rest } = options;
  const runner = new Runner(rest);
  const ending = signals === undefined ? undefined : new EndingSignals(signals);
  return await asProgram(async () => {
    try {
      try {
        return await runner._run(main, { signal }, ending);
      } finally {
        await runner.close();
      }
    } finally {
      await ending?.end();
    }
  });
}

/** Options for {@link run}. */
interface ProgramOptions extends RunOptions {
  /** Cancels the program when aborted; if that ends it, the reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Names of signals that cancel the program, such as `['SIGTERM']`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

/** Keeps the loop of {@link enter} from running between the runs of one program. */
async function asProgram<T>(program: () => Promise<T>): Promise<T> {
  const end = beginProgram();
  try {
    return await program();
  } finally {
    end();
  }
}

/** The end of `run()`. */
function endOfProgram(loop: Loop): Ending {
  return {
    headline: (seconds) => `run() has been ending for ${seconds} s. It waits for:`,
    subject: loop,
    rank: 2,
  };
}

/** Explains what kept a run from ending until another Ctrl-C ended it. */
async function explainInterrupted(loop: Loop, error: unknown, since: number): Promise<void> {
  const seconds = loop.time() - since;
  if (!isA(error, KeyboardInterrupt) || seconds < (SLOW_ENDING[0] as number)) return;
  const headline = (past: string): string =>
    `Ctrl-C has interrupted run(), which had been ending for ${past} s. It waited for:`;
  await explainEnding(loop, { ...endOfProgram(loop), headline }, seconds);
}

/** Cancels remaining tasks, waits until they have ended, and reports their failures. */
async function cancelAllTasks(loop: Loop): Promise<void> {
  const left = [...allTasks(loop)];
  if (left.length === 0) return;
  for (const task of left) cancelAs(task, 'the end of run()');
  const ended = loop.createFuture<void>();
  let running = left.length;
  const oneEnded = (): void => {
    running -= 1;
    if (running === 0) ended.setResult();
  };
  for (const task of left) task.addDoneCallback(oneEnded);
  const unwatch = watchLaggards(loop, left);
  try {
    await loop.runUntilComplete(ended);
  } finally {
    unwatch();
  }
  for (const task of left) {
    if (task.cancelled()) continue;
    const exception = task.exception();
    if (exception === undefined) continue;
    loop.callExceptionHandler({
      message: 'unhandled exception during asyncio.run() shutdown',
      exception,
      task,
    });
  }
}

/** Cancels calls of ended tasks that were not awaited, and waits for them, but not forever. */
async function cancelLeftCalls(loop: Loop): Promise<void> {
  if (leftCallsOf(loop).size === 0) return;
  const ended = loop.createFuture<void>();
  const look = (): void => {
    const left = leftCallsOf(loop);
    for (const calls of left) calls._cancelLeft();
    if (left.size === 0 && !ended.done()) ended.setResult();
  };
  // Cancelled code resumes, and may await something to clean up: that is known a turn later.
  watchLeftCalls(loop, () => loop.callSoon(look));
  const patience = loop.callLater(SHUTDOWN_PATIENCE, () => {
    for (const calls of leftCallsOf(loop))
      loop.callExceptionHandler({
        message: `A call that is not awaited was cancelled ${SHUTDOWN_PATIENCE} s ago and still waits for ${calls._describeAwaits()}: the program ends without it`,
      });
    ended.setResult();
  });
  look();
  await loop.runUntilComplete(ended);
  patience.cancel();
}
