import type { Operation } from './linearizable.ts';
import type { SequentialModel } from './models.ts';

/**
 * Checks that the operations of concurrent clients are linearizable.
 *
 * They are if they look as if they were executed one after another, each at some instant between its call and its
 * return.
 *
 * An operation without `end` may have been executed at any time after its call, or never. In a simulation,
 * {@link World.history} records operations, and checks them at the end.
 *
 * @param operations - in any order; those of different keys are independent
 * @param model - what the object does, such as {@link register} or {@link queue}
 * @throws {InvalidStateError} when no order explains what they returned
 * @throws {RangeError} when an operation ends before it begins
 * @throws {RuntimeError} when there are too many orders to try
 */
export async function checkLinearizable<State, Call>(
  operations: readonly Operation<Call>[],
  model: SequentialModel<State, Call>,
): Promise<void> {
  (await import('./linearizable.ts')).linearize(operations, model);
}
