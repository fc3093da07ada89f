/**
 * Where all messages of the library go: to the program's logger, or by default to standard error,
 * like Python's `logging` without configuration.
 *
 * Standard error is written synchronously, so that messages are not lost when the process ends.
 */
import { endsTheLoop } from '../errors/errors.ts';
import { typeError } from '../errors/refusals.ts';
import { brief } from '../printing/repr.ts';
import { stackOf } from '../stacks/error-report.ts';

/**
 * Receives messages: `console`, pino, winston, or any object with these methods.
 *
 * @see asyncio's logger, https://docs.python.org/3/library/asyncio-dev.html#logging
 */
export interface Logger {
  /** In debug mode: new connections. */
  debug(message: string): unknown;
  /** In debug mode: servers and programs that start. */
  info(message: string): unknown;
  /** Probable mistakes: slow callbacks, coroutines that were never awaited. */
  warn(message: string): unknown;
  /** Failures that cannot be thrown to any caller, with their stacks. */
  error(message: string): unknown;
}

/** The importance of a message. */
type Level = keyof Logger;

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

let logger: Logger | undefined;

/**
 * Sends the library's messages to `logger`, as text without a trailing newline; `undefined`
 * restores standard error. Warnings are sent, too; by default, they are Node's process warnings.
 *
 * If the logger throws, the error is written to standard error, with the message.
 *
 * @throws {TypeError} when `logger` lacks a method
 * @see asyncio's logger, https://docs.python.org/3/library/asyncio-dev.html#logging
 */
export function setLogger(to: Logger | undefined): void {
  if (to !== undefined)
    for (const level of LEVELS)
      if (typeof (to as Partial<Logger> | null)?.[level] !== 'function')
        throw typeError(
          `logger must have the methods ${LEVELS.join('(), ')}(), got ${brief(to)} without ${level}()`,
        );
  logger = to;
}

/** The logger set by {@link setLogger}; `undefined` for standard error. */
export function getLogger(): Logger | undefined {
  return logger;
}

type Sink = (text: string) => void;

let sink: Sink = (text) => {
  waitForReader();
  process.stderr.write(text);
};

/**
 * Makes writes to a full pipe wait for the reader, as in Python. Otherwise Node queues them, and
 * drops the queue when the process exits: of ten thousand reports, only 64 KB arrived.
 */
function waitForReader(): void {
  if (waits) return;
  waits = true;
  const { _handle: handle } = process.stderr as { _handle?: { setBlocking?(on: boolean): void } };
  // A file has no handle; writes to it always wait.
  handle?.setBlocking?.(true);
}

let waits = false;

/** Writes text to standard error, on its own lines, bypassing the logger. */
export function print(text: string): void {
  sink(`${text}\n`);
}

/** Logs text, on its own lines. Without a logger, `debug` and `info` are dropped. */
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
 * Redirects the library's messages, until the returned function is called.
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
