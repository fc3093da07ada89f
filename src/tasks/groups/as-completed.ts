import { checkOptions } from '../../base/check-options.ts';
import { TimeoutError } from '../../base/errors/os-errors.ts';
import { checkTimeout } from '../../base/numbers.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { ensureFuture } from '../../core/coroutines/ensure-future.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore, Scheduled } from '../../core/turns/loop-core.ts';
import { requireEventLoop } from '../../core/turns/running-loop.ts';
import { type Awaitable, checkAwaitable, checkFutures, type ResultOf } from '../awaitables.ts';
import { type Limited, Slots } from './concurrency-limit.ts';

/**
 * The result of {@link asCompleted}, which can be iterated in two ways.
 *
 * Both consume the same results: a second iteration continues with the rest.
 */
export interface Completions<A> extends Iterable<Coroutine<ResultOf<A>>> {
  /** With `for (const next of …)`: await each for the next result. */
  [Symbol.iterator](): Iterator<Coroutine<ResultOf<A>>>;
  /** With `for await (const future of …)`: each future when it is done. */
  [Symbol.asyncIterator](): CompletedIterator<CompletedFuture<A>>;
}

/**
 * An `AsyncIterator` of futures that are not awaited. TypeScript's own type assumes that values are
 * awaited.
 */
export interface CompletedIterator<F> {
  /** Waits for the next future that is done. */
  next(): Promise<NextCompleted<F>>;
}

/** A result of {@link CompletedIterator.next}: the next future, or the end. */
export type NextCompleted<F> = IteratorYieldResult<F> | IteratorReturnResult<undefined>;

/** What an asynchronous iteration returns: one of the given tasks and futures, or a new task. */
export type CompletedFuture<A> = A extends Future<unknown> ? A : Future<ResultOf<A>>;

/**
 * Runs awaitables concurrently, and returns them in the order in which they are done.
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
 * After the timeout, the next `await` throws, and so do all later ones; nothing is cancelled.
 *
 * @param awaitables - futures, coroutines, functions without arguments, promises; duplicates count
 *   once, except functions
 * @param options - `timeout`: how long all of them may take together, in seconds; `limit`: how many
 *   coroutines and functions run at a time, in order; not in asyncio, see docs/limits.md
 * @throws {TypeError} when `awaitables` is not an iterable of awaitables
 * @throws {RangeError} when futures belong to different loops, `timeout` is NaN, or `limit` is not
 *   an integer >= 1
 * @throws {RuntimeError} when no loop is running and none was set
 * @throws {TimeoutError} from the `await`, after the timeout
 * @see asyncio's `as_completed()`,
 *   https://docs.python.org/3/library/asyncio-task.html#asyncio.as_completed
 */
export function asCompleted<A extends Awaitable<unknown>>(
  awaitables: Iterable<A>,
  options: Limited & { readonly timeout?: number | undefined } = {},
): Completions<A> {
  checkOptions(options, 'timeout limit');
  checkFutures(awaitables, 'an iterable of futures');
  checkTimeout(options.timeout, 'timeout');
  const slots = Slots.of(options.limit);
  const different = [...awaitables].filter(isFirst);
  for (const each of different) checkAwaitable(each);
  const loop = requireEventLoop();
  const futures = different.map((each) =>
    ensureFuture(slots?.limited(each) ?? each, loop._asOption),
  );
  return new AsCompleted(loop, futures, options.timeout) as unknown as Completions<A>;
}

/** Is it a function, or the first of several equal ones? */
function isFirst(each: unknown, at: number, all: readonly unknown[]): boolean {
  return (typeof each === 'function' && !isThenable(each)) || all.indexOf(each) === at;
}

/**
 * Two queues: futures that are done and were not returned yet, and callers that wait for one. At
 * most one of them is not empty, except while a wake-up is pending.
 */
class AsCompleted {
  readonly #loop: LoopCore;
  /** Futures that are not done. */
  readonly #pending: Set<Future<unknown>>;
  /** Futures that are done, in order; `undefined` for each that was not when the timeout passed. */
  readonly #completed: (Future<unknown> | undefined)[] = [];
  /** Callers that wait for one, in order. */
  readonly #waiters: Future<void>[] = [];
  /** How many have not been requested. */
  #left: number;
  readonly #timer: Scheduled | undefined;

  constructor(loop: LoopCore, futures: readonly Future<unknown>[], timeout: number | undefined) {
    this.#loop = loop;
    this.#pending = new Set(futures);
    this.#left = this.#pending.size;
    for (const future of this.#pending) future.addDoneCallback(this.#complete);
    if (this.#left > 0 && timeout !== undefined && timeout !== Number.POSITIVE_INFINITY)
      this.#timer = loop.callLater(Math.max(timeout, 0), this.#handleTimeout);
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

  /** @returns `false` when all have been requested */
  #take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  async #nextResult(): Promise<unknown> {
    return (await this.#nextCompleted()).future.result();
  }

  /**
   * @returns an object with the future, because an `async` function would resolve the future itself
   */
  async #nextCompleted(): Promise<{ readonly future: Future<unknown> }> {
    while (this.#completed.length === 0) await this.#news();
    const future = this.#completed.shift();
    if (future === undefined) throw new TimeoutError();
    return { future };
  }

  /** Waits until one is done; another caller may take it first. */
  async #news(): Promise<void> {
    const waiter = describeAs(
      new Future<void>(this.#loop._asOption),
      'asCompleted',
      undefined,
      () => ({
        detail: `${this.#pending.size} not done`,
        heldBy: this.#pending,
        any: true,
        until: this.#timer?.when(),
      }),
    );
    this.#waiters.push(waiter);
    try {
      await waiter;
    } catch (error) {
      const at = this.#waiters.indexOf(waiter);
      if (at >= 0) this.#waiters.splice(at, 1);
      // It was cancelled after it was woken: wakes the next one instead.
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
      // The timeout has passed.
      if (!this.#pending.delete(future)) return;
      this.#completed.push(future);
      this.#wakeNext();
      if (this.#pending.size === 0) this.#timer?.cancel();
    },
  );

  readonly #handleTimeout = calledAs('_AsCompletedIterator._handle_timeout', (): void => {
    for (const future of this.#pending) {
      future.removeDoneCallback(this.#complete);
      this.#completed.push(undefined);
      this.#wakeNext();
    }
    this.#pending.clear();
  });
}
