import type { Snapshot } from './data.ts';

export type {
  FrameData,
  LoopData,
  Snapshot,
  TaskData,
  TimerData,
  TransportData,
  WaitData,
} from './data.ts';

/**
 * Takes a snapshot of what the loops of this thread do: each task that is not done, the line where it stands,
 * what it waits for, and for whom; timers, servers, and connections. It is plain data, for
 * `JSON.stringify()`.
 *
 * Nothing is recorded beforehand, so it costs nothing until it is called. A task that waits for a promise
 * that asyncio-ts did not create shows its lines only in debug mode, and after `setAwaitTracking(true)`.
 *
 * ```ts
 * const { loops } = await asyncio.inspect.snapshot();
 * for (const { name, waits } of loops.flatMap(({ tasks }) => tasks))
 *   console.log(name, waits.map(({ words }) => words));
 * ```
 *
 * Not in asyncio; `python -m asyncio ps` shows a part of it.
 */
export async function snapshot(): Promise<Snapshot> {
  return await (await import('./snapshot.ts')).takeSnapshot();
}
