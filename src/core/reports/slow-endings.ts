import { SLOW_ENDING } from '../../base/constants.ts';
import type { Cancellable, LoopCore } from '../turns/loop-core.ts';

/**
 * Explains what an end waits for, if it takes long: the end of `run()`, of a task that Ctrl-C has
 * cancelled, of a server or of calls in threads.
 *
 * Only for loops in debug mode, and those created while the environment variable `ASYNCIO_EXPLAIN` is not empty.
 */

/** Something that is to end. */
export interface Ending {
  /** The first line of the explanation. */
  headline(seconds: string): string;
  /** The loop, task, server or executor whose end it is: the explanation describes what holds it. */
  readonly subject: object;
  /** An ending also explains those of lower rank, which are silent in the meantime. */
  readonly rank: number;
}

/** Writes an explanation; resolves when it is written, or there was nothing left to explain. */
export type Explainer = (loop: LoopCore, ending: Ending, seconds: number) => Promise<void>;

let explainer: Explainer | undefined;

/** Sets what writes explanations: a higher layer, which loads it on demand. */
export function explainBy(by: Explainer): void {
  explainer = by;
}

/** Loops that were made with `ASYNCIO_EXPLAIN`. */
const asked = new WeakSet<LoopCore>();

/** Called for each new loop. */
export function lookWhetherAsked(loop: LoopCore): void {
  if (process.env['ASYNCIO_EXPLAIN']) asked.add(loop);
}

/** Was `loop` made with `ASYNCIO_EXPLAIN`? */
export function isAsked(loop: LoopCore): boolean {
  return asked.has(loop);
}

/** Are slow endings on `loop` explained? */
export function isExplained(loop: LoopCore): boolean {
  return loop.getDebug() || asked.has(loop);
}

const underWay = new WeakMap<LoopCore, Set<Ending>>();

/** What is ending on `loop`. */
export function endingsOn(loop: LoopCore): ReadonlySet<Ending> {
  return underWay.get(loop) ?? new Set();
}

/**
 * Explains what `ending` waits for if it takes longer than a second, and again after 10 and 100 seconds.
 *
 * @returns a function to be called when it has ended
 */
export function watchEnding(loop: LoopCore, ending: Ending): () => void {
  if (!isExplained(loop) || loop.isClosed()) return () => {};
  const all = underWay.get(loop) ?? new Set();
  if ([...all].some(({ subject }) => subject === ending.subject)) return () => {};
  underWay.set(loop, all.add(ending));
  const since = loop.time();
  const explain = (): void => {
    if (![...all].some(({ rank }) => rank > ending.rank))
      void explainEnding(loop, ending, loop.time() - since);
  };
  const timers: Cancellable[] = SLOW_ENDING.map((seconds) => loop.callLater(seconds, explain));
  return () => {
    all.delete(ending);
    for (const timer of timers) timer.cancel();
  };
}

/** Explains immediately what `ending` waits for, in every mode. */
export async function explainEnding(
  loop: LoopCore,
  ending: Ending,
  seconds: number,
): Promise<void> {
  await explainer?.(loop, ending, seconds);
}

/** The end of a cancelled task. */
export function endOfCancelled(task: { getName(): string }, by: string): Ending {
  return {
    headline: (seconds) => `${by} cancelled a task ${seconds} s ago, and it has not ended:`,
    subject: task,
    rank: 1,
  };
}

/** The tasks that serve connections, by protocol; only recorded if slow endings are explained. */
const handlers = new WeakMap<object, object>();

/** Notes which task serves a connection. */
export function noteHandler(loop: LoopCore, protocol: object, task: object): void {
  if (isExplained(loop)) handlers.set(protocol, task);
}

/** The task that serves the connection of `protocol`, if that is known. */
export function handlerOf(protocol: object): object | undefined {
  return handlers.get(protocol);
}
