import { constants } from 'node:os';
import { KeyboardInterrupt, SystemExit } from '../../base/errors/errors.ts';
import { print } from '../../base/log/log.ts';
import { isA } from '../../base/values/attempt.ts';

/**
 * How a program exits if it does not catch a KeyboardInterrupt or SystemExit: with the status that
 * the shell expects, and without a stack.
 *
 * Node emits an event for each uncaught error. We listen from the first such error on, and leave
 * all other errors alone.
 */

/** The status that a shell shows for a program that SIGINT ended. */
const STATUS_INTERRUPTED = 128 + constants.signals.SIGINT;

let watching = false;

/**
 * Returns an error that is about to leave `run()`, after making sure that it ends the program with
 * the right status.
 */
export function withExitStatus<E>(error: E): E {
  if (!watching && (isA(error, KeyboardInterrupt) || isA(error, SystemExit))) {
    watching = true;
    process.prependListener('uncaughtExceptionMonitor', endProgram);
  }
  return error;
}

function endProgram(error: unknown): void {
  if (process.hasUncaughtExceptionCaptureCallback()) return;
  if (isA(error, KeyboardInterrupt)) {
    print('KeyboardInterrupt');
    process.exit(STATUS_INTERRUPTED);
  }
  if (isA(error, SystemExit)) process.exit(error.code);
}
