import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameOf } from './repr.ts';

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
 * The text of an error's stack; for a value that is no error, or has no stack, what it prints as.
 */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${String(error)}`;
  const text = named(error.stack ?? `${error.name}: ${error.message}`, nameOf(error));
  return error.cause === undefined ? text : `${text}\n[cause]: ${stackOf(error.cause)}`;
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
  return stack.split('\n').filter((line) => {
    const file = FRAME.exec(line)?.[1];
    if (file === undefined || file.startsWith('node:')) return false;
    const path = pathOf(file);
    return !OURS.some((ours) => path.startsWith(ours) && !path.startsWith(`${ours}echo${sep}`));
  });
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
