import { checkTimeout } from '../../base/numbers.ts';
import type { Abandoning } from '../../core/cancellation/limit.ts';
import type { Coroutine } from '../../core/coroutines/coroutine.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import { type MovedOn, Timeout } from './timeout.ts';

/**
 * Runs `body` as part of the task that awaits this, and holds back a cancel of the task until `body`
 * has ended.
 *
 * For clean-up that has to wait for something. The limit keeps it from delaying the cancel forever:
 * at the timeout, the body is cancelled, and this returns without an error.
 *
 * ```ts
 * const [reader, writer] = await asyncio.openConnection('127.0.0.1', 8888);
 * try {
 *   console.log(String(await reader.read()));
 * } finally {
 *   writer.write('goodbye');
 *   await asyncio.shielded(2, () => writer.drain());
 * }
 * ```
 *
 * A cancel that comes in the meantime is thrown at the next `await` of the code that awaits this;
 * if there is none, its timeout or its task ends as cancelled. {@link shield} protects other tasks
 * from a cancel, not the code that awaits it.
 *
 * Not in asyncio; anyio and trio have it as `move_on_after(limit, shield=True)`.
 *
 * @param limit - in seconds from now; `undefined` for no limit
 * @param body - receives the {@link Timeout}, which can be rescheduled
 * @param options - `abandon`: see {@link timeout}
 * @returns `expired`: did the timeout cancel the body? `value`: what the body returned
 * @throws what `body` throws
 * @throws {TypeError} when `limit` is not a number, or `body` not a function
 * @throws {RangeError} when `limit` is NaN
 * @throws {RuntimeError} when no loop is running, or no task awaits this
 */
export function shielded<T>(
  limit: number | undefined,
  body: (timeout: Timeout) => T | PromiseLike<T>,
  options?: Abandoning,
): Coroutine<MovedOn<T>> {
  checkTimeout(limit, 'limit');
  const now = requireRunningLoop().time();
  const when = limit === undefined ? undefined : now + limit;
  return new Timeout(when, options)._moveOn(body, 'shielded');
}
