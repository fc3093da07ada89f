/**
 * What becomes of a cancel that is thrown into an `await`: read off the functions above it.
 *
 * `Promise.allSettled()` and `Promise.any()` keep what is thrown to them: the code that waits for
 * them never sees the cancel. So it is thrown once more, at that code's next `await`.
 */

import { callSitesOfNow } from './await-stack.ts';
import { promiseGoingOn, watchAwaits } from './carried.ts';

/** Runs the body of each limit: in a stack it marks where a body ends, and its caller begins. */
export const RUNS_BODY = 'asyncio-ts.runBodyOfLimit';

/** A function above an `await`; or where a cancel is kept; or where the body of a limit ends. */
type Step = { readonly at: string } | 'keeps' | 'limit';

/** The functions above an `await`, innermost first. */
export class CancelPath {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** @param frames - of the `await`, as V8 describes them */
  static of(frames: readonly NodeJS.CallSite[]): CancelPath {
    return new CancelPath(frames.flatMap((frame) => stepOf(frame) ?? []));
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
    if (frames.some(isAsync)) return CancelPath.of(frames);
    const above = paths.get(promiseGoingOn() ?? paths);
    if (above !== undefined) return above;
    const outermost = frames.findLast((frame) => !frame.getFileName()?.startsWith('node:'));
    return outermost?.getFunctionName() === 'then' ? undefined : CancelPath.of(frames);
  }

  /** Only what is in the bodies of the innermost `count` limits; all where there are fewer. */
  within(count: number): CancelPath {
    let left = count;
    const end = this.#steps.findIndex((step) => step === 'limit' && --left === 0);
    return end < 0 ? this : new CancelPath(this.#steps.slice(0, end));
  }

  /** How many limits' bodies see the cancel, from their innermost function to the outermost. */
  get limits(): number {
    const kept = this.#steps.indexOf('keeps');
    const seen = kept < 0 ? this.#steps : this.#steps.slice(0, kept);
    return seen.filter((step) => step === 'limit').length;
  }

  /** How often it is kept. */
  get keepers(): number {
    return this.#steps.filter((step) => step === 'keeps').length;
  }

  /** The functions that do not see the cancel, innermost first. */
  get unaware(): readonly string[] {
    return functionsOf(this.#steps.slice(this.#steps.indexOf('keeps') + 1));
  }

  /** How many of the outermost of `functions` see this cancel. */
  sharedWith(functions: readonly string[]): number {
    if (this.keepers > 0) return 0;
    const own = functionsOf(this.#steps);
    let shared = 0;
    while (shared < functions.length && own.at(-1 - shared) === functions.at(-1 - shared))
      shared += 1;
    return shared;
  }

  /** How many functions wait for the one that runs. */
  get functions(): number {
    return functionsOf(this.#steps).length;
  }
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

function functionsOf(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (typeof step === 'string' ? [] : step.at));
}

function stepOf(frame: NodeJS.CallSite): Step | undefined {
  if (!isAsync(frame)) return undefined;
  const name = frame.getFunctionName();
  if (name === RUNS_BODY) return 'limit';
  if (frame.getFileName() === null || frame.getFileName() === undefined)
    return name === 'allSettled' || name === 'any' ? 'keeps' : undefined;
  return {
    at: `${name} ${frame.getFileName()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`,
  };
}

function isAsync(frame: NodeJS.CallSite): boolean {
  return (frame as Partial<{ isAsync(): boolean }>).isAsync?.() === true;
}
