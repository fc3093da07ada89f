import { callSitesOfNow } from '../../../base/errors/await-stack.ts';
import type { RunningFunction } from '../../../base/stacks/capture.ts';
import { promiseGoingOn, promiseMade, watchPromises } from '../../context/promise-hooks.ts';
import { interruptAwait } from './interrupted-await.ts';

/**
 * Which functions see a cancel, derived from the stack of the `await` that throws it.
 *
 * V8 adds the suspended functions to that stack, and names `Promise.allSettled()` and `Promise.any()` among
 * them. These two keep the errors of their promises: the code that waits for them never sees the cancel.
 */

/** The name of the function that runs the body of each limit. In a stack it marks where the body ends and its caller begins. */
export const RUNS_BODY = 'asyncio-ts.runBodyOfLimit';

/** The name of the function that runs the body of a task, if that is a plain function. */
export const RUNS_TASK = 'asyncio-ts.runBodyOfTask';

/** A step above an `await`: a function, a combinator through which it waits, or the end of a body. */
type Step =
  | FunctionStep
  | {
      readonly kind: 'combinator';
      readonly keeps: boolean;
      /** Does it continue before all of its branches have ended? */
      readonly leaves: boolean;
      readonly at: string;
    }
  | { readonly kind: 'limit' | 'task' };

/** Functions and combinators that wait for one another, innermost first. */
export type Line = readonly Exclude<Step, { readonly kind: 'limit' | 'task' }>[];

/** The functions above an `await`, innermost first. */
export class CancelPath {
  readonly #steps: readonly Step[];
  /** The functions that are still running, innermost first. */
  readonly #running: readonly Step[];

  private constructor(steps: readonly Step[], running: readonly Step[] = []) {
    this.#steps = steps;
    this.#running = running;
  }

  /** @param frames - the stack of the `await`, as V8 describes it */
  static of(frames: readonly NodeJS.CallSite[]): CancelPath {
    return new CancelPath(stepsOf(frames, isAsync));
  }

  /**
   * The path of the code that waits for the running function; `undefined` if V8 does not show it.
   */
  static ofCallers(): CancelPath | undefined {
    return CancelPath.waiting(callSitesOfNow());
  }

  /** Like {@link of}; `undefined` if V8 shows nothing. */
  static waiting(
    frames: readonly NodeJS.CallSite[],
    matters: typeof isAsync = isAsync,
  ): CancelPath | undefined {
    const path = new CancelPath(stepsOf(frames, matters));
    return path.isEmpty ? undefined : path;
  }

  /**
   * The path of the `await` that begins now.
   *
   * In the call of an awaited object's `then`, V8 shows no frames of the `await` before Node 26. There the path
   * was recorded when the `await` began, see {@link followAwaits}.
   *
   * @returns `undefined` if it was not recorded, because nothing had been kept yet
   */
  static ofNow(): CancelPath | undefined {
    const frames = callSitesOfNow();
    const sync = frames.filter((frame) => !isAsync(frame));
    const running = stepsOf(sync, isUsers);
    const above = paths.get(promiseGoingOn() ?? paths);
    if (above !== undefined) return new CancelPath(above.#steps, [...running, ...above.#running]);
    const outermost = sync.findLast((frame) => !frame.getFileName()?.startsWith('node:'));
    if (outermost?.getFunctionName() === 'then' && frames.length === sync.length) return undefined;
    return new CancelPath(stepsOf(frames, isAsync), running);
  }

  /**
   * The path of the code that continues in this step; `undefined` if it is a combinator, not code of a file.
   *
   * @param above - the innermost function that is not part of it
   */
  static ofStep(above: RunningFunction): CancelPath | undefined {
    return CancelPath.waiting(callSitesOfNow(above), (frame) => isAsync(frame) || isUsers(frame));
  }

  /** The part inside the bodies of the innermost `count` limits; all of it if there are fewer. */
  within(count: number): CancelPath {
    let left = count;
    const end = this.#steps.findIndex((step) => step.kind === 'limit' && --left === 0);
    if (end < 0) return this;
    return new CancelPath(this.#steps.slice(0, end + 1), this.#running);
  }

  /** How many limits' bodies see the cancel, from their innermost to their outermost function. */
  get limits(): number {
    let limits = 0;
    for (const step of this.#steps) {
      if (keepsIt(step)) break;
      if (step.kind === 'limit') limits += 1;
    }
    return limits;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** How many combinators keep it. */
  get keepers(): number {
    let keepers = 0;
    for (const step of this.#steps) if (keepsIt(step)) keepers += 1;
    return keepers;
  }

  /** The part that does not see the cancel, because a combinator keeps it. */
  get unaware(): Line {
    return lineOf(this.#steps.slice(this.#steps.findIndex(keepsIt) + 1));
  }

  /** The functions that wait and those that run. */
  get line(): Line {
    return lineOf([...this.#running, ...this.#steps]);
  }

  /**
   * Is `line` code that saw the cancel here, and has continued elsewhere since?
   *
   * @param beside - other code that waited for the same promise, if any
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

  /** Does it reach the end of a body: of a limit, or of a task whose body has this name? */
  endsBody(name: string | undefined): boolean {
    const last = this.#steps.at(-1) ?? this.#running.at(-1);
    return (
      last?.kind === 'limit' ||
      last?.kind === 'task' ||
      (last?.kind === 'function' && last.name === name)
    );
  }
}

export function isSameFunction(
  one: Line[number] | undefined,
  other: Line[number] | undefined,
): boolean {
  return one?.kind === 'function' && other?.kind === 'function' && one.what === other.what;
}

/**
 * What may be left of `line` after its outermost functions have continued. They do not continue
 * before each branch of a `Promise.allSettled()` has ended. Above a `Promise.race()`, V8 shows
 * nothing.
 */
export function* remainders(line: Line): Generator<Line> {
  for (let length = line.length; length > 0; length -= 1) {
    const last = line[length - 1];
    if (length === line.length) yield line;
    else if (last?.kind === 'function' || last?.leaves === true) yield line.slice(0, length);
  }
}

/** How many of the outermost steps are the same. */
export function sharedEnd(one: Line, other: Line): number {
  let shared = 0;
  while (shared < one.length && one.at(-1 - shared)?.at === other.at(-1 - shared)?.at) shared += 1;
  return shared;
}

/** The path of each `await` in code that a kept cancel may be for, by awaited promise. */
const paths = new WeakMap<object, CancelPath>();

/**
 * From now on, records the path of each `await` in scopes for which `isMeant` returns true, and calls `take`
 * when an `await` of a promise that was made there begins, see {@link interruptAwait}.
 *
 * @param hold - called when closing a generator begins there; `promise` is settled when it is closed
 */
export function followAwaits(
  isMeant: (scope: object) => boolean,
  take: TakeKept,
  hold: (path: CancelPath | undefined, promise: object) => void,
): void {
  watchPromises((promise, awaited, scope) => {
    if (!isMeant(scope)) return;
    if (awaited === undefined) {
      interruptAwait(
        promise,
        () => take(CancelPath.ofNow(), promise),
        promiseMade,
        () => hold(CancelPath.ofNow(), promise),
      );
      return;
    }
    const path = CancelPath.ofNow();
    if (path !== undefined) paths.set(awaited, path);
  });
}

/** Returns a function that throws the kept cancel for the code of `path`, which awaits `promise`, if there is one. */
type TakeKept = (path: CancelPath | undefined, promise: object) => (() => void) | undefined;

function lineOf(steps: readonly Step[]): Line {
  return steps.filter(
    (step): step is Line[number] => step.kind !== 'limit' && step.kind !== 'task',
  );
}

function keepsIt(step: Step): boolean {
  return step.kind === 'combinator' && step.keeps;
}

/** The steps of those frames for which `matters` returns true. */
function stepsOf(
  frames: readonly NodeJS.CallSite[],
  matters: (frame: NodeJS.CallSite) => boolean,
): Step[] {
  const steps: Step[] = [];
  for (const frame of frames) {
    const step = matters(frame) ? stepOf(frame) : undefined;
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

function stepOf(frame: NodeJS.CallSite): Step | undefined {
  const name = frame.getFunctionName();
  if (name === RUNS_BODY) return { kind: 'limit' };
  if (name === RUNS_TASK) return { kind: 'task' };
  const file = frame.getFileName();
  if (file === null || file === undefined) {
    if (name !== 'allSettled' && name !== 'any' && name !== 'all') return undefined;
    const at = `${name} ${(frame as Partial<V8Frame>).getPromiseIndex?.()}`;
    return { kind: 'combinator', keeps: name !== 'all', leaves: name !== 'allSettled', at };
  }
  return new FunctionStep(name, file, frame);
}

/** A function in a stack. Its position is only read when it is compared, after a cancel was kept. */
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

/** What V8 provides beyond the types of Node. */
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
