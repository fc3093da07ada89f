/**
 * What becomes of a cancel that is thrown into an `await`, derived from the functions above it.
 *
 * `Promise.allSettled()` and `Promise.any()` keep the errors of their promises: the code that waits for
 * them never sees the cancel. So it is thrown again, at that code's next `await`.
 */
import { callSitesOfNow } from '../../base/errors/await-stack.ts';
import { promiseGoingOn, promiseMade, watchPromises } from '../context/promise-hooks.ts';
import type { AwaitingScope, CancelRequest } from '../futures/awaiter.ts';
import { interruptAwait } from './interrupted-await.ts';

/** Runs the body of each limit. In a stack its name marks where the body ends and its caller begins. */
export const RUNS_BODY = 'asyncio-ts.runBodyOfLimit';

/** Runs the body of a task made of a function. */
export const RUNS_TASK = 'asyncio-ts.runBodyOfTask';

/** A step above an `await`: a function, a combinator by which it waits, or the end of a body. */
type Step =
  | FunctionStep
  | {
      readonly kind: 'combinator';
      readonly keeps: boolean;
      /** Does it go on before all of its branches have ended? */
      readonly leaves: boolean;
      readonly at: string;
    }
  | { readonly kind: 'limit' | 'task' };

/** Functions and combinators that wait for one another, innermost first. */
type Line = readonly Exclude<Step, { readonly kind: 'limit' | 'task' }>[];

/** The functions above an `await`, innermost first. */
export class CancelPath {
  readonly #steps: readonly Step[];
  /** The functions that run and do not wait yet, innermost first. */
  readonly #running: readonly Step[];

  private constructor(steps: readonly Step[], running: readonly Step[] = []) {
    this.#steps = steps;
    this.#running = running;
  }

  /** @param frames - the frames of the `await`, as V8 describes them */
  static of(frames: readonly NodeJS.CallSite[]): CancelPath {
    return new CancelPath(frames.filter(isAsync).flatMap(stepOf));
  }

  /** The path of what waits for the function that runs; `undefined` where V8 does not show it. */
  static ofCallers(): CancelPath | undefined {
    return CancelPath.waiting(callSitesOfNow());
  }

  /** As {@link of}; `undefined` where V8 shows nothing. */
  static waiting(frames: readonly NodeJS.CallSite[]): CancelPath | undefined {
    const path = CancelPath.of(frames);
    return path.#steps.length === 0 ? undefined : path;
  }

  /**
   * The path of the `await` that begins now.
   *
   * V8 calls the awaited object's `then`, and before Node 26 shows no frames above that. There the path is
   * the one recorded when the `await` began, see {@link followAwaits}.
   *
   * @returns `undefined` if it is not known, because the `await` began before anything was kept
   */
  static ofNow(): CancelPath | undefined {
    const frames = callSitesOfNow();
    const sync = frames.filter((frame) => !isAsync(frame));
    const running = sync.filter(isUsers).flatMap(stepOf);
    const above = paths.get(promiseGoingOn() ?? paths);
    if (above !== undefined) return new CancelPath(above.#steps, [...running, ...above.#running]);
    const outermost = sync.findLast((frame) => !frame.getFileName()?.startsWith('node:'));
    if (outermost?.getFunctionName() === 'then' && frames.length === sync.length) return undefined;
    return new CancelPath(frames.filter(isAsync).flatMap(stepOf), running);
  }

  /** Only the part in the bodies of the innermost `count` limits; all of it if there are fewer. */
  within(count: number): CancelPath {
    let left = count;
    const end = this.#steps.findIndex((step) => step.kind === 'limit' && --left === 0);
    if (end < 0) return this;
    return new CancelPath(this.#steps.slice(0, end + 1), this.#running);
  }

  /** How many limits' bodies see the cancel, from their innermost to their outermost function. */
  get limits(): number {
    const kept = this.#steps.findIndex(keepsIt);
    const seen = kept < 0 ? this.#steps : this.#steps.slice(0, kept);
    return seen.filter(({ kind }) => kind === 'limit').length;
  }

  /** How often it is kept. */
  get keepers(): number {
    return this.#steps.filter(keepsIt).length;
  }

  /** The part that does not see the cancel. */
  get unaware(): Line {
    return lineOf(this.#steps.slice(this.#steps.findIndex(keepsIt) + 1));
  }

  /** What waits and what runs. */
  get line(): Line {
    return lineOf([...this.#running, ...this.#steps]);
  }

  /**
   * Is `line` code that saw the cancel here and now goes on elsewhere?
   *
   * @param beside - what waited for the same promise, if anything did
   */
  hasGoneOn(line: Line, beside: Line): boolean {
    const all = this.line;
    const common = sharedEnd(beside, all);
    for (const rest of remainders(all)) {
      if (all.length - rest.length > common) return false;
      const shared = sharedEnd(line, rest);
      if (isSameFunction(line.at(-1 - shared), rest.at(-1 - shared))) return true;
      if (rest === all && shared > 0) return false;
    }
    return false;
  }

  /** Does it lead to the end of a body: of a limit, or of a task whose body has this name? */
  endsBody(name: string | undefined): boolean {
    const last = this.#steps.at(-1);
    return (
      last?.kind === 'limit' ||
      last?.kind === 'task' ||
      (last?.kind === 'function' && last.name === name)
    );
  }
}

/** A cancel that can be kept. */
interface KeptRequest extends CancelRequest {
  /** Where it was thrown and not kept. */
  readonly _seen: readonly CancelPath[];
  /** It is thrown to the code of `path`, in `scope`. */
  _see(path: CancelPath, scope: AwaitingScope): void;
}

/**
 * What keeps a cancel from the code that waits: a combinator that turns it into a result, a shield that holds it
 * back, or an error that is thrown in its place.
 */
export type Keeper = 'combinator' | 'shield' | 'error';

/** A cancel that was kept, and that other code is to see. */
export class KeptCancel {
  readonly request: KeptRequest;
  /** The code that had not seen it when it was kept. */
  readonly unaware: Line;
  /** It is for code in which it would be kept at most this often. */
  readonly depth: number;
  /** Is the end of the body to see it, too? */
  readonly endsBody: boolean;
  /** Also the body of a limit? Not where an error hid it: then asyncio's `timeout()` ends normally. */
  readonly endsLimits: boolean;
  /** How many of the outermost functions have seen it since, thrown by others. */
  #aware = 0;
  /** Has an `await` taken it? Until it is thrown to the code that it is for, others may take it, too. */
  isThrown = false;

  /** @param keeper - a combinator that is part of `path`; or else it is for all of `path` */
  constructor(
    request: KeptRequest,
    path: CancelPath,
    bodyName: string | undefined,
    keeper: Keeper,
  ) {
    const isInPath = keeper === 'combinator';
    this.request = request;
    this.unaware = isInPath ? path.unaware : path.line;
    this.depth = path.keepers - (isInPath ? 1 : 0);
    this.endsBody = path.endsBody(bodyName);
    this.endsLimits = this.endsBody && keeper !== 'error';
  }

  /** Has nobody seen it since? */
  get isUnseen(): boolean {
    return this.#aware === 0;
  }

  /** All functions of `path` have seen the cancel. */
  tellAware(path: CancelPath): void {
    if (path.keepers === 0) this.#aware = Math.max(this.#aware, sharedEnd(path.line, this.unaware));
  }

  get isSeenByAll(): boolean {
    return this.unaware.length > 0 && this.#aware === this.unaware.length;
  }

  /**
   * Is it for the code of `line`? That code was among what waited and now goes on elsewhere; the
   * outermost functions may have gone on without it.
   */
  isFor(line: Line): boolean {
    const all = this.unaware;
    if (all.length === 0 || line.length === 0) return all.length === line.length;
    for (const rest of remainders(all)) {
      const gone = all.length - rest.length;
      const shared = sharedEnd(line, rest);
      const [own, its] = [line.at(-1 - shared), rest.at(-1 - shared)];
      const isIt =
        own === undefined || its === undefined
          ? shared > 0
          : shared === 0
            ? isSameFunction(own, its)
            : own.kind !== its.kind || isSameFunction(own, its);
      if (isIt) return gone + shared >= this.#aware;
      if (gone === 0 && shared > 0) return false;
    }
    return false;
  }
}

function isSameFunction(one: Line[number] | undefined, other: Line[number] | undefined): boolean {
  return one?.kind === 'function' && other?.kind === 'function' && one.what === other.what;
}

/**
 * What may be left of `line` when its outermost functions have gone on without it. They do not go on
 * without a branch of `Promise.allSettled()`; of `Promise.race()`, V8 shows nothing.
 */
function* remainders(line: Line): Generator<Line> {
  for (let length = line.length; length > 0; length -= 1) {
    const last = line[length - 1];
    if (length === line.length) yield line;
    else if (last?.kind === 'function' || last?.leaves === true) yield line.slice(0, length);
  }
}

/** How many of the outermost steps are the same. */
function sharedEnd(one: Line, other: Line): number {
  let shared = 0;
  while (shared < one.length && one.at(-1 - shared)?.at === other.at(-1 - shared)?.at) shared += 1;
  return shared;
}

/** The path of each `await` in code that a kept cancel may be for, by the awaited promise. */
const paths = new WeakMap<object, CancelPath>();

/**
 * From now on records the path of each `await` in scopes for which `isMeant` returns true, and has
 * `take` asked where one of a promise that is made there begins, see {@link interruptAwait}.
 */
export function followAwaits(isMeant: (scope: object) => boolean, take: TakeKept): void {
  watchPromises((promise, awaited, scope) => {
    if (!isMeant(scope)) return;
    if (awaited === undefined) {
      interruptAwait(promise, () => take(CancelPath.ofNow()), promiseMade);
      return;
    }
    const path = CancelPath.ofNow();
    if (path !== undefined) paths.set(awaited, path);
  });
}

/** Is there a kept cancel for the code of `path`? Then it returns what throws it. */
type TakeKept = (path: CancelPath | undefined) => (() => void) | undefined;

function lineOf(steps: readonly Step[]): Line {
  return steps.filter(
    (step): step is Line[number] => step.kind !== 'limit' && step.kind !== 'task',
  );
}

function keepsIt(step: Step): boolean {
  return step.kind === 'combinator' && step.keeps;
}

function stepOf(frame: NodeJS.CallSite): Step[] {
  const name = frame.getFunctionName();
  if (name === RUNS_BODY) return [{ kind: 'limit' }];
  if (name === RUNS_TASK) return [{ kind: 'task' }];
  const file = frame.getFileName();
  if (file === null || file === undefined) {
    if (name !== 'allSettled' && name !== 'any' && name !== 'all') return [];
    const at = `${name} ${(frame as Partial<V8Frame>).getPromiseIndex?.()}`;
    return [{ kind: 'combinator', keeps: name !== 'all', leaves: name !== 'allSettled', at }];
  }
  return [new FunctionStep(name, file, frame)];
}

/** A function in a stack. Its position is read only when it is compared, which is where a cancel is kept. */
class FunctionStep {
  readonly kind = 'function';
  readonly name: string | null;
  readonly #file: string;
  readonly #frame: NodeJS.CallSite & Partial<V8Frame>;
  #what: string | undefined;
  #at: string | undefined;

  constructor(name: string | null, file: string, frame: NodeJS.CallSite) {
    this.name = name;
    this.#file = file;
    this.#frame = frame;
  }

  /** The function and where it is defined. */
  get what(): string {
    const frame = this.#frame;
    this.#what ??= `${this.name} ${this.#file}:${frame.getEnclosingLineNumber?.()}:${frame.getEnclosingColumnNumber?.()}`;
    return this.#what;
  }

  /** The function and its position in it. */
  get at(): string {
    this.#at ??= `${this.what} ${this.#frame.getLineNumber()}:${this.#frame.getColumnNumber()}`;
    return this.#at;
  }
}

/** What else V8 provides for frames. */
interface V8Frame {
  isAsync(): boolean;
  getPromiseIndex(): number | null;
  /** Of the function. */
  getEnclosingLineNumber(): number | null;
  getEnclosingColumnNumber(): number | null;
}

function isAsync(frame: NodeJS.CallSite): boolean {
  return (frame as Partial<V8Frame>).isAsync?.() === true;
}

function isUsers(frame: NodeJS.CallSite): boolean {
  const file = frame.getFileName();
  return file !== null && file !== undefined && !file.startsWith('node:');
}
