import { CancelledError } from '../../base/errors/errors.ts';
import { nextTick } from '../../base/node-timers.ts';
import { outside } from '../context/async-context.ts';
import { type Context, currentScope, Scope } from '../context/context.ts';
import {
  carryOn,
  onBefore,
  onNext,
  putAside,
  putBack,
  watchBefore,
} from '../context/promise-hooks.ts';
import type { AwaitingScope, AwaitingTask, CancelRequest, Waiting } from '../futures/awaiter.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { CancelSignal } from './cancel-signal.ts';
import { Cancel, type CancelledScope, cancelsIn, type Keeper, together } from './kept/cancel.ts';
import { CancelPath } from './kept/cancel-path.ts';
import {
  type KeepingScope,
  type KeptCancels,
  keep,
  keptHere,
  noteSeen,
  takeKept,
  unkeep,
  unkeepHere,
} from './kept/kept-cancels.ts';

/**
 * The unit of cancellation: a task, or part of one that has a limit.
 *
 * Each task has a root scope (`root-scope.ts`). `timeout()`, a `signal` and the body of a
 * `taskGroup()` open another below the current one (`limit.ts`). Scopes follow every `await`, so
 * each of our `await`s belongs to the scope in which it began, and each branch of a task (in a
 * `Promise.all()`, or a call that is not awaited) stays in its own.
 *
 * A cancel of a scope reaches every `await` in it and below it, and those that begin before the first of them
 * has its turn: their code was running, or waited for a foreign promise.
 *
 *                         cancel()
 *   open ────────────────────────────────────────────▶ pending
 *    ▲                                                    │
 *    └────────────────────────────────────────────────────┘
 *      an `await` that it was sent to has its turn; or an awaited promise has
 *      thrown the cancel to code, because it received it through the signal
 *
 * The awaited object itself is cancelled: it may be a task, and ignore the cancel. If it is a
 * future that is done already, its `await` throws when its turn comes.
 *
 * A combinator may keep a cancel from the code that waits for it (`kept/`), and a shield holds it
 * back until its body has ended. Then the next `await` of that code throws it, and no other. If
 * that is an `await` of a foreign promise, it throws once the promise is settled
 * (`kept/interrupted-await.ts`):
 *
 *            a combinator keeps it                  the next `await` begins
 *   sent ─────────────────────────────────▶ kept ───────────────────────────▶ thrown
 *     │                                      ▲                                  ▲
 *     │ a shield is in the way               │ its body ends                    │
 *     ├──────────────────────────────▶ deferred                                 │
 *     └─────────────────────────────────────────────────────────────────────────┘
 *
 * When the body of a scope ends, its parent takes over what still awaits in it: calls that are not
 * awaited, or the losers of a race.
 */
export class CancelScope extends Scope implements AwaitingScope, CancelledScope, KeepingScope {
  /** The pending awaits in this scope, in order. */
  private _awaits: Waiting | Waiting[] | undefined = undefined;

  // Rarely set fields have their default in the prototype, to keep tasks small.

  /** @internal the parent scope; none for the root of a task */
  declare _parent: CancelScope | undefined;
  /** The scope that has taken over the `await`s of this one, once its body has ended. */
  declare protected _passesTo: CancelScope | undefined;
  /** Open child scopes. */
  declare private _children: Set<CancelScope> | undefined;
  /** The cancel that no code has seen yet. */
  declare private _pending: CancelRequest | undefined;
  /** @internal cancels that were kept from code in this scope */
  declare _kept: KeptCancels | undefined;
  /** @internal in the root: how many scopes of the task have pending or kept cancels */
  declare _pendings: number;
  /** @internal in the root: a cancel seen by code that the body may not wait for, and not yet by the body */
  declare _missed: Cancel | undefined;
  /** In the root: called when an `await` or a shield has ended. */
  declare private _watchers: Set<() => void> | undefined;
  /** @internal how many cancels of it have not been withdrawn */
  declare _requests: number;
  /** @internal does a cancel from above stop here? */
  declare _isShielded: boolean;
  /** @internal cancels from above, for the code after the shield */
  declare _deferred: CancelRequest | undefined;
  declare private _cancelSignal: CancelSignal | undefined;
  /** Set when the body is abandoned: the next `await` of each branch that waited then throws. */
  declare private _abandoned: Abandonment | undefined;
  /** @internal the branch of an abandoned body that opened this limit before it saw the cancel */
  declare _leftBranch: LeftBranch | undefined;

  static {
    onBefore((scope, awaited) => {
      if (!(scope instanceof CancelScope)) return;
      entered = undefined;
      const within = scope._awaitsIn;
      const abandoned = scope._abandoned ?? within._abandoned;
      let left: LeftBranch | undefined;
      if (scope instanceof LeftBranch) scope._goesOnLeft();
      else if (abandoned !== undefined) {
        left = new LeftBranch(scope, abandoned);
        carryOn(left);
      }
      const { _pendings, _missed } = within._root;
      if (awaited !== undefined && (_pendings > 0 || _missed !== undefined || left !== undefined))
        within._goesOn(awaited, left);
    });
    Object.assign(this.prototype, {
      _parent: undefined,
      _passesTo: undefined,
      _children: undefined,
      _pending: undefined,
      _kept: undefined,
      _pendings: 0,
      _missed: undefined,
      _watchers: undefined,
      _requests: 0,
      _isShielded: false,
      _deferred: undefined,
      _cancelSignal: undefined,
      _abandoned: undefined,
      _leftBranch: undefined,
    });
  }

  // Needed for speed: otherwise V8 searches for a class with a constructor each time.
  constructor(context: Context | undefined) {
    super(context);
  }

  /** @internal the scope of the whole task */
  get _root(): CancelScope {
    let scope: CancelScope = this;
    while (scope._parent !== undefined) scope = scope._parent;
    return scope;
  }

  override get task(): AwaitingTask | undefined {
    return this._root.task;
  }

  override get context(): Context {
    return super._contextSoFar ?? this._parent?.context ?? super.context;
  }

  /** @internal */
  override get _contextSoFar(): Context | undefined {
    return super._contextSoFar ?? this._parent?._contextSoFar;
  }

  override get _awaitsIn(): CancelScope {
    let scope: CancelScope = this;
    while (scope._passesTo !== undefined) scope = scope._passesTo;
    return scope;
  }

  override _with(context: Context): Scope {
    const scope = new CancelScope(context);
    scope._passesTo = this._awaitsIn;
    scope._parent = scope._passesTo;
    return scope;
  }

  /**
   * @internal aborted when this scope or one above it is cancelled; a new signal once all cancels have
   * been withdrawn
   */
  get _signal(): AbortSignal {
    if (this._cancelSignal === undefined) {
      this._cancelSignal = new CancelSignal(this._root);
      for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
        if (scope._requests > 0) this._cancelSignal.abort(scope._pending?.message);
    }
    return this._cancelSignal.signal;
  }

  /** @internal does a cancel wait for the next `await`, because none of ours is pending? */
  get _isPending(): boolean {
    return this._pending !== undefined && !this._isAwaiting;
  }

  // ── pending awaits ────────────────────────────────────────────────────────────────────────────

  /** @internal an `await` of something that is not done begins in this scope */
  _enter(awaiter: Waiting): void {
    this._add(awaiter);
    if (this._root._pendings > 0) this._throwPending(awaiter, takeKept(this));
    if (areBranchesLeft) {
      const carried = currentScope();
      if (carried instanceof LeftBranch) carried._throwTo(awaiter);
    }
  }

  private _add(awaiter: Waiting): void {
    const awaits = this._awaits;
    if (awaits === undefined) this._awaits = awaiter;
    else if (Array.isArray(awaits)) awaits.push(awaiter);
    else this._awaits = [awaits, awaiter];
  }

  /** @internal `awaiter`, which has entered, has its turn */
  _leave(awaiter: Waiting): void {
    const awaits = this._awaits;
    if (awaits === awaiter) this._awaits = undefined;
    else if (Array.isArray(awaits)) {
      // It is usually the last one: losers of a race stay long, and are at the front.
      const at = awaits.lastIndexOf(awaiter);
      if (at >= 0) awaits.splice(at, 1);
      if (awaits.length === 0) this._awaits = undefined;
    }
    const { _watchers: watchers, _pendings: pendings } = this._root;
    if (pendings > 0) this._isDelivered(cancelsIn(awaiter._mustCancel ?? awaiter._cancelled));
    if (watchers !== undefined) this._tellWatchers();
  }

  protected _tellWatchers(): void {
    for (const tell of this._root._watchers ?? []) tell();
  }

  /** @internal see {@link AwaitingScope} */
  _goesOnAlone(awaiter: Waiting): void {
    this._root._goesOnAlone(awaiter);
  }

  override _needsLoop(): LoopCore | undefined {
    const loop = this._loop;
    if (loop === undefined) return undefined;
    if (loop._wake()) return loop;
    if (this.task !== undefined && !loop.isClosed()) return undefined;
    throw new CancelledError();
  }

  override get _loop(): LoopCore | undefined {
    return this._root._ownLoop;
  }

  /** @internal the loop of the task, even when the task is done */
  get _ownLoop(): LoopCore | undefined {
    return undefined;
  }

  /** @internal does anything await here or below? */
  get _isAwaiting(): boolean {
    if (this._awaits !== undefined) return true;
    for (const child of this._children ?? []) if (child._isAwaiting) return true;
    return false;
  }

  /** @internal what awaits here and below, in a new list */
  _listAwaits(): Waiting[] {
    const list = this._ownAwaits();
    for (const child of this._children ?? []) list.push(...child._listAwaits());
    return list;
  }

  private _ownAwaits(): Waiting[] {
    const awaits = this._awaits;
    if (awaits === undefined) return [];
    return Array.isArray(awaits) ? [...awaits] : [awaits];
  }

  /**
   * @internal calls `tell` after each `await` that ends in the task
   *
   * @returns a function that stops it
   */
  _onLeave(tell: () => void): () => void {
    const root = this._root;
    root._watchers ??= new Set();
    root._watchers.add(tell);
    return () => {
      root._watchers?.delete(tell);
      if (root._watchers?.size === 0) root._watchers = undefined;
    };
  }

  // ── the tree ───────────────────────────────────────────────────────────────────────────────

  /** @internal is a shield open here or below? */
  get _hasShields(): boolean {
    for (const child of this._children ?? [])
      if (child._isShielded || child._hasShields) return true;
    return false;
  }

  /** @internal makes the innermost limits below continue without their bodies; returns whether there are any */
  _giveUpBelow(): boolean {
    let any = false;
    for (const child of [...(this._children ?? [])]) if (child._giveUpToo()) any = true;
    return any;
  }

  protected _giveUpToo(): boolean {
    return this._giveUpBelow();
  }

  /** @internal adds the child `scope`, until {@link _close} */
  _openBelow(scope: CancelScope): void {
    scope._parent = this;
    this._children ??= new Set();
    this._children.add(scope);
  }

  /** @internal its body has ended: its parent takes over what still awaits in it */
  _close(): void {
    const parent = (this._parent as CancelScope)._awaitsIn;
    parent._children?.delete(this);
    this._unpend();
    // Kept cancels stay here, because the code that they are for still carries this scope.
    this._passesTo = parent;
    for (const awaiter of this._ownAwaits()) {
      awaiter._scope = parent;
      parent._add(awaiter);
      // It began before this, so a kept cancel is not for it.
      if (parent._root._pendings > 0 && !this._isShielded) parent._throwPending(awaiter);
    }
    this._awaits = undefined;
    // Only the cancels that have reached a child stay in force there.
    const held = this._isShielded ? parent._requestsInForce : 0;
    for (const child of this._children ?? []) {
      parent._openBelow(child);
      child._ignoreRequests(held - this._requests);
    }
    this._children = undefined;
    if (this._isShielded) this._tellWatchers();
  }

  /** @internal how many cancels reach this scope, its own and those from above, that were not withdrawn */
  get _requestsInForce(): number {
    let sum = 0;
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      sum += scope._requests;
    return sum;
  }

  /**
   * @internal how many of them the running code will only see at its next `await`. Its own count as seen, as in
   * asyncio.
   */
  get _requestsAhead(): number {
    if (this._root._pendings === 0) return 0;
    const ahead = [...keptHere(this)];
    let sum = 0;
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above) {
      ahead.push(...cancelsIn(scope._pending));
      const own = ahead.filter(({ _scope, _isOwn }) => _scope === scope && !_isOwn);
      sum += Math.min(scope._requests, own.length);
    }
    return sum;
  }

  /** @internal a scope above is over: `count` more cancels are now in force that have not reached this one */
  _ignoreRequests(count: number): void {
    for (const child of this._children ?? []) child._ignoreRequests(count);
  }

  /** @internal from now on, no cancel from above reaches it */
  _detach(): void {
    this._parent?._children?.delete(this);
    this._isShielded = true;
    this._tellWatchers();
  }

  /** @internal when it cancels itself, on the loop's clock */
  get _until(): number | undefined {
    return undefined;
  }

  /** @internal the scope from which cancels come here */
  get _above(): CancelScope | undefined {
    return this._isShielded ? undefined : this._parent;
  }

  /** @internal the next scope above whose kept cancels may be for code here: a shield that is over holds none back */
  get _keptAbove(): CancelScope | undefined {
    return this._passesTo === undefined ? this._above : this._parent;
  }

  // ── cancels ────────────────────────────────────────────────────────────────────────────────

  /**
   * @internal cancels the pending awaits here and below, and those that begin before one of them has its turn
   *
   * @returns whether it reached an `await`
   */
  _cancel(request: Cancel): boolean {
    if (this._children !== undefined || Array.isArray(this._awaits)) {
      const awaiters = this._listAwaits();
      if (awaiters.length > 1) request._notePaths(awaiters);
    }
    this._pend(request);
    return this._reach(request);
  }

  /** @internal makes the next `await` here or below throw */
  _pend(request: CancelRequest): void {
    if (this._pending === undefined) this._root._pendings += 1;
    this._pending = together(this._pending, request);
  }

  /** @internal the body is abandoned: the same for the next `await` of each of its branches */
  _abandon(cancel: Cancel): void {
    areBranchesLeft = true;
    watchBefore();
    this._requests += 1;
    this._pend(cancel);
    this._abandonBranches({ cancel, isSeenNow: false });
  }

  private _abandonBranches(abandonment: Abandonment): void {
    this._abandoned = abandonment;
    for (const child of this._children ?? [])
      if (!child._isShielded) child._abandonBranches(abandonment);
  }

  /** @internal withdraws the cancels that were not thrown yet, here and below */
  _withdraw(): void {
    this._withdrawPending();
    unkeep(this);
    this._deferred = undefined;
    for (const awaiter of this._ownAwaits()) awaiter._mustCancel = undefined;
    for (const child of this._children ?? []) child._withdraw();
  }

  /**
   * @internal the same, by code of the task in `scope` that has seen a cancel: branches beside it are still cancelled.
   * A shield around that code no longer holds the cancel back for later.
   */
  _withdrawFrom(scope: CancelScope): void {
    this._withdrawPending();
    unkeepHere(scope);
    for (let each: CancelScope | undefined = scope; each !== undefined; each = each._parent)
      each._deferred = undefined;
  }

  /** @internal withdraws the cancels that wait for the next `await`, here and below */
  _withdrawPending(): void {
    this._unpend();
    // Code may still hold a signal that is not aborted: keep that one.
    if (this._cancelSignal?.signal.aborted) this._cancelSignal = undefined;
    for (const child of this._children ?? []) child._withdrawPending();
  }

  /**
   * @internal one cancel of the task was withdrawn: its own, or else that of a limit around `scope`
   */
  _takeRequestBack(scope: CancelScope | undefined): void {
    if (this._requests > 0) this._requests -= 1;
    else
      for (let each = scope; each !== undefined; each = each._parent)
        if (each._requests > 0) {
          each._requests -= 1;
          return;
        }
  }

  /** @internal takes the cancel that waits for the next `await`; the caller throws it */
  _takePending(): CancelRequest | undefined {
    const request = this._pending ?? this._kept?.fromBody?.request;
    this._unpend();
    unkeep(this);
    return request;
  }

  /** @internal was it kept from the whole body of this limit? */
  protected get _wasKept(): boolean {
    const { fromBody } = this._kept ?? {};
    return fromBody?.endsLimits === true || cancelsIn(this._pending).some((each) => each._isKept);
  }

  /** @internal the name of the body's function, if it is run without a wrapper */
  get _bodyName(): string | undefined {
    return undefined;
  }

  /** @internal is it the scope of a limit's body? */
  get _isLimit(): boolean {
    return false;
  }

  /** @internal the body has seen a cancel */
  _bodySees(): void {}

  /** @internal `cancel` was thrown to code that the body may not wait for */
  _missesBody(_cancel: Cancel): void {}

  /** @internal see {@link CancelledScope} */
  _see(cancel: Cancel, path: CancelPath, scope: CancelScope): void {
    noteSeen(this, cancel, path, scope);
  }

  /** @internal see {@link CancelledScope} */
  _defer(cancel: Cancel, path: CancelPath | undefined, scope: CancelScope, keeper: Keeper): void {
    if (path === undefined) scope._pend(cancel);
    else keep(this, cancel, path, scope, keeper);
  }

  /** @internal */
  protected _reach(request: Cancel): boolean {
    let reached = false;
    for (const awaiter of this._ownAwaits()) {
      cancelAwait(awaiter, request);
      reached = true;
    }
    if (this._children !== undefined)
      for (const child of [...this._children]) {
        if (child._isShielded) {
          child._deferred = together(child._deferred, request);
          reached = true;
        } else if (child._reach(request)) reached = true;
      }
    this._cancelSignal?.abort(request.message);
    return reached;
  }

  /** @internal does a cancel of `other` reach this one? */
  _isWithin(other: CancelScope): boolean {
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      if (scope === other) return true;
    return false;
  }

  /** @internal takes the cancels that code here has not seen, here or above; the caller throws them */
  _takeAll(): CancelRequest | undefined {
    let taken: CancelRequest | undefined;
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above) {
      if (scope._pending !== undefined) taken = together(taken, scope._pending);
      else if (scope._isLimit && scope._requests > 0) taken = together(taken, new Cancel(scope));
      scope._unpend();
    }
    return taken;
  }

  protected _unpend(): void {
    if (this._pending === undefined) return;
    this._pending = undefined;
    this._root._pendings -= 1;
  }

  /** An `await` begins: throws the cancel that waits for it, here or above. */
  private _throwPending(awaiter: Waiting, kept?: CancelRequest): void {
    let thrown = kept;
    if (entered !== undefined) entered.push(() => this._throwPending(awaiter));
    else
      for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
        if (scope._pending !== undefined) thrown = together(thrown, scope._pending);
    if (thrown !== undefined) cancelAwait(awaiter, thrown);
  }

  /** @internal an `await` that `cancels` were sent to has its turn, or a shield passes them on */
  _isDelivered(cancels: readonly Cancel[]): void {
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      if (cancelsIn(scope._pending).some((cancel) => cancels.includes(cancel))) scope._unpend();
  }

  /**
   * @internal code in this scope resumes that has waited for `awaited`, a foreign promise
   *
   * If that throws the cancel, which it received through the signal, this code sees it, and the next `await` does not
   * throw it again. Only the stack while it runs shows which code that is; there is none if a combinator resumes.
   * Whether `awaited` throws is known a microtask later.
   *
   * @param left - the branch, if the code is one of an abandoned body
   */
  _goesOn(awaited: Promise<unknown>, left: LeftBranch | undefined): void {
    const ahead = [...cancelsIn(this._root._missed)];
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      ahead.push(...cancelsIn(scope._pending));
    if (ahead.length === 0 && left === undefined) return;
    const begun: (() => void)[] = [];
    let path: CancelPath | undefined;
    const look = (error?: unknown): void => {
      entered = undefined;
      if (CancelSignal.reasonIn(error, this._root) !== undefined) {
        left?._sees();
        for (const cancel of ahead)
          if (path === undefined) cancel._isKept = true;
          else cancel._see(path, this);
        if (path !== undefined) this._isDelivered(ahead);
      }
      for (const enter of begun) enter();
    };
    // Without a scope: otherwise this reaction would itself count as code that resumes, and so on forever.
    const aside = putAside();
    nativeThen.call(awaited, () => look(), look);
    putBack(aside);
    entered = begun;
    onNext((hook) => {
      path = CancelPath.ofStep(hook);
    });
  }
}

const nativeThen = Promise.prototype.then;

/** Cancels the awaited object; if that is done already, the `await` throws when its turn comes. */
export function cancelAwait(awaiter: Waiting, request: CancelRequest): void {
  const { _future: future } = awaiter;
  // Another scope may have cancelled it in the same turn.
  const before = cancelsIn(awaiter._mustCancel ?? awaiter._cancelled);
  if (before.length > 0 && cancelsIn(request).every((cancel) => before.includes(cancel))) return;
  const all = together(awaiter._mustCancel ?? awaiter._cancelled, request);
  if (!future._comesAnyhow && future.cancel(request.message)) awaiter._cancelled = all;
  else awaiter._mustCancel = all;
}

/** While it is unknown whether a step has seen a cancel: functions that re-enter the `await`s that it began. */
let entered: (() => void)[] | undefined;

/** A body that was abandoned. */
interface Abandonment {
  readonly cancel: Cancel;
  /** Has code that saw the cancel run in this turn of Node? Then code that continues after it may have seen it, too. */
  isSeenNow: boolean;
}

/** Has any body been abandoned? */
let areBranchesLeft = false;

/** Called when the running code opens `limit`. */
export function noteOpened(limit: CancelScope): void {
  if (!areBranchesLeft) return;
  const carried = currentScope();
  if (carried instanceof LeftBranch) carried._lendTo(limit);
}

/**
 * The scope of a branch of an abandoned body, once it continues: its next `await` throws. Each branch has its own,
 * because several branches may wait for foreign promises in the same scope.
 *
 * A function that continues because another one has ended counts as having seen the cancel if the other one has.
 */
class LeftBranch extends CancelScope {
  readonly #abandonment: Abandonment;
  #hasSeen: boolean;

  constructor(scope: CancelScope, abandonment: Abandonment) {
    super(undefined);
    this._parent = scope;
    this._passesTo = scope;
    this.#abandonment = abandonment;
    this.#hasSeen = abandonment.isSeenNow;
  }

  /** Its code continues. */
  _goesOnLeft(): void {
    const abandonment = this.#abandonment;
    if (!this.#hasSeen || abandonment.isSeenNow) return;
    abandonment.isSeenNow = true;
    // Node runs it when no microtask is left.
    outside(nextTick, () => {
      abandonment.isSeenNow = false;
    });
  }

  /** Its code opens `limit`: the next `await` may be in there. */
  _lendTo(limit: CancelScope): void {
    if (this.#hasSeen || limit._isShielded) return;
    limit._leftBranch = this;
    limit._pend(this.#abandonment.cancel);
  }

  /** Its code sees the cancel. */
  _sees(): void {
    this.#hasSeen = true;
    this._goesOnLeft();
  }

  /** An `await` begins in it. */
  _throwTo(awaiter: Waiting): void {
    if (entered !== undefined) entered.push(() => this._throwTo(awaiter));
    else if (!this.#hasSeen) {
      this.#hasSeen = true;
      if (awaiter._mustCancel === undefined && awaiter._cancelled === undefined)
        cancelAwait(awaiter, this.#abandonment.cancel);
    }
  }
}
