import { CancelledError } from '../../base/errors/errors.ts';
import { isA } from '../../base/values/attempt.ts';
import type { Task, TaskBody } from '../../core/coroutines/task.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { Cancellable, LoopCore } from '../../core/turns/loop-core.ts';

/** A loop that creates tasks. */
export interface RacingLoop extends LoopCore {
  createTask<T>(body: TaskBody<T>): Task<T>;
}

/**
 * Makes attempts concurrently: the first immediately, each further one when the previous one has
 * failed, or has taken `delay` seconds. The first result wins; the other attempts are cancelled and
 * awaited.
 *
 * @param attempts - each returns `undefined` when it fails
 * @param delay - in seconds; Infinity waits for each to fail
 * @param discard - receives the result of an attempt that finished at the moment it lost
 * @returns the winner's result; `undefined` when all failed
 * @throws what an attempt throws
 * @throws {CancelledError} when the waiting task is cancelled; all attempts have been cancelled and
 *   have ended
 * @see asyncio's `staggered_race()`, `Lib/asyncio/staggered.py`
 */
export async function staggeredRace<T>(
  loop: RacingLoop,
  attempts: readonly (() => Promise<T | undefined>)[],
  delay: number,
  discard: (late: T) => void,
): Promise<T | undefined> {
  if (attempts.length === 0) return undefined;
  const newWait = (): Future<void> =>
    describeAs(new Future<void>(loop._asOption), 'createConnection', undefined, () => ({
      heldBy: running,
      any: true,
    }));
  let ended = newWait();
  const running = new Set<Task<T | undefined>>();
  let begun = 0;
  let won: { readonly value: T } | undefined;
  let failed: { readonly error: unknown } | undefined;
  let cancelled: { readonly error: unknown } | undefined;
  let timer: Cancellable | undefined;

  const isOver = (): boolean =>
    won !== undefined || failed !== undefined || cancelled !== undefined;
  const cancelRest = (): void => {
    timer?.cancel();
    for (const task of running) task.cancel();
  };
  const beginNext = (): void => {
    timer?.cancel();
    const attempt = attempts[begun];
    if (attempt === undefined || isOver()) return;
    begun += 1;
    const task = loop.createTask(attempt);
    running.add(task);
    task.addDoneCallback(onEnd);
    if (begun < attempts.length && delay < Number.POSITIVE_INFINITY)
      timer = loop.callLater(Math.max(delay, 0), beginNext);
  };
  const take = (value: T): void => {
    if (isOver()) discard(value);
    else won = { value };
  };
  const onEnd = (task: Task<T | undefined>): void => {
    running.delete(task);
    try {
      const value = task.result();
      if (value === undefined) beginNext();
      else take(value);
    } catch (error) {
      // Attempts that lost end this way.
      if (!(isA(error, CancelledError) && isOver())) failed ??= { error };
    }
    if (isOver()) cancelRest();
    if (running.size === 0 && !ended.done()) ended._finish();
  };

  beginNext();
  while (running.size > 0)
    try {
      ended = newWait();
      await ended;
    } catch (error) {
      cancelled = { error };
      cancelRest();
    }
  if (cancelled !== undefined) {
    if (won !== undefined) discard(won.value);
    throw cancelled.error;
  }
  if (failed !== undefined) throw failed.error;
  return won?.value;
}
