import { attempt } from '../values/attempt.ts';
import { FRAME, isUserFrame, linesOf, siteOf, userFrames } from './user-frames.ts';

/**
 * Captures the current stack, without this library's own frames: for an error, or to say where
 * something was made.
 */

/**
 * The stack of now, innermost frame first, without Node's and our own frames.
 *
 * @param depth - the most frames to give
 */
export function userStack(depth: number): string[] {
  return userFrames(captured(depth)).slice(0, depth);
}

/** By what TypeScript, esbuild, Babel and swc apply a decorator: written into the user's own file. */
const APPLIES_DECORATOR = /__esDecorate|__decorateElement|_?apply_?[dD]ecs/;

/**
 * `file:line` of the innermost frame of now that is not ours, or `undefined` if all are. Of a decorator
 * it is the class, and not what applies it.
 */
export function userSite(): string | undefined {
  const frames = userFrames(captured(6));
  return siteOf(frames.find((frame) => !APPLIES_DECORATOR.test(frame)) ?? frames[0]);
}

function captured(depth: number): string {
  const holder: { stack?: unknown } = {};
  // A program's `Error.prepareStackTrace` may throw, or make no text: then the place is not known.
  const stack = attempt(() => {
    captureStack(holder, depth + OURS_AT_MOST);
    return holder.stack;
  }, undefined);
  return typeof stack === 'string' ? stack : '';
}

/** How many frames of ours and Node's a stack has above and between the user's. */
export const OURS_AT_MOST = 12;

// Bound here: a program may replace it.
const { captureStackTrace } = Error;

/**
 * Sets how many frames V8 captures; `undefined`: it captures no stack at all.
 *
 * @returns what it was
 */
export function setStackLimit(limit: number | undefined): number | undefined {
  const before: number | undefined = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = limit as number;
  } catch {
    // A program has frozen `Error`: then the limit is what it is.
  }
  return before;
}

/**
 * Captures the stack of now as `holder.stack`, whatever `Error.stackTraceLimit` says.
 *
 * @param depth - the most frames to capture
 * @param above - frames from this function's on are left out: a constructor's
 */
export function captureStack(holder: object, depth: number, above?: Constructor): void {
  const before = setStackLimit(depth);
  try {
    captureStackTrace(holder, above);
  } finally {
    setStackLimit(before);
  }
}

type Constructor = abstract new (...args: never[]) => unknown;

/**
 * The stack of an error without Node's and our own frames. One that is not a string was made by a program's
 * `Error.prepareStackTrace`, and stays.
 *
 * @param most - the most frames
 */
export function onlyUserFrames(stack: unknown, message: unknown, most: number): unknown {
  if (typeof stack !== 'string') return stack;
  const head = linesOf(message);
  const lines = stack.split('\n');
  const frames = lines.slice(head);
  const shown = frames.filter((line) => isUserFrame(line) || !FRAME.test(line));
  // If all are ours, they are all that there is to say.
  const kept = shown.some(isUserFrame) ? shown : frames;
  return [...lines.slice(0, head), ...kept.slice(0, most)].join('\n');
}
