import { currentScope, type Scope } from '../context/context.ts';
import { Awaiter } from './awaiter.ts';
import type { Future } from './future.ts';

/**
 * What waits for a future: the edges of the call graph. They are derived from existing data on
 * demand; nothing is recorded, except for which task `gather()` and the like call back.
 */

/** A callback that wakes a task indirectly. */
type Callback = { _for?: Scope | undefined };

/**
 * Notes that `callback` is called for the current task, for example because its `gather()` waits.
 */
export function forThisTask<F extends (...args: never[]) => unknown>(callback: F): F {
  (callback as Callback)._for = currentScope();
  return callback;
}

/** Edges added by {@link futureAddToAwaitedBy}. */
const told = new WeakMap<object, Set<Future<unknown>>>();

/** The tasks and futures that wait for `future`, oldest first. */
export function awaitedBy(future: Future<unknown>): Set<Future<unknown>> {
  const found = new Set<Future<unknown>>();
  const add = (waiter: unknown): void => {
    if (waiter !== undefined && waiter !== future) found.add(waiter as Future<unknown>);
  };
  const { _scope, _others } = future as Partial<{ _scope: Scope; _others: { _scope: Scope }[] }>;
  add(_scope?.task);
  for (const other of _others ?? []) add(other._scope.task);
  for (const entry of future._listEntries())
    if (entry instanceof Awaiter) add(entry._subject);
    else add((entry.callback as Callback)._for?.task);
  for (const waiter of told.get(future) ?? []) add(waiter);
  return found;
}

/**
 * Tells call graphs that `waiter` waits for `future`, if they cannot see it: for custom primitives.
 *
 * @see asyncio's `future_add_to_awaited_by()`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_add_to_awaited_by
 */
export function futureAddToAwaitedBy(future: Future<unknown>, waiter: Future<unknown>): void {
  const known = told.get(future);
  if (known === undefined) told.set(future, new Set([waiter]));
  else known.add(waiter);
}

/**
 * Reverts {@link futureAddToAwaitedBy}.
 *
 * @see asyncio's `future_discard_from_awaited_by()`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_discard_from_awaited_by
 */
export function futureDiscardFromAwaitedBy(future: Future<unknown>, waiter: Future<unknown>): void {
  told.get(future)?.delete(waiter);
}
