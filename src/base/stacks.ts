import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameOf, repr } from './repr.ts';

/**
 * Where in the user's program something was made: the stack of now, without our own frames.
 *
 * Taken from the text of a stack and not from V8's call sites: only the text knows source maps.
 */

/**
 * The folders that our own frames lie in: the built files, and the sources that source maps put
 * in their place. `echo` is a user of the library, and not left out.
 */
const OURS: readonly string[] = ['dist', 'src'].map((folder) =>
  fileURLToPath(new URL(`../../${folder}/`, import.meta.url)),
);

const FRAME = /^\s*at (?:.*\()?(.+?):(\d+):\d+\)?$/;

/**
 * The stack of now, innermost frame first, without Node's and our own frames.
 *
 * @param depth - the most frames to give
 */
export function userStack(depth: number): string[] {
  return userFrames(captured(depth)).slice(0, depth);
}

/** `file:line` of the innermost frame of now that is not ours, or `undefined` if all are. */
export function userSite(): string | undefined {
  return siteOf(userFrames(captured(4))[0]);
}

/** `file:line` of a line of a stack, the file seen from the working directory. */
export function siteOf(frame: string | undefined): string | undefined {
  const match = FRAME.exec(frame ?? '');
  return match ? `${shown(pathOf(match[1] as string))}:${match[2]}` : undefined;
}

/**
 * The text of an error's stack and of its causes, without the frames by which the loop came to the
 * user's; for a value that is no error, or has no stack, what it prints as. What an
 * `AggregateError` holds is shown as a tree, in the form that Python gives exception groups.
 */
export function stackOf(error: unknown): string {
  if (error instanceof AggregateError) return treeOf(error, 1, [], { due: false }).join('\n');
  return stackBelow(error, []);
}

/** As {@link stackOf}; `above` are those whose cause it is, and a cause may be its own. */
function stackBelow(error: unknown, above: readonly unknown[]): string {
  if (!(error instanceof Error)) return `Thrown: ${repr(error)}`;
  const stack = withoutOurs(String(error.stack ?? `${error.name}: ${error.message}`), error);
  const text = counted(named(stack, nameOf(error)), error);
  if (error.cause === undefined || above.includes(error.cause)) return text;
  const cause =
    error.cause instanceof AggregateError
      ? `\n${treeOf(error.cause, 1, [...above, error], { due: false }).join('\n')}`
      : stackBelow(error.cause, [...above, error]);
  return `${text}\n[cause]: ${cause}`;
}

/** How many errors of a group are shown, and how deep groups within groups; Python's figures. */
const WIDTH = 15;
const DEPTH = 10;

/**
 * The lines of a group and all in it, with their frame.
 *
 * @param depth - 1 for the outermost group
 * @param above - the groups that it is in
 * @param closing - is the line due that ends the frame? The innermost of the last ones draws it
 */
function treeOf(
  group: AggregateError,
  depth: number,
  above: readonly unknown[],
  closing: { due: boolean },
): string[] {
  const margin = '  '.repeat(depth);
  if (depth > DEPTH || above.includes(group))
    return [
      `${margin}| ... (${above.includes(group) ? 'shown above' : `max_group_depth is ${DEPTH}`})`,
    ];
  const lines = stackBelow(group, [])
    .split('\n')
    .map((line, at) => `${margin}${at === 0 && depth === 1 ? '+' : '|'} ${line}`);
  const { length } = group.errors;
  const shown = Math.min(length, WIDTH + 1);
  for (let at = 0; at < shown; at += 1) {
    const last = at === shown - 1;
    const left = at < WIDTH ? 0 : length - WIDTH;
    closing.due = last;
    const title = left > 0 ? '...' : at + 1;
    lines.push(`${margin}${at === 0 ? '+-' : '  '}+---------------- ${title} ----------------`);
    const error: unknown = group.errors[at];
    if (left > 0) lines.push(`${margin}  | and ${left} more exception${left > 1 ? 's' : ''}`);
    else if (error instanceof AggregateError)
      lines.push(...treeOf(error, depth + 1, [...above, group], closing));
    else for (const line of stackBelow(error, []).split('\n')) lines.push(`${margin}  | ${line}`);
    if (last && closing.due) {
      lines.push(`${margin}  +------------------------------------`);
      closing.due = false;
    }
  }
  return lines;
}

/** Says behind the message of a group how many errors it holds, as Python does. */
function counted(stack: string, error: Error): string {
  if (!(error instanceof AggregateError)) return stack;
  const name = nameOf(error);
  const header = error.message === '' ? name : `${name}: ${error.message}`;
  const { length } = error.errors;
  const count = ` (${length} sub-exception${length === 1 ? '' : 's'})`;
  return stack.startsWith(header) ? header + count + stack.slice(header.length) : stack;
}

/** Without what comes after the user's last frame, and without our frames between the user's. */
function withoutOurs(stack: string, error: Error): string {
  const lines = stack.split('\n');
  const last = lines.findLastIndex((line) => !FRAME.test(line) || isUserFrame(line));
  // If all are ours, they are all that there is to say.
  if (last < 0 || !isUserFrame(lines[last] as string)) return stack;
  const kept = lines.slice(0, last + 1);
  // A fault of ours is reported with our frames.
  if (nameOf(error) === 'InternalError') return kept.join('\n');
  const head = linesOf(error.message);
  return kept.filter((line, at) => at < head || !isPlumbing(line)).join('\n');
}

/** Is it a frame of ours, or one by which Node runs ticks, immediates and timers? */
function isPlumbing(line: string): boolean {
  return (
    FRAME.test(line) && !isUserFrame(line) && !/node:(?!internal\/(process|timers)\b)/.test(line)
  );
}

function linesOf(text: unknown): number {
  return String(text).split('\n').length;
}

/** A stack says `Error` where the class of the error has no `name`: then that of the class. */
function named(stack: string, name: string): string {
  return /^Error\b/.test(stack) ? name + stack.slice('Error'.length) : stack;
}

function captured(depth: number): string {
  const holder: { stack?: string } = {};
  captureStack(holder, depth + OURS_AT_MOST);
  return holder.stack ?? '';
}

/** How many frames of ours and Node's a stack has above and between the user's. */
const OURS_AT_MOST = 12;

// Bound here: a program may replace it.
const { captureStackTrace } = Error;

/**
 * Captures the stack of now as `holder.stack`, whatever `Error.stackTraceLimit` says.
 *
 * @param depth - the most frames to capture
 * @param above - frames from this function's on are left out: a constructor's
 */
export function captureStack(holder: object, depth: number, above?: Constructor): void {
  const before = Error.stackTraceLimit;
  // Returns false where a program has frozen `Error`: then the limit is what it is.
  Reflect.set(Error, 'stackTraceLimit', depth);
  captureStackTrace(holder, above);
  Reflect.set(Error, 'stackTraceLimit', before);
}

/**
 * Captures the stack of now and makes it the stack of `error`, without Node's and our own frames.
 * Does nothing where the program wants no stacks. The text is made when somebody asks for it.
 *
 * @param above - frames from this function's on are left out: a constructor's
 * @returns `error`
 */
export function captureUserStack<E extends Error>(error: E, above?: Constructor): E {
  const limit = Error.stackTraceLimit;
  if (!(limit > 0)) return error;
  const holder: Partial<Error> = {};
  captureStack(holder, limit + OURS_AT_MOST, above);
  const set = (stack: unknown): void => {
    Reflect.defineProperty(error, 'stack', {
      value: stack,
      configurable: true,
      enumerable: false,
      writable: true,
    });
  };
  const get = (): unknown => {
    // The first line is made of these.
    holder.name = error.name;
    holder.message = error.message;
    const stack = onlyUserFrames(holder, limit);
    set(stack);
    return stack;
  };
  // Fails where the error is frozen: then it keeps the stack that it has.
  Reflect.defineProperty(error, 'stack', { get, set, configurable: true, enumerable: false });
  return error;
}

type Constructor = abstract new (...args: never[]) => unknown;

/**
 * The stack of an error without Node's and our own frames. One that is no text was made by a program's
 * `Error.prepareStackTrace`, and stays.
 *
 * @param most - the most frames
 */
function onlyUserFrames({ stack, message }: Partial<Error>, most: number): unknown {
  if (typeof stack !== 'string') return stack;
  const head = linesOf(message);
  const lines = stack.split('\n');
  const frames = lines.slice(head);
  const shown = frames.filter((line) => isUserFrame(line) || !FRAME.test(line));
  // If all are ours, they are all that there is to say.
  const kept = shown.some(isUserFrame) ? shown : frames;
  return [...lines.slice(0, head), ...kept.slice(0, most)].join('\n');
}

/** Does a stack show any line of the user's? */
export function hasUserFrame(stack: unknown): boolean {
  return typeof stack === 'string' && stack.includes('\n    at ') && userFrames(stack).length > 0;
}

function userFrames(stack: string): string[] {
  return stack.split('\n').filter(isUserFrame);
}

/** Is a line of a stack a frame that is neither Node’s nor ours? */
export function isUserFrame(line: string): boolean {
  const file = FRAME.exec(line)?.[1];
  if (file === undefined || file.startsWith('node:')) return false;
  const path = pathOf(file);
  return !OURS.some((ours) => path.startsWith(ours) && !path.startsWith(`${ours}echo${sep}`));
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
