import { checkString } from '../base/check-types.ts';
import type { Listener } from './listen.ts';
import type { Snapshot } from './snapshot/data.ts';
import type { Trace } from './watched/trace.ts';

export type { Listener } from './listen.ts';
export type {
  ExecutorData,
  FailureData,
  FrameData,
  LoopData,
  PrimitiveData,
  Snapshot,
  TaskData,
  TimerData,
  TransportData,
  WaitData,
} from './snapshot/data.ts';
export type { Trace } from './watched/trace.ts';

/**
 * Takes a snapshot of the loops of this thread, as plain data that can be converted to JSON.
 *
 * It has each task that is not done, where it waits, what it waits for, and for which tasks; and timers, servers, and
 * connections.
 *
 * docs/snapshot.schema.json is its JSON Schema. A task that waits for a promise that asyncio-ts did not
 * create shows its lines only in debug mode, and after `setAwaitTracking(true)`.
 *
 * ```ts
 * const { loops } = await asyncio.inspect.snapshot();
 * for (const { name, waits } of loops.flatMap(({ tasks }) => tasks))
 *   console.log(name, waits.map(({ words }) => words));
 * ```
 *
 * Not in asyncio; `python -m asyncio ps` shows part of it.
 */
export async function snapshot(): Promise<Snapshot> {
  return await (await import('./on-demand.ts')).takeSnapshot();
}

/**
 * Lets `asyncio-ts ps PATH`, `pstree` and `why` look into this thread through a Unix socket. Only its own user can open
 * it. Unlike with Node's inspector, clients can only look.
 *
 * The socket does not keep the process alive. A socket left behind by a process that has ended is replaced;
 * anything else at the path is left alone. The environment variable `ASYNCIO_INSPECT` does the same for the main thread;
 * `{pid}` in it is replaced by the process ID.
 *
 * ```ts
 * const listener = await asyncio.inspect.listen('/run/shop/inspect');
 * listener.close();
 * ```
 *
 * @throws {TypeError} when `path` is not a string
 * @throws {OSError} when the path is too long or in use, or cannot be bound for another reason
 */
export async function listen(path: string): Promise<Listener> {
  checkString(path, 'path');
  return await (await import('./on-demand.ts')).Listener.open(path);
}

/**
 * Records what the tasks of this thread do.
 *
 * The trace has their steps and waits, cancels, reads and writes of sockets, and slow callbacks. When it is stopped, it
 * writes the file in the Trace Event Format, for Perfetto or Chrome.
 *
 * ```ts
 * await using trace = await asyncio.inspect.trace('trace.json');
 * ```
 *
 * `asyncio-ts trace PID` does this from outside. At most a million events are recorded.
 *
 * @throws {TypeError} when `path` is not a string
 * @throws {OSError} when the file cannot be written
 */
export async function trace(path: string): Promise<Trace> {
  checkString(path, 'path');
  return new (await import('./watched/on-demand.ts')).Trace(path);
}
