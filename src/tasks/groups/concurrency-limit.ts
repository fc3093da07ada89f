import { checkWhole } from '../../base/numbers.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';

/** Limits how many run at a time. */
export interface Limited {
  /**
   * The most coroutines and functions that run at a time: an integer >= 1; by default no
   * limit.
   */
  readonly limit?: number | undefined;
}

/**
 * Limits how many task bodies run at a time; they start in order.
 *
 * A slot is passed on to the first waiting body. If that has been cancelled, it passes the slot on.
 */
export class Slots {
  readonly #limit: number;
  #free: number;
  readonly #waiting = new Set<Future<void>>();

  private constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /**
   * @returns `undefined` if there is no limit
   * @throws {TypeError} when `limit` is not a number
   * @throws {RangeError} when it is not an integer >= 1
   */
  static of(limit: number | undefined): Slots | undefined {
    if (limit === undefined) return undefined;
    checkWhole(limit, 1, Number.POSITIVE_INFINITY, 'limit');
    return new Slots(limit);
  }

  /**
   * A body that first waits for a slot. A future or promise, which is already running, is returned
   * unchanged.
   */
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
      // A turn later, so that a group that is cancelled because of this failure starts no other
      // body.
      if (!loop.isClosed()) loop.callSoon(() => this.#leave());
      throw error;
    }
    this.#leave();
    return result;
  }

  async #turn(loop: LoopCore): Promise<void> {
    const turn: Future<void> = describeAs(
      new Future<void>(loop._asOption),
      'limit',
      undefined,
      () => ({
        detail: `${this.#limit} at a time, ${[...this.#waiting].indexOf(turn)} before it`,
      }),
    );
    this.#waiting.add(turn);
    try {
      await turn;
    } catch (error) {
      // It was cancelled when it already had its slot.
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

/** A coroutine that first waits for a slot; it is closed if it never gets one. */
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
