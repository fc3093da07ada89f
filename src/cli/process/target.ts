import type { Snapshot } from '../../inspect/snapshot/data.ts';

/** Asks a thread, see `inspect/answer.ts`. */
export type Ask = (question: string) => Promise<string>;

/** A process that can be asked. */
export interface Target {
  /**
   * Those of its threads that have a loop.
   *
   * @throws {Failure} when it is not there any more, or has none
   */
  threads(): Promise<readonly Ask[]>;
  /**
   * Looks whether it is still there.
   *
   * @throws {Failure} when it is not
   */
  check(): Promise<void>;
  /** Leaves it as it was. */
  close(): Promise<void>;
}

/** What each thread does. */
export async function snapshotsOf(target: Target): Promise<readonly Snapshot[]> {
  const all: Snapshot[] = [];
  for (const ask of await target.threads()) {
    let text = '';
    for await (const piece of fetchPieces(ask, 'snapshot')) text += piece;
    all.push(JSON.parse(text) as Snapshot);
  }
  return all;
}

/** The answer to a question, piece by piece: a large one would hold up the loop. */
export async function* fetchPieces(ask: Ask, question: string): AsyncGenerator<string> {
  const number = await ask(question);
  for (;;) {
    const piece = await ask(`piece ${number}`);
    if (piece === '') return;
    yield piece;
  }
}
