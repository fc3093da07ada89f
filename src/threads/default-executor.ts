import { RuntimeError } from '../base/errors/errors.ts';
import { warnRuntime } from '../base/log/warnings.ts';
import { calledAs } from '../base/printing/inspect.ts';
import { brief } from '../base/printing/repr.ts';
import { wrapPromise } from '../core/coroutines/ensure-future.ts';
import type { Future } from '../core/futures/future.ts';
import type { LoopCore } from '../core/turns/loop-core.ts';
import type { Executor, ThreadCallable } from './executor.ts';
import { toThreadFunction } from './thread-call.ts';
import { ThreadPoolExecutor } from './thread-pool-executor.ts';

/** The default executor of a loop: created when first needed, shut down with the loop. */
export class DefaultExecutor {
  readonly #loop: LoopCore;
  #executor: ThreadPoolExecutor | undefined;
  /** Has it been shut down? It is not replaced then. */
  #isShutDown = false;

  constructor(loop: LoopCore) {
    this.#loop = loop;
  }

  /** @throws {TypeError} when `executor` is not a `ThreadPoolExecutor` */
  set(executor: ThreadPoolExecutor): void {
    if (!(executor instanceof ThreadPoolExecutor))
      throw new TypeError(`executor must be ThreadPoolExecutor instance, got ${brief(executor)}`);
    this.#executor = executor;
  }

  /** Calls `callback` in `executor`, or in the default one. */
  run<A extends unknown[], T>(
    executor: Executor | undefined,
    callback: ThreadCallable<A, T>,
    args: A,
  ): Future<Awaited<T>> {
    if (executor !== undefined && typeof executor?.submit !== 'function')
      throw new TypeError(`an executor or undefined was expected, got ${brief(executor)}`);
    if (executor === undefined) toThreadFunction(callback);
    const submitted = (executor ?? this.#get()).submit(callback, ...args);
    const future = wrapPromise<Awaited<T>>(submitted, { loop: this.#loop });
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
    const ended = wrapPromise(this.#executor.shutdown(), { loop: this.#loop });
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

  #get(): ThreadPoolExecutor {
    if (this.#isShutDown) throw new RuntimeError('Executor shutdown has been called');
    this.#executor ??= new ThreadPoolExecutor();
    return this.#executor;
  }
}
