import { CancelledError } from '../../base/errors/errors.ts';
import { type Context, currentScope, Scope } from '../context/context.ts';
import { carryOn, onBefore } from '../context/promise-hooks.ts';
import type { AwaitingScope, AwaitingTask, CancelRequest, Waiting } from '../futures/awaiter.ts';
import { Future } from '../futures/future.ts';
import type { LoopCore } from '../turns/loop-core.ts';
import { CancelSignal } from './cancel-signal.ts';
import { watchFloatingCancels } from './floating-cancels.ts';
import { CancelPath, followAwaits, type Keeper, KeptCancel } from './kept-cancel.ts';
import { type LeftCalls, noteLeft } from './left-calls.ts';

/**
 * The unit of cancellation: a task, or part of one that has a limit.
 *
 * Each task has a root scope. `timeout()`, a `signal` and the body of a `taskGroup()` open a scope
 * below the current one (`limit.ts`). Scopes follow every `await`, so each of our `await`s
 * belongs to the scope in which it began, and branches of one task (`Promise.all()`, a call
 * that nobody awaits) each stay in the scope of their code.
 *
 * Cancelling a scope reaches every `await` in it and below it. If there is none, the task waits
 * for a promise that is not ours, or runs. Then our next `await` throws.
 *
 *            cancel(), nothing of ours is awaited
 *   open ────────────────────────────────────────────▶ pending
 *    ▲                                                    │
 *    └────────────────────────────────────────────────────┘
 *      our next `await` in it or below begins, and throws; or the awaited promise
 *      has thrown the cancel itself, which it got through the signal
 *
 * The awaited object itself is cancelled, for it may be a task that ignores the cancel. If it is a future
 * that is already done, its `await` throws when its turn comes.
 *
 * A combinator may keep the cancel from the code that waits for it (`kept-cancel.ts`), and a shield holds it
 * back until its body has ended. Then the next `await` of that code throws, and no other:
 *
 *            a combinator keeps it                  the next `await` begins
 *   sent ─────────────────────────────────▶ kept ───────────────────────────▶ thrown
 *     │                                      ▲                                  ▲
 *     │ a shield is in the way               │ its body ends                    │
 *     ├──────────────────────────────▶ deferred                                 │
 *     └─────────────────────────────────────────────────────────────────────────┘
 *
 * When the body of a scope has ended, its parent takes over whatever still awaits in it: a call that nobody
 * awaited, or the loser of a race.
 */
export class CancelScope extends Scope implements AwaitingScope {
  /** The pending awaits in this scope, in order. */
  private _awaits: Waiting | Waiting[] | undefined = undefined;

  // Fields that are rarely set are in the prototype: each task has one of these.

  /** @internal the parent scope; none for the root of a task */
  declare _parent: CancelScope | undefined;
  /** The scope that has taken over this one's `await`s, if any. */
  declare protected _passesTo: CancelScope | undefined;
  /** Open child scopes. */
  declare private _children: Set<CancelScope> | undefined;
  /** The cancel that waits for the next `await`. */
  declare private _pending: Pending | undefined;
  /** Cancels that `Promise.allSettled()` and the like have kept from code that waits for them. */
  declare private _kept: KeptCancel[] | undefined;
  /** How many scopes of the task have one of these two; counted in the root. */
  declare private _pendings: number;
  /** Called when an `await` has ended; kept in the root. */
  declare private _watchers: Set<() => void> | undefined;
  /** @internal how many cancels of this scope were not withdrawn */
  declare _requests: number;
  /** @internal does a cancel from above stop here? */
  declare _isShielded: boolean;
  /** @internal a cancel from above that is for the code after the shield */
  declare _deferred: Cancel | undefined;
  /** @internal was it ever cancelled? */
  declare _wasCancelled: boolean;
  declare private _cancelSignal: CancelSignal | undefined;

  static {
    onBefore((scope, awaited) => {
      if (awaited === undefined || !(scope instanceof CancelScope)) return;
      const within = scope._awaitsIn;
      if (within._root._pendings > 0) within._goesOn(awaited);
    });
    Object.assign(this.prototype, {
      _parent: undefined,
      _passesTo: undefined,
      _children: undefined,
      _pending: undefined,
      _kept: undefined,
      _pendings: 0,
      _watchers: undefined,
      _requests: 0,
      _isShielded: false,
      _deferred: undefined,
      _wasCancelled: false,
      _cancelSignal: undefined,
    });
  }

  // Needed for speed: otherwise V8 looks for the next class with a constructor each time it makes an object.
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
    return this._parent === undefined ? super.context : this._parent.context;
  }

  override get _awaitsIn(): CancelScope {
    let scope: CancelScope = this;
    while (scope._passesTo !== undefined) scope = scope._passesTo;
    return scope;
  }

  override _with(context: Context): Scope {
    return new OtherContext(context, this._awaitsIn);
  }

  /**
   * @internal aborted when this scope or one above it is cancelled; a new signal once all cancels were
   * withdrawn
   */
  get _signal(): AbortSignal {
    if (this._cancelSignal === undefined) {
      this._cancelSignal = new CancelSignal(this._root);
      for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
        if (scope._requests > 0) this._cancelSignal.abort(scope._pending?.request.message);
    }
    return this._cancelSignal.signal;
  }

  /** @internal is a cancel waiting to be thrown at the next `await`? */
  get _isPending(): boolean {
    return this._pending !== undefined;
  }

  /** @internal is one waiting anywhere in the task? */
  get _hasPendings(): boolean {
    return this._root._pendings > 0;
  }

  // ── pending awaits ────────────────────────────────────────────────────────────────────────────

  /** @internal an `await` of something that is not done begins here */
  _enter(awaiter: Waiting): void {
    this._add(awaiter);
    if (this._root._pendings > 0) this._throwPending(awaiter, this._takeAllKept());
  }

  private _add(awaiter: Waiting): void {
    const awaits = this._awaits;
    if (awaits === undefined) this._awaits = awaiter;
    else if (Array.isArray(awaits)) awaits.push(awaiter);
    else this._awaits = [awaits, awaiter];
  }

  /** @internal `awaiter`, which entered, has its turn */
  _leave(awaiter: Waiting): void {
    const awaits = this._awaits;
    if (awaits === awaiter) this._awaits = undefined;
    else if (Array.isArray(awaits)) {
      // Usually it is the last: the loser of a race stays for long, ahead of the others.
      const at = awaits.lastIndexOf(awaiter);
      if (at >= 0) awaits.splice(at, 1);
      if (awaits.length === 0) this._awaits = undefined;
    }
    const { _watchers: watchers } = this._root;
    if (watchers !== undefined) for (const tell of watchers) tell();
  }

  /** @internal see {@link AwaitingScope} */
  _goesOnAlone(awaiter: Waiting): void {
    this._root._goesOnAlone(awaiter);
  }

  override _needsLoop(): LoopCore | undefined {
    const loop = this._root._ownLoop;
    if (loop === undefined) return undefined;
    if (loop._wake()) return loop;
    if (this.task !== undefined && !loop.isClosed()) return undefined;
    this._countAsCancelled();
    throw new CancelledError();
  }

  /** @internal the loop of the task, even when the task is done */
  get _ownLoop(): LoopCore | undefined {
    return undefined;
  }

  /** Rejections by a cancel, here and above, may be handled by nobody. */
  protected _countAsCancelled(): void {
    watchFloatingCancels();
    for (let scope: CancelScope | undefined = this; scope; scope = scope._parent)
      scope._wasCancelled = true;
  }

  /** @internal does anything await here or below? */
  get _isAwaiting(): boolean {
    if (this._awaits !== undefined) return true;
    for (const child of this._children ?? []) if (child._isAwaiting) return true;
    return false;
  }

  /** @internal what awaits here and below, in its own list */
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

  /** @internal adds the child `scope`, until {@link _close} */
  _openBelow(scope: CancelScope): void {
    scope._parent = this;
    this._children ??= new Set();
    this._children.add(scope);
  }

  /** @internal its body has ended: its parent takes over whatever still awaits in it */
  _close(): void {
    const parent = (this._parent as CancelScope)._awaitsIn;
    parent._children?.delete(this);
    this._unpend();
    // A cancel that was kept from code in it stays here: that code still carries this scope.
    this._passesTo = parent;
    for (const awaiter of this._ownAwaits()) {
      awaiter._scope = parent;
      parent._add(awaiter);
      // It began before: what was kept is not for it.
      if (parent._root._pendings > 0) parent._throwPending(awaiter);
    }
    this._awaits = undefined;
    const held = this._isShielded ? parent._requestsInForce : 0;
    for (const child of this._children ?? []) {
      parent._openBelow(child);
      if (held > 0) child._ignoreRequests(held);
    }
    this._children = undefined;
  }

  /** @internal the cancels of this scope, and of those above that reach it, that were not taken back */
  get _requestsInForce(): number {
    let sum = 0;
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      sum += scope._requests;
    return sum;
  }

  /** @internal so many cancels of the scope above were held back by a shield that is over */
  _ignoreRequests(count: number): void {
    for (const child of this._children ?? []) child._ignoreRequests(count);
  }

  /** @internal from now on no cancel from above reaches it */
  _detach(): void {
    this._parent?._children?.delete(this);
    this._isShielded = true;
  }

  /** @internal the scope from which cancels come here */
  get _above(): CancelScope | undefined {
    return this._isShielded ? undefined : this._parent;
  }

  /** The scope above whose kept cancels may be for code here: a shield that is over holds none back. */
  private get _keptAbove(): CancelScope | undefined {
    return this._passesTo === undefined ? this._above : this._parent;
  }

  // ── cancels ────────────────────────────────────────────────────────────────────────────────

  /**
   * @internal cancels the pending awaits here and below; if there are none, the next `await` throws
   *
   * @returns whether it reached an `await`
   */
  _cancel(request: Cancel): boolean {
    watchFloatingCancels();
    const awaiters = this._listAwaits();
    if (awaiters.length > 1) request._notePaths(awaiters);
    const reached = this._reach(request);
    const line = currentScope()?._awaitsIn;
    if (!reached) this._pend(request);
    // The cancelling code is itself part of the scope, beside the pending awaits.
    else if (line instanceof CancelScope && line._isWithin(this)) carryOn(new Line(line, request));
    return reached;
  }

  /** @internal makes the next `await` here or below throw */
  _pend(request: CancelRequest): void {
    if (this._pending === undefined) this._root._pendings += 1;
    this._pending = { request, entered: this._pending?.entered };
  }

  /** @internal withdraws cancels that were not thrown yet, here and below */
  _withdraw(): void {
    this._withdrawPending();
    this._unkeep();
    this._deferred = undefined;
    for (const awaiter of this._ownAwaits()) awaiter._mustCancel = undefined;
    for (const child of this._children ?? []) child._withdraw();
  }

  /** @internal withdraws, here and below, cancels that wait for the next `await` */
  _withdrawPending(): void {
    this._unpend();
    this._cancelSignal = undefined;
    for (const child of this._children ?? []) child._withdrawPending();
  }

  /**
   * @internal one of the task's cancels was withdrawn: the root's own, or else that of a limit that
   * contains `scope`
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

  /** @internal takes the cancel that waits for the next `await`, to throw it in another way */
  _takePending(): CancelRequest | undefined {
    const request = this._pending?.request ?? this._keptFromBody?.request;
    this._unpend();
    this._unkeep();
    return request;
  }

  /** @internal a cancel that was kept from the whole body, which has not seen it yet */
  get _keptFromBody(): KeptCancel | undefined {
    return this._kept?.find((kept) => kept.endsBody && kept.isUnseen);
  }

  /** @internal the name of the body's function, if it runs directly */
  get _bodyName(): string | undefined {
    return undefined;
  }

  /** @internal is it the scope of a limit's body? */
  get _isLimit(): boolean {
    return false;
  }

  /** @internal the body has seen a cancel */
  _bodySees(): void {}

  /** @internal a cancel is thrown at an `await` in `scope`: who sees it? */
  _see(request: Cancel, path: CancelPath, scope: CancelScope): void {
    let { limits } = path;
    for (let each: CancelScope | undefined = scope; each && limits > 0; each = each._parent) {
      if (!each._isLimit) continue;
      each._bodySees();
      limits -= 1;
    }
    for (let each: CancelScope | undefined = scope; each; each = each._above)
      each._noteArrival(path, scope);
    const part = path.within(this._limitsFrom(scope));
    if (part.keepers > 0) this._keep(request, part);
    else {
      request._seen.push(part);
      this._tellAware(part);
    }
  }

  /** A cancel is thrown into `path`, in `scope`: is it one that was kept for it? */
  private _noteArrival(path: CancelPath, scope: CancelScope): void {
    if (this._kept === undefined) return;
    const { line } = path.within(this._limitsFrom(scope));
    // It may have gone to others that were called first: then it is still to be thrown.
    for (const kept of this._kept) if (kept.isThrown && kept.isFor(line)) this._unkeep(kept);
  }

  /** @internal the code of `path`, in `scope`, has not seen `request`, because `keeper` kept it */
  _defer(
    request: Cancel,
    path: CancelPath | undefined,
    scope: CancelScope,
    keeper: 'shield' | 'error',
  ): void {
    if (path === undefined) scope._pend(request);
    else this._keep(request, path.within(this._limitsFrom(scope)), keeper);
  }

  private _keep(request: Cancel, path: CancelPath, keeper: Keeper = 'combinator'): void {
    followAwaits(mayThrow, takeForAwait);
    const made = new KeptCancel(request, path, this._bodyName, keeper);
    for (const kept of this._kept ?? [])
      if (kept.isFor(made.unaware)) {
        if (kept.depth > made.depth) return;
        this._unkeep(kept);
      }
    if (this._kept === undefined) this._root._pendings += 1;
    this._kept = [...(this._kept ?? []), made];
    for (const seen of request._seen) this._tellAware(seen);
  }

  /** The functions of `path` have seen the cancel. */
  private _tellAware(path: CancelPath): void {
    for (const kept of this._kept ?? []) {
      kept.tellAware(path);
      if (kept.isSeenByAll) this._unkeep(kept);
    }
  }

  private _unkeep(kept?: KeptCancel): void {
    if (this._kept === undefined) return;
    const others = kept === undefined ? [] : this._kept.filter((each) => each !== kept);
    this._kept = others.length === 0 ? undefined : others;
    if (this._kept === undefined) this._root._pendings -= 1;
  }

  /** How many limits' bodies lie between `scope` and the end of this one. */
  private _limitsFrom(scope: CancelScope): number {
    let count = 0;
    for (let each: CancelScope | undefined = scope; each; each = each._parent) {
      if (each._isLimit) count += 1;
      if (each === this) return this._isLimit ? count : Number.POSITIVE_INFINITY;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** A kept cancel for the code that awaits in `scope`. */
  private _keptFor(scope: CancelScope, path: CancelPath): KeptCancel | undefined {
    if (this._kept === undefined) return undefined;
    const { keepers, line } = path.within(this._limitsFrom(scope));
    return this._kept.find(
      (kept) =>
        keepers <= kept.depth &&
        kept.isFor(line) &&
        // Two calls of one function may look alike: leave the one that has seen it alone.
        !kept.request._seen.some((path) => path.hasGoneOn(line, kept.unaware)),
    );
  }

  /** The kept cancels for the `await` that begins. */
  private _listKept(path: CancelPath): [CancelScope, KeptCancel][] {
    const begin = this._carried;
    const list: [CancelScope, KeptCancel][] = [];
    for (let scope: CancelScope | undefined = begin; scope; scope = scope._keptAbove) {
      const kept = scope._keptFor(begin, path);
      if (kept !== undefined) list.push([scope, kept]);
    }
    return list;
  }

  /** @internal an `await` of a promise that is not ours begins: returns what throws the kept cancel into it */
  _takeForAwait(path: CancelPath): (() => void) | undefined {
    const scope = this._awaitsIn;
    if (scope._listKept(path).length === 0) return undefined;
    return () => {
      const list = scope._listKept(path);
      const [first] = list;
      if (first === undefined) return;
      for (const [, kept] of list) kept.isThrown = true;
      const [, { request }] = first;
      request._see(path, this);
      throw new CancelledError(request.message);
    };
  }

  private _takeAllKept(): CancelRequest | undefined {
    const path = this._carried._mayThrowKept ? CancelPath.ofNow() : undefined;
    if (path === undefined) return undefined;
    let taken: CancelRequest | undefined;
    for (const [, kept] of this._listKept(path)) {
      kept.isThrown = true;
      taken = kept.request;
    }
    return taken;
  }

  /** The scope of the running code, whose body may have ended. */
  private get _carried(): CancelScope {
    const scope = currentScope();
    return scope instanceof CancelScope && scope._awaitsIn === this ? scope : this;
  }

  /** @internal is anything kept from code in it? */
  get _mayThrowKept(): boolean {
    for (let scope: CancelScope | undefined = this; scope; scope = scope._keptAbove)
      if (scope._kept !== undefined) return true;
    return false;
  }

  private _reach(request: Cancel): boolean {
    let reached = false;
    this._wasCancelled = true;
    for (const awaiter of this._ownAwaits()) {
      cancelAwait(awaiter, request);
      reached = true;
    }
    for (const child of [...(this._children ?? [])]) {
      if (child._isShielded) {
        child._deferred ??= request;
        reached = true;
      } else if (child._reach(request)) reached = true;
    }
    this._cancelSignal?.abort(request.message);
    return reached || this._pending !== undefined;
  }

  private _isWithin(other: CancelScope): boolean {
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      if (scope === other) return true;
    return false;
  }

  private _unpend(): void {
    if (this._pending === undefined) return;
    this._pending = undefined;
    this._root._pendings -= 1;
  }

  /** An `await` begins: throws the cancel that waits for it, in this scope or one above. */
  private _throwPending(awaiter: Waiting, kept?: CancelRequest): void {
    let thrown = kept;
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above) {
      const pending = scope._pending;
      if (pending === undefined) continue;
      if (pending.entered !== undefined) pending.entered.push(awaiter);
      else {
        thrown ??= pending.request;
        scope._unpend();
      }
    }
    if (thrown !== undefined) cancelAwait(awaiter, thrown);
  }

  /**
   * @internal code that has waited for `awaited`, a promise that is not ours, goes on here
   *
   * If that has thrown the cancel, which it got through the signal, the next `await` does
   * not throw it again. This is known a microtask later.
   */
  _goesOn(awaited: Promise<unknown>): void {
    for (let scope: CancelScope | undefined = this; scope; scope = scope._above)
      scope._lookBack(awaited);
  }

  private _lookBack(awaited: Promise<unknown>): void {
    const pending = this._pending;
    if (pending === undefined || pending.entered !== undefined) return;
    const entered: Waiting[] = [];
    pending.entered = entered;
    const look = (wasThrown: boolean): void => {
      if (this._pending !== undefined) this._pending.entered = undefined;
      if (this._pending === undefined) return;
      if (wasThrown) this._unpend();
      else if (entered.length > 0) {
        const { request } = this._pending;
        this._unpend();
        for (const awaiter of entered) cancelAwait(awaiter, request);
      }
    };
    nativeThen.call(
      awaited,
      () => look(false),
      (error: unknown) => look(this._root._wasThrownAs(error)),
    );
  }

  /** @internal is `error` a cancel that a signal of this task has passed on? */
  _wasThrownAs(error: unknown): boolean {
    return CancelSignal.reasonIn(error, this._root) !== undefined;
  }
}

const nativeThen = Promise.prototype.then;

function takeForAwait(path: CancelPath | undefined): (() => void) | undefined {
  const scope = currentScope();
  if (path === undefined || !(scope instanceof CancelScope) || !mayThrow(scope)) return undefined;
  return scope._takeForAwait(path);
}

function mayThrow(scope: object): boolean {
  return scope instanceof CancelScope && scope._hasPendings && scope._mayThrowKept;
}

/** Cancels the awaited object, or else makes the `await` throw when its turn comes. */
function cancelAwait(awaiter: Waiting, request: CancelRequest): void {
  const future = awaiter._future;
  if (!future._comesAnyhow && future.cancel(request.message)) awaiter._cancelled = request;
  else awaiter._mustCancel = request;
}

/** One cancel of a scope. */
export class Cancel implements CancelRequest {
  readonly message: string | undefined;
  readonly #scope: CancelScope;
  /** @internal where it was thrown and not kept */
  readonly _seen: CancelPath[] = [];
  /** What is above each `await` that it was sent to, where there are several. */
  #paths: Map<Waiting, CancelPath> | undefined;

  constructor(scope: CancelScope, message?: string) {
    this.#scope = scope;
    this.message = message;
  }

  /**
   * @internal it is on its way to several `await`s: the functions above each are noted before it is thrown
   * to any
   *
   * V8 shows nothing above a `Promise.all()` that one branch has made fail, and branches alike could not be
   * told apart then.
   */
  _notePaths(awaiters: readonly Waiting[]): void {
    this.#paths = new Map();
    const paths = this.#paths;
    for (const awaiter of awaiters)
      awaiter._showWaiting((frames) => void paths.set(awaiter, CancelPath.of(frames)));
  }

  /** @internal see {@link CancelScope._defer} */
  _deferTo(path: CancelPath | undefined, scope: CancelScope, keeper: 'shield' | 'error'): void {
    this.#scope._defer(this, path, scope, keeper);
  }

  _thrown(frames: readonly NodeJS.CallSite[], scope: AwaitingScope, awaiter: Waiting): void {
    this._see(this.#paths?.get(awaiter) ?? CancelPath.of(frames), scope);
  }

  /** @internal it is thrown to the code of `path`, in `scope` */
  _see(path: CancelPath, scope: AwaitingScope): void {
    this.#scope._see(this, path, scope as CancelScope);
  }
}

/** A cancel that waits for the next `await`. */
interface Pending {
  readonly request: CancelRequest;
  /** While it is not known whether it was thrown: the `await`s that have begun since. */
  entered: Waiting[] | undefined;
}

/** The scope of a whole task. */
export class RootScope extends CancelScope implements LeftCalls {
  /** The task, or its loop once the task is done: promises hold their scope, and must not hold the task. */
  #owner: AwaitingTask | LoopCore;

  constructor(context: Context | undefined, task: AwaitingTask) {
    super(context);
    this.#owner = task;
  }

  override get _root(): CancelScope {
    return this;
  }

  override get task(): AwaitingTask | undefined {
    return this.#owner instanceof Future ? this.#owner : undefined;
  }

  override get _ownLoop(): LoopCore {
    return this.#owner instanceof Future ? this.#owner._loop : (this.#owner as LoopCore);
  }

  override get _bodyName(): string | undefined {
    return (this.task as { getCoro?(): { name: string } } | undefined)?.getCoro?.().name;
  }

  /** @internal the task is done */
  _end(): void {
    this.#owner = this._ownLoop;
    if (this._isAwaiting) this.#noteLeft();
  }

  override _goesOnAlone(awaiter: Waiting): void {
    if (!this._ownLoop.isClosed()) this.#noteLeft();
    else {
      this._countAsCancelled();
      cancelAwait(awaiter, new Cancel(this));
    }
  }

  #noteLeft(): void {
    const forgetLeft = noteLeft(this._ownLoop, this);
    if (forgetLeft === undefined) return;
    const forget = this._onLeave(() => {
      if (this._isAwaiting) return;
      forget();
      forgetLeft();
    });
  }

  /** @internal see {@link LeftCalls} */
  _cancelLeft(): void {
    if (this._requests > 0) {
      this.#cancelUnheeded();
      return;
    }
    this._requests += 1;
    this._cancel(new Cancel(this));
  }

  /** It was cancelled before: cancels what no function waits for, and leaves clean-ups alone. */
  #cancelUnheeded(): void {
    for (const awaiter of this._listAwaits())
      awaiter._showWaiting((frames) => {
        if (CancelPath.of(frames).line.length === 0 && this._listAwaits().includes(awaiter))
          cancelAwait(awaiter, new Cancel(this));
      });
  }

  /** @internal see {@link LeftCalls} */
  _describeAwaits(): string {
    return this._listAwaits()
      .map(({ _future }) => String(_future))
      .join(', ');
  }
}

/** The same code with other context variables. */
class OtherContext extends CancelScope {
  readonly #context: Context;

  constructor(context: Context, scope: CancelScope) {
    super(undefined);
    this.#context = context;
    this._parent = scope;
    this._passesTo = scope;
  }

  override get context(): Context {
    return this.#context;
  }
}

/**
 * The code that has cancelled its own task, beside other awaits in that task:
 * its own next `await` throws, not another one.
 */
class Line extends CancelScope {
  /** Unset once it was thrown. */
  #request: CancelRequest | undefined;

  constructor(scope: CancelScope, request: CancelRequest) {
    super(undefined);
    this._parent = scope;
    this.#request = request;
  }

  override get _awaitsIn(): CancelScope {
    return this.#request === undefined ? (this._parent as CancelScope)._awaitsIn : this;
  }

  override _enter(awaiter: Waiting): void {
    const request = this.#request as CancelRequest;
    const scope = (this._parent as CancelScope)._awaitsIn;
    this.#request = undefined;
    awaiter._scope = scope;
    scope._enter(awaiter);
    cancelAwait(awaiter, request);
  }

  override _openBelow(scope: CancelScope): void {
    (this._parent as CancelScope)._awaitsIn._openBelow(scope);
    if (this.#request !== undefined) scope._pend(this.#request);
    this.#request = undefined;
  }
}
