/**
 * Python's asyncio for TypeScript on Node.
 *
 * @module asyncio-ts
 */

// Running a program
export { run, Runner, type RunOptions } from './runners/runner.ts';

// The loop
export {
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  setEventLoop,
} from './loop/event-loop.ts';
export type { ExceptionHandler } from './loop/exception-handler.ts';
export type { AddressInfo, AddressInfoOptions } from './loop/names.ts';
export { Loop, type TaskFactory } from './loop/loop.ts';
export { Handle, TimerHandle } from './core/handle.ts';
export type { ExceptionContext } from './core/loop-core.ts';

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
export { Operation } from './core/operation.ts';
export { allTasks, currentTask, Task, type TaskBody, type TaskOptions } from './core/task.ts';
export { sleep } from './tasks/sleep.ts';

// Context variables
export { Context, ContextVar, copyContext, Token } from './core/context.ts';

// Failures that nobody retrieved
export { isCollectorEnabled, setCollectorEnabled } from './core/collector.ts';

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
