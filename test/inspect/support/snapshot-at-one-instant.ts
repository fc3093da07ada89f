import * as asyncio from '../../../src/index.ts';
import type { Snapshot } from '../../../src/inspect/snapshot/data.ts';

// It is loaded now: on a virtual clock that would take all the time that there is.
await asyncio.inspect.snapshot();

/** A snapshot takes real time. A loop that has something to do does not turn its virtual clock meanwhile. */
export async function snapshotAtOneInstant(): Promise<Snapshot> {
  let isTaken = false;
  const taken = asyncio.inspect.snapshot().finally(() => {
    isTaken = true;
  });
  while (!isTaken) await asyncio.sleep(0);
  return await taken;
}
