import { availableParallelism } from 'node:os';
import { checkOptions } from '../base/check-options.ts';
import { MAX_THREADS, THREADS_BESIDE_CORES } from '../base/constants.ts';
import { CancelledError, RuntimeError } from '../base/errors/errors.ts';
import { checkWhole } from '../base/numbers.ts';
import { outside } from '../core/context/async-context.ts';
import { describedPromise } from '../core/futures/described-promise.ts';
import {
  type Executor,
  type Submitted,
  TerminableFunction,
  type ThreadCallable,
} from './executor.ts';
import { cloneForThread, type Job, Thread } from './thread.ts';
import { toThreadFunction } from './thread-call.ts';

/** The executors of this thread that have not been shut down, held weakly. */
const executors = new Set<WeakRef<ThreadPoolExecutor>>();

/** @internal the executors of this thread that have not been shut down, or have threads yet */
export function listExecutors(): ThreadPoolExecutor[] {
  const known: ThreadPoolExecutor[] = [];
  for (const ref of executors) {
    const executor = ref.deref();
    if (executor === undefined || executor._hasEnded) executors.delete(ref);
    else known.push(executor);
  }
  return known;
}

/**
 * A pool of threads, each of which runs one call at a time. Calls wait while no thread is free.
 *
 * A thread is started when a call finds none idle, and kept for later calls. Idle threads do not
 * keep the process alive.
 *
 * A function is sent as its source text, or by its module ({@link moduleFunction}); arguments and
 * results as structured clones, which keep a `SharedArrayBuffer` shared; errors with their name,
 * message, stack, cause and plain fields. Variables around the function, contexts and
 * `AsyncLocalStorage` stores are not sent. See docs/differences.md#calls-in-threads.
 *
 * ```text
 *           shutdown()
 *   open ──────────────▶ shut down: submitted calls are still made, then the threads end
 * ```
 *
 * @see Python's `ThreadPoolExecutor`,
 *   https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.ThreadPoolExecutor
 */
export class ThreadPoolExecutor implements Executor {
  readonly #maxWorkers: number;
  readonly #threads = new Set<Thread>();
  /** Idle threads; the one that was busy last is used first. */
  readonly #idle: Thread[] = [];
  /** Calls that wait for a thread, oldest first. */
  readonly #waiting = new Set<Job>();
  #isShutDown = false;

  /**
   * @param maxWorkers - the most threads; by default the number of cores plus four, at most 32
   * @throws {TypeError} when `maxWorkers` is not a number
   * @throws {RangeError} when it is not an integer >= 1
   */
  constructor(
    maxWorkers: number = Math.min(MAX_THREADS, availableParallelism() + THREADS_BESIDE_CORES),
  ) {
    checkWhole(maxWorkers, 1, Number.MAX_SAFE_INTEGER, 'maxWorkers');
    this.#maxWorkers = maxWorkers;
    executors.add(new WeakRef(this));
  }

  /**
   * Calls `callback` in a thread with a copy of `args`, which is made now.
   *
   * If it returns a promise, the thread awaits it. `cancel()` on the result drops a call that is
   * still waiting. A running call continues, unless the function is {@link terminable}.
   *
   * @returns a promise of the result
   * @throws {TypeError} when `callback` or an argument cannot be sent
   * @throws {RuntimeError} when the executor was shut down
   */
  submit<A extends unknown[], T>(
    callback: ThreadCallable<A, T>,
    ...args: A
  ): Submitted<Awaited<T>> {
    const callee = toThreadFunction(callback);
    const isTerminable = callback instanceof TerminableFunction;
    if (this.#isShutDown) throw new RuntimeError('cannot schedule new futures after shutdown');
    const free = this.#idle.pop() ?? this.#another();
    let job: Job | undefined;
    const begin = (resolve: (result: unknown) => void, reject: (error: unknown) => void): void => {
      const call = { callee, args: free === undefined ? cloneForThread(args) : args };
      job = { call, resolve, reject, silence: () => void promise.catch(() => {}) };
      if (free === undefined) this.#waiting.add(job);
      else this.#begin(free, job);
    };
    const _progress = (): string =>
      `${callee.name}() ${this.#waiting.has(job as Job) ? 'waits for a thread' : 'runs'}`;
    const promise = describedPromise(begin, () => ({
      operation: 'ThreadPoolExecutor.submit',
      on: this,
      detail: _progress(),
    }));
    const cancel = (): boolean =>
      this.#takeBack(job as Job) || (isTerminable && this.#terminate(job as Job));
    return Object.assign(promise as Promise<Awaited<T>>, { cancel, _progress });
  }

  /**
   * Accepts no more calls; the threads end when all submitted calls have ended.
   *
   * @param options - `wait`: wait for the threads, by default `true`; `cancelFutures`: drop calls
   *   that have not started
   * @returns a promise, fulfilled when all threads have ended
   */
  async shutdown(
    options: {
      readonly wait?: boolean | undefined;
      readonly cancelFutures?: boolean | undefined;
    } = {},
  ): Promise<void> {
    checkOptions(options, 'wait cancelFutures');
    this.#isShutDown = true;
    if (options.cancelFutures) for (const job of this.#waiting) this.#takeBack(job);
    for (const thread of this.#idle.splice(0)) thread.end();
    if (!(options.wait ?? true)) return;
    const ended = Promise.all([...this.#threads].map(({ ended }) => ended));
    await describedPromise(
      (resolve) => void ended.then(resolve),
      () => ({ operation: 'ThreadPoolExecutor.shutdown', on: this }),
    );
  }

  /** {@link shutdown}, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** Starts another thread, unless there are enough. */
  #another(): Thread | undefined {
    if (this.#threads.size >= this.#maxWorkers) return undefined;
    // Outside of the caller's context, because it makes other calls later.
    return outside(this.#start);
  }

  readonly #start = (): Thread => {
    const thread = new Thread(this.#onIdle);
    this.#threads.add(thread);
    void thread.ended.then(() => this.#onEnded(thread));
    return thread;
  };

  /** @throws {TypeError} when the arguments cannot be sent */
  #begin(thread: Thread, job: Job): void {
    try {
      thread.begin(job);
    } catch (error) {
      this.#onIdle(thread);
      throw error;
    }
  }

  readonly #onIdle = (thread: Thread): void => {
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#begin(thread, next);
    } else if (this.#isShutDown) thread.end();
    else {
      this.#idle.push(thread);
      thread.rest();
    }
  };

  /** A thread has ended. If this was not requested, waiting calls need another one. */
  #onEnded(thread: Thread): void {
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#waiting.size === 0) return;
    const another = this.#another();
    if (another !== undefined) this.#onIdle(another);
  }

  #takeBack(job: Job): boolean {
    if (!this.#waiting.delete(job)) return false;
    job.silence();
    job.reject(new CancelledError());
    return true;
  }

  #terminate(job: Job): boolean {
    for (const thread of this.#threads) if (thread.terminate(job)) return true;
    return false;
  }

  /** @internal was it shut down, and have its threads ended? */
  get _hasEnded(): boolean {
    return this.#isShutDown && this.#threads.size === 0;
  }

  /** @internal how many threads it has, may have, and has idle, and how many calls wait */
  _counts(): { threads: number; most: number; idle: number; waiting: number } {
    return {
      threads: this.#threads.size,
      most: this.#maxWorkers,
      idle: this.#idle.length,
      waiting: this.#waiting.size,
    };
  }

  /** `<ThreadPoolExecutor threads=2 idle=1 waiting=0>` */
  toString(): string {
    return `<ThreadPoolExecutor threads=${this.#threads.size} idle=${this.#idle.length} waiting=${this.#waiting.size}>`;
  }
}
