/** What an {@link Executor} gives for a call: a promise of what comes of it. */
export interface Submitted<T> extends PromiseLike<T> {
  /**
   * Takes the call back, if it has not begun. Whoever has no use for that leaves it out.
   *
   * @returns was it taken back? A call that runs is never interrupted
   */
  cancel?(): boolean;
}

/**
 * Calls functions elsewhere, beside the loop: what `loop.runInExecutor()` takes.
 *
 * @see Python's `Executor`,
 *   https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor
 */
export interface Executor {
  /** Has `callback` called with `args`, elsewhere. */
  submit<A extends unknown[], T>(callback: ThreadCallable<A, T>, ...args: A): Submitted<Awaited<T>>;
}

/** What can be called in another thread: see {@link ModuleFunction} for the two forms. */
export type ThreadCallable<A extends unknown[], T> = ((...args: A) => T) | ModuleFunction<A, T>;

/**
 * A function that a module exports, named without being loaded: another thread loads it.
 *
 * This is the form for everything that needs more than its own text: a Node thread shares
 * neither functions nor variables with the others, and a function that is handed to one goes as its
 * source text alone. What it refers to is looked up there, where only globals are.
 */
export class ModuleFunction<A extends unknown[] = unknown[], T = unknown> {
  /** Where the module is. */
  readonly url: string;
  /** What it exports the function as. */
  readonly name: string;
  /** Only for types: what the function takes and gives. */
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
