import { RuntimeError } from '../../base/errors/errors.ts';

/**
 * Fails a run if the process would end without showing the seed: on an uncaught error in an event of Node, an
 * unhandled rejection, or `process.exit()`. Other listeners, such as those of a test runner, are not called.
 *
 * @returns a function that undoes this
 */
export function catchProcessEnds(fail: (error: unknown, what: string) => void): () => void {
  const uncaught = (error: unknown, origin: string): void =>
    fail(error, origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception');
  const unhandled = (error: unknown): void => fail(error, 'unhandled rejection');
  const { exit } = process;
  const ends = [onlyOne('uncaughtException', uncaught), onlyOne('unhandledRejection', unhandled)];
  process.exit = (code) => {
    const error = new RuntimeError(`process.exit(${code ?? ''}) would end the simulation`);
    fail(error, 'process.exit()');
    throw error;
  };
  return () => {
    process.exit = exit;
    for (const end of ends) end();
  };
}

/** Replaces all listeners of an event with one. */
function onlyOne(event: string, listener: (error: unknown, origin: string) => void): () => void {
  const process: NodeJS.EventEmitter = globalThis.process;
  const others = process.rawListeners(event) as (() => void)[];
  process.removeAllListeners(event).on(event, listener);
  return () => {
    process.off(event, listener);
    for (const other of others) process.on(event, other);
  };
}
