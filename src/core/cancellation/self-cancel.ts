import { currentScope } from '../context/context.ts';
import { carryOn } from '../context/promise-hooks.ts';
import type { CancelRequest, Waiting } from '../futures/awaiter.ts';
import { CancelScope, cancelAwait } from './cancel-scope.ts';
import { Cancel } from './kept/cancel.ts';

/**
 * Cancels `scope`. If the code that calls this is part of the scope, its own next `await` throws, too.
 *
 * @param message - the message of the error
 */
export function cancelScope(scope: CancelScope, message?: string): void {
  const current = currentScope()?._awaitsIn;
  const isOwn = current instanceof CancelScope && current._isWithin(scope);
  const cancel = new Cancel(scope, message, isOwn);
  if (scope._cancel(cancel) && isOwn) carryOn(new CancelledCode(current, cancel));
}

/**
 * The scope of code that has cancelled its own task while other code of the task waits: the cancel is thrown
 * at the next `await` of this code, not at that of other code.
 */
class CancelledCode extends CancelScope {
  /** Unset when it is thrown. */
  #cancel: CancelRequest | undefined;

  constructor(scope: CancelScope, cancel: CancelRequest) {
    super(undefined);
    this._parent = scope;
    this.#cancel = cancel;
  }

  get #within(): CancelScope {
    return (this._parent as CancelScope)._awaitsIn;
  }

  override get _awaitsIn(): CancelScope {
    return this.#cancel === undefined ? this.#within : this;
  }

  override _enter(awaiter: Waiting): void {
    const cancel = this.#cancel as CancelRequest;
    const scope = this.#within;
    this.#cancel = undefined;
    awaiter._scope = scope;
    scope._enter(awaiter);
    cancelAwait(awaiter, cancel);
  }

  override _openBelow(scope: CancelScope): void {
    this.#within._openBelow(scope);
    if (this.#cancel !== undefined) scope._pend(this.#cancel);
    this.#cancel = undefined;
  }
}
