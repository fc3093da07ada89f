import { brief } from '../base/printing/repr.ts';
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
 * Takes a snapshot of what the loops of this thread do: each task that is not done, the line where it stands,
 * what it waits for, and for whom; timers, servers, and connections. It is plain data, for
 * `JSON.stringify()`.
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
 * Not in asyncio; `python -m asyncio ps` shows a part of it.
 */
export async function snapshot(): Promise<Snapshot> {
  return await (await import('./on-demand.ts')).takeSnapshot();
}

/**
 * Lets `asyncio-ts ps PATH`, `pstree` and `why` look into this thread by a socket of AF_UNIX, which only its own
 * user can open. Unlike the inspector, whoever connects can look, and do nothing else.
 *
 * The socket does not keep the process alive. What a process that has ended left at the path is replaced. The
 * environment variable `ASYNCIO_INSPECT` does the same for the main thread; `{pid}` in it becomes
 * the number of the process.
 *
 * ```ts
 * const listener = await asyncio.inspect.listen('/run/shop/inspect');
 * listener.close();
 * ```
 *
 * @throws {TypeError} when `path` is not a string
 * @throws {OSError} when the path cannot be bound
 */
export async function listen(path: string): Promise<Listener> {
  if (typeof path !== 'string') throw new TypeError(`path must be a string, got ${brief(path)}`);
  return await (await import('./on-demand.ts')).Listener.open(path);
}

/**
 * Records what the tasks of this thread do, and writes it when it is stopped, as Perfetto and Chrome read it
 * (Trace Event Format): their steps and waits, cancels, reads and writes of sockets, slow callbacks.
 *
 * ```ts
 * await using trace = await asyncio.inspect.trace('trace.json');
 * ```
 *
 * `asyncio-ts trace PID` does it from outside. After a million events, no more are recorded.
 *
 * @throws {TypeError} when `path` is not a string
 * @throws {OSError} when the file cannot be written
 */
export async function trace(path: string): Promise<Trace> {
  if (typeof path !== 'string') throw new TypeError(`path must be a string, got ${brief(path)}`);
  return new (await import('./watched/on-demand.ts')).Trace(path);
}
