import type { AwaitingScope, CancelRequest, Waiting } from '../../futures/awaiter.ts';
import { CancelPath } from './cancel-path.ts';

/**
 * What keeps a cancel from the code that waits: a combinator such as `Promise.allSettled()`, which turns it into
 * a result; a shield, which holds it back; an error that is thrown instead; or `itself`: it was that code, or a
 * function that it called, that cancelled its task.
 */
export type Keeper = 'combinator' | 'shield' | 'error' | 'itself';

/** What a cancel needs from the scope that it cancels. */
export interface CancelledScope {
  /** `cancel` is thrown to the code of `path`, in `scope`. */
  _see(cancel: Cancel, path: CancelPath, scope: AwaitingScope): void;
  /** `keeper` keeps `cancel` from the code of `path`, in `scope`. */
  _defer(cancel: Cancel, path: CancelPath | undefined, scope: AwaitingScope, keeper: Keeper): void;
}

/** One cancel of a scope. */
export class Cancel implements CancelRequest {
  readonly message: string | undefined;
  /** @internal the scope that it cancels */
  readonly _scope: CancelledScope;
  /** @internal where it was thrown and not kept */
  readonly _seen: CancelPath[] = [];
  /** @internal was it thrown to the end of the scope's body, or kept from it? */
  _reachesBody = false;
  /** @internal did a combinator receive it through the signal, but no code yet? */
  _isKept = false;
  /** The functions above each `await` that it was sent to, if there are several. */
  #paths: Map<Waiting, CancelPath> | undefined;

  /** @internal was it made by code of the scope? */
  readonly _isOwn: boolean;

  constructor(scope: CancelledScope, message?: string, isOwn = false) {
    this._scope = scope;
    this.message = message;
    this._isOwn = isOwn;
  }

  /**
   * @internal records the functions above each of several `await`s, before the cancel is thrown into any
   *
   * Once one branch of a `Promise.all()` has failed, V8 shows nothing above the others, and branches that
   * look alike could not be told apart.
   */
  _notePaths(awaiters: readonly Waiting[]): void {
    const paths = new Map<Waiting, CancelPath>();
    this.#paths = paths;
    for (const awaiter of awaiters)
      awaiter._showWaiting((frames) => void paths.set(awaiter, CancelPath.of(frames)));
  }

  /** @internal see {@link CancelledScope._defer} */
  _deferTo(path: CancelPath | undefined, scope: AwaitingScope, keeper: Keeper): void {
    this._scope._defer(this, path, scope, keeper);
  }

  _thrown(frames: readonly NodeJS.CallSite[], scope: AwaitingScope, awaiter: Waiting): void {
    this._see(this.#paths?.get(awaiter) ?? CancelPath.of(frames), scope);
  }

  /** @internal see {@link CancelledScope._see} */
  _see(path: CancelPath, scope: AwaitingScope): void {
    this._scope._see(this, path, scope);
  }
}

/** Cancels of several scopes that one `await` throws as one error. */
class Cancels implements CancelRequest {
  readonly all: readonly Cancel[];

  constructor(all: readonly Cancel[]) {
    this.all = all;
  }

  get message(): string | undefined {
    return this.all.find(({ message }) => message !== undefined)?.message;
  }

  _thrown(frames: readonly NodeJS.CallSite[], scope: AwaitingScope, awaiter: Waiting): void {
    for (const cancel of this.all) cancel._thrown(frames, scope, awaiter);
  }
}

/** Combines both cancels. Of those of one scope, only the last counts. */
export function together(one: CancelRequest | undefined, other: CancelRequest): CancelRequest {
  if (one === undefined) return other;
  const last = cancelsIn(other);
  const before = cancelsIn(one).filter(
    (cancel) => !last.some(({ _scope }) => _scope === cancel._scope),
  );
  return before.length === 0 ? other : new Cancels([...before, ...last]);
}

/** The cancels in `request`. */
export function cancelsIn(request: CancelRequest | undefined): readonly Cancel[] {
  if (request === undefined) return [];
  return request instanceof Cancels ? request.all : [request as Cancel];
}
