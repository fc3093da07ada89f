import { checkOptions } from '../../base/check-options.ts';
import { TimeoutError } from '../../base/errors/os-errors.ts';
import { checkTimeout } from '../../base/numbers.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { ensureFuture } from '../../core/coroutines/ensure-future.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';
import { requireEventLoop } from '../../core/turns/running-loop.ts';
import { type Awaitable, checkAwaitable, checkIterable, type ResultOf } from '../awaitables.ts';
import { type Limited, Slots } from './concurrency-limit.ts';

/**
 * The result of {@link asCompleted}, which can be iterated in two ways.
 *
 * Both take from the same results: leave the loop, iterate again, and it goes on with the rest.
 */
export interface Completions<A> extends Iterable<Coroutine<ResultOf<A>>> {
  /** By `for (const next of …)`: await each for the next result. */
  [Symbol.iterator](): Iterator<Coroutine<ResultOf<A>>>;
  /** By `for await (const future of …)`: each future when it is done. */
  [Symbol.asyncIterator](): CompletedIterator<CompletedFuture<A>>;
}

/**
 * An `AsyncIterator` in its own words: of the one that TypeScript knows, it takes the values to be
 * awaited, and here they are futures to be had as they are.
 */
export interface CompletedIterator<F> {
  /** Waits for the next that is done. */
  next(): Promise<NextCompleted<F>>;
}

/** What a {@link CompletedIterator} says: the next future, or that there is none. */
export type NextCompleted<F> = IteratorYieldResult<F> | IteratorReturnResult<undefined>;

/** What an asynchronous iteration gives: one of the given tasks and futures, or a new task. */
export type CompletedFuture<A> = A extends Future<unknown> ? A : Future<ResultOf<A>>;

/**
 * Runs all of them concurrently, and gives them in the order in which they are done.
 *
 * Coroutines and functions become tasks. There are two ways to iterate:
 *
 * ```ts
 * const tasks = [2, 1].map((delay) => asyncio.createTask(asyncio.sleep(delay, 'done')));
 *
 * for await (const task of asyncio.asCompleted(tasks)) // the tasks that were given
 *   console.log(task.getName(), await task);
 *
 * for (const next of asyncio.asCompleted(tasks)) // one result after another
 *   console.log(await next);
 * ```
 *
 * When the time is up, the next `await` throws, and so do all after it; nothing is cancelled.
 *
 * @param awaitables - futures, coroutines, functions without arguments, promises; what is there
 *   twice counts once, but for functions
 * @param options - `timeout`: how long all of them may take, in seconds; `limit`: how many coroutines and
 *   functions run at a time, in order; not in asyncio, see docs/limits.md
 * @throws {TypeError} when `awaitables` is not an iterable of what can be awaited
 * @throws {RangeError} when futures belong to different loops, `timeout` is NaN, or `limit` is not a whole
 *   number from 1
 * @throws {RuntimeError} when no loop runs and none was set
 * @throws {TimeoutError} by the `await`, when the time is up
 * @see asyncio's `as_completed()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.as_completed
 */
export function asCompleted<A extends Awaitable<unknown>>(
  awaitables: Iterable<A>,
  options: Limited & { readonly timeout?: number | undefined } = {},
): Completions<A> {
  checkOptions(options);
  checkIterable(awaitables, 'an iterable of futures');
  checkTimeout(options.timeout, 'timeout');
  const slots = Slots.of(options.limit);
  const different = [...awaitables].filter(isFirst);
  for (const each of different) checkAwaitable(each);
  const loop = requireEventLoop();
  const futures = different.map((each) => ensureFuture(slots?.limited(each) ?? each, { loop }));
  return new AsCompleted(loop, futures, options.timeout) as unknown as Completions<A>;
}

/** Is it a function, or the first of several equal ones? */
function isFirst(each: unknown, at: number, all: readonly unknown[]): boolean {
  return (typeof each === 'function' && !isThenable(each)) || all.indexOf(each) === at;
}

/**
 * Two queues: those that are done and were not given yet, and those who wait for one. As long as
 * one of the two has something, the other has not, but for a wake-up that is on its way.
 */
class AsCompleted {
  readonly #loop: LoopCore;
  /** Those that are not done. */
  readonly #pending: Set<Future<unknown>>;
  /** What is done, in order; `undefined` for each that was not when the time was up. */
  readonly #completed: (Future<unknown> | undefined)[] = [];
  /** Who waits for one of these, in order. */
  readonly #waiters: Future<void>[] = [];
  /** How many have yet to be asked for. */
  #left: number;
  readonly #timer: Cancellable | undefined;

  constructor(loop: LoopCore, futures: readonly Future<unknown>[], timeout: number | undefined) {
    this.#loop = loop;
    this.#pending = new Set(futures);
    this.#left = this.#pending.size;
    for (const future of this.#pending) future.addDoneCallback(this.#complete);
    if (this.#left > 0 && timeout !== undefined && timeout !== Number.POSITIVE_INFINITY)
      this.#timer = loop.callLater(Math.max(timeout, 0), this.#giveUp);
  }

  [Symbol.iterator](): Iterator<Coroutine<unknown>> {
    const next = (): IteratorResult<Coroutine<unknown>> =>
      this.#take()
        ? {
            done: false,
            value: new Coroutine(() => this.#nextResult(), '_wait_for_one', undefined),
          }
        : { done: true, value: undefined };
    return { next };
  }

  [Symbol.asyncIterator](): AsyncIterator<Future<unknown>> {
    const next = async (): Promise<IteratorResult<Future<unknown>>> =>
      this.#take()
        ? { done: false, value: (await this.#nextCompleted()).future }
        : { done: true, value: undefined };
    return { next };
  }

  /** @returns `false` when all have been asked for */
  #take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  async #nextResult(): Promise<unknown> {
    return (await this.#nextCompleted()).future.result();
  }

  /** @returns not the future itself: an `async` function would give its result */
  async #nextCompleted(): Promise<{ readonly future: Future<unknown> }> {
    while (this.#completed.length === 0) await this.#news();
    const future = this.#completed.shift();
    if (future === undefined) throw new TimeoutError();
    return { future };
  }

  /** Waits until there is one; another may have taken it by then. */
  async #news(): Promise<void> {
    const waiter = describeAs(new Future<void>(this.#loop._asOption), 'asCompleted');
    this.#waiters.push(waiter);
    try {
      await waiter;
    } catch (error) {
      const at = this.#waiters.indexOf(waiter);
      if (at >= 0) this.#waiters.splice(at, 1);
      // Cancelled when it was told already: the next one takes its place.
      if (this.#completed.length > 0 && !waiter.cancelled()) this.#wakeNext();
      throw error;
    }
  }

  #wakeNext(): void {
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters.shift() as Future<void>;
      if (waiter.done()) continue;
      waiter._finish();
      return;
    }
  }

  readonly #complete = calledAs(
    '_AsCompletedIterator._handle_completion',
    (future: Future<unknown>): void => {
      // The time was up before.
      if (!this.#pending.delete(future)) return;
      this.#completed.push(future);
      this.#wakeNext();
      if (this.#pending.size === 0) this.#timer?.cancel();
    },
  );

  readonly #giveUp = calledAs('_AsCompletedIterator._handle_timeout', (): void => {
    for (const future of this.#pending) {
      future.removeDoneCallback(this.#complete);
      this.#completed.push(undefined);
      this.#wakeNext();
    }
    this.#pending.clear();
  });
}
