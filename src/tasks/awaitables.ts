import { isIterable } from '../base/check-types.ts';
import { typeError } from '../base/errors/refusals.ts';
import { brief } from '../base/printing/repr.ts';
import { isThenable } from '../base/values/is-thenable.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { wrapPromise } from '../core/coroutines/ensure-future.ts';
import type { TaskBody } from '../core/coroutines/task.ts';
import { Awaiter } from '../core/futures/awaiter.ts';
import { Future } from '../core/futures/future.ts';

/**
 * What can be awaited, or called and then awaited: a future, a coroutine, a function, a promise.
 */
export type Awaitable<T> = TaskBody<T> | PromiseLike<T>;

/** The result of an {@link Awaitable}. */
export type ResultOf<A> =
  A extends PromiseLike<infer T> ? T : A extends () => PromiseLike<infer T> ? T : never;

/**
 * Checks that `value` is an {@link Awaitable}, before anything is started.
 *
 * @throws {TypeError} when it is not
 */
export function checkAwaitable(value: unknown): void {
  if (typeof value === 'function' || isThenable(value)) return;
  throw typeError(
    `An asyncio.Future, a coroutine or an awaitable is required, got ${brief(value)}`,
  );
}

/**
 * Checks that `value` is an iterable, and not itself an element.
 *
 * @param what - what it should contain, for the message: `'a list of futures'`
 * @throws {TypeError} when it is not
 */
export function checkFutures(value: unknown, what: string): void {
  if (!isIterable(value)) throw typeError(`expect ${what}, not ${kindOf(value)}`);
}

/**
 * Awaits `awaitable` as part of the calling task.
 *
 * So a cancel of the task reaches what it waits for. The wait for a foreign promise is interrupted,
 * but not the work behind it.
 */
export async function awaitHere<T>(awaitable: Awaitable<T>): Promise<T> {
  if (typeof awaitable === 'function' && !isThenable(awaitable)) return await awaitable();
  const ours =
    awaitable instanceof Future ||
    awaitable instanceof Coroutine ||
    (awaitable as unknown) instanceof Awaiter;
  return await (ours ? awaitable : wrapPromise(awaitable));
}

/** The class name of a value, for messages. */
function kindOf(value: unknown): string {
  if (value instanceof Coroutine) return 'Coroutine';
  return typeof value === 'object' && value !== null
    ? (value.constructor?.name ?? 'Object')
    : brief(value);
}
