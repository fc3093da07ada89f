import { RuntimeError } from '../../base/errors/errors.ts';
import { currentScope } from '../context/context.ts';
import { nodeHost } from './host.ts';
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
 * @throws {CancelledError} when none does, and what calls is left of a task that is done
 */
export function requireRunningLoop(): LoopCore {
  if (running !== undefined) return running;
  const woken = currentScope()?._needsLoop() as LoopCore | undefined;
  if (woken !== undefined) return woken;
  throw new RuntimeError(
    'no running event loop: make the call inside of run(() => …), enter(() => …) or loop.runUntilComplete(() => …)',
  );
}

/** The loop that counts as the current one while none runs. */
let current: LoopCore | undefined;

/**
 * The running loop, otherwise the current one.
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
  if (loop !== undefined) last = loop;
  if (loop === undefined && waiting.length > 0) nodeHost.immediate(tellWaiting);
}

/** How many programs are under way that run their loop several times, with gaps between. */
let programs = 0;

/**
 * Keeps the gaps between the runs of one program free of other loops.
 *
 * @returns a function that ends that
 */
export function beginProgram(): () => void {
  programs += 1;
  return () => {
    programs -= 1;
    if (programs === 0) last = undefined;
    if (waiting.length > 0) nodeHost.immediate(tellWaiting);
  };
}

/** The loop of the program that is under way. */
let last: LoopCore | undefined;

/** Is `loop` in a gap between the runs of its program? */
export function isBetweenRuns(loop: LoopCore): boolean {
  return running === undefined && programs > 0 && last === loop;
}

/** Does no loop run, and is none about to run again? */
export function noneRuns(): boolean {
  return running === undefined && programs === 0;
}

/** Those who wait until none runs. */
let waiting: (() => void)[] = [];

/** Calls back in a turn of Node's, when no loop runs: a program may run one loop after the other. */
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
