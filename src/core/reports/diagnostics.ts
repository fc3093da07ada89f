/**
 * The channels of `node:diagnostics_channel`, for tracing and metrics. Without subscribers, each
 * costs one property read.
 */
import { type Channel, channel } from 'node:diagnostics_channel';

/** `{ task }`: a task was created. */
export const taskCreated: Channel = channel('asyncio-ts:task:created');
/** `{ task }`: a task is done, for whatever reason. */
export const taskDone: Channel = channel('asyncio-ts:task:done');
/** `{ task, message }`: a task was asked to end, by `task.cancel()`. */
export const taskCancelled: Channel = channel('asyncio-ts:task:cancelled');
/** `{ loop, context }`: a report to the exception handler. */
export const reported: Channel = channel('asyncio-ts:report');

const connectionMade: Channel = channel('asyncio-ts:connection:made');
const connectionLost: Channel = channel('asyncio-ts:connection:lost');

/** Is it one of our own protocols, between two transports or below a child process? */
function isInner(protocol: object): boolean {
  return (protocol as { _isInner?: true })._isInner === true;
}

/** `{ transport, protocol }`: `connectionMade()` was called. */
export function noteMade(transport: unknown, protocol: object | undefined): void {
  if (connectionMade.hasSubscribers && protocol !== undefined && !isInner(protocol))
    connectionMade.publish({ transport, protocol });
}

/** `{ transport, protocol, error }`: `connectionLost(error)` was called. */
export function noteLost(transport: unknown, protocol: object | undefined, error: unknown): void {
  if (connectionLost.hasSubscribers && protocol !== undefined && !isInner(protocol))
    connectionLost.publish({ transport, protocol, error });
}
