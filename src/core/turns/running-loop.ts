import { RuntimeError } from '../../base/errors/errors.ts';
import { currentScope } from '../context/context.ts';
import { nodeHost } from './host.ts';
import type { LoopCore } from './loop-core.ts';

/** The running loop: one at a time in a thread. */
let running: LoopCore | undefined;

/** Do several loops take turns, as in a simulation? */
let several = false;

/** Makes code of a task use the task's loop, whichever is running. */
export function setSeveralLoops(are: boolean): void {
  several = are;
}

/** The running loop, if any. */
export function runningLoop(): LoopCore | undefined {
  if (!several) return running;
  const own = currentScope()?._loop as LoopCore | undefined;
  if (own === undefined) return running;
  return own.isClosed() ? undefined : own;
}

/**
 * The running loop.
 *
 * @throws {RuntimeError} when no loop is running
 * @throws {CancelledError} when no loop is running, and the caller belongs to a task that is done
 */
export function requireRunningLoop(): LoopCore {
  const loop = runningLoop();
  if (loop !== undefined) return loop;
  const woken = currentScope()?._needsLoop() as LoopCore | undefined;
  if (woken !== undefined) return woken;
  throw new RuntimeError(
    'no running event loop: call this inside run(() => …), enter(() => …) or loop.runUntilComplete(() => …)',
  );
}

/** The current loop while none is running. */
let current: LoopCore | undefined;

/**
 * The running loop; otherwise the current one.
 *
 * @throws {RuntimeError} when there is neither
 */
export function requireEventLoop(): LoopCore {
  const loop = runningLoop() ?? current;
  if (loop === undefined) throw new RuntimeError('There is no current event loop');
  return loop;
}

/** Sets the current loop while none is running. */
export function setCurrentLoop(loop: LoopCore | undefined): void {
  current = loop;
}

/** Sets the running loop; the loop calls it when it starts and stops. */
export function setRunningLoop(loop: LoopCore | undefined): void {
  running = loop;
  if (loop !== undefined) last = loop;
  if (loop === undefined && waiting.length > 0) nodeHost.immediate(tellWaiting);
}

/** How many running programs use their loop for several runs. */
let programs = 0;

/**
 * Keeps other loops from running between the runs of one program.
 *
 * @returns a function that ends this
 */
export function beginProgram(): () => void {
  programs += 1;
  return () => {
    programs -= 1;
    if (programs === 0) last = undefined;
    if (waiting.length > 0) nodeHost.immediate(tellWaiting);
  };
}

/** The loop that ran last. */
let last: LoopCore | undefined;

/** Is `loop` between two runs of its program? */
export function isBetweenRuns(loop: LoopCore): boolean {
  return running === undefined && programs > 0 && last === loop;
}

/** Is no loop running, or about to run again? */
export function noneRuns(): boolean {
  return running === undefined && programs === 0;
}

/** Callbacks for when no loop is running. */
let waiting: (() => void)[] = [];

/**
 * Calls back in a turn of Node's loop when no loop is running: a program may run several loops in
 * succession.
 */
export function whenNoneRuns(callback: () => void): void {
  waiting.push(callback);
  nodeHost.immediate(tellWaiting);
}

function tellWaiting(): void {
  if (!noneRuns()) return;
  const all = waiting;
  waiting = [];
  for (const callback of all) callback();
}
