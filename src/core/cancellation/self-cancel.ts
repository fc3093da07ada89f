import { currentScope } from '../context/context.ts';
import { carryOn } from '../context/promise-hooks.ts';
import type { CancelRequest, Waiting } from '../futures/awaiter.ts';
import { CancelScope, cancelAwait } from './cancel-scope.ts';
import { Cancel } from './kept/cancel.ts';
import { CancelPath } from './kept/cancel-path.ts';

/**
 * Cancels `scope`. If the code that calls this is part of the scope, its own next `await` throws, too, or that of the
 * functions that wait for it.
 *
 * @param message - the message of the error
 */
export function cancelScope(scope: CancelScope, message?: string): void {
  const carried = currentScope() as CancelScope | undefined;
  const current = carried?._awaitsIn;
  const isOwn = current instanceof CancelScope && current._isWithin(scope);
  const cancel = new Cancel(scope, message, isOwn);
  if (!scope._cancel(cancel) || !isOwn) return;
  const path = CancelPath.ofNow();
  carryOn(new CancelledCode(carried as CancelScope, scope, cancel));
  if (path !== undefined) cancel._deferTo(path, current, 'itself');
}

/**
 * The scope of code that has cancelled its own task while other code of the task waits: the cancel is thrown
 * at the next `await` of this code, not at that of other code, unless it is withdrawn before.
 *
 * It follows only the running function. The cancel is kept from those that wait for it (`kept/`).
 */
class CancelledCode extends CancelScope {
  readonly #cancelled: CancelScope;
  /** Unset when it is thrown. */
  #cancel: CancelRequest | undefined;

  constructor(scope: CancelScope, cancelled: CancelScope, cancel: CancelRequest) {
    super(undefined);
    this._parent = scope;
    this.#cancelled = cancelled;
    this.#cancel = cancel;
  }

  get #within(): CancelScope {
    return (this._parent as CancelScope)._awaitsIn;
  }

  get #isDue(): boolean {
    return this.#cancel !== undefined && this.#cancelled._requests > 0;
  }

  override get _awaitsIn(): CancelScope {
    return this.#isDue ? this : this.#within;
  }

  override _enter(awaiter: Waiting): void {
    const cancel = this.#take();
    const scope = this.#within;
    awaiter._scope = scope;
    scope._enter(awaiter);
    if (cancel !== undefined) cancelAwait(awaiter, cancel);
  }

  override _openBelow(scope: CancelScope): void {
    const cancel = scope._isShielded ? undefined : this.#take();
    this.#within._openBelow(scope);
    if (cancel !== undefined) scope._pend(cancel);
  }

  #take(): CancelRequest | undefined {
    const cancel = this.#isDue ? this.#cancel : undefined;
    this.#cancel = undefined;
    return cancel;
  }
}
