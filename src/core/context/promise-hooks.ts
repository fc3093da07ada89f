import { requestCollection, withdrawCollectionRequest } from '../../base/collection-requests.ts';
import { v8 } from '../../base/node-modules.ts';
import { setImmediate } from '../../base/node-timers.ts';
import { ReturnOverride } from '../../base/values/return-override.ts';

/**
 * One thing that is in force for a piece of code, and is carried along its every `await`.
 *
 * Node's `AsyncLocalStorage` does this and more: it follows timers, sockets and all else. On Node
 * 20 and 22 it hooks into everything for that, at 2 µs for each message of an echo server, as much
 * as all the rest of two awaits. Here three small hooks follow promises, and nothing else:
 *
 *   a promise is made      it notes what is in force: an `await` makes one, too, and what is
 *                          awaited is told of
 *   it is about to go on   what it noted is in force
 *   it has gone on         nothing is; or what was before, where one goes on inside the step of
 *                          another: `vm` has queues of microtasks that it runs at once
 */
let inForce: object | undefined;

/** A step that has another one inside it, and what it goes on with after that. */
interface Outer {
  readonly thing: object | undefined;
  readonly goingOn: object | undefined;
  /** The one that this is inside of. */
  readonly next: Outer | undefined;
}

/** The step outside of the one that runs; none outside of the outermost. */
let outer: Outer | undefined;

/** What a promise notes. A `#` field, for nobody is to see it who prints the promise. */
class Note extends ReturnOverride {
  #thing: object | undefined;
  /** The period in which it began to wait for another promise, if it does. */
  #waits: number;

  constructor(promise: object, thing: object, waits: boolean) {
    super(promise);
    this.#thing = thing;
    this.#waits = waits ? period : 0;
    if (waits) underWay += 1;
  }

  static of(promise: object): object | undefined {
    return #thing in promise ? promise.#thing : undefined;
  }

  /** The same, of one that is about to go on. */
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

  /** Notes it, also where something else was noted. */
  static set(promise: object, awaited: Promise<unknown> | undefined): void {
    if (#awaited in promise) promise.#awaited = awaited;
    else new AwaitedNote(promise, awaited);
  }
}

/** Is it noted what each `await` waits for? */
let notesAwaited = false;

/** Who wants to be told that an `await` begins. */
let tellAwait: (awaited: object, thing: object | undefined) => void = () => {};

/** Is told of each promise that is made where something is in force; see {@link watchPromises}. */
let seeMade: SeeMade | undefined;

type SeeMade = (promise: object, awaited: object | undefined, thing: object) => void;

/** The promise that goes on, if that is noted. */
let goingOn: object | undefined;

/** Who wants to be told that code is about to go on. */
let tellBefore: (thing: object, awaited: Promise<unknown> | undefined) => void = () => {};

/** Who wants to be told that something has gone on. */
let tellAfter: () => void = () => {};

const hooks = {
  init(promise: object, awaited: object | undefined): void {
    if (inForce !== undefined) new Note(promise, inForce, awaited !== undefined);
    if (awaited !== undefined) {
      tellAwait(awaited, inForce);
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
    if (notesAwaited && inForce !== undefined) tellBefore(inForce, AwaitedNote.of(promise));
  },
  after(): void {
    if (outer === undefined) {
      inForce = undefined;
      goingOn = undefined;
    } else {
      inForce = outer.thing;
      goingOn = outer.goingOn;
      outer = outer.next;
    }
    tellAfter();
  },
};

/** The promise that was made last. */
let lastMade: object | undefined;

/**
 * Notes what `promise` waits for.
 *
 * An `await` of a thenable makes two promises. The first stands for the thenable, and V8 tells of it
 * as if it waited for the function that awaits. It waits for nothing.
 */
function noteWhatIsAwaited(promise: object, awaited: object): void {
  if (awaited === lastMade) AwaitedNote.set(awaited, undefined);
  AwaitedNote.set(promise, awaited as Promise<unknown>);
  lastMade = promise;
}

/** What {@link noteNewest} was told of, until a promise is made after that. */
let newest: object | undefined;

/** Notes that `promise` is the one that was made last; it is, until another one is made. */
export function noteNewest(promise: object): void {
  newest = promise;
}

/** Was no promise made since {@link noteNewest} was told of `promise`? */
export function isNewest(promise: object): boolean {
  return newest === promise;
}

/** What is in force; nothing where nobody called {@link carry}. */
export function carried(): object | undefined {
  return inForce;
}

/** What was in force where `promise` was made. */
export function noteOf(promise: object): object | undefined {
  return Note.of(promise);
}

/** From now on calls `tell` with what is awaited, and with what is in force, as an `await` begins. */
export function onAwait(tell: (awaited: object, thing: object | undefined) => void): void {
  tellAwait = tell;
}

/**
 * From now on calls `see` with each promise that is made where something is in force, inside the call that makes
 * it. One that an `await` makes comes with what is awaited: where that is a thenable, the promise that stands
 * for it. That is what {@link promiseGoingOn} is when its `then` is called.
 */
export function watchPromises(see: SeeMade): void {
  seeMade = see;
}

/** The function by which V8 tells of a new promise; in a stack, what makes it is above. */
export const promiseMade: (...args: never[]) => void = hooks.init;

/** The promise by which the code runs that runs; none before {@link watchPromises}. */
export function promiseGoingOn(): object | undefined {
  return goingOn;
}

/** From now on notes what each `await` waits for; {@link onBefore} is told. */
export function noteAwaited(): void {
  notesAwaited = true;
}

/** From now on calls `tell` before code goes on, with what is in force, and what was awaited. */
export function onBefore(
  tell: (thing: object, awaited: Promise<unknown> | undefined) => void,
): void {
  tellBefore = tell;
}

/** From now on calls `tell` when a promise has gone on, as far as it goes. */
export function onAfter(tell: () => void): void {
  tellAfter = tell;
}

/** Calls `see` with each promise that settles, while promises are followed. */
export function onSettled(see: (promise: Promise<unknown>) => void): void {
  seeSettled = see;
  if (stopHooks.length > 0) stopHooks.push(stopper(v8().promiseHooks.onSettled(see)));
}

let seeSettled: ((promise: Promise<unknown>) => void) | undefined;

// Promises are followed as long as somebody needs it, because the hooks make each `await` of the process
// slower by some 200 ns:
//
//           followPromises()
//   idle ─────────────────────▶ following
//     ▲                             │
//     └─────────────────────────────┘
//       an immediate after the last need has ended: nothing is in force then

/** Stop the hooks; none while idle. */
let stopHooks: (() => void)[] = [];
/** How many need promises followed: open loops, and what they left behind. */
let needs = 0;
/** Does what is under way need it, too? */
let isUnderWayNeeded = false;
/** How many `await`s are under way of code that has something in force, as far as they began in this period. */
let underWay = 0;
/** How often following began. */
let period = 1;
let isStopping = false;

let tellFollowing: (isFollowing: boolean) => void = () => {};

/** From now on calls `tell` when following begins and ends. */
export function onFollowing(tell: (isFollowing: boolean) => void): void {
  tellFollowing = tell;
}

/** Follows promises, until nobody needs it. */
export function followPromises(): void {
  if (stopHooks.length > 0) return;
  tellFollowing(true);
  stopHooks = [stopper(v8().promiseHooks.createHook(hooks))];
  if (seeSettled !== undefined) stopHooks.push(stopper(v8().promiseHooks.onSettled(seeSettled)));
  if (needs === 0) stopSoon();
}

/** Somebody who needs promises followed, once they are. */
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

  /** Ends when each `await` that is under way has gone on. */
  endAfterAwaits(): void {
    followUnderWay();
    this.end();
  }
}

/** Keeps promises followed, once they are, while any `await` is under way. */
export function followUnderWay(): void {
  isUnderWayNeeded = true;
}

const leftBehind = new FinalizationRegistry<LeftBehind>((left) => left.end());

/** Code that may never go on: promises are followed for it until it has ended, or is collected. */
export class LeftBehind {
  readonly #need = new FollowingNeed();
  #isSought = false;

  /** @param thing - what it has in force */
  constructor(thing: object) {
    leftBehind.register(thing, this);
  }

  /** Asks for a collection. */
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

/** The types of Node say that it is any function. */
function stopper(stop: unknown): () => void {
  return stop as () => void;
}

/**
 * Puts what is in force aside, while a promise is made that is to note nothing.
 *
 * @returns what {@link putBack} is to be called with
 */
export function putAside(): object | undefined {
  const aside = inForce;
  inForce = undefined;
  return aside;
}

/** Has `thing` in force for the rest of the code that runs, and wherever that goes on. */
export function carryOn(thing: object): void {
  inForce = thing;
}

/** Has it in force again. */
export function putBack(aside: object | undefined): void {
  inForce = aside;
}

/**
 * Calls `callback` with `argument`, and has `thing` in force in it and wherever it goes on.
 *
 * There is one argument, and not any number: passing lists on is slow.
 */
export function carry<A, R>(
  thing: object | undefined,
  callback: (argument: A) => R,
  argument: A,
): R {
  followPromises();
  const before = inForce;
  inForce = thing;
  try {
    return callback(argument);
  } finally {
    inForce = before;
  }
}
