import { checkFunction } from '../base/check-types.ts';

/** The pending result of a call of an {@link Executor}. */
export interface Submitted<T> extends PromiseLike<T> {
  /**
   * Drops the call, if it has not started. Optional.
   *
   * @returns whether it was dropped; a running call is interrupted only if it is {@link terminable}
   */
  cancel?(): boolean;
  /** @internal describes whether it runs or waits for a thread */
  _progress?(): string;
}

/**
 * Calls functions outside the loop; for `loop.runInExecutor()`.
 *
 * @see Python's `Executor`,
 *   https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor
 */
export interface Executor {
  /** Calls `callback` with `args`. */
  submit<A extends unknown[], T>(callback: ThreadCallable<A, T>, ...args: A): Submitted<Awaited<T>>;
}

/** What can be called in another thread; see {@link ModuleFunction} for the two forms. */
export type ThreadCallable<A extends unknown[], T> =
  | ((...args: A) => T)
  | ModuleFunction<A, T>
  | TerminableFunction<A, T>;

/**
 * A function exported by a module. It is only named here; the thread loads it.
 *
 * Use it for functions that need more than their own source text. Node's threads share neither
 * functions nor variables, so a plain function is sent as its source text, and can only refer to
 * globals.
 */
export class ModuleFunction<A extends unknown[] = unknown[], T = unknown> {
  /** The URL of the module. */
  readonly url: string;
  /** The name of the export. */
  readonly name: string;
  /** Only for types: the function's parameters and result. */
  declare readonly signature: (...args: A) => T;

  /** @internal created by {@link moduleFunction} */
  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  /** `<function NAME of URL>` */
  toString(): string {
    return `<function ${this.name} of ${this.url}>`;
  }
}

/** A function whose running calls can be cancelled; see {@link terminable}. */
export class TerminableFunction<A extends unknown[] = unknown[], T = unknown> {
  /** The function. */
  readonly callback: ((...args: A) => T) | ModuleFunction<A, T>;

  /** @internal created by {@link terminable} */
  constructor(callback: ((...args: A) => T) | ModuleFunction<A, T>) {
    this.callback = callback;
  }
}

/**
 * Makes cancelling a call terminate its thread. No `finally` blocks run there.
 *
 * @param callback - a function for `toThread()`, `loop.runInExecutor()` or
 *   {@link ThreadPoolExecutor.submit}
 * @throws {TypeError} when it is not a function
 */
export function terminable<A extends unknown[], T>(
  callback: ((...args: A) => T) | ModuleFunction<A, T>,
): TerminableFunction<A, T> {
  if (!(callback instanceof ModuleFunction)) checkFunction(callback, 'callback');
  return new TerminableFunction(callback);
}
