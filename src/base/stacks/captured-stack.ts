import { attempt } from '../values/attempt.ts';
import { ReturnOverride } from '../values/return-override.ts';
import { captureStack, OURS_AT_MOST, onlyUserFrames } from './capture.ts';
import { isUserFrame } from './user-frames.ts';

type Constructor = abstract new (...args: never[]) => unknown;

/**
 * The stack of one moment. To capture it is cheap, to look at its frames costs half as much again, and
 * to print it ten times as much: so each is done when somebody asks for it, and then once.
 */
export class CapturedStack {
  /** What V8 has captured; asked for its `stack`, V8 prints it, or gives its frames away. */
  readonly #captured: Partial<Error> = {};
  /** A second one where V8 has to print what has source maps, although the frames were looked at. */
  readonly #printed: Partial<Error> | undefined;
  #frames: readonly NodeJS.CallSite[] | undefined;

  /**
   * @param depth - the most frames
   * @param above - frames from this function's on are left out: a constructor's
   */
  constructor(depth: number, above?: Constructor) {
    captureStack(this.#captured, depth, above);
    if (process.sourceMapsEnabled) {
      this.#printed = {};
      captureStack(this.#printed, depth, above);
    }
  }

  /** The frames as V8 describes them; none where the program keeps `prepareStackTrace` to itself. */
  get frames(): readonly NodeJS.CallSite[] {
    this.#frames ??= framesOf(this.#captured);
    return this.#frames;
  }

  /** Is there a function of the user's in it? */
  get hasUserFrame(): boolean {
    return this.frames.some(isUserSite);
  }

  /**
   * It as the stack of `error`, without Node's and our own frames.
   *
   * @param most - the most frames
   */
  print(error: Error, most: number): unknown {
    const holder = this.#printed ?? this.#captured;
    // The first line is made of these.
    holder.name = error.name;
    holder.message = error.message;
    return onlyUserFrames(this.#print(holder as Error), error.message, most);
  }

  #print(holder: Error): unknown {
    const frames = this.#frames;
    if (frames === undefined || holder === this.#printed) return holder.stack;
    // As V8 and Node do it.
    const { prepareStackTrace } = Error;
    if (typeof prepareStackTrace === 'function')
      return prepareStackTrace.call(Error, holder, frames as NodeJS.CallSite[]);
    return [Error.prototype.toString.call(holder), ...frames].join('\n    at ');
  }
}

/** The frames of what V8 has captured in `holder`, and has not printed yet. */
function framesOf(holder: Partial<Error>): readonly NodeJS.CallSite[] {
  const before = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  let frames: readonly NodeJS.CallSite[] = [];
  const prepareStackTrace = (_: unknown, sites: readonly NodeJS.CallSite[]): string => {
    frames = sites;
    return '';
  };
  const ours =
    before?.configurable === false
      ? { value: prepareStackTrace }
      : { value: prepareStackTrace, configurable: true, writable: true };
  if (!Reflect.defineProperty(Error, 'prepareStackTrace', ours)) return frames;
  // Asked for now: then it is made.
  void holder.stack;
  if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
  else Reflect.defineProperty(Error, 'prepareStackTrace', before);
  return frames;
}

/** Which files are the user's. A program that makes ever new ones has them forgotten. */
const userFiles = new Map<string, boolean>();
const MOST_FILES = 1000;

/** Is it a frame that is neither Node's nor ours? */
function isUserSite(site: NodeJS.CallSite): boolean {
  const file = site.getFileName();
  // What was made by `eval()` prints where that was.
  if (typeof file !== 'string') return site.isEval() && isUserFrame(`    at ${site}`);
  let isUsers = userFiles.get(file);
  if (isUsers === undefined) {
    isUsers = isUserFrame(`    at ${file}:1:1`);
    if (userFiles.size >= MOST_FILES) userFiles.clear();
    userFiles.set(file, isUsers);
  }
  return isUsers;
}

/** Is somebody asking for what was captured, and not for what it prints as? */
let asksForCaptured = false;

/** Are the stacks of our errors left unmade for now? */
let leavesOut = false;

/**
 * Captures the stack of now and makes it the stack of `error`, without Node's and our own frames.
 * Does nothing where the program wants no stacks. The text is made when somebody asks for it.
 *
 * @param above - frames from this function's on are left out: a constructor's
 * @returns `error`
 */
export function captureUserStack<E extends Error>(error: E, above?: Constructor): E {
  const limit = Error.stackTraceLimit;
  if (limit > 0) showStack(error, new CapturedStack(limit + OURS_AT_MOST, above), limit);
  return error;
}

/**
 * Makes `captured` the stack of `error`.
 *
 * @param most - the most frames that are shown
 */
export function showStack(error: Error, captured: CapturedStack, most: number): void {
  // Fails where the error is frozen: then it keeps the stack that it has.
  if (Reflect.defineProperty(error, 'stack', SHOWN)) Shown.note(error, captured, most);
}

/** What an error was given by {@link showStack}; nothing once its stack was printed. */
class Shown extends ReturnOverride {
  #captured: CapturedStack | undefined;
  #most = 0;

  static note(error: object, captured: CapturedStack, most: number): void {
    const shown = #captured in error ? error : (new Shown(error) as Shown);
    shown.#captured = captured;
    shown.#most = most;
  }

  static forget(error: object): void {
    if (#captured in error) error.#captured = undefined;
  }

  /** @returns it, and the error that has it: `asked`, or what that inherits from; none of a proxy's */
  static of(asked: object): [Error, CapturedStack | undefined, most: number] | undefined {
    for (let each: object | null = asked; each !== null; each = Reflect.getPrototypeOf(each))
      if (#captured in each) return [each as unknown as Error, each.#captured, each.#most];
    return undefined;
  }
}

/** The same two functions for all errors: with others for each, V8 makes a table of each one's properties. */
const SHOWN = {
  get(this: Error): unknown {
    const [error, captured, most] = Shown.of(this) ?? [];
    if (asksForCaptured) return captured;
    if (leavesOut) return this.name;
    if (error === undefined || captured === undefined) return Error.prototype.toString.call(this);
    const stack = captured.print(error, most as number);
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

/** What was captured as the stack of `error`, as long as nobody has seen it printed; or else its stack. */
export function stackBeforePrint(error: Error): unknown {
  asksForCaptured = true;
  try {
    return attempt(() => error.stack, undefined);
  } finally {
    asksForCaptured = false;
  }
}

/** Calls `print` with stacks of our errors left out: to make one costs far more than to print the rest. */
export function withoutStacks<T>(print: () => T): T {
  leavesOut = true;
  try {
    return print();
  } finally {
    leavesOut = false;
  }
}
