import { attempt } from '../../base/values/attempt.ts';
import type { Snapshot } from '../../inspect/snapshot/data.ts';

/** Sends a request to a thread; see `inspect/answer.ts`. The answer is empty if the thread has ended. */
export type Ask = (question: string) => Promise<string>;

/** A process that we are connected to. */
export interface Target {
  /**
   * Its threads that have a loop.
   *
   * @throws {Failure} when it has ended, or has no such thread
   */
  threads(): Promise<readonly Ask[]>;
  /**
   * Checks that it has not ended.
   *
   * @throws {Failure} when it has
   */
  check(): Promise<void>;
  /** Disconnects. */
  close(): Promise<void>;
}

/** Takes a snapshot of each thread. */
export async function snapshotsOf(target: Target): Promise<readonly Snapshot[]> {
  const all: Snapshot[] = [];
  for (const ask of await target.threads()) {
    let text = '';
    for await (const piece of fetchPieces(ask, 'snapshot')) text += piece;
    // It is incomplete if the thread has ended.
    const taken = attempt(() => JSON.parse(text) as Snapshot, undefined);
    if (taken !== undefined) all.push(taken);
  }
  return all;
}

/** The answer to a request, fetched in pieces, because a large one would block the loop. */
export async function* fetchPieces(ask: Ask, question: string): AsyncGenerator<string> {
  const number = await ask(question);
  for (;;) {
    const piece = await ask(`piece ${number}`);
    if (piece === '') return;
    yield piece;
  }
}
