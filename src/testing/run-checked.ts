import { checkOptions } from '../base/check-options.ts';
import { named } from '../base/errors/errors.ts';
import type { TaskBody } from '../core/coroutines/task.ts';
import type { Host } from '../core/turns/host.ts';
import { Loop } from '../loop/loop.ts';
import { Runner } from '../runners/runner.ts';
import { Leaks } from './leaks.ts';

/** Options for {@link runChecked}. */
export interface CheckedOptions {
  /** Debug mode; by default on if the environment variable `ASYNCIO_DEBUG` is set. */
  readonly debug?: boolean | undefined;
}

/** A program under test has left something behind. The message lists it. */
export class LeftBehindError extends Error {
  static {
    named(this, 'LeftBehindError');
  }
}

/**
 * Runs a test like `run()` runs a program, and checks that it leaves nothing behind:
 *
 * - no running task; remaining ones are cancelled
 * - no unretrieved failure of a task or a future
 * - no pending timer of the loop, once all tasks have ended
 * - no open socket, including those of transports, streams and servers
 * - no running child process
 * - no report to the loop's exception handler, unless the test has set its own
 *
 * The error names what is left, and where it was created. Awaits are tracked, as in debug mode, so
 * that it also says where a remaining task waits.
 *
 * ```ts
 * import { test } from 'node:test';
 * import { runChecked } from 'asyncio-ts/testing';
 *
 * test('answers', () =>
 *   runChecked(async () => {
 *     await using server = await asyncio.startServer(() => {}, '127.0.0.1', 0);
 *     const [, writer] = await asyncio.openConnection('127.0.0.1', server.port);
 *     writer.close();
 *   }));
 * ```
 *
 * @param main - a coroutine, or a function without arguments that returns a promise
 * @param options - `debug`
 * @returns what `main` returns
 * @throws what `main` throws
 * @throws {LeftBehindError} when something is left behind
 * @throws {RuntimeError} when a loop is already running
 */
export async function runChecked<T>(main: TaskBody<T>, options: CheckedOptions = {}): Promise<T> {
  checkOptions(options, 'debug');
  return await runWatched(main, options.debug, undefined);
}

/** @param host - what the loop runs on; by default Node's own loop */
export async function runWatched<T>(
  main: TaskBody<T>,
  debug: boolean | undefined,
  host: Host | undefined,
): Promise<T> {
  const loopFactory = (): Loop => new Loop(host === undefined ? {} : { host });
  const runner = new Runner({ debug, loopFactory });
  const leaks = new Leaks(runner.getLoop());
  let result: T;
  try {
    result = await runner.run(main);
    leaks.mainEnded();
  } finally {
    await runner.close();
    leaks.end();
  }
  const left = leaks.list();
  if (left.length > 0) throw new LeftBehindError(left.join('\n'));
  return result;
}
