import { checkOptions } from '../../base/check-options.ts';
import { RuntimeError } from '../../base/errors/errors.ts';
import { rangeError, typeError } from '../../base/errors/refusals.ts';
import { checkTimeout } from '../../base/numbers.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { brief } from '../../base/printing/repr.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import { forThisTask } from '../../core/futures/call-graph-edges.ts';
import { Future } from '../../core/futures/future.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireRunningLoop } from '../../core/turns/running-loop.ts';
import { checkFutures } from '../awaitables.ts';

/** {@link wait} returns when any of them is done. */
export const FIRST_COMPLETED: 'FIRST_COMPLETED' = 'FIRST_COMPLETED';
/** {@link wait} returns when any of them has failed; otherwise like {@link ALL_COMPLETED}. */
export const FIRST_EXCEPTION: 'FIRST_EXCEPTION' = 'FIRST_EXCEPTION';
/** {@link wait} returns when all of them are done. */
export const ALL_COMPLETED: 'ALL_COMPLETED' = 'ALL_COMPLETED';

/** When a {@link wait} returns. */
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

/** Options for {@link wait}. */
export interface WaitOptions {
  /** How long to wait, in seconds; by default without limit. */
  readonly timeout?: number | undefined;
  /** What to wait for; by default `ALL_COMPLETED`. */
  readonly returnWhen?: ReturnWhen | undefined;
}

const RETURN_WHEN: readonly unknown[] = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED];

/**
 * Waits for futures and tasks, and returns those that are done and those that are not.
 *
 * It neither throws their errors nor cancels them, even after the timeout, or when it is cancelled
 * itself. A cancelled task is not a failure for `FIRST_EXCEPTION`.
 *
 * @param futures - futures and tasks; duplicates count once
 * @param options - `timeout`: in seconds; `returnWhen`
 * @returns two sets, in the order in which they were given
 * @throws {TypeError} when `futures` is not an iterable of futures and tasks, for example when it
 *   contains coroutines
 * @throws {RangeError} when it is empty, or an option is invalid
 * @throws {RuntimeError} when no loop is running, or a future belongs to another one
 * @throws {CancelledError} when the waiting task is cancelled
 * @see asyncio's `wait()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.wait
 */
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): Coroutine<[done: Set<F>, pending: Set<F>]> {
  checkOptions(options, 'timeout returnWhen');
  const { timeout, returnWhen = ALL_COMPLETED } = options;
  checkFutures(futures, 'a list of futures');
  const different = new Set(futures);
  if (different.size === 0) throw rangeError('Set of Tasks/Futures is empty.');
  if (!RETURN_WHEN.includes(returnWhen))
    throw rangeError(`Invalid return_when value: ${brief(returnWhen)}`);
  checkTimeout(timeout, 'timeout');
  for (const future of different) checkFuture(future);
  return new Coroutine(() => waitForThem(different, timeout, returnWhen), 'wait', undefined);
}

function checkFuture(value: unknown): void {
  if (value instanceof Future) return;
  throw typeError(
    value instanceof Coroutine
      ? 'Passing coroutines is forbidden, use tasks explicitly.'
      : `futures and tasks were expected, got ${brief(value)}`,
  );
}

async function waitForThem<F extends Future<unknown>>(
  futures: ReadonlySet<F>,
  timeout: number | undefined,
  returnWhen: ReturnWhen,
): Promise<[done: Set<F>, pending: Set<F>]> {
  const loop = requireRunningLoop();
  for (const future of futures)
    if (future._loop !== loop) throw new RuntimeError(`${future} is attached to a different loop`);
  await whenEnough(loop, futures, timeout, returnWhen);
  const done = new Set<F>();
  const pending = new Set<F>();
  // Including those that became done while the wake-up was pending.
  for (const future of futures) (future.done() ? done : pending).add(future);
  return [done, pending];
}

async function whenEnough(
  loop: LoopCore,
  futures: ReadonlySet<Future<unknown>>,
  timeout: number | undefined,
  returnWhen: ReturnWhen,
): Promise<void> {
  const waiter = describeAs(new Future<void>(loop._asOption), 'wait', undefined, () => ({
    detail: `${left} of ${futures.size} not done`,
    heldBy: futures,
    any: returnWhen === FIRST_COMPLETED,
    until: timer?.when(),
  }));
  const release = calledAs('_release_waiter', () => {
    if (!waiter.done()) waiter._finish();
  });
  let left = futures.size;
  const onCompletion = calledAs('_wait.<locals>._on_completion', (future: Future<unknown>) => {
    left -= 1;
    if (left <= 0 || returnWhen === FIRST_COMPLETED) release();
    else if (returnWhen === FIRST_EXCEPTION && future._failed) {
      // As in asyncio, waiting for an exception counts as retrieving it.
      future._see();
      release();
    }
  });
  forThisTask(onCompletion);
  const timer =
    timeout === undefined || timeout === Number.POSITIVE_INFINITY
      ? undefined
      : loop.callLater(Math.max(timeout, 0), release);
  for (const future of futures) future.addDoneCallback(onCompletion);
  try {
    await waiter;
  } finally {
    timer?.cancel();
    for (const future of futures) future.removeDoneCallback(onCompletion);
  }
}
