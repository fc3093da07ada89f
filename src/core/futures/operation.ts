import type { LoopCore } from '../turns/loop-core.ts';
import { Awaiter } from './awaiter.ts';
import { Future } from './future.ts';

/**
 * A future that the library itself makes done: what `sleep()`, `sockRecv()` and the like return,
 * where asyncio has coroutines. So a task can be made of it, as there.
 */
export class Operation<T> extends Future<T> {
  // It is needed: V8 looks for the next class that has one, each time that it makes an object.
  constructor(options: { readonly loop: LoopCore }) {
    super(options);
  }

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
