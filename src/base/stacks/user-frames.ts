import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attempt } from '../values/attempt.ts';

/**
 * Tells which frames of a stack are the user's: neither Node's nor this library's.
 *
 * They are read from the text of a stack, not from V8's call sites: only the text uses source maps.
 */

/**
 * The names of our files. The build names them so, and they keep these names in the source maps of
 * programs that bundle this library; webpack adds a question mark for development. The command and
 * `echo` count as users of the library.
 */
const OURS = /(?:^|[\\/])asyncio-ts-[A-Z0-9]{8}\.js\??$|^asyncio-ts:/;

/**
 * Where the source maps of our own build locate our sources; empty if this module was bundled into
 * a program.
 */
const HERE = attempt(() => fileURLToPath(import.meta.url), '');
const SOURCES = OURS.test(HERE) ? join(dirname(HERE), '..', 'src', sep) : undefined;

/** Matches a line of a stack that is a frame; groups: file, line, column. */
export const FRAME: RegExp = /^\s*at (?:.*\(|async )?(.+?):(\d+):(\d+)\)?$/;

interface Position {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** Where the library begins and ends in a program that it was bundled into. */
let bounds: readonly [Position, Position] | undefined;

/**
 * Records where the library begins and ends. The error is created in a callback at its end, called
 * by a function at its beginning, so its stack contains both. The build adds the call.
 *
 * @public
 */
export function noteBounds({ stack }: Error): void {
  const frames = typeof stack === 'string' ? stack.split('\n').filter(isFrame) : [];
  const [last, first] = frames.map(positionOf);
  if (first === undefined || last?.path !== first.path) return;
  // Not HERE: webpack leaves import.meta.url as it was.
  if (!OURS.test(first.path)) bounds = [first, last];
}

function isFrame(line: string): boolean {
  return FRAME.test(line);
}

function positionOf(frame: string): Position | undefined {
  const [, file, line, column] = FRAME.exec(frame) ?? [];
  return file === undefined
    ? undefined
    : { path: pathOf(file), line: Number(line), column: Number(column) };
}

function isWithin(
  bounds: readonly [Position, Position],
  { path, line, column }: Position,
): boolean {
  const [first, last] = bounds;
  if (path !== first.path || line < first.line || line > last.line) return false;
  return (
    (line > first.line || column >= first.column) && (line < last.line || column <= last.column)
  );
}

/** `file:line` of a line of a stack, relative to the working directory. */
export function siteOf(frame: string | undefined): string | undefined {
  const match = FRAME.exec(frame ?? '');
  return match ? `${shown(pathOf(match[1] as string))}:${match[2]}` : undefined;
}

/** Does a stack contain a user frame? */
export function hasUserFrame(stack: unknown): boolean {
  return typeof stack === 'string' && stack.includes('\n    at ') && userFrames(stack).length > 0;
}

/**
 * Does a stack contain frames of ours, and no user function that was running? Suspended ones may
 * follow: V8 of Node 26 adds them.
 */
export function showsOnlyUs(stack: string): boolean {
  const frames = stack.split('\n').filter(isFrame);
  const [user, others] = [frames.filter(isUserFrame), frames.filter((line) => !isUserFrame(line))];
  return (
    user.every((line) => /^\s*at async /.test(line)) &&
    others.some((line) => !line.includes('node:'))
  );
}

/** The user frames of a stack, as lines. */
export function userFrames(stack: string): string[] {
  return stack.split('\n').filter(isUserFrame);
}

/** Is a line of a stack a frame that is neither Node's nor ours? */
export function isUserFrame(line: string): boolean {
  const position = positionOf(line);
  if (position === undefined || position.path.startsWith('node:')) return false;
  const { path } = position;
  if (OURS.test(path)) return false;
  if (bounds !== undefined) return !isWithin(bounds, position);
  if (SOURCES === undefined || !path.startsWith(SOURCES)) return true;
  return /^(?:echo[\\/]|cli\.)/.test(path.slice(SOURCES.length));
}

function pathOf(file: string): string {
  // A URL of another host is not a path: keep it.
  return file.startsWith('file:') ? attempt(() => fileURLToPath(file), file) : file;
}

function shown(path: string): string {
  // The working directory may have been removed.
  const near = attempt(() => relative(process.cwd(), path), path);
  return near.startsWith('..') ? path : near;
}

/** Is it one of our frames, or one through which Node runs ticks, immediates and timers? */
export function isPlumbing(line: string): boolean {
  return (
    FRAME.test(line) && !isUserFrame(line) && !/node:(?!internal\/(process|timers)\b)/.test(line)
  );
}

/** How many lines of a stack belong to the message: any of them may look like a frame. */
export function linesOf(message: unknown): number {
  return String(message).split('\n').length;
}
