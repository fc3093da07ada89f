import { checkTimeout } from '../../base/numbers.ts';
import type { Abandoning } from '../../core/cancellation/limit.ts';
import type { Coroutine } from '../../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import { type MovedOn, Timeout } from './timeout.ts';

/**
 * Runs `body` as part of the task that awaits this, for at most `delay` seconds, and returns
 * without an error at the timeout.
 *
 * Like {@link timeout}, for work that may stay unfinished:
 *
 * ```ts
 * const [reader] = await asyncio.openConnection('127.0.0.1', 8888);
 * const { expired, value } = await asyncio.moveOnAfter(0.5, () => reader.readline());
 * console.log(expired ? 'no greeting' : String(value));
 * ```
 *
 * Not in asyncio; anyio and trio have it as `move_on_after()`.
 *
 * @param delay - in seconds from now; with 0 or less, the body is cancelled when it first waits;
 *   `undefined` for no limit
 * @param body - receives the {@link Timeout}, which can be rescheduled
 * @param options - `abandon`: see {@link timeout}
 * @returns `expired`: did the timeout cancel the body? `value`: what the body returned
 * @throws what `body` throws
 * @throws {CancelledError} when the waiting task is cancelled
 * @throws {TypeError} when `delay` is not a number, or `body` not a function
 * @throws {RangeError} when `delay` is NaN
 * @throws {RuntimeError} when no loop is running, or no task awaits this
 */
export function moveOnAfter<T>(
  delay: number | undefined,
  body: (timeout: Timeout) => T | PromiseLike<T>,
  options?: Abandoning,
): Coroutine<MovedOn<T>> {
  checkTimeout(delay, 'delay');
  const now = requireRunningLoop().time();
  const when = delay === undefined ? undefined : now + delay;
  return new Timeout(when, options)._moveOn(body, 'moveOnAfter');
}
