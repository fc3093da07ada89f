import { RuntimeError } from '../../base/errors/errors.ts';
import type { LoopCore } from './loop-core.ts';

/** The loop that runs in this thread: one at a time. */
let running: LoopCore | undefined;

/** The loop that runs, if one does. */
export function runningLoop(): LoopCore | undefined {
  return running;
}

/**
 * The loop that runs.
 *
 * @throws {RuntimeError} when none does
 */
export function requireRunningLoop(): LoopCore {
  if (running === undefined)
    throw new RuntimeError(
      'no running event loop: make the call inside of run(() => …), enter(() => …) or loop.runUntilComplete(() => …)',
    );
  return running;
}

/** The loop that counts as the current one while none runs. */
let current: LoopCore | undefined;

/**
 * The loop that runs, or else the one that was made the current one.
 *
 * @throws {RuntimeError} when there is neither
 */
export function requireEventLoop(): LoopCore {
  const loop = running ?? current;
  if (loop === undefined) throw new RuntimeError('There is no current event loop');
  return loop;
}

/** Says which loop is the current one while none runs. */
export function setCurrentLoop(loop: LoopCore | undefined): void {
  current = loop;
}

/** Says which loop runs from now on; the loop does it as it starts and ends. */
export function setRunningLoop(loop: LoopCore | undefined): void {
  running = loop;
}
