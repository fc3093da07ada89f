import { AsyncLocalStorage } from 'node:async_hooks';
import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { v8 } from '../../base/node-modules.ts';
import { setImmediate } from '../../base/node-timers.ts';
import { otherRuntime } from '../../base/other-runtime.ts';
import { ReturnOverride } from '../../base/values/return-override.ts';

/**
 * One thing that is in force for running code, and follows its every `await`.
 *
 * Node's `AsyncLocalStorage` does more: it also follows timers, sockets and everything else. For
 * that, on Node 20 and 22 it hooks into everything, which costs 2 µs per message of an echo server,
 * as much as two awaits. The three small hooks here only follow promises:
 *
 *   a promise is created      it records what is in force. An `await` creates one, too; the hook also
 *                             gets the awaited promise
 *   it is about to continue   what it recorded is in force
 *   it has continued          nothing is in force; or what was before, if it continued inside the step
 *                             of another: `vm` runs its microtask queues immediately
 */
let inForce: object | undefined;

/**
 * Bun has no promise hooks. There, the runtime's own storage keeps what is in force, and every
 * `await` of ours calls `then()`.
 */
const storage = otherRuntime !== 'Bun' ? undefined : new AsyncLocalStorage<object | undefined>();

/** Are there promise hooks? */
export const hasHooks: boolean = storage === undefined;

/** A step with another one inside it, and what it continues with after that. */
interface Outer {
  readonly thing: object | undefined;
  readonly goingOn: object | undefined;
  /** The step that this one is inside of. */
  readonly next: Outer | undefined;
}

/** The step around the running one; undefined for the outermost. */
let outer: Outer | undefined;

/** A flag: something waits for the promise. */
const AWAITED = 1;
/** A flag: it does not matter whether something does. */
const LEFT_OUT = 2;

/** What a promise records. A `#private` field, so that printing the promise does not show it. */
class Note extends ReturnOverride {
  #thing: object | undefined;
  /**
   * If it waits for another promise: the period in which it started to, or 0 once it has continued, shifted by the
   * two flags. Otherwise the promise that waits for it, if that is known.
   */
  #waits: number | object | undefined;

  constructor(promise: object, thing: object, waits: boolean) {
    super(promise);
    this.#thing = thing;
    this.#waits = waits ? period << 2 : undefined;
    if (waits) underWay += 1;
  }

  /** What was in force where `promise` was created, unless something is known to wait for it. */
  static ofUnawaited(promise: object): object | undefined {
    return #thing in promise && !Note.#isLeftOut(promise) ? promise.#thing : undefined;
  }

  /**
   * `waiter` waits for `promise`.
   *
   * An `await` of a thenable creates a promise that represents the thenable. V8 reports it as if it
   * waited for the awaiting function, which it does not. It is recognized by having a waiter itself:
   * no other promise created by an `await` has one.
   */
  static isAwaitedBy(promise: object, waiter: object): void {
    if (!(#thing in promise)) return;
    if (typeof promise.#waits === 'number') promise.#waits |= AWAITED;
    else if (!Note.#isAwaited(promise)) promise.#waits = waiter;
  }

  /** It does not matter what waits for `promise`, which waits for another one. */
  static leaveOut(promise: object): void {
    if (#thing in promise && typeof promise.#waits === 'number') promise.#waits |= LEFT_OUT;
  }

  // Static, because a private method would add a field to each note.
  static #isLeftOut(note: Note): boolean {
    const waits = note.#waits;
    return typeof waits === 'number' ? (waits & (AWAITED | LEFT_OUT)) !== 0 : Note.#isAwaited(note);
  }

  static #isAwaited(note: Note): boolean {
    const waits = note.#waits;
    if (typeof waits === 'number') return (waits & AWAITED) !== 0;
    return waits !== undefined && !Note.#isAwaited(waits as Note);
  }

  /** What was in force where `promise` was created; it is about to continue. */
  static goesOn(promise: object): object | undefined {
    if (!(#thing in promise)) return undefined;
    const waits = promise.#waits;
    if (typeof waits === 'number' && waits >> 2 === period) {
      promise.#waits = waits & (AWAITED | LEFT_OUT);
      underWay -= 1;
      if (underWay === 0 && needs === 0) stopSoon();
    }
    return promise.#thing;
  }
}

/** What a promise waits for, once that is noted. */
class AwaitedNote extends ReturnOverride {
  #awaited: Promise<unknown> | undefined;

  constructor(promise: object, awaited: Promise<unknown> | undefined) {
    super(promise);
    this.#awaited = awaited;
  }

  static of(promise: object): Promise<unknown> | undefined {
    return #awaited in promise ? promise.#awaited : undefined;
  }

  /** Sets or replaces the note. */
  static set(promise: object, awaited: Promise<unknown> | undefined): void {
    if (#awaited in promise) promise.#awaited = awaited;
    else new AwaitedNote(promise, awaited);
  }
}

/** Is it noted what each `await` waits for? */
let notesAwaited = false;

/** Called when an `await` starts. */
let tellAwait: TellAwait = () => false;

type TellAwait = (awaited: object, thing: object | undefined, promise: object) => boolean;

/** Called with each promise created while something is in force; see {@link watchPromises}. */
let seeMade: SeeMade | undefined;

type SeeMade = (promise: object, awaited: object | undefined, thing: object) => void;

/** The promise that continues, if that is noted. */
let goingOn: object | undefined;

/** Called before code continues. */
let tellBefore: (thing: object, awaited: Promise<unknown> | undefined) => void = () => {};

/** Called after code has continued. */
let tellAfter: (thing: object | undefined) => void = () => {};

const hooks = {
  init(promise: object, awaited: object | undefined): void {
    if (inForce !== undefined) new Note(promise, inForce, awaited !== undefined);
    if (awaited !== undefined) {
      const isNative = tellAwait(awaited, inForce, promise);
      if (inForce !== undefined) {
        if (notesAwaited) noteWhatIsAwaited(promise, awaited);
        if (seeSettled !== undefined) {
          Note.isAwaitedBy(awaited, promise);
          if (isNative) Note.leaveOut(promise);
        }
      }
    }
    if (seeMade !== undefined && inForce !== undefined) seeMade(promise, awaited, inForce);
    newest = undefined;
  },
  before(promise: object): void {
    if (inForce !== undefined || outer !== undefined)
      outer = { thing: inForce, goingOn, next: outer };
    inForce = Note.goesOn(promise);
    if (seeMade !== undefined) goingOn = promise;
    if (tellsBefore && inForce !== undefined) tellBefore(inForce, AwaitedNote.of(promise));
  },
  after(): void {
    const thing = inForce;
    if (outer === undefined) {
      inForce = undefined;
      goingOn = undefined;
    } else {
      inForce = outer.thing;
      goingOn = outer.goingOn;
      outer = outer.next;
    }
    tellAfter(thing);
  },
};

/** The last promise that was created. */
let lastMade: object | undefined;

/**
 * Notes what `promise` waits for.
 *
 * An `await` of a thenable creates two promises. The first represents the thenable, and V8 reports
 * it as if it waited for the awaiting function. It waits for nothing.
 */
function noteWhatIsAwaited(promise: object, awaited: object): void {
  if (awaited === lastMade) AwaitedNote.set(awaited, undefined);
  AwaitedNote.set(promise, awaited as Promise<unknown>);
  lastMade = promise;
}

/** The argument of the last {@link noteNewest}, until another promise is created. */
let newest: object | undefined;

/** Notes that `promise` is the newest, until another one is created. */
export function noteNewest(promise: object): void {
  newest = promise;
}

/** Has no promise been created since {@link noteNewest} was called with `promise`? */
export function isNewest(promise: object): boolean {
  return newest === promise && hasHooks;
}

/** What is in force; undefined if nothing has called {@link carry}. */
export function carried(): object | undefined {
  return storage === undefined ? inForce : storage.getStore();
}

/**
 * From now on calls `tell` when an `await` starts, with what is awaited, what is in force, and the
 * promise that waits.
 *
 * @param tell - returns whether it is certainly an `await`, and not a call of `then`
 */
export function onAwait(tell: TellAwait): void {
  tellAwait = tell;
}

/**
 * From now on calls `see` with each promise that is created while something is in force, inside the
 * call that creates it. If an `await` creates it, `see` also gets what is awaited; for a thenable,
 * the promise that represents it, which is also what {@link promiseGoingOn} returns when its `then`
 * is called.
 */
export function watchPromises(see: SeeMade): void {
  seeMade = see;
}

/** The hook that V8 calls for a new promise; in a stack, its creator is above. */
export const promiseMade: (...args: never[]) => void = hooks.init;

/** The promise through which the current code continued; undefined before {@link watchPromises}. */
export function promiseGoingOn(): object | undefined {
  return goingOn;
}

/** From now on notes what each `await` waits for, for {@link onBefore}. */
export function noteAwaited(): void {
  notesAwaited = true;
  tellsBefore = true;
}

/** Is {@link onBefore}'s function called? */
let tellsBefore = false;

/** From now on calls {@link onBefore}'s function, also for awaits that were not noted. */
export function watchBefore(): void {
  tellsBefore = true;
}

/** From now on calls `tell` before code continues, with what is in force and what was awaited. */
export function onBefore(
  tell: (thing: object, awaited: Promise<unknown> | undefined) => void,
): void {
  tellBefore = tell;
}

/** From now on calls `tell` after a promise's code has continued, with what was in force in it. */
export function onAfter(tell: (thing: object | undefined) => void): void {
  tellAfter = tell;
}

/**
 * From now on calls `see` with each promise that is about to be settled, if it {@link mayFloat}, and with
 * what was in force where it was created.
 */
export function onSettled(see: (promise: Promise<unknown>, thing: object) => void): void {
  seeSettled = (promise) => {
    const thing = Note.ofUnawaited(promise);
    if (thing !== undefined) see(promise, thing);
  };
  if (stopHooks.length > 0) stopHooks.push(stopper(v8().promiseHooks.onSettled(seeSettled)));
}

/** Is nothing known to wait for `promise`? Waiters are recorded once {@link onSettled} was called. */
export function mayFloat(promise: object): boolean {
  return Note.ofUnawaited(promise) !== undefined;
}

/** Makes `promise`, which `then` has returned, count as waited for. */
export function leaveOutSettled(promise: object): void {
  if (seeSettled !== undefined) Note.leaveOut(promise);
}

let seeSettled: ((promise: Promise<unknown>) => void) | undefined;

// Promises are followed only as long as needed, because the hooks slow down each `await` of the
// process by about 200 ns:
//
//           followPromises()
//   idle ─────────────────────▶ following
//     ▲                             │
//     └─────────────────────────────┘
//       an immediate after the last need has ended: nothing is in force then

/** Stop the hooks; empty while idle. */
let stopHooks: (() => void)[] = [];
/** How many open loops, and things they left behind, need promises to be followed. */
let needs = 0;
/** Do pending awaits need it, too? */
let isUnderWayNeeded = false;
/**
 * The number of pending `await`s of code with something in force, as far as they started in this
 * period.
 */
let underWay = 0;
/** How often following has started. */
let period = 1;
let isStopping = false;

let tellFollowing: (isFollowing: boolean) => void = () => {};

/** From now on calls `tell` when following starts and ends. */
export function onFollowing(tell: (isFollowing: boolean) => void): void {
  tellFollowing = tell;
}

/** Follows promises until nothing needs it. */
export function followPromises(): void {
  if (stopHooks.length > 0 || !hasHooks) return;
  tellFollowing(true);
  stopHooks = [stopper(v8().promiseHooks.createHook(hooks))];
  if (seeSettled !== undefined) stopHooks.push(stopper(v8().promiseHooks.onSettled(seeSettled)));
  if (needs === 0) stopSoon();
}

/** A need for promises to be followed. */
export class FollowingNeed {
  #needs = false;

  get isOn(): boolean {
    return this.#needs;
  }

  constructor() {
    this.begin();
  }

  begin(): void {
    if (this.#needs) return;
    this.#needs = true;
    needs += 1;
  }

  readonly end = (): void => {
    if (!this.#needs) return;
    this.#needs = false;
    needs -= 1;
    if (needs === 0) stopSoon();
  };

  /** Ends once each pending `await` has continued. */
  endAfterAwaits(): void {
    followUnderWay();
    this.end();
  }
}

/** Keeps promises followed while any `await` is pending. */
export function followUnderWay(): void {
  isUnderWayNeeded = true;
}

const leftBehind = new FinalizationRegistry<LeftBehind>((left) => left.end());

/**
 * Code that may never continue: promises are followed for it until it has ended, or is collected.
 */
export class LeftBehind {
  readonly #need = new FollowingNeed();
  #isSought = false;

  /** @param thing - what it has in force */
  constructor(thing: object) {
    leftBehind.register(thing, this);
  }

  /** Requests a collection. */
  seek(): void {
    if (this.#isSought || !this.#need.isOn) return;
    this.#isSought = true;
    requestCollection();
  }

  readonly end = (): void => {
    this.#need.end();
    if (this.#isSought) withdrawCollectionRequest();
    this.#isSought = false;
  };
}

/** Are promises followed? */
export function areFollowed(): boolean {
  return stopHooks.length > 0;
}

function isNeeded(): boolean {
  return needs > 0 || (isUnderWayNeeded && underWay > 0);
}

function stopSoon(): void {
  if (isStopping || stopHooks.length === 0 || isNeeded()) return;
  isStopping = true;
  setImmediate(() => {
    isStopping = false;
    if (isNeeded()) return;
    for (const stop of stopHooks.splice(0)) stop();
    lastMade = undefined;
    newest = undefined;
    isUnderWayNeeded = false;
    underWay = 0;
    period += 1;
    tellFollowing(false);
  });
}

/** Node's types declare it as any function. */
function stopper(stop: unknown): () => void {
  return stop as () => void;
}

/**
 * Suspends what is in force, while a promise is created that should note nothing.
 *
 * @returns the argument for {@link putBack}
 */
export function putAside(): object | undefined {
  const aside = carried();
  putBack(undefined);
  return aside;
}

/** Puts `thing` in force for the rest of the running code, and wherever that continues. */
export function carryOn(thing: object): void {
  putBack(thing);
}

/** Restores what was in force. */
export function putBack(aside: object | undefined): void {
  if (storage === undefined) inForce = aside;
  else storage.enterWith(aside);
}

/**
 * Calls `callback` with `argument`, with `thing` in force in it and wherever it continues.
 *
 * There is exactly one argument, because passing on lists of arguments is slow.
 */
export function carry<A, R>(
  thing: object | undefined,
  callback: (argument: A) => R,
  argument: A,
): R {
  if (storage !== undefined) return storage.run(thing, callback, argument);
  followPromises();
  const before = inForce;
  inForce = thing;
  try {
    return callback(argument);
  } finally {
    inForce = before;
  }
}
