import { AsyncLocalStorage } from 'node:async_hooks';
import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { v8 } from '../../base/node-modules.ts';
import { setImmediate } from '../../base/node-timers.ts';
import { otherRuntime } from '../../base/other-runtime.ts';
import { ReturnOverride } from '../../base/values/return-override.ts';

/**
 * The one thing that is in force for the running code, and follows its every `await`.
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

/** What a promise records. A `#private` field, so that printing the promise does not show it. */
class Note extends ReturnOverride {
  #thing: object | undefined;
  /** The period in which it started to wait for another promise; 0 if it does not, or once it has continued. */
  #waits: number;

  constructor(promise: object, thing: object, waits: boolean) {
    super(promise);
    this.#thing = thing;
    this.#waits = waits ? period : 0;
    if (waits) underWay += 1;
  }

  static isOn(promise: object): boolean {
    return #thing in promise;
  }

  /** `promise` is about to continue; returns what was in force where it was created. */
  static goesOn(promise: object): object | undefined {
    if (!(#thing in promise)) return undefined;
    if (promise.#waits === period) {
      promise.#waits = 0;
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

/** Do we note what each `await` waits for? */
let notesAwaited = false;

/** Called when an `await` starts. */
let tellAwait: TellAwait = () => {};

type TellAwait = (awaited: object, thing: object | undefined, promise: object) => void;

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
      tellAwait(awaited, inForce, promise);
      if (notesAwaited && inForce !== undefined) noteWhatIsAwaited(promise, awaited);
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
 * From now on, calls `tell` when an `await` starts, with what is awaited, what is in force, and the
 * promise that waits.
 */
export function onAwait(tell: TellAwait): void {
  tellAwait = tell;
}

/**
 * From now on, calls `see` with each promise created while something is in force, inside the call
 * that creates it. If an `await` creates it, `see` also gets what is awaited; for a thenable,
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

/** From now on, notes what each `await` waits for, for {@link onBefore}. */
export function noteAwaited(): void {
  notesAwaited = true;
  tellsBefore = true;
}

/** Is {@link onBefore}'s function called? */
let tellsBefore = false;

/** From now on, calls {@link onBefore}'s function, even for awaits that were not noted. */
export function watchBefore(): void {
  tellsBefore = true;
}

/** From now on, calls `tell` before code continues, with what is in force and what was awaited. */
export function onBefore(
  tell: (thing: object, awaited: Promise<unknown> | undefined) => void,
): void {
  tellBefore = tell;
}

/** From now on, calls `tell` after a promise's code has continued, with what was in force in it. */
export function onAfter(tell: (thing: object | undefined) => void): void {
  tellAfter = tell;
}

/**
 * Calls `tell` once: when code that is about to continue creates or settles a promise, or has continued.
 *
 * @param tell - also gets the function that calls it; in a stack, the code is above that
 */
export function onNext(tell: (hook: () => void) => void): void {
  const hook = (): void => {
    stop();
    tell(hook);
  };
  const stop = v8().promiseHooks.createHook({
    init: hook,
    settled: hook,
    after: hook,
  }) as () => void;
}

/** Was `promise` created while something was in force, and promises were followed? */
export function isNoted(promise: object): boolean {
  return Note.isOn(promise);
}

// Promises are followed only as long as needed, because the hooks slow down each `await` of the
// process by about 200 ns:
//
//           followPromises()
//   idle ─────────────────────▶ following
//     ▲                             │
//     └─────────────────────────────┘
//       an immediate after the last need has ended: nothing is in force then

/** Stops the hooks; undefined while idle. */
let stopHooks: (() => void) | undefined;
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

const toldOfFollowing: ((isFollowing: boolean) => void)[] = [];

/** From now on, calls `tell` when following starts and ends. */
export function onFollowing(tell: (isFollowing: boolean) => void): void {
  toldOfFollowing.push(tell);
}

function tellFollowing(isFollowing: boolean): void {
  for (const tell of toldOfFollowing) tell(isFollowing);
}

/** Follows promises until nothing needs it. */
export function followPromises(): void {
  if (stopHooks !== undefined || !hasHooks) return;
  tellFollowing(true);
  // Node's types declare it as any function.
  stopHooks = v8().promiseHooks.createHook(hooks) as () => void;
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
  return stopHooks !== undefined;
}

function isNeeded(): boolean {
  return needs > 0 || (isUnderWayNeeded && underWay > 0);
}

function stopSoon(): void {
  if (isStopping || stopHooks === undefined || isNeeded()) return;
  isStopping = true;
  setImmediate(() => {
    isStopping = false;
    if (isNeeded()) return;
    stopHooks?.();
    stopHooks = undefined;
    lastMade = undefined;
    newest = undefined;
    isUnderWayNeeded = false;
    underWay = 0;
    period += 1;
    tellFollowing(false);
  });
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
