import { types } from 'node:util';
import { checkOptions } from '../../base/check-options.ts';
import { CancelledError, madeForAwait } from '../../base/errors/errors.ts';
import { typeError } from '../../base/errors/refusals.ts';
import { calledAs } from '../../base/printing/inspect.ts';
import { isPlainObject } from '../../base/values/is-plain-object.ts';
import { isThenable } from '../../base/values/is-thenable.ts';
import { type Abortable, checkSignal, onAbort } from '../../core/coroutines/abort-signals.ts';
import { ensureFuture } from '../../core/coroutines/ensure-future.ts';
import { Task } from '../../core/coroutines/task.ts';
import { forThisTask } from '../../core/futures/call-graph-edges.ts';
import { checkCancelMessage } from '../../core/futures/cancel-message.ts';
import { Future } from '../../core/futures/future.ts';
import type { WaitDescription } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { requireEventLoop } from '../../core/turns/running-loop.ts';
import { type Awaitable, checkAwaitable, type ResultOf } from '../awaitables.ts';
import { type Limited, Slots } from './concurrency-limit.ts';

/** Options for {@link gather}. */
export interface GatherOptions extends Abortable, Limited {
  /** Return errors among the results? By default the first one is thrown. */
  readonly returnExceptions?: boolean | undefined;
}

/** The results, in the order of the arguments. */
export type Gathered<A extends readonly unknown[]> = { -readonly [K in keyof A]: ResultOf<A[K]> };

/** Like {@link Gathered}, with errors in place of the results of those that failed. */
export type GatheredOrErrors<A extends readonly unknown[]> = {
  -readonly [K in keyof A]: ResultOf<A[K]> | Error;
};

type Awaitables = readonly Awaitable<unknown>[];

/** The compiler's message for a list of awaitables; see {@link NotAPromise}. */
type NotAList = 'gather() takes awaitables one by one, not in a list: write gather(...list)';

/**
 * Runs awaitables concurrently, and returns their results in the order of the arguments.
 *
 * Coroutines and functions become tasks. The first failure is thrown immediately. The others then
 * continue, and their later failures are not reported: use `taskGroup()` for tasks that must end
 * together. With `returnExceptions` nothing is thrown, and errors are returned in place of results.
 *
 * A cancel is passed on to all that are not done. If one is cancelled separately, it counts as
 * having failed with a {@link CancelledError}.
 *
 * A future or coroutine that is passed twice runs once, and its result is returned twice. A
 * function that is passed twice is called twice.
 *
 * @param awaitables - futures, coroutines, functions without arguments, promises; and optionally
 *   options at the end: `returnExceptions`; `signal`: cancels all that are not done when aborted;
 *   `limit`: how many run at a time, see docs/limits.md
 * @returns a future of the results
 * @throws the reason of `signal`, when that was aborted before all were done
 * @throws {TypeError} when one of them cannot be awaited, or `limit` is not a number
 * @throws {RangeError} when futures belong to different loops, or `limit` is not an
 *   integer >= 1
 * @throws {RuntimeError} when no loop is running and none was set, and none of them is a future
 * @see asyncio's `gather()`, https://docs.python.org/3/library/asyncio-task.html#asyncio.gather
 */
export function gather<A extends Awaitables>(...awaitables: A): Future<Gathered<A>>;
export function gather<A extends Awaitables>(
  ...args: [
    ...awaitables: A,
    options: Abortable & Limited & { readonly returnExceptions?: false | undefined },
  ]
): Future<Gathered<A>>;
export function gather<A extends Awaitables>(
  ...args: [...awaitables: A, options: GatherOptions | NotAList]
): Future<GatheredOrErrors<A>>;
export function gather(...args: unknown[]): Future<unknown[]> {
  const { returnExceptions = false, signal, limit } = takeOptions(args);
  checkSignal(signal);
  const children = toFutures(args, Slots.of(limit));
  const [first] = children;
  if (first === undefined) {
    const nothing = new Future<unknown[]>(requireEventLoop()._asOption);
    nothing._finish([]);
    return nothing;
  }
  const gathering = new GatheringFuture(first._loop, children, returnExceptions);
  if (signal !== undefined) gathering._abortWith(signal);
  return gathering;
}

/** Removes the options from the end of the arguments, if there are any. */
function takeOptions(args: unknown[]): GatherOptions {
  const last = args.at(-1);
  const isOptions =
    typeof last === 'object' && last !== null && !('then' in last) && isPlainObject(last);
  if (!isOptions) return {};
  checkOptions(last, 'returnExceptions signal abandon limit');
  return args.pop() as GatherOptions;
}

/**
 * A future for each; the same one for the same object, except functions. Nothing is started if one
 * of them is invalid.
 */
function toFutures(awaitables: unknown[], slots: Slots | undefined): Future<unknown>[] {
  if (awaitables.some((each) => Array.isArray(each) || types.isSet(each))) {
    const hint: NotAList =
      'gather() takes awaitables one by one, not in a list: write gather(...list)';
    throw typeError(hint);
  }
  for (const each of awaitables) checkAwaitable(each);
  const given = awaitables.find((each) => each instanceof Future) as Future<unknown> | undefined;
  let loop: LoopCore | undefined = given?._loop;
  for (const each of awaitables) if (each instanceof Future) ensureFuture(each, loop?._asOption);

  const known = new Map<unknown, Future<unknown>>();
  return awaitables.map((each) => {
    const before = known.get(each);
    if (before !== undefined) return before;
    const body = slots === undefined ? each : slots.limited(each);
    const future = ensureFuture(body as Awaitable<unknown>, loop?._asOption);
    loop ??= future._loop;
    // Nothing else refers to it: code that waits for the result reports that it never ended.
    if (future !== each && future instanceof Task) future._logDestroyPending = false;
    if (typeof each !== 'function' || isThenable(each)) known.set(each, future);
    return future;
  });
}

/**
 * The future of a {@link gather}. It is cancelled through the futures that it waits for: when they
 * have ended, it fails with a {@link CancelledError}.
 */
class GatheringFuture extends Future<unknown[]> {
  /** In the order of the arguments, possibly with duplicates. */
  readonly #children: readonly Future<unknown>[];
  readonly #returnExceptions: boolean;
  /** How many different ones have not ended. */
  #left: number;
  /** Did a cancel reach at least one of them? */
  #cancelRequested = false;
  /** The reason, if a signal cancelled it. */
  #abortReason: { readonly error: unknown } | undefined;

  constructor(loop: LoopCore, children: readonly Future<unknown>[], returnExceptions: boolean) {
    super(loop._asOption);
    this.#children = children;
    this.#returnExceptions = returnExceptions;
    const different = new Set(children);
    this.#left = different.size;
    const onDone = forThisTask(
      calledAs('gather.<locals>._done_callback', (child: Future<unknown>) =>
        this.#childDone(child),
      ),
    );
    const ended: Future<unknown>[] = [];
    for (const child of different) {
      if (child.done()) ended.push(child);
      else child.addDoneCallback(onDone);
    }
    for (const child of ended) this.#childDone(child);
  }

  override cancel(message?: string): boolean {
    checkCancelMessage(message);
    if (this._state !== 'pending') return false;
    let reached = false;
    for (const child of this.#children) if (child.cancel(message)) reached = true;
    // From now on the result is a cancel, even if failures are returned as results.
    if (reached) this.#cancelRequested = true;
    return reached;
  }

  /** @internal is cancelled when `signal` is aborted, and then fails with its reason */
  _abortWith(signal: AbortSignal): void {
    const abort = (): void => {
      if (this.cancel()) this.#abortReason = { error: signal.reason };
    };
    this.addDoneCallback(onAbort(signal, abort));
    if (signal.aborted) abort();
  }

  /** @internal */
  override _describe(): WaitDescription {
    return {
      operation: 'gather',
      detail: `${this.#left} of ${new Set(this.#children).size} not done`,
      heldBy: this.#children,
    };
  }

  /** @internal its name in asyncio */
  override get _kind(): string {
    return '_GatheringFuture';
  }

  #childDone(child: Future<unknown>): void {
    this.#left -= 1;
    // Counts as retrieved; if this has already ended, nothing else will look at it.
    child._see();
    if (this._state !== 'pending') return;
    if (!this.#returnExceptions && (child._failed || child.cancelled())) {
      this._fail(child.cancelled() ? this.#cancelOf(child) : child._outcome());
      return;
    }
    if (this.#left > 0) return;
    if (this.#cancelRequested) {
      const last = this.#children.at(-1) ?? child;
      this._fail(this.#cancelOf(last));
    } else this._finish(this.#children.map(outcome));
  }

  #cancelOf(child: Future<unknown>): unknown {
    return this.#abortReason === undefined ? child._makeCancelledError() : this.#abortReason.error;
  }
}

function outcome(child: Future<unknown>): unknown {
  return child.cancelled()
    ? madeForAwait(() => new CancelledError(child._cancelMessage))
    : child._outcome();
}
