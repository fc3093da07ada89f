import { RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { warnRuntime } from '../base/log/warnings.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import { userSite } from '../base/stacks/capture.ts';
import { currentScope } from '../core/context/context.ts';
import { wrapPromise } from '../core/coroutines/ensure-future.ts';
import { suspendedFrames } from '../core/futures/await-stacks.ts';
import type { Future } from '../core/futures/future.ts';
import { describeAs } from '../core/futures/wait-description.ts';
import { type Ending, isExplained, watchEnding } from '../core/reports/slow-endings.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import { type Executor, TerminableFunction, type ThreadCallable } from './executor.ts';
import { toThreadFunction } from './thread-call.ts';
import { ThreadPoolExecutor } from './thread-pool-executor.ts';

/** A call in a thread, to explain why the end of a loop is slow. */
export interface ThreadCallNote {
  /** The function that is called. */
  readonly name: string;
  /** When it was submitted, on the loop's clock. */
  readonly since: number;
  /** The line that called it. */
  readonly site: string | undefined;
}

function endOfExecutor(executor: DefaultExecutor): Ending {
  return {
    headline: (seconds) =>
      `shutdownDefaultExecutor() has waited for ${seconds} s for calls in threads:`,
    subject: executor,
    rank: 0,
  };
}

function nameOf(callback: unknown): string {
  const called = callback instanceof TerminableFunction ? callback.callback : callback;
  return (called as { name?: string }).name || '<anonymous>';
}

/** The default executor of a loop: created when first needed, shut down with the loop. */
export class DefaultExecutor {
  readonly #loop: LoopCore;
  #executor: ThreadPoolExecutor | undefined;
  /** Has it been shut down? Then no new one is created. */
  #isShutDown = false;
  readonly #calls = new Set<ThreadCallNote>();

  constructor(loop: LoopCore) {
    this.#loop = loop;
  }

  /** @throws {TypeError} when `executor` is not a `ThreadPoolExecutor` */
  set(executor: ThreadPoolExecutor): void {
    if (!(executor instanceof ThreadPoolExecutor))
      throw typeError(`executor must be ThreadPoolExecutor instance, got ${brief(executor)}`);
    this.#executor = executor;
  }

  /** Calls `callback` in `executor`, or in the default one. */
  run<A extends unknown[], T>(
    executor: Executor | undefined,
    callback: ThreadCallable<A, T>,
    args: A,
  ): Future<Awaited<T>> {
    if (executor !== undefined && typeof executor?.submit !== 'function')
      throw typeError(`an executor or undefined was expected, got ${brief(executor)}`);
    if (executor === undefined) toThreadFunction(callback);
    const submitted = (executor ?? this.#get()).submit(callback, ...args);
    if (executor === undefined && isExplained(this.#loop)) this.#note(callback, submitted);
    const future = describeAs(
      wrapPromise<Awaited<T>>(submitted, { loop: this.#loop }),
      'runInExecutor',
      undefined,
      () => ({ detail: submitted._progress?.() ?? `${nameOf(callback)}() runs` }),
    );
    if (submitted.cancel !== undefined)
      future.addDoneCallback(
        calledAs('_chain_future.<locals>._call_check_cancel', () => {
          if (future.cancelled()) submitted.cancel?.();
        }),
      );
    return future;
  }

  /**
   * Shuts it down, and waits for its calls.
   *
   * @param timeout - how long to wait, in seconds; `undefined` for no limit
   */
  async shutDown(timeout: number | undefined): Promise<void> {
    this.#isShutDown = true;
    if (this.#executor === undefined) return;
    const executor = this.#executor;
    const ended = describeAs(
      wrapPromise(executor.shutdown(), { loop: this.#loop }),
      'shutdownDefaultExecutor',
      executor,
    );
    if (isExplained(this.#loop))
      ended.addDoneCallback(watchEnding(this.#loop, endOfExecutor(this)));
    if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return await ended;
    const timer = this.#loop.callLater(Math.max(timeout, 0), () => {
      if (ended.done()) return;
      warnRuntime(`The executor did not finishing joining its threads within ${timeout} seconds.`);
      ended.setResult();
    });
    try {
      await ended;
    } finally {
      timer.cancel();
    }
  }

  /** Shuts it down without waiting, because the loop is closed. */
  abandon(): void {
    this.#isShutDown = true;
    void this.#executor?.shutdown({ wait: false });
    this.#executor = undefined;
  }

  /** The calls that have not ended; recorded only if slow endings are explained. */
  get calls(): Iterable<ThreadCallNote> {
    return this.#calls;
  }

  #note(callback: unknown, submitted: PromiseLike<unknown>): void {
    const task = currentScope()?.task;
    const note: ThreadCallNote = {
      name: toThreadFunction(callback).name,
      since: this.#loop.time(),
      site: userSite() ?? (task && suspendedFrames(task)[0]?._site),
    };
    this.#calls.add(note);
    const ended = (): void => void this.#calls.delete(note);
    submitted.then(ended, ended);
  }

  #get(): ThreadPoolExecutor {
    if (this.#isShutDown) throw new RuntimeError('Executor shutdown has been called');
    this.#executor ??= new ThreadPoolExecutor();
    return this.#executor;
  }
}
