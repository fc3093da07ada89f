import { constants } from 'node:os';
import { KeyboardInterrupt, SystemExit } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { setImmediate } from '../base/node-timers.ts';

/**
 * How a program ends that lets a KeyboardInterrupt or a SystemExit pass: with the status that
 * the shell expects, and not with a stack.
 *
 * Node has one place where what nobody caught comes by. We stand there only from the moment when
 * such an error is on its way, and step aside for every other.
 */

/** What a shell shows for a program that SIGINT ended. */
const STATUS_INTERRUPTED = 128 + constants.signals.SIGINT;

let watching = false;

/** Gives back an error that is about to leave `run()`, and sees to how it would end the program. */
export function onItsWayOut<E>(error: E): E {
  if (!watching && (error instanceof KeyboardInterrupt || error instanceof SystemExit)) {
    watching = true;
    process.prependListener('uncaughtException', endProgram);
  }
  return error;
}

function endProgram(error: unknown): void {
  if (error instanceof KeyboardInterrupt) {
    log('KeyboardInterrupt');
    process.exit(STATUS_INTERRUPTED);
  }
  if (error instanceof SystemExit) process.exit(error.code);
  // Not ours: as if we had never stood here. Others who listen get it anyway.
  process.off('uncaughtException', endProgram);
  watching = false;
  if (process.listenerCount('uncaughtException') > 0) return;
  setImmediate(() => {
    throw error;
  });
}
