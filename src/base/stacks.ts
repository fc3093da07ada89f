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
 * user's; for a value that is no error, or has no stack, what it prints as.
 */
export function stackOf(error: unknown): string {
  return stackBelow(error, []);
}

/** As {@link stackOf}; `above` are those whose cause it is, and a cause may be its own. */
function stackBelow(error: unknown, above: readonly unknown[]): string {
  if (!(error instanceof Error)) return `Thrown: ${repr(error)}`;
  const stack = withoutOurTail(String(error.stack ?? `${error.name}: ${error.message}`));
  const text = named(stack, nameOf(error));
  if (error.cause === undefined || above.includes(error.cause)) return text;
  return `${text}\n[cause]: ${stackBelow(error.cause, [...above, error])}`;
}

function withoutOurTail(stack: string): string {
  const lines = stack.split('\n');
  const last = lines.findLastIndex((line) => !FRAME.test(line) || isUserFrame(line));
  // If all are ours, they are all that there is to say.
  return last >= 0 && isUserFrame(lines[last] as string)
    ? lines.slice(0, last + 1).join('\n')
    : stack;
}

/** A stack says `Error` where the class of the error has no `name`: then that of the class. */
function named(stack: string, name: string): string {
  return /^Error\b/.test(stack) ? name + stack.slice('Error'.length) : stack;
}

function captured(depth: number): string {
  const before = Error.stackTraceLimit;
  // Ours come first and are dropped: never more than a dozen.
  Error.stackTraceLimit = depth + 12;
  const { stack } = new Error();
  Error.stackTraceLimit = before;
  return stack ?? '';
}

function userFrames(stack: string): string[] {
  return stack.split('\n').filter(isUserFrame);
}

function isUserFrame(line: string): boolean {
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
