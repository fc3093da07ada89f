/**
 * The one output for all of the library's messages: standard error, like Python's
 * `logging` without configuration, or the logger of the program.
 *
 * Standard error is written at once, so that messages while the process ends are not lost.
 */
import { endsTheLoop } from '../errors/errors.ts';
import { brief } from '../printing/repr.ts';
import { stackOf } from '../stacks/error-report.ts';

/**
 * Where messages go: `console`, pino, winston, or whatever has these methods.
 *
 * @see asyncio's logger, https://docs.python.org/3/library/asyncio-dev.html#logging
 */
export interface Logger {
  /** In debug mode: connections that were made. */
  debug(message: string): unknown;
  /** In debug mode: servers and programs that were started. */
  info(message: string): unknown;
  /** Probable mistakes: slow callbacks, coroutines that were never awaited. */
  warn(message: string): unknown;
  /** Failures that cannot be thrown to anybody, with their stacks. */
  error(message: string): unknown;
}

/** How important a message is. */
type Level = keyof Logger;

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

let logger: Logger | undefined;

/**
 * Sends the library's messages to `logger`, as lines of text without a line end; `undefined` restores
 * standard error. Warnings, which are Node's by default, go there, too.
 *
 * What the logger throws is written to standard error, with the message.
 *
 * @throws {TypeError} when `logger` lacks a method
 * @see asyncio's logger, https://docs.python.org/3/library/asyncio-dev.html#logging
 */
export function setLogger(to: Logger | undefined): void {
  if (to !== undefined)
    for (const level of LEVELS)
      if (typeof (to as Partial<Logger> | null)?.[level] !== 'function')
        throw new TypeError(
          `logger must have the methods ${LEVELS.join('(), ')}(), got ${brief(to)} without ${level}()`,
        );
  logger = to;
}

/** The logger of {@link setLogger}; `undefined` for standard error. */
export function getLogger(): Logger | undefined {
  return logger;
}

type Sink = (text: string) => void;

let sink: Sink = (text) => {
  waitForReader();
  process.stderr.write(text);
};

/**
 * Has a full pipe wait until somebody reads, as in Python. Node queues what a pipe does not take,
 * and forgets the queue when the process ends: of ten thousand reports, all but 64 KB were lost.
 */
function waitForReader(): void {
  if (waits) return;
  waits = true;
  const { _handle: handle } = process.stderr as { _handle?: { setBlocking?(on: boolean): void } };
  // A file has no handle, and waits anyway.
  handle?.setBlocking?.(true);
}

let waits = false;

/** Writes to standard error, on lines of their own, what is no matter for a logger. */
export function print(text: string): void {
  sink(`${text}\n`);
}

/** Says something, on lines of its own. Without a logger, `debug` and `info` say nothing. */
export function log(text: string, level: Level = 'error'): void {
  if (logger === undefined) {
    if (level === 'warn' || level === 'error') print(text);
    return;
  }
  try {
    logger[level](text);
  } catch (error) {
    // A logger may end the program on purpose.
    if (endsTheLoop(error)) throw error;
    print(`${text}\nThe logger failed to write this:\n${stackOf(error)}`);
  }
}

/**
 * Sends what the library says elsewhere, until the returned function is called.
 *
 * @internal for our own tests
 */
export function redirectLog(to: Sink): () => void {
  const before = sink;
  sink = to;
  return () => {
    sink = before;
  };
}
