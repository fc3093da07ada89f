import type { LoopCore } from '../turns/loop-core.ts';
import { Awaiter } from './awaiter.ts';
import { Future } from './future.ts';

/**
 * A future that the library itself finishes. `sleep()`, `sockRecv()` and the like return one where
 * asyncio has coroutines. So a task can be created from it, as in asyncio.
 */
export class Operation<T> extends Future<T> {
  /** Only for the compiler, which would otherwise accept any future. */
  declare protected readonly _ours: true;

  // Needed for speed: otherwise V8 searches for a class with a constructor each time.
  constructor(options: { readonly loop: LoopCore }) {
    super(options);
  }

  /** @internal the task that awaits it, because that is what runs in our turn */
  get _subject(): unknown {
    const awaiter = this._listEntries().find((entry) => entry instanceof Awaiter);
    return awaiter?._subject ?? this;
  }

  /** @internal the printed form shows its public name */
  override get _kind(): string {
    return 'Future';
  }
}
