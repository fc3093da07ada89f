import type { LoopCore } from '../turns/loop-core.ts';
import type { Runnable } from '../turns/ready-entry.ts';
import { NativeOperation } from './native-operation.ts';
import { awaitedNatively } from './native-promise.ts';
import type { WaitDescription } from './wait-description.ts';

/**
 * One turn of the loop: an `await` of it resumes in the next turn. The counterpart of asyncio's
 * bare `yield`, and of `sleep(0)`.
 *
 * Its own entry in the queue resumes its awaiters, done or cancelled: separate entries would cost a
 * second turn.
 */
export class Turn<T> extends NativeOperation<T> implements Runnable {
  static {
    awaitedNatively(this);
    Object.assign(this.prototype, { _comesAnyhow: true });
  }

  readonly #given: T;

  /** @param given - the result of an `await` */
  constructor(loop: LoopCore, given: T) {
    super(loop);
    this.#given = given;
    loop._turns.soon(this);
  }

  /** @internal another one: for a task created from this one, which waits when it runs itself */
  _again(): Turn<T> {
    return new Turn(this._loop, this.#given);
  }

  /** @internal its turn */
  _run(): void {
    if (this._state === 'pending') this._finish(this.#given);
    this._tellNow();
  }

  /** @internal */
  override _describe(): WaitDescription {
    return { operation: 'sleep', detail: 'until the next turn' };
  }

  /** @internal waits for its turn */
  override _tell(): void {}
}
