import type { Operation } from './linearizable.ts';

/** The minimum time between two calls or returns, so that their order is known, in seconds. */
const APART = 1e-9;

/** Records the operations of a simulation's clients: see `world.history()`. */
export class History<Call> {
  /** @internal */
  readonly _operations: Operation<Call>[] = [];
  readonly #now: () => number;
  readonly #host: () => string | undefined;
  #last = 0;

  /** @internal */
  constructor(now: () => number, host: () => string | undefined) {
    this.#now = now;
    this.#host = host;
  }

  /** The operations so far, in the order of their calls. */
  get operations(): readonly Operation<Call>[] {
    return this._operations;
  }

  /**
   * Runs an operation, and records it. If `body` throws or does not return, it may or may not have taken effect.
   *
   * @param key - the object that it is for
   * @param call - the operation, as passed to the model
   * @returns what `body` returns
   */
  async record<T>(key: string, call: Call, body: () => PromiseLike<T>): Promise<T> {
    const at = this._operations.length;
    const called: Operation<Call> = { call, begin: this.#instant(), key, by: this.#host() };
    this._operations.push(called);
    const output = await body();
    this._operations[at] = { ...called, end: this.#instant(), output };
    return output;
  }

  #instant(): number {
    this.#last = Math.max(this.#now(), this.#last + APART);
    return this.#last;
  }
}
