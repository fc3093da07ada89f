import type { LoopCore } from '../core/turns/loop-core.ts';

/** Something that uses the system through a loop, and is useless without it. */
export interface OpenResource {
  /** Its loop was closed: releases system resources. */
  _loopClosed(): void;
  /** Its loop has stopped, is about to be closed, or the process exits: sends held-back data. */
  _sendHeld?(): void;
}

/**
 * The open transports and servers, by loop.
 *
 * They are closed with their loop, because nothing could handle their events. In CPython they
 * are closed when nothing refers to them; here the system's handles would keep them alive forever.
 */
const open = new WeakMap<LoopCore, Set<OpenResource>>();

/** Registers something to be closed with its loop. */
export function openOn(loop: LoopCore, resource: OpenResource): void {
  const others = open.get(loop);
  if (others === undefined) open.set(loop, new Set([resource]));
  else others.add(resource);
}

/** Unregisters something that was closed. */
export function noLongerOpenOn(loop: LoopCore, resource: OpenResource): void {
  if (open.get(loop)?.delete(resource)) loop._hasLessToDo();
}

/** Is anything open on the loop? */
export function isAnyOpenOn(loop: LoopCore): boolean {
  return (open.get(loop)?.size ?? 0) > 0;
}

/**
 * Sends data held back for a turn that may never come. The last one opened goes first, because it
 * may send through another one, as TLS does.
 */
export function sendHeldOn(loop: LoopCore): void {
  forEach(loop, open.get(loop), (resource) => resource._sendHeld?.());
}

/** The running loops. A simulation has one for each host. */
const running = new Set<LoopCore>();
const sendAllHeld = (): void => {
  for (const loop of running) sendHeldOn(loop);
};

/** From now until {@link sendsHeldNow}, data held back on the loop is sent when the process exits. */
export function sendsHeldAtExit(loop: LoopCore): void {
  // One listener for all: Node warns of more than ten.
  if (running.size === 0) process.on('exit', sendAllHeld);
  running.add(loop);
}

/** The loop has stopped: sends what it holds back. */
export function sendsHeldNow(loop: LoopCore): void {
  running.delete(loop);
  if (running.size === 0) process.off('exit', sendAllHeld);
  sendHeldOn(loop);
}

/** What is open on a loop, oldest first. */
export function allOpenOn(loop: LoopCore): Iterable<OpenResource> {
  return open.get(loop) ?? [];
}

/** Closes what is still open on a loop that was closed. */
export function closeAllOn(loop: LoopCore): void {
  const resources = open.get(loop);
  open.delete(loop);
  forEach(loop, resources, (resource) => resource._loopClosed());
}

/**
 * The last one opened goes first. An error, as from a user's stream, does not affect the others.
 */
function forEach(
  loop: LoopCore,
  resources: Iterable<OpenResource> = [],
  act: (resource: OpenResource) => void,
): void {
  const failures: unknown[] = [];
  for (const resource of [...resources].reverse())
    try {
      act(resource);
    } catch (error) {
      failures.push(error);
    }
  for (const exception of failures)
    loop.callExceptionHandler({ message: 'Exception while the loop was closed', exception });
}
