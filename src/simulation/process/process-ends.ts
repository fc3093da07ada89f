import { RuntimeError } from '../../base/errors/errors.ts';

/**
 * Fails a run by what would end the process without telling the seed: an error that nobody catches in an event of
 * Node, an unhandled rejection, `process.exit()`. Others, such as test runners, do not hear of it.
 *
 * @returns a function that ends that
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

/** Listens in place of all who do. */
function onlyOne(event: string, listener: (error: unknown, origin: string) => void): () => void {
  const process: NodeJS.EventEmitter = globalThis.process;
  const others = process.rawListeners(event) as (() => void)[];
  process.removeAllListeners(event).on(event, listener);
  return () => {
    process.off(event, listener);
    for (const other of others) process.on(event, other);
  };
}
