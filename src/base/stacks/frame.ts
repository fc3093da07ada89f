import { printsAsText } from '../printing/inspect.ts';
import { isUserFrame, siteOf } from './user-frames.ts';

/**
 * A place in a program: a function, and the line that it has come to. What is known of one of
 * Python's frames.
 */
export class Frame {
  static {
    printsAsText(this);
  }

  /** The function; `<anonymous>` where it has no name. */
  readonly name: string;
  /** The file, as V8 has it: a path or a URL. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;

  /** @internal */
  constructor(name: string, file: string, line: number, column: number) {
    this.name = name;
    this.file = file;
    this.line = line;
    this.column = column;
  }

  /** @internal `file:line`, the file seen from the working directory */
  get _site(): string {
    return siteOf(String(this)) as string;
  }

  /** As a line of a stack: `    at NAME (FILE:LINE:COLUMN)` */
  toString(): string {
    return `    at ${this.name} (${this.file}:${this.line}:${this.column})`;
  }
}

const FRAME = /^\s*at (?:async )?(?:(.+?) \()?(.+?):(\d+):(\d+)\)?$/;

/** The functions by which a task runs its body: what called them is not of the task. */
export const OF_A_TASK: RegExp = /(?:^|\.)(?:#begin|#awaitBody|runBodyOfTask)$|^(?:new )?_?Task\b/;

/**
 * The frames of a stack, innermost first, without Node's and our own.
 *
 * @param end - what a function of ours is called, as V8 has it, from which on frames are those of
 *   somebody else
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
