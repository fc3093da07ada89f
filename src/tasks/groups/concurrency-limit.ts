import { checkWhole } from '../../base/numbers.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';

/** How many may run at a time. */
export interface Limited {
  /** The most coroutines and functions that run at a time: a whole number from 1; by default no limit. */
  readonly limit?: number | undefined;
}

/**
 * Lets so many bodies of tasks run at a time, in the order in which they came.
 *
 * A slot goes from the one that leaves it to the first that waits; one that is cancelled by then passes
 * it on.
 */
export class Slots {
  #free: number;
  readonly #waiting = new Set<Future<void>>();

  private constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * @returns `undefined` where there is no limit
   * @throws {TypeError} when `limit` is not a number
   * @throws {RangeError} when it is not a whole number from 1
   */
  static of(limit: number | undefined): Slots | undefined {
    if (limit === undefined) return undefined;
    checkWhole(limit, 1, Number.POSITIVE_INFINITY, 'limit');
    return new Slots(limit);
  }

  /** A body that waits for a slot first. What runs already, a future or a promise, is returned as it is. */
  limited<B>(body: B): B {
    if (body instanceof Coroutine) return new LimitedBody(this, body) as unknown as B;
    if (typeof body !== 'function' || isThenable(body)) return body;
    const call = (): unknown => this._run(body as unknown as () => unknown);
    return Object.defineProperty(call, 'name', { value: body.name }) as unknown as B;
  }

  /** @internal */
  async _run<T>(body: () => T): Promise<Awaited<T>> {
    const loop = requireRunningLoop();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(loop);
    let result: Awaited<T>;
    try {
      result = await body();
    } catch (error) {
      // A turn later: a group that is cancelled for the failure begins no other.
      if (!loop.isClosed()) loop.callSoon(() => this.#leave());
      throw error;
    }
    this.#leave();
    return result;
  }

  async #turn(loop: LoopCore): Promise<void> {
    const turn = new Future<void>(loop._asOption);
    this.#waiting.add(turn);
    try {
      await turn;
    } catch (error) {
      // Cancelled when it had its slot already.
      if (!this.#waiting.delete(turn)) this.#leave();
      throw error;
    }
  }

  #leave(): void {
    for (const turn of this.#waiting) {
      this.#waiting.delete(turn);
      if (turn.done()) continue;
      turn._finish();
      return;
    }
    this.#free += 1;
  }
}

/** A coroutine that waits for a slot first; it is closed if it never gets one. */
class LimitedBody<T> extends Coroutine<T> {
  readonly #body: Coroutine<T>;

  constructor(slots: Slots, body: Coroutine<T>) {
    const run = async (): Promise<T> => {
      try {
        return await slots._run(() => body._begin());
      } finally {
        body.close();
      }
    };
    super(run, body.name, body._site);
    this.#body = body;
  }

  override close(): void {
    this.#body.close();
    super.close();
  }
}
