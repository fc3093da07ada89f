import { checkOptions } from '../base/check-options.ts';
import { checkFiniteSeconds } from '../base/numbers.ts';
import type { TaskBody } from '../core/coroutines/task.ts';
import { runWatched } from './run-checked.ts';
import { virtualHost } from './virtual-host.ts';

/** Options for {@link runVirtual}. */
export interface VirtualOptions {
  /** The clock's start, in seconds; by default 0. */
  readonly start?: number | undefined;
  /** Debug mode; by default on if the environment variable `ASYNCIO_DEBUG` is set. */
  readonly debug?: boolean | undefined;
}

/**
 * Runs a test in virtual time: the loop's clock stops while anything is running, and jumps to the
 * next timer when all tasks wait. So an hour of `sleep()` takes no time, and events come in the
 * same order each time.
 *
 * Nothing may be left behind at the end, as in {@link runChecked}.
 *
 * Not for tests that wait for the system: it cannot tell a socket that is about to be readable from
 * one that never will be.
 *
 * ```ts
 * import assert from 'node:assert';
 * import { test } from 'node:test';
 * import { runVirtual } from 'asyncio-ts/testing';
 *
 * test('gives up after a minute', () =>
 *   runVirtual(async () => {
 *     const queue = new asyncio.Queue();
 *     await assert.rejects(asyncio.waitFor(queue.get(), 60), asyncio.TimeoutError);
 *   }));
 * ```
 *
 * @param main - a coroutine, or a function without arguments that returns a promise
 * @param options - `start`: in seconds; `debug`
 * @returns what `main` returns
 * @throws what `main` throws
 * @throws {LeftBehindError} when something is left behind
 * @throws {TypeError} when `start` is not a number
 * @throws {RangeError} when `start` is not finite
 * @throws {RuntimeError} when a loop is already running
 */
export async function runVirtual<T>(main: TaskBody<T>, options: VirtualOptions = {}): Promise<T> {
  checkOptions(options, 'start debug');
  const { start = 0, debug } = options;
  checkFiniteSeconds(start, 'start');
  return await runWatched(main, debug, virtualHost(start));
}
