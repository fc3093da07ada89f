import type { Operation } from './linearizable.ts';

/** The least time between two calls or returns, so that their order is known, in seconds. */
const APART = 1e-9;

/** The operations that the clients of a simulation made: see `world.history()`. */
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
   * Makes an operation, and records it. If `body` throws, or does not return, nobody knows whether it happened.
   *
   * @param key - which object it is for
   * @param call - what the model is given
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
