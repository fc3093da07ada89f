import { checkOptions } from '../base/check-options.ts';
import { named } from '../base/errors/errors.ts';
import type { TaskBody } from '../core/coroutines/task.ts';
import type { Host } from '../core/turns/host.ts';
import { Loop } from '../loop/loop.ts';
import { Runner } from '../runners/runner.ts';
import { Leaks } from './leaks.ts';

/** Options for {@link runChecked}. */
export interface CheckedOptions {
  /** Debug mode; by default on if the environment's `ASYNCIO_DEBUG` is not empty. */
  readonly debug?: boolean | undefined;
}

/** A program under test has left something behind. The message names each, in a line or more. */
export class LeftBehindError extends Error {
  static {
    named(this, 'LeftBehindError');
  }
}

/**
 * Runs a test like `run()` runs a program, and checks that it leaves nothing behind:
 *
 * - no running task; any that still run are cancelled
 * - no failure of a task or a future that nobody has retrieved
 * - no pending timer of the loop, once all tasks have ended
 * - no open socket, including those of transports, streams and servers
 * - no child process that still runs
 * - no report to the loop's exception handler, unless the test has set its own
 *
 * Whatever is left is named, with the place where it was made. Awaits are tracked, as in debug
 * mode, so that a remaining task says where it waits.
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
 * @throws {RuntimeError} when a loop runs already
 */
export async function runChecked<T>(main: TaskBody<T>, options: CheckedOptions = {}): Promise<T> {
  checkOptions(options);
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
