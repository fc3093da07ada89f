import { attempt } from '../values/attempt.ts';
import { FRAME, isUserFrame, linesOf, siteOf, userFrames } from './user-frames.ts';

/**
 * Captures the current stack without this library's own frames, for an error or to record where
 * something was created.
 */

/**
 * The current stack, innermost frame first, without Node's and our own frames.
 *
 * @param depth - the most frames to return
 */
export function userStack(depth: number): string[] {
  return userFrames(captured(depth)).slice(0, depth);
}

/**
 * The helpers by which TypeScript, esbuild, Babel and swc apply a decorator: they are in the user's
 * own file.
 */
const APPLIES_DECORATOR = /__esDecorate|__decorateElement|_?apply_?[dD]ecs/;

/**
 * `file:line` of the innermost frame of the current stack that is not ours; `undefined` if all are.
 * For a decorator it is the line of the class, not that of the helper.
 */
export function userSite(): string | undefined {
  const frames = userFrames(captured(6));
  return siteOf(frames.find((frame) => !APPLIES_DECORATOR.test(frame)) ?? frames[0]);
}

function captured(depth: number): string {
  const holder: { stack?: unknown } = {};
  // The program's `Error.prepareStackTrace` may throw, or return no text: then the place is
  // unknown.
  const stack = attempt(() => {
    captureStack(holder, depth + OURS_AT_MOST);
    return holder.stack;
  }, undefined);
  return typeof stack === 'string' ? stack : '';
}

/** The most frames of ours and Node's that a stack has above and between the user's. */
export const OURS_AT_MOST = 12;

/** V8's own function: programs may replace it. */
export const captureStackTrace: typeof Error.captureStackTrace = Error.captureStackTrace;

/**
 * Sets `Error.stackTraceLimit`; with `undefined` V8 captures no stack at all.
 *
 * @returns the previous value
 */
export function setStackLimit(limit: number | undefined): number | undefined {
  const before: number | undefined = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = limit as number;
  } catch {
    // The program has frozen `Error`: the limit stays as it is.
  }
  return before;
}

/**
 * Captures the current stack as `holder.stack`, regardless of `Error.stackTraceLimit`.
 *
 * @param depth - the most frames to capture
 * @param above - a running function: the frames from it on are left out
 */
export function captureStack<T extends object>(
  holder: T,
  depth: number,
  above?: RunningFunction,
): T {
  const before = setStackLimit(depth);
  try {
    captureStackTrace(holder, above);
  } finally {
    setStackLimit(before);
  }
  return holder;
}

/** A constructor, or another function. */
export type RunningFunction =
  | (abstract new (
      ...args: never[]
    ) => unknown)
  | ((...args: never[]) => unknown);

/**
 * An error's stack without Node's and our own frames. If it is not a string, it was made by the
 * program's `Error.prepareStackTrace`, and is returned as is.
 *
 * @param most - the most frames
 * @param keepsAll - keeps all frames if none is the user's
 */
export function onlyUserFrames(
  stack: unknown,
  message: unknown,
  most: number,
  keepsAll = false,
): unknown {
  if (typeof stack !== 'string') return stack;
  const head = linesOf(message);
  const lines = stack.split('\n');
  const frames = lines.slice(head);
  let isShown = true;
  // Outermost first: a line such as `at async Promise.all (index 0)`, or
  // `at Array.map (<anonymous>)`, belongs to the function that called it.
  const shown = frames.reverse().filter((line) => {
    if (FRAME.test(line)) isShown = isUserFrame(line);
    return isShown;
  });
  const kept = keepsAll && !shown.some(isUserFrame) ? frames : shown;
  return [...lines.slice(0, head), ...kept.reverse().slice(0, most)].join('\n');
}

/** Is it the frame of a suspended function, or one of Node's? */
export function isSuspended(line: string): boolean {
  return /^\s*at async |\(node:/.test(line);
}
