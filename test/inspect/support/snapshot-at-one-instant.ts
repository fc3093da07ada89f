import * as asyncio from '../../../src/index.ts';
import type { Snapshot } from '../../../src/inspect/snapshot/data.ts';

// Loaded now: on a virtual clock, loading would take all the time there is.
await asyncio.inspect.snapshot();

/** A snapshot takes real time. A loop with something to do does not advance its virtual clock meanwhile. */
export async function snapshotAtOneInstant(): Promise<Snapshot> {
  let isTaken = false;
  const taken = asyncio.inspect.snapshot().finally(() => {
    isTaken = true;
  });
  while (!isTaken) await asyncio.sleep(0);
  return await taken;
}
