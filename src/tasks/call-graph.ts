import { checkOptions } from '../base/check-options.ts';
import { RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { checkWhole } from '../base/numbers.ts';
import { numberOf } from '../base/printing/inspect.ts';
import { brief, repr } from '../base/printing/repr.ts';
import type { Frame } from '../base/stacks/frame.ts';
import { currentTask, Task } from '../core/coroutines/task.ts';
import { checkStackLimit, framesOfNow } from '../core/coroutines/task-stack.ts';
import { awaitedBy } from '../core/futures/call-graph-edges.ts';
import { Future } from '../core/futures/future.ts';
import { runningLoop } from '../core/turns/running-loop.ts';

/** One function on the call stack of a task. */
export class FrameCallGraphEntry {
  /** The function, and its current line. */
  readonly frame: Frame;

  /** @internal */
  constructor(frame: Frame) {
    this.frame = frame;
  }
}

/**
 * A future or task, where it waits, and what waits for it.
 *
 * @see asyncio's `FutureCallGraph`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.FutureCallGraph
 */
export class FutureCallGraph {
  /** The future or task itself. */
  readonly future: Future<unknown>;
  /**
   * Its frames, innermost first; empty for a future, and for a waiting task if awaits are not
   * tracked: see `Task.getStack()`.
   */
  readonly callStack: readonly FrameCallGraphEntry[];
  /** The tasks and futures that wait for it. */
  readonly awaitedBy: readonly FutureCallGraph[];

  /** @internal */
  constructor(
    future: Future<unknown>,
    callStack: readonly FrameCallGraphEntry[],
    waiters: readonly FutureCallGraph[],
  ) {
    this.future = future;
    this.callStack = callStack;
    this.awaitedBy = waiters;
  }
}

/** Options for a call graph. */
export interface CallGraphOptions {
  /** How many frames of the current task to leave out; by default 1, the caller's own. */
  readonly depth?: number | undefined;
  /** The most frames of each stack: the innermost, or if negative the outermost; 0 for none. */
  readonly limit?: number | undefined;
}

/**
 * Returns where a task or future waits, what waits for it, what waits for those, and so on.
 *
 * The lines where tasks wait are known only in debug mode, or after `setAwaitTracking(true)`.
 *
 * @param future - by default the current task
 * @param options - `depth`, `limit`
 * @returns `undefined` if there is no current task and no future is given
 * @throws {TypeError} when `future` is not a future
 * @throws {RuntimeError} when no loop is running and no future is given
 * @throws {RangeError} when `limit` is not an integer
 * @see asyncio's `capture_call_graph()`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.capture_call_graph
 */
export function captureCallGraph(
  future?: Future<unknown>,
  options: CallGraphOptions = {},
): FutureCallGraph | undefined {
  checkOptions(options, 'depth limit');
  const { depth = 1, limit } = options;
  checkWhole(depth, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'depth');
  checkStackLimit(limit);
  const loop = runningLoop();
  if (future === undefined && loop === undefined)
    throw new RuntimeError(
      'captureCallGraph() is called outside of a running event loop and no *future* to introspect was provided',
    );
  const current = loop === undefined ? undefined : currentTask();
  const subject = future ?? current;
  if (subject === undefined) return undefined;
  if (!(subject instanceof Future))
    throw typeError(
      `${brief(subject)} object does not appear to be compatible with asyncio.Future`,
    );
  if (subject !== current) return graphOf(subject, limit, new Set());
  return graphOf(subject, limit, new Set(), framesOfNow().slice(Math.max(0, depth - 1)));
}

/** @param above - those on the way here, to end cycles */
function graphOf(
  future: Future<unknown>,
  limit: number | undefined,
  above: ReadonlySet<Future<unknown>>,
  frames: readonly Frame[] = future instanceof Task ? future.getStack() : [],
): FutureCallGraph {
  const inside = new Set(above).add(future);
  const waiters = [...awaitedBy(future)].filter((waiter) => !inside.has(waiter));
  return new FutureCallGraph(
    future,
    limited(frames, limit).map((frame) => new FrameCallGraphEntry(frame)),
    waiters.map((waiter) => graphOf(waiter, limit, inside)),
  );
}

function limited(frames: readonly Frame[], limit: number | undefined): readonly Frame[] {
  if (limit === undefined) return frames;
  return limit >= 0 ? frames.slice(0, limit) : frames.slice(limit);
}

/**
 * {@link captureCallGraph}, as a string.
 *
 * ```text
 * * Task(name='Task-2', id=0x2)
 *   + Call stack:
 *   |   File 'app.ts', line 7, in async fetchAll()
 *   + Awaited by:
 *     * Task(name='Task-1', id=0x1)
 *       + Call stack:
 *       |   File 'app.ts', line 21, in async main()
 * ```
 *
 * @param future - by default the current task
 * @param options - `depth`, `limit`
 * @returns an empty string if there is no current task and no future is given
 * @throws {TypeError} when `future` is not a future
 * @throws {RuntimeError} when no loop is running and no future is given
 * @see asyncio's `format_call_graph()`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.format_call_graph
 */
export function formatCallGraph(future?: Future<unknown>, options: CallGraphOptions = {}): string {
  const graph = captureCallGraph(future, options);
  return graph === undefined ? '' : linesOf(graph, '').join('\n');
}

function linesOf(
  { future, callStack, awaitedBy: waiters }: FutureCallGraph,
  margin: string,
): string[] {
  const id = `id=0x${numberOf(future).toString(16)}`;
  const lines = [
    future instanceof Task ? `* Task(name=${repr(future.getName())}, ${id})` : `* Future(${id})`,
  ];
  if (callStack.length > 0) lines.push('  + Call stack:');
  for (const { frame } of callStack) {
    const [, file, line] = /^(.*):(\d+)$/.exec(frame._site) as RegExpExecArray;
    lines.push(`  |   File ${repr(file)}, line ${line}, in async ${frame.name}()`);
  }
  if (waiters.length > 0) lines.push('  + Awaited by:');
  return [
    ...lines.map((line) => margin + line),
    ...waiters.flatMap((waiter) => linesOf(waiter, `${margin}    `)),
  ];
}

/**
 * Prints {@link formatCallGraph} to standard output, with a newline.
 *
 * @param future - by default the current task
 * @param options - `depth`, `limit`; `file`: an object with `write()` to print to instead
 * @throws {TypeError} when `future` is not a future
 * @throws {RuntimeError} when no loop is running and no future is given
 * @see asyncio's `print_call_graph()`,
 *   https://docs.python.org/3/library/asyncio-graph.html#asyncio.print_call_graph
 */
export function printCallGraph(
  future?: Future<unknown>,
  options: CallGraphOptions & { readonly file?: { write(text: string): unknown } | undefined } = {},
): void {
  checkOptions(options, 'depth limit file');
  const { file = process.stdout, ...rest } = options;
  file.write(`${formatCallGraph(future, rest)}\n`);
}
