import { checkOptions } from '../base/check-options.ts';
import { SHUTDOWN_PATIENCE, THREAD_JOIN_TIMEOUT } from '../base/constants.ts';
import { CancelledError, KeyboardInterrupt, RuntimeError } from '../base/errors/errors.ts';
import { isA } from '../base/values/attempt.ts';
import { describeAbandoned } from '../core/cancellation/abandoned.ts';
import { watchLaggards } from '../core/cancellation/ignored-cancels.ts';
import { leftCallsOf, watchLeftCalls } from '../core/cancellation/left-calls.ts';
import { type Context, copyContext } from '../core/context/context.ts';
import { checkSignal } from '../core/coroutines/abort-signals.ts';
import { allTasks, type Task } from '../core/coroutines/task.ts';
import { beginProgram } from '../core/turns/running-loop.ts';
import { setEventLoop } from '../loop/event-loop.ts';
import { Loop } from '../loop/loop.ts';
import { withExitStatus } from '../loop/signals/exit-status.ts';
import { signalsHeard } from '../loop/signals/signal-handlers.ts';
import { checkMayRun } from './enter.ts';
import { cancelledBy, type Main, toTaskBody } from './main.ts';

/** Options for a run. */
export interface RunOptions {
  /** Debug mode; by default on if the environment's `ASYNCIO_DEBUG` is not empty. */
  readonly debug?: boolean | undefined;
  /** Makes the loop, instead of `newEventLoop()`. */
  readonly loopFactory?: (() => Loop) | undefined;
}

/** Options for one run of a runner. */
interface MainOptions {
  /** The context it runs in; by default the runner's own, which all runs share. */
  readonly context?: Context | undefined;
  /** Cancels the program when it is aborted: if that ends it, the reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs several coroutines one after another, on the same loop and in the same context.
 *
 *             the first run(), getLoop()             close()
 *   created ──────────────────────────────▶ usable ─────────▶ closed
 *
 * @see asyncio's `Runner`,
 *   https://docs.python.org/3/library/asyncio-runner.html#asyncio.Runner
 */
export class Runner {
  readonly #options: RunOptions;
  #state: 'created' | 'usable' | 'closed' = 'created';
  #loop: Loop | undefined;
  #context: Context | undefined;
  /** SIGINTs that came in this run. */
  #interrupts = 0;
  /** Has the first one cancelled the program? */
  #cancelled = false;
  /** Did one come when the program was over? */
  #late = false;

  /** @param options - `debug`, `loopFactory` */
  constructor(options: RunOptions = {}) {
    checkOptions(options);
    this.#options = options;
  }

  /**
   * This runner's loop, made at the first call.
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
   * {@link KeyboardInterrupt}. The second ends the run at once.
   *
   * @param main - a coroutine, a function without arguments that returns a promise, or anything else
   *   that can be awaited; a cancel ends the wait for a promise, not its work
   * @param options - `context`: by default the runner's own, which all runs share; `signal`:
   *   cancels the coroutine when it is aborted
   * @returns what the coroutine returns
   * @throws what the coroutine throws
   * @throws the reason of `signal`, when that was aborted and the cancel ended the coroutine
   * @throws {TypeError} when `main` cannot be awaited
   * @throws {RuntimeError} when a loop runs already, or the runner is closed
   * @throws {KeyboardInterrupt} when the user ended the run
   */
  async run<T>(main: Main<T>, options: MainOptions = {}): Promise<T> {
    checkOptions(options);
    checkMayRun('Runner.run()');
    return await asProgram(() => this.#run(main, options));
  }

  async #run<T>(main: Main<T>, options: MainOptions): Promise<T> {
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
      // With `addSignalHandler()` the program has taken it over, as with asyncio. Listeners that
      // others add beside ours are no reason to go on.
      if (!loop._handlesSignal('SIGINT')) this.#onInterrupt(task);
    };
    const handles = process.listenerCount('SIGINT') === 0;
    if (handles) {
      process.on('SIGINT', interrupt);
      loop._turns.nodeAfterFirst();
    }
    const { forget, errorFor } = cancelledBy(signal, task);
    try {
      const result = await loop.runUntilComplete(task);
      // The program may have sent itself the signal at the last: it is not to be lost.
      if (handles) await signalsHeard();
      if (this.#late) throw new KeyboardInterrupt();
      return result;
    } catch (error) {
      if (isA(error, CancelledError)) {
        if (handles && !this.#cancelled) await signalsHeard();
        // Not if somebody else cancelled it too; what a task factory makes may not count.
        const { uncancel, cancelling } = task as Partial<Task<T>>;
        const others = this.#cancelled ? uncancel : this.#late ? cancelling : undefined;
        if (others?.call(task) === 0) throw withExitStatus(new KeyboardInterrupt());
      }
      throw withExitStatus(errorFor(error));
    } finally {
      forget();
      if (handles) process.off('SIGINT', interrupt);
    }
  }

  /**
   * Cancels and awaits what is still running, reports its failures, and closes the loop.
   * Does nothing the second time.
   *
   * @throws {RuntimeError} when the loop runs
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
    try {
      await cancelAllTasks(loop);
      await cancelLeftCalls(loop);
      for (const message of describeAbandoned(loop)) loop.callExceptionHandler({ message });
      // A run each: so what was scheduled at the last, callbacks mostly, still has its turns.
      await loop.runUntilComplete(loop.shutdownAsyncgens());
      await loop.runUntilComplete(loop.shutdownDefaultExecutor(THREAD_JOIN_TIMEOUT));
    } finally {
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
    if (this.#interrupts === 1 && !task.done()) this.#cancelled = task.cancel();
    else if (this.#interrupts > 1 && this.#loop?.isRunning())
      this.#loop._interrupt(new KeyboardInterrupt());
    else this.#late = true;
  }
}

/**
 * Runs a program: makes a loop, runs `main` until it ends, cancels and awaits the remaining
 * tasks, and closes the loop.
 *
 * This keeps the process alive until then. If the program does not catch a
 * {@link KeyboardInterrupt}, it ends with status 130 and one line.
 *
 * @param main - a coroutine, a function without arguments that returns a promise, or anything else that
 *   can be awaited; a cancel ends the wait for a promise, not its work
 * @param options - `debug`: debug mode; `loopFactory`: makes the loop; `signal`: cancels `main` when
 *   it is aborted
 * @returns what `main` returns
 * @throws what `main` throws
 * @throws the reason of `signal`, when that was aborted and the cancel ended `main`
 * @throws {TypeError} when `main` cannot be awaited
 * @throws {RuntimeError} when a loop runs already
 * @throws {KeyboardInterrupt} when the user pressed Ctrl-C, and `main` ended cancelled
 * @see asyncio's `run()`, https://docs.python.org/3/library/asyncio-runner.html#asyncio.run
 */
export async function run<T>(
  main: Main<T>,
  options: RunOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  checkOptions(options);
  checkMayRun('asyncio.run()');
  const runner = new Runner(options);
  return await asProgram(async () => {
    try {
      return await runner.run(main, { signal: options.signal });
    } finally {
      await runner.close();
    }
  });
}

/** The loop of {@link enter} does not run between two runs of one program. */
async function asProgram<T>(program: () => Promise<T>): Promise<T> {
  const end = beginProgram();
  try {
    return await program();
  } finally {
    end();
  }
}

/** Cancels what is left, waits until it has ended, and reports what failed in that. */
async function cancelAllTasks(loop: Loop): Promise<void> {
  const left = [...allTasks(loop)];
  if (left.length === 0) return;
  for (const task of left) task.cancel();
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

/** Cancels calls that nobody awaited and that are left of tasks, and waits until they have ended, for a while. */
async function cancelLeftCalls(loop: Loop): Promise<void> {
  if (leftCallsOf(loop).size === 0) return;
  const ended = loop.createFuture<void>();
  const look = (): void => {
    const left = leftCallsOf(loop);
    for (const calls of left) calls._cancelLeft();
    if (left.size === 0 && !ended.done()) ended.setResult();
  };
  // What was cancelled goes on, and may await something else to clean up: that is known a turn later.
  watchLeftCalls(loop, () => loop.callSoon(look));
  const patience = loop.callLater(SHUTDOWN_PATIENCE, () => {
    for (const calls of leftCallsOf(loop))
      loop.callExceptionHandler({
        message: `A call that nobody awaits was cancelled ${SHUTDOWN_PATIENCE} s ago and still waits for ${calls._describeAwaits()}: the program ends without it`,
      });
    ended.setResult();
  });
  look();
  await loop.runUntilComplete(ended);
  patience.cancel();
}
