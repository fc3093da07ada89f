import { Awaiter } from './awaiter.ts';
import { Future } from './future.ts';
import type { LoopCore } from './loop-core.ts';
import type { Runnable } from './runnable.ts';

/**
 * A future that the library itself makes done: what `sleep()`, `sockRecv()` and the like return,
 * where asyncio has coroutines. So a task can be made of it, as there.
 */
export class Operation<T> extends Future<T> {
  /** @internal the task that awaits it, for it is that which a turn of ours runs */
  get _subject(): unknown {
    const awaiter = this._listEntries().find((entry) => entry instanceof Awaiter);
    return awaiter?._subject ?? this;
  }

  /** @internal it prints as what it is to a user */
  override get _kind(): string {
    return 'Future';
  }
}

/**
 * One turn of the loop: an `await` of it goes on in the next one. What a bare `yield` is to
 * asyncio's tasks, and `sleep(0)`.
 *
 * Its own entry in the queue tells those who wait, done or cancelled: telling them by entries of
 * their own would cost a second turn.
 */
export class Turn<T> extends Operation<T> implements Runnable {
  readonly #given: T;

  /** @param given - what an `await` gives */
  constructor(loop: LoopCore, given: T) {
    super(loop._asOption);
    this.#given = given;
    loop._turns.soon(this);
  }

  /** @internal another one: for a task that is made of this one, and waits when it runs itself */
  _again(): Turn<T> {
    return new Turn(this._loop, this.#given);
  }

  /** @internal its turn has come */
  _run(): void {
    if (this._state === 'pending') this._finish(this.#given);
    this._tellNow();
  }

  /** @internal not before its turn */
  override _tell(): void {}
}
