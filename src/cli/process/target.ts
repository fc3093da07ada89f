import type { Snapshot } from '../../inspect/snapshot/data.ts';
import { Failure, ThreadEnded } from './failure.ts';

/**
 * Sends a request to a thread; see `inspect/answer.ts`.
 *
 * @throws {ThreadEnded} when it has ended
 * @throws {Failure} when it does not respond
 */
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

/**
 * Takes a snapshot of each thread.
 *
 * @param question - `snapshot tasks` leaves out servers, connections, and the words for waits
 */
export async function snapshotsOf(
  target: Target,
  question: 'snapshot' | 'snapshot tasks' = 'snapshot',
): Promise<readonly Snapshot[]> {
  return await ofEach(await target.threads(), async (ask) => {
    let text = '';
    for await (const piece of fetchPieces(ask, question)) text += piece;
    return parse<Snapshot>(text);
  });
}

/** Returns what `act` returns for each thread, except those that end in the meantime. */
export async function ofEach<A, T>(
  threads: readonly A[],
  act: (thread: A) => Promise<T>,
): Promise<T[]> {
  const all = threads.map(async (thread) => {
    try {
      return [await act(thread)];
    } catch (error) {
      if (error instanceof ThreadEnded) return [];
      throw error;
    }
  });
  return (await Promise.all(all)).flat() as T[];
}

/** @throws {Failure} when an answer is not JSON, which is a bug */
export function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new Failure(`an answer of the process is not JSON: ${(error as Error).message}`);
  }
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
