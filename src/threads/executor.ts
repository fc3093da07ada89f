import { checkFunction } from '../base/check-function.ts';

/** The result of a call of an {@link Executor}: a promise of the outcome. */
export interface Submitted<T> extends PromiseLike<T> {
  /**
   * Drops the call, if it has not started. Optional.
   *
   * @returns was it dropped? A running call is interrupted only if it is {@link terminable}
   */
  cancel?(): boolean;
}

/**
 * Calls functions outside the loop: the executor that `loop.runInExecutor()` takes.
 *
 * @see Python's `Executor`,
 *   https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor
 */
export interface Executor {
  /** Calls `callback` with `args` elsewhere. */
  submit<A extends unknown[], T>(callback: ThreadCallable<A, T>, ...args: A): Submitted<Awaited<T>>;
}

/** What can be called in another thread: see {@link ModuleFunction} for the two forms. */
export type ThreadCallable<A extends unknown[], T> =
  | ((...args: A) => T)
  | ModuleFunction<A, T>
  | TerminableFunction<A, T>;

/**
 * A function that a module exports, named but not loaded here: the thread loads it.
 *
 * This is the form for everything that needs more than its own text: a Node thread shares
 * neither functions nor variables with others, and a function is sent to it as its
 * source text alone. There it can refer only to globals.
 */
export class ModuleFunction<A extends unknown[] = unknown[], T = unknown> {
  /** Where the module is. */
  readonly url: string;
  /** The name of the export. */
  readonly name: string;
  /** Only for types: the function's parameters and result. */
  declare readonly signature: (...args: A) => T;

  /** @internal made by {@link moduleFunction} */
  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  /** `<function NAME of URL>` */
  toString(): string {
    return `<function ${this.name} of ${this.url}>`;
  }
}

/** A function whose calls are stopped when they are cancelled: see {@link terminable}. */
export class TerminableFunction<A extends unknown[] = unknown[], T = unknown> {
  /** What is called. */
  readonly callback: ((...args: A) => T) | ModuleFunction<A, T>;

  /** @internal made by {@link terminable} */
  constructor(callback: ((...args: A) => T) | ModuleFunction<A, T>) {
    this.callback = callback;
  }
}

/**
 * Has a cancel of a call in a thread terminate the thread: no `finally` block runs there.
 *
 * @param callback - a function for `toThread()`, `loop.runInExecutor()` or {@link ThreadPoolExecutor.submit}
 * @throws {TypeError} when it is none
 */
export function terminable<A extends unknown[], T>(
  callback: ((...args: A) => T) | ModuleFunction<A, T>,
): TerminableFunction<A, T> {
  if (!(callback instanceof ModuleFunction)) checkFunction(callback, 'callback');
  return new TerminableFunction(callback);
}
