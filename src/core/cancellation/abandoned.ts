import { log } from '../../base/log/log.ts';
import { LeftBehind } from '../context/promise-hooks.ts';
import type { LoopCore } from '../turns/loop-core.ts';

/**
 * Bodies of limits that were abandoned: their caller has continued without them, because they wait
 * for a foreign promise. Debug mode reports them immediately. Those that still wait when the
 * program ends are reported then.
 */

/** An abandoned body, for the report. */
interface Abandoned {
  /** `Task-3: the body of timeout()` */
  readonly what: string;
  /** `, at FILE:LINE`; empty if unknown. */
  readonly where: string;
  /** On the loop's clock, in seconds. */
  readonly since: number;
  readonly left: LeftBehind;
}

const abandoned = new WeakMap<LoopCore, Set<Abandoned>>();

/**
 * Adds an abandoned body.
 *
 * @param scope - its scope
 * @returns a function that removes it when the body has ended
 */
export function noteAbandoned(
  scope: object,
  loop: LoopCore,
  what: string,
  where: string,
): () => void {
  if (loop.getDebug())
    log(
      `${what} was abandoned while waiting for a promise that asyncio-ts did not create${where}`,
      'warn',
    );
  // Its next `await` throws, even if the loop is closed by then.
  const left = new LeftBehind(scope);
  const one: Abandoned = { what, where, since: loop.time(), left };
  const all = abandoned.get(loop) ?? new Set();
  abandoned.set(loop, all.add(one));
  return () => {
    all.delete(one);
    left.end();
  };
}

/** The loop is closed: requests a collection of those that still wait. */
export function seekAbandoned(loop: LoopCore): void {
  for (const { left } of abandoned.get(loop) ?? []) left.seek();
}

/** A line for each body that still waits. */
export function describeAbandoned(loop: LoopCore): string[] {
  return [...(abandoned.get(loop) ?? [])].map(
    ({ what, where, since }) =>
      `${what} was abandoned ${(loop.time() - since).toFixed(1)} s ago and still waits for a promise that asyncio-ts did not create${where}`,
  );
}
