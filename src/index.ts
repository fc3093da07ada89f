/**
 * Python's asyncio for TypeScript on Node.
 *
 * @module asyncio-ts
 */

// Errors
export {
  BaseException,
  CancelledError,
  InternalError,
  InvalidStateError,
  isException,
  KeyboardInterrupt,
  RuntimeError,
  SystemExit,
} from './base/errors.ts';
export {
  BlockingIOError,
  BrokenPipeError,
  ConnectionAbortedError,
  ConnectionError,
  ConnectionRefusedError,
  ConnectionResetError,
  OSError,
  TimeoutError,
} from './base/os-errors.ts';
// Failures that nobody retrieved
export { isCollectorEnabled, setCollectorEnabled } from './core/collector.ts';
// Context variables
export { Context, ContextVar, copyContext, Token } from './core/context.ts';
// Coroutines, tasks, futures
export {
  Coroutine,
  type CoroutineFunction,
  coroutine,
  iscoroutine,
  iscoroutinefunction,
} from './core/coroutine.ts';
export { createTask, ensureFuture, wrapPromise } from './core/ensure-future.ts';
export { Future, isfuture } from './core/future.ts';
export { Handle, TimerHandle } from './core/handle.ts';
export type { ExceptionContext } from './core/loop-core.ts';
export { Operation } from './core/operation.ts';
export { allTasks, currentTask, Task, type TaskBody, type TaskOptions } from './core/task.ts';
// The loop
export {
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  setEventLoop,
} from './loop/event-loop.ts';
export { type ExceptionHandler, Loop, type TaskFactory } from './loop/loop.ts';
export type { AddressInfo, AddressInfoOptions } from './loop/names.ts';
// Running a program
export { Runner, type RunOptions, run } from './runners/runner.ts';
export { sleep } from './tasks/sleep.ts';
// Transports and protocols
export type { ConnectionOptions } from './transports/create-connection.ts';
export { BaseProtocol, Protocol } from './transports/protocols.ts';
export { type ExtraInfo, type ProtocolCallbacks, Transport } from './transports/transport.ts';
