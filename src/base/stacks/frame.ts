import { inspectsAsText } from '../printing/inspect.ts';
import { isUserFrame, siteOf } from './user-frames.ts';

/** A place in a program: a function and its current line. Corresponds to a Python frame. */
export class Frame {
  static {
    inspectsAsText(this);
  }

  /** The function's name; `<anonymous>` if it has none. */
  readonly name: string;
  /** The file, as V8 reports it: a path or a URL. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;

  /** @internal */
  constructor(name: string, file: string, line: number, column: number) {
    this.name = name;
    this.file = file;
    this.line = line;
    this.column = column;
  }

  /** @internal `file:line`, relative to the working directory */
  get _site(): string {
    return siteOf(String(this)) as string;
  }

  /** As a line of a stack: `    at NAME (FILE:LINE:COLUMN)` */
  toString(): string {
    return `    at ${this.name} (${this.file}:${this.line}:${this.column})`;
  }
}

const FRAME = /^\s*at (?:async )?(?:(.+?) \()?(.+?):(\d+):(\d+)\)?$/;

/**
 * The functions through which a task runs its body: frames below them do not belong to the task.
 */
export const OF_A_TASK: RegExp = /(?:^|\.)(?:#begin|#awaitBody|runBodyOfTask)$|^(?:new )?_?Task\b/;

/**
 * The frames of a stack, innermost first, without Node's and our own.
 *
 * @param end - matches one of our functions, as V8 names it: the frames from it on belong to other
 *   code
 */
export function framesOf(stack: string | undefined, end?: RegExp): Frame[] {
  const frames: Frame[] = [];
  for (const line of (stack ?? '').split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, name = '<anonymous>', file = '', row, column] = match;
    if (isUserFrame(line)) frames.push(new Frame(name, file, Number(row), Number(column)));
    else if (end?.test(name)) break;
  }
  return frames;
}
