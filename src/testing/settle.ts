import { sleep } from '../tasks/sleep.ts';

/**
 * Waits for some turns of the loop, so that everything that is ready runs. No time passes on a
 * virtual clock.
 *
 * @param turns - the number of turns; by default 3
 * @throws {RuntimeError} when no loop is running
 * @throws {CancelledError} when the waiting task is cancelled
 */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await sleep(0);
}
