import type { CancelledError } from '../base/errors.ts';
import type { Future } from './future.ts';
import type { Task } from './task.ts';
import type { Runnable } from './turns.ts';

type OnFulfilled = ((value: never) => unknown) | null | undefined;
type OnRejected = ((reason: unknown) => unknown) | null | undefined;

/**
 * One `then` of a future: most often an `await`, which hands in V8's own two functions.
 *
 * It is also what `then` returns. `await` ignores that, and a promise would be made for nothing
 * each time; so this is a promise only by type, and makes a real one when somebody chains on it.
 *
 * In a task, it is what the task waits on: the place where a cancel is delivered.
 *
 *             the future is done, or its turn has come
 *   waiting ───────────────────────────────────────────▶ delivered
 */
export class Awaiter implements Runnable {
  readonly #future: Future<unknown>;
  readonly #onFulfilled: OnFulfilled;
  readonly #onRejected: OnRejected;
  /** The task that awaits, if it is one that does. */
  readonly #task: Task<unknown> | undefined;
  /** What came of it: only told to those who chain. */
  #outcome: { readonly threw: boolean; readonly value: unknown } | undefined;
  /** The promise for those who chain. */
  #chain: PromiseWithResolvers | undefined;

  /** @internal */
  constructor(
    future: Future<never> | Future<unknown>,
    onFulfilled: OnFulfilled,
    onRejected: OnRejected,
    task: Task<unknown> | undefined,
  ) {
    this.#future = future as Future<unknown>;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
    this.#task = task;
  }

  /** @internal what is awaited */
  get _future(): Future<unknown> {
    return this.#future;
  }

  /** @internal whom it wakes: the task, or else the future, to those who only ask by `then` */
  get _subject(): Future<unknown> {
    return this.#task ?? this.#future;
  }

  /** @internal its turn has come: the future is done */
  _run(): void {
    const task = this.#task;
    if (task !== undefined) {
      task._leave(this);
      if (task._mustCancel) {
        this.#future._see();
        this.#reject(task._takeCancel(this.#future));
        return;
      }
    }
    this.#deliver();
  }

  /**
   * @internal the future was done when it was asked: no turn passes, and no cancel is delivered
   *
   * A microtask passes, for a promise never calls back from inside `then`. `await` would not mind,
   * but cannot be told from others.
   */
  _deliverDone(): void {
    void settled.then(() => this.#deliver());
  }

  /** @internal what is awaited cannot be */
  _refuse(error: Error): void {
    void settled.then(() => this.#reject(error));
  }

  /** @internal how it prints among the callbacks of its future */
  _form(): string {
    return this.#task === undefined ? 'then()' : 'Task.task_wakeup()';
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for the promise that `then` returns
  then(onFulfilled: OnFulfilled, onRejected: OnRejected): Promise<unknown> {
    return this.#promise().then(onFulfilled as (value: unknown) => unknown, onRejected);
  }

  catch(onRejected: OnRejected): Promise<unknown> {
    return this.#promise().catch(onRejected);
  }

  finally(onFinally: (() => void) | null | undefined): Promise<unknown> {
    return this.#promise().finally(onFinally);
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  #deliver(): void {
    const future = this.#future;
    if (future._state === 'cancelled') this.#reject(future._makeCancelledError());
    else if (future._failed) {
      if (typeof this.#onRejected === 'function' || this.#chain !== undefined) future._see();
      this.#reject(future._outcome());
    } else this.#fulfil(future._outcome());
  }

  #fulfil(value: unknown): void {
    if (typeof this.#onFulfilled === 'function')
      this.#call(this.#onFulfilled as (value: unknown) => unknown, value);
    else this.#settle(false, value);
  }

  #reject(reason: CancelledError | unknown): void {
    if (typeof this.#onRejected === 'function') this.#call(this.#onRejected, reason);
    else this.#settle(true, reason);
  }

  #call(callback: (value: unknown) => unknown, value: unknown): void {
    let result: unknown;
    try {
      result = callback(value);
    } catch (error) {
      // The user's own callback threw. Nobody else can tell, so this becomes a real promise,
      // for whose rejections Node has its own rules.
      this.#settle(true, error);
      this.#promise();
      return;
    }
    if (this.#chain !== undefined || result !== undefined) this.#settle(false, result);
    else this.#outcome = FULFILLED_WITH_NOTHING;
  }

  #settle(threw: boolean, value: unknown): void {
    this.#outcome = { threw, value };
    if (this.#chain === undefined) return;
    if (threw) this.#chain.reject(value);
    else this.#chain.resolve(value);
  }

  #promise(): Promise<unknown> {
    if (this.#chain === undefined) {
      const chain = {} as PromiseWithResolvers;
      chain.promise = new Promise((resolve, reject) => {
        chain.resolve = resolve;
        chain.reject = reject;
      });
      this.#chain = chain;
      const outcome = this.#outcome;
      if (outcome?.threw) {
        this.#future._see();
        chain.reject(outcome.value);
      } else if (outcome !== undefined) chain.resolve(outcome.value);
    }
    return this.#chain.promise;
  }
}

/** Whoever is to be told a microtask from now, hangs on this. */
const settled = Promise.resolve();

const FULFILLED_WITH_NOTHING = { threw: false, value: undefined };

interface PromiseWithResolvers {
  promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}
