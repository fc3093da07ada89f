import { constants } from 'node:os';
import { KeyboardInterrupt, SystemExit } from '../../base/errors/errors.ts';
import { print } from '../../base/log/log.ts';
import { isA } from '../../base/values/attempt.ts';

/**
 * How a program ends that lets a KeyboardInterrupt or a SystemExit pass: with the status that
 * the shell expects, and not with a stack.
 *
 * Node has one place where what nobody caught comes by. We look on there from the moment when such
 * an error is on its way. We do not handle anything: every other error ends the program, or finds its
 * handler, as if we were not there.
 */

/** What a shell shows for a program that SIGINT ended. */
const STATUS_INTERRUPTED = 128 + constants.signals.SIGINT;

let watching = false;

/** Gives back an error that is about to leave `run()`, and sees to how it would end the program. */
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
