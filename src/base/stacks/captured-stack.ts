import { attempt } from '../values/attempt.ts';
import { ReturnOverride } from '../values/return-override.ts';
import {
  captureStack,
  isSuspended,
  OURS_AT_MOST,
  onlyUserFrames,
  type RunningFunction,
} from './capture.ts';
import { isUserFrame, linesOf } from './user-frames.ts';

/** The stacks taken while an awaited coroutine starts; `undefined` while none does. */
let taken: readonly CapturedStack[] | undefined;

export const NONE_TAKEN: readonly CapturedStack[] = [];

/**
 * Notes the stacks that errors of our classes take from now on, after those in `next`.
 *
 * @returns those noted so far; a copy of {@link NONE_TAKEN} if an error only waits for its stack
 */
export function noteTaken(
  next: readonly CapturedStack[] | undefined,
): readonly CapturedStack[] | undefined {
  const noted = taken;
  taken = next;
  return noted;
}

/**
 * A stack at one moment. Capturing it is cheap; reading its frames costs half as much again, and
 * printing it ten times as much. So each is done on demand, once.
 */
export class CapturedStack {
  /**
   * Holds what V8 captured. When its `stack` is first read, V8 prints it or hands out its frames.
   */
  readonly #captured: Partial<Error>;
  /**
   * A second capture, needed if V8 has to print a stack with source maps whose frames were already
   * read.
   */
  readonly #printed: Partial<Error> | undefined;
  #frames: readonly NodeJS.CallSite[] | undefined;
  /** The most frames to print. */
  most = 0;
  /** Are all frames printed if none is the user's? */
  keepsAll = false;
  /** The stack of the functions that wait for its outermost one. */
  below: CapturedStack | undefined;

  /**
   * @param depth - the most frames
   * @param above - a running function: the frames from it on are left out
   * @param holder - holds what V8 has captured
   */
  constructor(
    depth: number,
    above?: RunningFunction,
    holder: Partial<Error> = captureStack({}, depth, above),
  ) {
    this.#captured = holder;
    if (process.sourceMapsEnabled) this.#printed = captureStack({}, depth, above);
  }

  /** The call sites; empty if the program overrides `prepareStackTrace`. */
  get frames(): readonly NodeJS.CallSite[] {
    this.#frames ??= framesOf(this.#captured);
    return this.#frames;
  }

  /** Does it contain a user function? */
  get hasUserFrame(): boolean {
    // Outermost first: the innermost are usually ours.
    return this.frames.findLast(isUserSite) !== undefined;
  }

  /**
   * Prints it as the stack of `error`, without Node's and our own frames.
   */
  print(error: Error): unknown {
    return onlyUserFrames(this.#printAs(error), error.message, this.most, this.keepsAll);
  }

  #printAs(error: Error): unknown {
    const holder = this.#printed ?? this.#captured;
    // V8 takes the first line from these.
    holder.name = error.name;
    holder.message = error.message;
    const stack = this.#print(holder as Error);
    if (this.below === undefined || typeof stack !== 'string') return stack;
    const below = this.below.#printAs(error);
    if (typeof below !== 'string') return stack;
    const head = linesOf(error.message);
    const lines = stack.split('\n');
    // V8 of Node 26 adds the suspended functions, up to the depth of this stack.
    const own = lines.filter((line, at) => at < head || !isSuspended(line));
    return [...own, ...below.split('\n').slice(head)].join('\n');
  }

  #print(holder: Error): unknown {
    const frames = this.#frames;
    if (frames === undefined || holder === this.#printed) return holder.stack;
    // As V8 and Node do.
    const { prepareStackTrace } = Error;
    if (typeof prepareStackTrace === 'function')
      return prepareStackTrace.call(Error, holder, frames as NodeJS.CallSite[]);
    return [Error.prototype.toString.call(holder), ...frames].join('\n    at ');
  }
}

/** The call sites that V8 captured in `holder`, and has not printed yet. */
function framesOf(holder: Partial<Error>): readonly NodeJS.CallSite[] {
  const before = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  let frames: readonly NodeJS.CallSite[] = [];
  const prepareStackTrace = (_: unknown, sites: readonly NodeJS.CallSite[]): string => {
    frames = sites;
    return '';
  };
  // The usual case: assigning is faster than defining.
  if (before?.writable === true) {
    Error.prepareStackTrace = prepareStackTrace;
    // Reading it makes V8 compute it.
    void holder.stack;
    Error.prepareStackTrace = before.value as typeof prepareStackTrace;
    return frames;
  }
  const ours =
    before?.configurable === false
      ? { value: prepareStackTrace }
      : { value: prepareStackTrace, configurable: true, writable: true };
  if (!Reflect.defineProperty(Error, 'prepareStackTrace', ours)) return frames;
  void holder.stack;
  if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
  else Reflect.defineProperty(Error, 'prepareStackTrace', before);
  return frames;
}

/** Whether a file is the user's. Cleared if a program keeps loading new files. */
const userFiles = new Map<string, boolean>();
const MOST_FILES = 1000;

/** Is it a frame that is neither Node's nor ours? */
function isUserSite(site: NodeJS.CallSite): boolean {
  const file = site.getFileName();
  // Code made by `eval()` prints where that was.
  if (typeof file !== 'string') return site.isEval() && isUserFrame(`    at ${site}`);
  let isUsers = userFiles.get(file);
  if (isUsers === undefined) {
    isUsers = isUserFrame(`    at ${file}:1:1`);
    if (userFiles.size >= MOST_FILES) userFiles.clear();
    userFiles.set(file, isUsers);
  }
  return isUsers;
}

/** Is the captured stack being requested, not its text? */
let asksForCaptured = false;

/** Are stacks of our errors currently left out? */
let leavesOut = false;

/**
 * Captures the current stack and makes it the stack of `error`, without Node's and our own frames.
 * Does nothing if the program has disabled stacks. The text is made on demand.
 *
 * @param above - a running function: the frames from it on are left out
 * @param keepsAll - see {@link onlyUserFrames}
 */
export function captureUserStack(error: Error, above?: RunningFunction, keepsAll = false): void {
  const limit = Error.stackTraceLimit;
  if (!(limit > 0)) return;
  const captured = new CapturedStack(limit + OURS_AT_MOST, above);
  captured.keepsAll = keepsAll;
  showStack(error, captured, limit);
}

/**
 * Makes `captured` the stack of `error`.
 *
 * @param most - the most frames to show
 */
export function showStack(error: Error, captured: CapturedStack, most: number): void {
  taken &&= [...taken, captured];
  // Fails if the error is frozen: it keeps its own stack.
  if (!Shown.isAwaited(error) && !Reflect.defineProperty(error, 'stack', SHOWN)) return;
  captured.most = most;
  Shown.note(error, captured);
}

/** Prepares a new error for {@link showStack}. Until then its stack is its name and message. */
export function awaitStack(error: Error): void {
  taken &&= [...taken];
  if (Reflect.defineProperty(error, 'stack', SHOWN)) Shown.note(error, 'awaited');
}

/** What {@link showStack} attached to an error; removed once the stack has been printed. */
class Shown extends ReturnOverride {
  #captured: CapturedStack | 'awaited' | undefined;

  static note(error: object, captured: CapturedStack | 'awaited'): void {
    const shown = #captured in error ? error : (new Shown(error) as Shown);
    shown.#captured = captured;
  }

  static isAwaited(error: object): boolean {
    return #captured in error && error.#captured === 'awaited';
  }

  static forget(error: object): void {
    if (#captured in error) error.#captured = undefined;
  }

  /**
   * @returns what was attached, and the error that has it: `asked`, or one it inherits from; never
   *   a proxy's
   */
  static of(asked: object): [Error, CapturedStack | undefined] | undefined {
    for (let each: object | null = asked; each !== null; each = Reflect.getPrototypeOf(each))
      if (#captured in each) {
        const captured = each.#captured === 'awaited' ? undefined : each.#captured;
        return [each as unknown as Error, captured];
      }
    return undefined;
  }
}

/** The same two functions for all errors; otherwise V8 makes a property table for each error. */
const SHOWN = {
  get(this: Error): unknown {
    const [error, captured] = Shown.of(this) ?? [];
    if (asksForCaptured) return captured;
    if (leavesOut) return this.name;
    if (error === undefined || captured === undefined) return Error.prototype.toString.call(this);
    const stack = captured.print(error);
    setStack.call(error, stack);
    return stack;
  },
  set: setStack,
  configurable: true,
  enumerable: false,
};

function setStack(this: unknown, stack: unknown): void {
  const error = this as object;
  Shown.forget(error);
  Reflect.defineProperty(error, 'stack', {
    value: stack,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

/**
 * What was captured as the stack of `error`, if it has not been printed yet; otherwise the stack
 * itself.
 */
export function stackBeforePrint(error: Error): unknown {
  asksForCaptured = true;
  try {
    return attempt(() => error.stack, undefined);
  } finally {
    asksForCaptured = false;
  }
}

/**
 * Calls `print` with the stacks of our errors left out: making one costs far more than printing the
 * rest.
 */
export function withoutStacks<T>(print: () => T): T {
  leavesOut = true;
  try {
    return print();
  } finally {
    leavesOut = false;
  }
}
