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
  SendfileNotAvailableError,
  SystemExit,
} from './base/errors/errors.ts';
export {
  BlockingIOError,
  BrokenPipeError,
  ConnectionAbortedError,
  ConnectionError,
  ConnectionRefusedError,
  ConnectionResetError,
  FileNotFoundError,
  OSError,
  PermissionError,
  ProcessLookupError,
  SSLCertVerificationError,
  SSLError,
  TimeoutError,
} from './base/errors/os-errors.ts';
export { getLogger, type Logger, setLogger } from './base/log/log.ts';
export { Frame } from './base/stacks/frame.ts';
export type { Abandoning } from './core/cancellation/limit.ts';
// Context variables
export { Context, ContextVar, copyContext, Token } from './core/context/context.ts';
export type { Abortable } from './core/coroutines/abort-signals.ts';
// Generators
export { asyncgen } from './core/coroutines/async-generator.ts';
// Coroutines, tasks, futures
export {
  Coroutine,
  type CoroutineFunction,
  coroutine,
  iscoroutine,
  iscoroutinefunction,
} from './core/coroutines/coroutine.ts';
export {
  createTask,
  ensureFuture,
  type NewTaskOptions,
  wrapPromise,
} from './core/coroutines/ensure-future.ts';
export type { ForeignTask } from './core/coroutines/foreign-tasks.ts';
export {
  allTasks,
  currentTask,
  Task,
  type TaskBody,
  type TaskOptions,
} from './core/coroutines/task.ts';
export {
  _enterTask,
  _leaveTask,
  _registerTask,
  _swapCurrentTask,
  _unregisterTask,
} from './core/coroutines/task-lifetime.ts';
export { isAwaitTracking, setAwaitTracking } from './core/futures/await-stacks.ts';
export {
  futureAddToAwaitedBy,
  futureDiscardFromAwaitedBy,
} from './core/futures/call-graph-edges.ts';
export { Future, isfuture } from './core/futures/future.ts';
export { Operation } from './core/futures/operation.ts';
// Failures that nobody retrieved
export { isCollectorEnabled, setCollectorEnabled } from './core/reports/collector.ts';
export { Handle, TimerHandle } from './core/turns/handle.ts';
export type { ExceptionContext } from './core/turns/loop-core.ts';
// Looking into a running program
export * as inspect from './inspect/inspect.ts';
export type { FileDescriptorLike } from './loop/descriptors.ts';
// The loop
export {
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  setEventLoop,
} from './loop/event-loop.ts';
export { type ExceptionHandler, Loop, Loop as EventLoop, type TaskFactory } from './loop/loop.ts';
export type { AddressInfo, AddressInfoOptions } from './loop/name-lookup.ts';
export type { SendfileOptions, SentFile } from './loop/sockets/sock-sendfile.ts';
// Running a program
export { type EnterOptions, enter } from './runners/enter.ts';
export type { Main } from './runners/main.ts';
export { Runner, type RunOptions, run } from './runners/runner.ts';
// Streams
export { connectDuplex, fromDuplex, toDuplex } from './streams/duplex.ts';
export { IncompleteReadError, LimitOverrunError } from './streams/errors.ts';
export {
  openConnection,
  openUnixConnection,
  type StreamOptions,
  type Streams,
} from './streams/open-connection.ts';
export {
  type OpenServerOptions,
  openServer,
  openUnixServer,
} from './streams/server/open-server.ts';
export {
  type StreamServerOptions,
  startServer,
  startUnixServer,
} from './streams/server/start-server.ts';
export { StreamServer } from './streams/server/stream-server.ts';
export {
  type ClientConnected,
  type ConnectionLimits,
  type StreamProtocolOptions,
  StreamReaderProtocol,
} from './streams/stream-protocol.ts';
export {
  type PausableTransport,
  StreamReader,
  type StreamReaderOptions,
} from './streams/stream-reader.ts';
export { StreamWriter } from './streams/stream-writer.ts';
// Child processes and pipes
export {
  createSubprocessExec,
  createSubprocessShell,
  type ProcessOptions,
} from './streams/subprocess/create-subprocess.ts';
export type { Process } from './streams/subprocess/process.ts';
export * as subprocess from './subprocess.ts';
// Locks and queues
export { Barrier } from './sync/barrier.ts';
export { Condition } from './sync/condition.ts';
export {
  BrokenBarrierError,
  ChannelBroken,
  ChannelClosed,
  EndOfChannel,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
} from './sync/errors.ts';
export { Event } from './sync/event.ts';
export type { Held } from './sync/holdable.ts';
export { Lock } from './sync/lock.ts';
export {
  type ChannelEnd,
  ChannelReceiver,
  ChannelSender,
  type ChannelStatistics,
  channel,
} from './sync/queues/channel.ts';
export { LifoQueue, PriorityQueue, Queue } from './sync/queues/queue.ts';
export { BoundedSemaphore, Semaphore } from './sync/semaphore.ts';
export type { Awaitable, ResultOf } from './tasks/awaitables.ts';
export {
  type CallGraphOptions,
  captureCallGraph,
  FrameCallGraphEntry,
  FutureCallGraph,
  formatCallGraph,
  printCallGraph,
} from './tasks/call-graph.ts';
export { createEagerTaskFactory, eagerTaskFactory } from './tasks/eager.ts';
export { fromEvent } from './tasks/from-event.ts';
// Waiting for several, and timeouts
export {
  asCompleted,
  type CompletedFuture,
  type CompletedIterator,
  type Completions,
  type NextCompleted,
} from './tasks/groups/as-completed.ts';
export type { Limited } from './tasks/groups/concurrency-limit.ts';
export {
  BaseExceptionGroup,
  ExceptionGroup,
  type GroupCondition,
} from './tasks/groups/exception-group.ts';
export {
  type Gathered,
  type GatheredOrErrors,
  type GatherOptions,
  gather,
} from './tasks/groups/gather.ts';
export { TaskGroup, taskGroup } from './tasks/groups/task-group.ts';
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  type WaitOptions,
  wait,
} from './tasks/groups/wait.ts';
export { moveOnAfter } from './tasks/limits/move-on-after.ts';
export { shielded } from './tasks/limits/shielded.ts';
export { type MovedOn, Timeout, timeout, timeoutAt } from './tasks/limits/timeout.ts';
export { waitFor } from './tasks/limits/wait-for.ts';
export { runCoroutineThreadsafe } from './tasks/run-coroutine-threadsafe.ts';
export { shield } from './tasks/shield.ts';
export { sleep } from './tasks/sleep.ts';
// Threads
export {
  type Executor,
  ModuleFunction,
  type Submitted,
  TerminableFunction,
  type ThreadCallable,
  terminable,
} from './threads/executor.ts';
export { moduleFunction } from './threads/module-function.ts';
export { ThreadPoolExecutor } from './threads/thread-pool-executor.ts';
export { toThread } from './threads/to-thread.ts';
export { registerErrorClass } from './threads/unpack-error.ts';
// Transports and protocols
export type { UnixPath } from './transports/addresses/check-host-port.ts';
export type { ConnectionOptions } from './transports/connect/create-connection.ts';
export type {
  DatagramAddress,
  DatagramEndpointOptions,
} from './transports/datagrams/create-datagram-endpoint.ts';
export type { PipeOptions } from './transports/pipes/connect-pipe.ts';
export type { HasDescriptor, PipeLike } from './transports/pipes/open-pipe.ts';
export {
  BaseProtocol,
  BufferedProtocol,
  DatagramProtocol,
  Protocol,
  SubprocessProtocol,
} from './transports/protocols.ts';
export type { Hosts, ServerOptions, ServingOptions } from './transports/server/create-server.ts';
export { Server, type ShutdownReport } from './transports/server/server.ts';
export type { UnixConnectionOptions, UnixServerOptions } from './transports/server/unix.ts';
export type { Stdio, SubprocessOptions } from './transports/subprocess/options.ts';
export type { ProgramArguments } from './transports/subprocess/run-subprocess.ts';
export type { TlsContext, TlsOptions } from './transports/tls/context.ts';
export type { TlsClientOptions, TlsServerOptions } from './transports/tls/options.ts';
export type { StartTlsOptions } from './transports/tls/start-tls.ts';
export type { TlsTimeouts } from './transports/tls/tls-transport.ts';
export {
  type BaseCallbacks,
  BaseTransport,
  type DatagramCallbacks,
  DatagramTransport,
  type EndCallbacks,
  type ExtraInfo,
  type ProtocolCallbacks,
  type ReadPipeCallbacks,
  ReadTransport,
  type SubprocessCallbacks,
  SubprocessTransport,
  Transport,
  type WritePipeCallbacks,
  WriteTransport,
} from './transports/transport.ts';
export { TransportSocket } from './transports/transport-socket.ts';
