/**
 * What becomes of a cancel that is thrown into an `await`: read off the functions above it.
 *
 * `Promise.allSettled()` and `Promise.any()` keep what is thrown to them: the code that waits for
 * them never sees the cancel. So it is thrown once more, at that code's next `await`.
 */
import { callSitesOfNow } from '../../base/errors/await-stack.ts';
import { promiseGoingOn, watchAwaits } from '../context/promise-hooks.ts';
import type { CancelRequest } from '../futures/awaiter.ts';

/** Runs the body of each limit: in a stack it marks where a body ends, and its caller begins. */
export const RUNS_BODY = 'asyncio-ts.runBodyOfLimit';

/** Runs the body of a task that is made of a function. */
export const RUNS_TASK = 'asyncio-ts.runBodyOfTask';

/** What is above an `await`: a function, or what it waits for others by; or the end of a body. */
type Step =
  | FunctionStep
  | { readonly kind: 'combinator'; readonly keeps: boolean; readonly at: string }
  | { readonly kind: 'limit' | 'task' };

/** What waits for one another, innermost first. */
type Line = readonly Exclude<Step, { readonly kind: 'limit' | 'task' }>[];

/** The functions above an `await`, innermost first. */
export class CancelPath {
  readonly #steps: readonly Step[];
  /** The functions that run, and do not wait yet; innermost first. */
  readonly #running: readonly Step[];
  /** Is what runs on the stack, so that what is thrown now comes to it? */
  readonly isDirect: boolean;

  private constructor(steps: readonly Step[], running: readonly Step[] = [], isDirect = true) {
    this.#steps = steps;
    this.#running = running;
    this.isDirect = isDirect;
  }

  /** @param frames - of the `await`, as V8 describes them */
  static of(frames: readonly NodeJS.CallSite[]): CancelPath {
    return new CancelPath(frames.filter(isAsync).flatMap(stepOf));
  }

  /**
   * Of the `await` that begins now.
   *
   * V8 calls the `then` of what is awaited, and it shows nothing above that before Node 26. There it is
   * what was seen as the `await` began, see {@link followAwaits}.
   *
   * @returns nothing where that is not known: it began before anything was kept
   */
  static ofNow(): CancelPath | undefined {
    const frames = callSitesOfNow();
    const sync = frames.filter((frame) => !isAsync(frame));
    const running = sync.filter(isUsers).flatMap(stepOf);
    const above = paths.get(promiseGoingOn() ?? paths);
    if (above !== undefined)
      return new CancelPath(above.#steps, [...running, ...above.#running], false);
    const outermost = sync.findLast((frame) => !frame.getFileName()?.startsWith('node:'));
    if (outermost?.getFunctionName() === 'then' && frames.length === sync.length) return undefined;
    return new CancelPath(frames.filter(isAsync).flatMap(stepOf), running);
  }

  /** Only what is in the bodies of the innermost `count` limits; all where there are fewer. */
  within(count: number): CancelPath {
    let left = count;
    const end = this.#steps.findIndex((step) => step.kind === 'limit' && --left === 0);
    if (end < 0) return this;
    return new CancelPath(this.#steps.slice(0, end + 1), this.#running, this.isDirect);
  }

  /** How many limits' bodies see the cancel, from their innermost function to the outermost. */
  get limits(): number {
    const kept = this.#steps.findIndex(keepsIt);
    const seen = kept < 0 ? this.#steps : this.#steps.slice(0, kept);
    return seen.filter(({ kind }) => kind === 'limit').length;
  }

  /** How often it is kept. */
  get keepers(): number {
    return this.#steps.filter(keepsIt).length;
  }

  /** What does not see the cancel. */
  get unaware(): Line {
    return lineOf(this.#steps.slice(this.#steps.findIndex(keepsIt) + 1));
  }

  /** What waits, and what runs. */
  get line(): Line {
    return lineOf([...this.#running, ...this.#steps]);
  }

  /**
   * Is `line` code that saw the cancel here, and goes on elsewhere now?
   *
   * @param beside - what waited for the same, if anything did
   */
  hasGoneOn(line: Line, beside: Line): boolean {
    const all = this.line;
    const common = Math.min(sharedEnd(beside, all), all.length - 1);
    for (let gone = 0; gone <= common; gone += 1) {
      const rest = all.slice(0, all.length - gone);
      const shared = sharedEnd(line, rest);
      if (isSameFunction(line.at(-1 - shared), rest.at(-1 - shared))) return true;
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
  /** Where it was thrown, and nobody has kept it. */
  readonly _seen: readonly CancelPath[];
}

/** A cancel that somebody has kept, and that others are to see. */
export class KeptCancel {
  readonly request: KeptRequest;
  /** What had not seen it when it was kept. */
  readonly unaware: Line;
  /** It is for code in which it would be kept no more than so often. */
  readonly depth: number;
  /** Is the end of the body among what is to see it? */
  readonly endsBody: boolean;
  /** So many of the outermost have seen it since, thrown by others. */
  #aware = 0;
  /** Has an `await` taken it? Until that has thrown it to the code that it is for, others take it, too. */
  isThrown = false;

  constructor(request: KeptRequest, path: CancelPath, bodyName: string | undefined) {
    this.request = request;
    this.unaware = path.unaware;
    this.depth = path.keepers - 1;
    this.endsBody = path.endsBody(bodyName);
  }

  /** Has nobody seen it since? */
  get isUnseen(): boolean {
    return this.#aware === 0;
  }

  /** All of `path` have seen the cancel. */
  tellAware(path: CancelPath): void {
    if (path.keepers === 0) this.#aware = Math.max(this.#aware, sharedEnd(path.line, this.unaware));
  }

  get isSeenByAll(): boolean {
    return this.unaware.length > 0 && this.#aware === this.unaware.length;
  }

  /**
   * Is it for the code of `line`? That is a part of what was waiting, which goes on elsewhere now; the
   * outermost of it may have gone on without it.
   */
  isFor(line: Line): boolean {
    const all = this.unaware;
    if (all.length === 0 || line.length === 0) return all.length === line.length;
    for (let gone = 0; gone < all.length; gone += 1) {
      const rest = all.slice(0, all.length - gone);
      const shared = sharedEnd(line, rest);
      const [own, its] = [line.at(-1 - shared), rest.at(-1 - shared)];
      const isIt =
        own === undefined || its === undefined
          ? shared > 0
          : shared === 0
            ? isSameFunction(own, its)
            : own.kind === 'function' || its.kind === 'function';
      if (isIt) return gone + shared >= this.#aware;
      if (gone === 0 && shared > 0) return false;
    }
    return false;
  }
}

function isSameFunction(one: Line[number] | undefined, other: Line[number] | undefined): boolean {
  return one?.kind === 'function' && other?.kind === 'function' && one.what === other.what;
}

/** How many of the outermost are the same. */
function sharedEnd(one: Line, other: Line): number {
  let shared = 0;
  while (shared < one.length && one.at(-1 - shared)?.at === other.at(-1 - shared)?.at) shared += 1;
  return shared;
}

/** What is above each `await` in code that a kept cancel may be for, by what is awaited. */
const paths = new WeakMap<object, CancelPath>();

/** From now on sees what is above each `await` in a scope for which `isMeant` says so. */
export function followAwaits(isMeant: (scope: object) => boolean): void {
  watchAwaits((awaited, scope) => {
    if (!isMeant(scope)) return;
    const path = CancelPath.ofNow();
    if (path !== undefined) paths.set(awaited, path);
  });
}

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
    return [{ kind: 'combinator', keeps: name !== 'all', at }];
  }
  return [new FunctionStep(name, file, frame)];
}

/** A function of a stack. Where it stands is asked for when it matters: it is only compared where a cancel is kept. */
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

  /** The function, and where it is defined. */
  get what(): string {
    const frame = this.#frame;
    this.#what ??= `${this.name} ${this.#file}:${frame.getEnclosingLineNumber?.()}:${frame.getEnclosingColumnNumber?.()}`;
    return this.#what;
  }

  /** The same, and where it stands. */
  get at(): string {
    this.#at ??= `${this.what} ${this.#frame.getLineNumber()}:${this.#frame.getColumnNumber()}`;
    return this.#at;
  }
}

/** What V8 tells of frames besides. */
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
