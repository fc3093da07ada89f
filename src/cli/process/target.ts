import type { Snapshot } from '../../inspect/snapshot/data.ts';

/** A process that can be asked for snapshots. */
export interface Target {
  /** What each of its threads does that has a loop. */
  snapshots(): Promise<readonly Snapshot[]>;
  /**
   * Looks whether it is still there.
   *
   * @throws {Failure} when it is not
   */
  check(): Promise<void>;
  /** Leaves it as it was. */
  close(): Promise<void>;
}

/** Fetches a snapshot, piece by piece: a large one would hold up the loop. */
export async function snapshotBy(ask: (question: string) => Promise<string>): Promise<Snapshot> {
  const number = await ask('snapshot');
  let text = '';
  for (;;) {
    const piece = await ask(`piece ${number}`);
    if (piece === '') break;
    text += piece;
  }
  return JSON.parse(text) as Snapshot;
}
