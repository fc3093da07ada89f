import { CancelledError } from '../../../base/errors/errors.ts';
import { currentScope } from '../../context/context.ts';
import type { AwaitingScope, CancelRequest } from '../../futures/awaiter.ts';
import { type Cancel, cancelsIn, type Keeper, together } from './cancel.ts';
import { CancelPath, followAwaits, type Line } from './cancel-path.ts';
import { KeptCancel } from './kept-cancel.ts';

/**
 * Which code has seen a cancel of a scope, and which has not, because something kept it from that code.
 *
 * A cancel is recorded in the scope that was cancelled. Code sees it where an `await` in that scope or below
 * throws it, in the function that awaits and in those above.
 */

/** The part of a scope that is needed here. */
export interface KeepingScope extends AwaitingScope {
  readonly _parent: KeepingScope | undefined;
  /** The scope from which cancels come here. */
  readonly _above: KeepingScope | undefined;
  /** The next scope above whose kept cancels may be for code here. */
  readonly _keptAbove: KeepingScope | undefined;
  /** The scope that has its `await`s: another one, once its body has ended. */
  readonly _awaitsIn: KeepingScope;
  readonly _root: {
    /** How many scopes of the task have kept or pending cancels. */
    _pendings: number;
  };
  _kept: KeptCancels | undefined;
  readonly _isLimit: boolean;
  readonly _bodyName: string | undefined;
  /** The body of this limit has seen a cancel. */
  _bodySees(): void;
  /** `cancel` was thrown to code in the body that the body may not wait for. */
  _missesBody(cancel: Cancel): void;
}

/** The cancels that were kept from code in one scope. */
export class KeptCancels {
  #all: KeptCancel[] = [];

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** A cancel that was kept from the whole body, none of which has seen it. */
  get fromBody(): KeptCancel | undefined {
    return this.#all.find((kept) => kept.endsBody && kept.isUnseen);
  }

  /** Adds one. Of two for the same code, that with the greater depth stays. */
  add(made: KeptCancel): void {
    for (const kept of this.#all)
      if (kept.isFor(made.unaware)) {
        if (kept.depth > made.depth) return;
        this.#remove(kept);
      }
    this.#all = [...this.#all, made];
    for (const seen of made.request._seen) this.tellAware(seen);
  }

  /** The functions of `path` have seen a cancel. */
  tellAware(path: CancelPath): void {
    for (const kept of this.#all) {
      kept.tellAware(path);
      if (kept.isSeenByAll) this.#remove(kept);
    }
  }

  /** A cancel is thrown to the code of `line`: was it one of these? */
  noteArrival(line: Line): void {
    // An `await` of other code may have taken it first: then it has not arrived yet.
    for (const kept of this.#all) if (kept.isThrown && kept.isFor(line)) this.#remove(kept);
  }

  /** The one for the code of `path`, which awaits `awaited`. */
  find(path: CancelPath, awaited?: object): KeptCancel | undefined {
    const { keepers, line } = path;
    return this.#all.find(
      (kept) =>
        !kept.isHeldFrom(awaited) &&
        keepers <= kept.depth &&
        kept.isFor(line) &&
        // Two calls of one function may look alike: exclude one that has already seen it.
        !kept.request._seen.some((seen) => seen.hasGoneOn(line, kept.unaware)),
    );
  }

  /** Removes the one for the code of `path`. */
  removeFor(path: CancelPath): void {
    const kept = this.find(path);
    if (kept !== undefined) this.#remove(kept);
  }

  #remove(kept: KeptCancel): void {
    this.#all = this.#all.filter((each) => each !== kept);
  }
}

/** `cancel`, of `owner`, is thrown to the code of `path`, in `scope`. */
export function noteSeen(
  owner: KeepingScope,
  cancel: Cancel,
  path: CancelPath,
  scope: KeepingScope,
): void {
  let { limits } = path;
  for (let each: KeepingScope | undefined = scope; each && limits > 0; each = each._parent) {
    if (!each._isLimit) continue;
    each._bodySees();
    limits -= 1;
  }
  for (let each: KeepingScope | undefined = scope; each; each = each._above) {
    if (each._kept === undefined) continue;
    each._kept.noteArrival(partIn(each, path, scope).line);
    unkeepIfEmpty(each);
  }
  const part = partIn(owner, path, scope);
  if (part.endsBody(owner._bodyName)) cancel._reachesBody = true;
  else if (!part.isEmpty) owner._missesBody(cancel);
  if (part.keepers > 0) add(owner, cancel, part, 'combinator');
  else {
    cancel._seen.push(part);
    owner._kept?.tellAware(part);
    unkeepIfEmpty(owner);
  }
}

/** `keeper` keeps `cancel`, of `owner`, from the code of `path`, in `scope`. */
export function keep(
  owner: KeepingScope,
  cancel: Cancel,
  path: CancelPath,
  scope: KeepingScope,
  keeper: Keeper,
): void {
  add(owner, cancel, partIn(owner, path, scope), keeper);
}

function add(owner: KeepingScope, cancel: Cancel, path: CancelPath, keeper: Keeper): void {
  followAwaits(mayThrow, takeForForeignAwait, holdForClosing);
  if (owner._kept === undefined) {
    owner._kept = new KeptCancels();
    owner._root._pendings += 1;
  }
  owner._kept.add(new KeptCancel(cancel, path, owner._bodyName, keeper));
  unkeepIfEmpty(owner);
}

function unkeepIfEmpty(scope: KeepingScope): void {
  if (scope._kept?.isEmpty) unkeep(scope);
}

/** Forgets what was kept from code in `scope`. */
export function unkeep(scope: KeepingScope): void {
  if (scope._kept === undefined) return;
  scope._kept = undefined;
  scope._root._pendings -= 1;
}

/** Forgets what was kept from the running code, in `scope`, but not what was kept from branches beside it. */
export function unkeepHere(scope: KeepingScope): void {
  const begin = carriedScope(scope);
  if (!hasKept(begin)) return;
  const path = CancelPath.ofNow();
  for (let each: KeepingScope | undefined = begin; each; each = each._keptAbove) {
    if (path === undefined) unkeep(each);
    else each._kept?.removeFor(partIn(each, path, begin));
    unkeepIfEmpty(each);
  }
}

/** Takes the kept cancel for the `await` that begins in `scope`, if there is one. */
export function takeKept(scope: KeepingScope): CancelRequest | undefined {
  const begin = carriedScope(scope);
  const path = hasKept(begin) ? CancelPath.ofNow() : undefined;
  return path && take(keptFor(begin, path));
}

/** The cancels that were kept from the running code, in `scope`, other than by an error. */
export function keptHere(scope: KeepingScope): readonly Cancel[] {
  const begin = carriedScope(scope);
  const path = hasKept(begin) ? CancelPath.ofNow() : undefined;
  if (path === undefined) return [];
  const all = keptFor(begin, path).filter(({ keeper }) => keeper !== 'error');
  return all.map(({ request }) => request);
}

function take(all: readonly KeptCancel[]): CancelRequest | undefined {
  let taken: CancelRequest | undefined;
  for (const kept of all) {
    kept.isThrown = true;
    taken = together(taken, kept.request);
  }
  return taken;
}

/**
 * An `await` of a foreign promise starts in the code of `path`.
 *
 * @returns a function that throws the kept cancel, if there is one for that code
 */
function takeForForeignAwait(
  path: CancelPath | undefined,
  promise: object,
): (() => void) | undefined {
  const scope = currentScope();
  if (path === undefined || scope === undefined || !mayThrow(scope)) return undefined;
  const within = scope._awaitsIn;
  const find = (): KeptCancel[] => keptFor(carriedScope(within), path, promise);
  if (find().length === 0) return undefined;
  return () => {
    const taken = take(find());
    if (taken === undefined) return;
    // A combinator may have been called since, which keeps it again.
    const now = CancelPath.ofCallers() ?? path;
    for (const cancel of cancelsIn(taken)) cancel._see(now, scope);
    throw new CancelledError(taken.message);
  };
}

/** The code of `path` closes a generator: what was kept from it is thrown when `promise` is settled. */
function holdForClosing(path: CancelPath | undefined, promise: object): void {
  const within = currentScope()?._awaitsIn as KeepingScope | undefined;
  if (path === undefined || within === undefined) return;
  for (const kept of keptFor(carriedScope(within), path)) kept.closing = promise;
}

/** Is it the scope of code that a kept cancel may be for? */
function mayThrow(scope: object): scope is KeepingScope {
  return '_kept' in scope && hasKept(scope as KeepingScope);
}

function hasKept(begin: KeepingScope): boolean {
  if (begin._root._pendings === 0) return false;
  for (let scope: KeepingScope | undefined = begin; scope; scope = scope._keptAbove)
    if (scope._kept !== undefined) return true;
  return false;
}

/**
 * The kept cancels for the code of `path`, which carries the scope `begin`; those of the innermost
 * scope first.
 */
function keptFor(begin: KeepingScope, path: CancelPath, awaited?: object): KeptCancel[] {
  const all: KeptCancel[] = [];
  for (let scope: KeepingScope | undefined = begin; scope; scope = scope._keptAbove) {
    const kept = scope._kept?.find(partIn(scope, path, begin), awaited);
    if (kept !== undefined) all.push(kept);
  }
  return all;
}

/** The scope that the running code carries: `scope`, or one that has ended and passes on to it. */
function carriedScope(scope: KeepingScope): KeepingScope {
  const carried = currentScope();
  return carried?._awaitsIn === scope ? (carried as Partial<KeepingScope> as KeepingScope) : scope;
}

/** The part of `path`, in `scope`, that is in the body of `owner`. */
function partIn(owner: KeepingScope, path: CancelPath, scope: KeepingScope): CancelPath {
  let limits = 0;
  for (let each: KeepingScope | undefined = scope; each; each = each._parent) {
    if (each._isLimit) limits += 1;
    if (each === owner) return owner._isLimit ? path.within(limits) : path;
  }
  return path;
}
