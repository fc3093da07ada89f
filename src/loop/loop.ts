import { checkOptions } from '../base/check-options.ts';
import { SLOW_CALLBACK_DURATION } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors/errors.ts';
import { log } from '../base/log/log.ts';
import { showResourceWarnings } from '../base/log/warnings.ts';
import { checkFiniteSeconds, checkSeconds, checkTimeout } from '../base/numbers.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { brief, repr } from '../base/printing/repr.ts';
import type { Received } from '../base/values/bytes.ts';
import { seekAbandoned } from '../core/cancellation/abandoned.ts';
import { lookForAsyncContexts } from '../core/context/async-context.ts';
import { currentScope, type Scope, scopeForLater } from '../core/context/context.ts';
import { FollowingNeed, LeftBehind } from '../core/context/promise-hooks.ts';
import { cancelOnAbort, checkSignal } from '../core/coroutines/abort-signals.ts';
import { Coroutine } from '../core/coroutines/coroutine.ts';
import { ensureFuture, type NewTaskOptions } from '../core/coroutines/ensure-future.ts';
import { allTasks, Task, type TaskBody, type TaskOptions } from '../core/coroutines/task.ts';
import { trackPendingAwaits } from '../core/futures/await-stacks.ts';
import { Future } from '../core/futures/future.ts';
import type { Operation } from '../core/futures/operation.ts';
import { startCollector } from '../core/reports/collector.ts';
import { reported } from '../core/reports/diagnostics.ts';
import { Handle, TimerHandle } from '../core/turns/handle.ts';
import { type Host, nodeHost } from '../core/turns/host.ts';
import type { ExceptionContext, LoopCore } from '../core/turns/loop-core.ts';
import { AsyncGenerators } from '../core/turns/open-generators.ts';
import { isBetweenRuns, runningLoop, setRunningLoop } from '../core/turns/running-loop.ts';
import { Turns } from '../core/turns/turns.ts';
import { makeVisible } from '../inspect/agent.ts';
import type { Address, AddressInput } from '../sock/addresses/address.ts';
import type { Socket } from '../sock/socket.ts';
import { DefaultExecutor } from '../threads/default-executor.ts';
import type { Executor, ThreadCallable } from '../threads/executor.ts';
import type { ThreadPoolExecutor } from '../threads/thread-pool-executor.ts';
import type { UnixPath } from '../transports/addresses/check-host-port.ts';
import {
  type ConnectionOptions,
  connectAcceptedSocket,
  createConnection,
} from '../transports/connect/create-connection.ts';
import {
  createDatagramEndpoint,
  type DatagramEndpointOptions,
} from '../transports/datagrams/create-datagram-endpoint.ts';
import { closeAllOn, sendHeldOn } from '../transports/open-transports.ts';
import {
  connectReadPipe,
  connectWritePipe,
  type PipeOptions,
} from '../transports/pipes/connect-pipe.ts';
import type { PipeLike } from '../transports/pipes/open-pipe.ts';
import {
  createServer,
  type Hosts,
  type ServerOptions,
} from '../transports/server/create-server.ts';
import type { Server } from '../transports/server/server.ts';
import {
  createUnixConnection,
  createUnixServer,
  type UnixConnectionOptions,
  type UnixServerOptions,
} from '../transports/server/unix.ts';
import type { SubprocessOptions } from '../transports/subprocess/options.ts';
import {
  type ProgramArguments,
  subprocessExec,
  subprocessShell,
} from '../transports/subprocess/run-subprocess.ts';
import type { TlsContext } from '../transports/tls/context.ts';
import type { TlsServerOptions } from '../transports/tls/options.ts';
import { type StartTlsOptions, startTls } from '../transports/tls/start-tls.ts';
import type {
  DatagramCallbacks,
  DatagramTransport,
  ProtocolCallbacks,
  ReadPipeCallbacks,
  ReadTransport,
  SubprocessCallbacks,
  SubprocessTransport,
  Transport,
  WritePipeCallbacks,
  WriteTransport,
} from '../transports/transport.ts';
import { checkCallback } from './check-callback.ts';
import { Descriptors, type FileDescriptorLike } from './descriptors.ts';
import { deliverReport, formatReport } from './exception-handler.ts';
import {
  type AddressInfo,
  type AddressInfoOptions,
  GetAddrInfo,
  GetNameInfo,
} from './name-lookup.ts';
import { shutdownAsyncgens } from './shutdown-asyncgens.ts';
import { withExitStatus } from './signals/exit-status.ts';
import { type Interruption, listenForInterrupts } from './signals/interrupts.ts';
import { SignalHandlers } from './signals/signal-handlers.ts';
import { SockOperations } from './sockets/sock-operations.ts';
import { type SendfileOptions, type SentFile, sockSendfile } from './sockets/sock-sendfile.ts';
import { sendfile } from './sockets/transport-sendfile.ts';
import { noLongerUnclosed, warnIfUnclosed } from './unclosed-loops.ts';

/** Called for failures that cannot be thrown to anybody. */
export type ExceptionHandler = (loop: Loop, context: ExceptionContext) => unknown;

/**
 * Makes the tasks of a loop, in place of the `Task` class.
 *
 * @typeParam O - options beside the usual ones, which it gets as `createTask<T, O>()` got them
 */
export type TaskFactory<O = unknown> = <T>(
  loop: Loop,
  body: TaskBody<T>,
  options: TaskOptions & O,
) => Future<T>;

/**
 * The event loop: runs tasks and callbacks in turns, on Node's own loop.
 *
 * asyncio's loop methods, by their names. Only one loop runs at a time in
 * a thread, and the process stays alive while it runs.
 *
 *            runForever(), runUntilComplete()                   close()
 *   resting ─────────────────────────────────▶ running    resting ─────▶ closed
 *      ▲                                          │
 *      └──────────────────────────────────────────┘
 *           stop(), or the awaited future is done
 *
 * @see asyncio's event loop, https://docs.python.org/3/library/asyncio-eventloop.html
 */
export class Loop implements LoopCore {
  static {
    printsAsText(this);
  }

  #slowCallbackDuration: number = SLOW_CALLBACK_DURATION;
  /** @internal */
  readonly _turns: Turns;
  /** @internal */
  readonly _tasks: Set<object> = new Set();
  /** @internal */
  readonly _asOption: { readonly loop: LoopCore } = { loop: this };
  /** @internal */
  readonly _asyncgens: AsyncGenerators;
  readonly #signals: SignalHandlers = new SignalHandlers(this);
  readonly #sockets: SockOperations;
  readonly #descriptors: Descriptors = new Descriptors(this);
  readonly #executor: DefaultExecutor = new DefaultExecutor(this);
  /** @internal promises are followed as long as it is open */
  readonly _following: FollowingNeed = new FollowingNeed();
  #closed = false;
  #debug: boolean;
  #exceptionHandler: ExceptionHandler | undefined;
  #taskFactory: TaskFactory | undefined;
  /** Has the awaits of tasks no longer followed; set while they are. */
  #endTracking: (() => void) | undefined;
  /** What a KeyboardInterrupt or SystemExit ended the run with. */
  #interruption: Interruption | undefined;

  /**
   * @param options - `debug`: by default on if the environment's `ASYNCIO_DEBUG` is not empty;
   *   `host`: what the loop runs on, for tests
   */
  constructor(options: { readonly debug?: boolean /** @internal */; readonly host?: Host } = {}) {
    checkOptions(options);
    startCollector();
    lookForAsyncContexts();
    this._turns = new Turns(options.host ?? nodeHost);
    this.#debug = false;
    this.#sockets = new SockOperations(this);
    this._asyncgens = new AsyncGenerators((generator) => {
      if (!this.#closed) this.createTask(() => generator.close());
    });
    this.setDebug(options.debug ?? Boolean(process.env['ASYNCIO_DEBUG']));
    makeVisible(this);
    warnIfUnclosed(this, this._following.end);
  }

  // ── running ────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs until {@link stop} is called. If that was called before, runs a single turn.
   *
   * @throws {RuntimeError} when this loop or another one runs, or this one is closed
   * @throws {KeyboardInterrupt} when the user presses Ctrl-C, and nothing else listens for it
   * @see asyncio's `loop.run_forever()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_forever
   */
  async runForever(): Promise<void> {
    this.#checkClosed();
    this.#checkResting();
    const lastInterrupt = listenForInterrupts(this);
    const ended = await new Promise<Interruption | undefined>((resolve) => this._start(resolve));
    const late = await lastInterrupt?.();
    const interruption = ended ?? late;
    if (interruption !== undefined) throw withExitStatus(interruption.error);
  }

  /**
   * Runs until `future` is done.
   *
   * @param future - a future, or anything that a task can be made of
   * @returns its result
   * @throws what it failed with
   * @throws {RuntimeError} when the loop is stopped earlier, cannot run, or is closed
   * @see asyncio's `loop.run_until_complete()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_until_complete
   */
  async runUntilComplete<T>(future: TaskBody<T> | PromiseLike<T>): Promise<T> {
    this.#checkClosed();
    this.#checkResting();
    const made = !(future instanceof Future);
    const awaited = ensureFuture(future, { loop: this });
    // The exception of a task that ends the program is no news.
    if (made && awaited instanceof Task) awaited._logDestroyPending = false;
    awaited.addDoneCallback(runUntilCompleteCallback);
    try {
      await this.runForever();
    } catch (error) {
      if (made && awaited.done()) awaited._see();
      throw error;
    } finally {
      awaited.removeDoneCallback(runUntilCompleteCallback);
    }
    if (!awaited.done()) throw new RuntimeError('Event loop stopped before Future completed.');
    return awaited.result();
  }

  /** Ends the run after the callbacks of this turn. What they schedule waits for the next run. */
  stop(): void {
    this._turns.stop();
  }

  /** Does the loop run? */
  isRunning(): boolean {
    return this._turns.running;
  }

  /** Was the loop closed? */
  isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Closes the loop: what is still queued never runs, tasks that are still pending are reported,
   * transports and servers that are still open are closed. Closing it again does nothing.
   *
   * @throws {RuntimeError} when the loop runs
   * @see asyncio's `loop.close()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.close
   */
  close(): void {
    if (this.isRunning()) throw new RuntimeError('Cannot close a running event loop');
    if (this.#closed) return;
    // While the loop can still be asked for turns; none of them will come.
    sendHeldOn(this);
    this.#closed = true;
    noLongerUnclosed(this);
    this.#signals.clear();
    this.#descriptors.clear();
    this._turns.clear();
    this.#executor.abandon();
    this._asyncgens.clear();
    this.#followDebug();
    const abandoned = allTasks(this);
    this._tasks.clear();
    for (const task of abandoned) {
      this.#reportPending(task);
      // What may go on of it is told that it is cancelled. A task of a factory's may be another future.
      if (task instanceof Task) new LeftBehind(task._scope).seek();
    }
    seekAbandoned(this);
    this._following.end();
    closeAllOn(this);
  }

  // ── callbacks ──────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `callback` with `args` in the next turn, after all that was scheduled before.
   *
   * It runs in a copy of the current context, without a current task. What it throws goes to
   * the exception handler.
   *
   * @returns a handle; its `cancel()` drops the callback
   * @throws {TypeError} when `callback` is not a function, or is a coroutine
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.call_soon()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon
   */
  callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoon');
    return this._callSoonIn(scopeForLater(), callback, ...args);
  }

  /**
   * The same as {@link callSoon}. Node's threads share no functions, so it cannot be called from
   * another thread. It is there for programs that come from Python.
   *
   * @see asyncio's `loop.call_soon_threadsafe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe
   */
  callSoonThreadsafe<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoonThreadsafe');
    return this._callSoonIn(scopeForLater(), callback, ...args);
  }

  /**
   * Calls `callback` once, `delay` seconds from now.
   *
   * The wait is measured on the loop's own clock, {@link time}. The call is never early; it is
   * late by as long as the loop is busy. Callbacks that are due at the same instant are called in
   * the order in which they were scheduled, which asyncio leaves to its heap.
   *
   * @param delay - how long to wait, in seconds; fractions count, and 0 or less means the next turn
   * @param callback - called with `args`; what it throws goes to the loop's exception handler
   * @returns a handle; its `cancel()` drops the callback, and does nothing once it has run
   * @throws {TypeError} when `delay` is not a number, or `callback` not a function
   * @throws {RangeError} when `delay` is not finite
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.call_later()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_later
   */
  callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    if (delay === undefined || delay === null) throw new TypeError('delay must not be None');
    checkFiniteSeconds(delay, 'delay');
    checkCallback(callback, 'callLater');
    return this.#at(this.time() + delay, callback, args);
  }

  /**
   * Calls `callback` once, at a given time on the loop's clock.
   *
   * @param when - the time, in seconds on the clock of {@link time}
   * @param callback - called with `args`; what it throws goes to the loop's exception handler
   * @returns a handle; its `cancel()` drops the callback
   * @throws {TypeError} when `when` is not a number, or `callback` not a function
   * @throws {RangeError} when `when` is not finite
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.call_at()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_at
   */
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): TimerHandle {
    if (when === undefined || when === null) throw new TypeError('when cannot be None');
    checkFiniteSeconds(when, 'when');
    checkCallback(callback, 'callAt');
    return this.#at(when, callback, args);
  }

  /** Seconds on the loop's clock: it never goes back, and has nothing to do with the date. */
  time(): number {
    return this._turns.time();
  }

  // ── futures and tasks ──────────────────────────────────────────────────────────────────────

  /** A future of this loop. */
  createFuture<T = unknown>(): Future<T> {
    return new Future<T>(this._asOption);
  }

  /**
   * Makes a task of a coroutine. It starts in the next turn.
   *
   * @typeParam O - other options, which the task factory takes
   * @param body - a coroutine, or a function without arguments that returns a promise
   * @param options - `name`, `context`, `eagerStart`; `signal`: cancels the task when it is aborted
   * @throws {TypeError} when `body` is anything else, such as a promise that already runs, when
   *   `signal` is not an `AbortSignal`, or when an option is unknown and there is no task factory
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.create_task()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_task
   */
  createTask<T, O = unknown>(body: TaskBody<T>, options?: NewTaskOptions & NoInfer<O>): Task<T> {
    checkOptions(options);
    this.#checkClosed();
    if (options?.signal === undefined) return this.#makeTask(body, options);
    const { signal, ...rest } = options as TaskOptions & { readonly signal: AbortSignal };
    checkSignal(signal);
    const task = this.#makeTask(body, rest);
    cancelOnAbort(task, signal);
    return task;
  }

  #makeTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
    if (this.#taskFactory !== undefined)
      return this.#taskFactory(this, body, options ?? {}) as Task<T>;
    return new Task(body, options === undefined ? this._asOption : { ...options, loop: this });
  }

  /**
   * Makes tasks with `factory` from now on; `undefined` restores the default.
   *
   * @throws {TypeError} when `factory` is not a function
   */
  setTaskFactory<O = unknown>(factory: TaskFactory<O> | undefined): void {
    if (factory !== undefined && typeof factory !== 'function')
      throw new TypeError(`task factory must be a callable or None, got ${brief(factory)}`);
    this.#taskFactory = factory as TaskFactory | undefined;
  }

  /** What makes the tasks; `undefined` for the usual ones. */
  getTaskFactory(): TaskFactory | undefined {
    return this.#taskFactory;
  }

  // ── generators ─────────────────────────────────────────────────────────────────────────────

  /**
   * Closes the `asyncgen()` generators that have started and not ended, so that their `finally` runs. What
   * they throw is reported. `run()` does so at its end.
   *
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.shutdown_asyncgens()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.shutdown_asyncgens
   */
  shutdownAsyncgens(): Coroutine<void> {
    return new Coroutine(() => shutdownAsyncgens(this), 'shutdownAsyncgens', undefined);
  }

  // ── threads ────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls a function outside the loop: in the threads of the default executor, or in another
   * executor.
   *
   * See `toThread()` for what can be sent to threads. Cancelling the future does not interrupt a call
   * that has started.
   *
   * @param executor - `undefined` for the default one, which is made when it is first needed
   * @param callback - a function that can be sent, or a {@link ModuleFunction}
   * @param args - its arguments
   * @returns a future of the result
   * @throws {TypeError} when `executor` is not an executor, or `callback` or an argument cannot be sent
   * @throws {RuntimeError} when the loop is closed, or the executor was shut down
   * @see asyncio's `loop.run_in_executor()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_in_executor
   */
  runInExecutor<A extends unknown[], T>(
    executor: Executor | undefined,
    callback: ThreadCallable<A, T>,
    ...args: A
  ): Future<Awaited<T>> {
    this.#checkClosed();
    return this.#executor.run(executor, callback, args);
  }

  /**
   * Makes `executor` the default from now on. It is shut down with the loop.
   *
   * @throws {TypeError} when `executor` is not a {@link ThreadPoolExecutor}
   * @see asyncio's `loop.set_default_executor()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_default_executor
   */
  setDefaultExecutor(executor: ThreadPoolExecutor): void {
    this.#executor.set(executor);
  }

  /**
   * Shuts down the default executor: waits for its running calls, and ends its threads. There
   * is no default executor after that. `run()` does so at its end.
   *
   * @param timeout - how long to wait, in seconds; then a warning names calls that still run, and they
   *   go on; `undefined` for no limit
   * @throws {TypeError} when `timeout` is not a number
   * @throws {RangeError} when `timeout` is NaN
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.shutdown_default_executor()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.shutdown_default_executor
   */
  shutdownDefaultExecutor(timeout?: number): Coroutine<void> {
    checkTimeout(timeout, 'timeout');
    return new Coroutine(
      () => this.#executor.shutDown(timeout),
      'shutdownDefaultExecutor',
      undefined,
    );
  }

  // ── reports ────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `handler` for all failures that cannot be thrown to anybody;
   * `undefined` restores the default handler, which writes them to standard error.
   *
   * @param handler - called with the loop and a context; what it throws is reported, too
   * @throws {TypeError} when `handler` is not a function
   * @see asyncio's `loop.set_exception_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_exception_handler
   */
  setExceptionHandler(handler: ExceptionHandler | undefined): void {
    if (handler !== undefined && typeof handler !== 'function')
      throw new TypeError(`A callable object or None is expected, got ${brief(handler)}`);
    this.#exceptionHandler = handler;
  }

  /** The handler of failures; `undefined` for the default. */
  getExceptionHandler(): ExceptionHandler | undefined {
    return this.#exceptionHandler;
  }

  /**
   * The default handler: writes the message, the context and the stack to standard error.
   *
   * @see asyncio's `loop.default_exception_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.default_exception_handler
   */
  defaultExceptionHandler(context: ExceptionContext): void {
    const { current } = this._turns;
    const made = (current as { _sourceTraceback?: readonly string[] } | undefined)
      ?._sourceTraceback;
    const unknown = context.sourceTraceback === undefined && context.handleTraceback === undefined;
    log(formatReport(unknown && made ? { ...context, handleTraceback: made } : context));
  }

  /**
   * Reports a failure that cannot be thrown to anybody. Never throws.
   *
   * @see asyncio's `loop.call_exception_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_exception_handler
   */
  callExceptionHandler(context: ExceptionContext): void {
    if (reported.hasSubscribers) reported.publish({ loop: this, context });
    try {
      const handler = this.#exceptionHandler;
      deliverReport(context, handler && ((report) => handler(this, report)), (report) =>
        this.defaultExceptionHandler(report),
      );
    } catch (error) {
      // A handler may end the program on purpose.
      if (!endsTheLoop(error) || !this.isRunning()) throw error;
      this._interrupt(error);
    }
  }

  /** Seconds from which a callback or a task's step is logged as slow, in debug mode; 0.1 by default. */
  get slowCallbackDuration(): number {
    return this.#slowCallbackDuration;
  }

  /**
   * Sets the time, in seconds, from which a callback or a task's step is logged as slow, in debug mode.
   *
   * @throws {TypeError} when `seconds` is not a number
   * @throws {RangeError} when `seconds` is NaN
   */
  set slowCallbackDuration(seconds: number) {
    checkSeconds(seconds, 'slowCallbackDuration');
    this.#slowCallbackDuration = seconds;
  }

  /** Is debug mode on? */
  getDebug(): boolean {
    return this.#debug;
  }

  /**
   * Switches debug mode on or off: futures, tasks and handles remember where they were made, slow callbacks
   * are logged, and there are warnings for whatever was left unclosed.
   */
  setDebug(enabled: boolean): void {
    this.#debug = Boolean(enabled);
    if (this.#debug) showResourceWarnings(true);
    if (this.isRunning() || !this.#debug) this.#followDebug();
  }

  // ── sockets ────────────────────────────────────────────────────────────────────────────────

  /**
   * Accepts a connection; waits until one comes.
   *
   * When descriptors run out, that is reported, and accepting pauses for a second.
   * Cancelling the waiting task loses no connection.
   *
   * Unlike asyncio, a second accept on a socket that already has one waiting is refused. See
   * docs/differences.md#one-receiver.
   *
   * @param sock - a listening, non-blocking socket; it stays open and the caller's
   * @returns the connection, non-blocking and the caller's to close, and its peer's address
   * @throws {RuntimeError} when another accept is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_accept()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_accept
   */
  sockAccept(sock: Socket): Operation<[connection: Socket, address: Address]> {
    return this.#sockets.accept(sock);
  }

  /**
   * Receives what a connected socket holds; waits for the first byte if it holds nothing.
   *
   * Receiving fewer bytes than asked for is normal. An empty array means that the
   * peer has finished sending, and every later call returns the same.
   *
   * Cancelling the waiting task takes nothing from the socket: bytes that come later are left
   * for the next call.
   *
   * Unlike asyncio, a second receive on a socket that already has one waiting is refused; there
   * it silently strands the first. See docs/differences.md#one-receiver.
   *
   * @param sock - a connected, non-blocking socket; it stays open and the caller's
   * @param nbytes - the most to receive, in bytes
   * @returns the bytes, in an array that nothing else will write to
   * @throws {RangeError} when `nbytes` is not a whole number from 0
   * @throws {RuntimeError} when another receive is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure: a subclass by Python's name, `code` as
   *   Node has it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_recv()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recv
   */
  sockRecv(sock: Socket, nbytes: number): Operation<Received> {
    return this.#sockets.recv(sock, nbytes);
  }

  /**
   * Receives into an array, from its start; waits for the first byte if the socket holds none.
   *
   * Otherwise like {@link sockRecv}. The array must not be touched until it is done.
   *
   * @param sock - a connected, non-blocking socket; it stays open and the caller's
   * @param buffer - filled from its start
   * @returns how many bytes were received; 0 when the peer has finished sending
   * @throws {TypeError} when `buffer` is not a `Uint8Array`
   * @throws {RuntimeError} when another receive is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_recv_into()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recv_into
   */
  sockRecvInto(sock: Socket, buffer: Uint8Array): Operation<number> {
    return this.#sockets.recvInto(sock, buffer);
  }

  /**
   * Receives a datagram and its sender's address; waits for one if there is none.
   *
   * The rest of a datagram longer than `bufsize` is lost. Cancelling loses no datagram.
   *
   * @param sock - a non-blocking datagram socket; it stays open and the caller's
   * @param bufsize - the most to receive, in bytes
   * @returns the bytes, and the sender's address
   * @throws {RangeError} when `bufsize` is not a whole number from 0
   * @throws {RuntimeError} when another receive is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_recvfrom()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recvfrom
   */
  sockRecvfrom(sock: Socket, bufsize: number): Operation<[data: Received, address: Address]> {
    return this.#sockets.recvfrom(sock, bufsize);
  }

  /**
   * Receives a datagram into an array, and its sender's address; waits for one if there is none.
   *
   * @param sock - a non-blocking datagram socket; it stays open and the caller's
   * @param buffer - filled from its start; what does not fit is lost
   * @param nbytes - the most to receive, in bytes; 0: as much as fits
   * @returns how many bytes were received, and the sender's address
   * @throws {TypeError} when `buffer` is not a `Uint8Array`
   * @throws {RangeError} when `nbytes` is not a whole number up to the length of `buffer`
   * @throws {RuntimeError} when another receive is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_recvfrom_into()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recvfrom_into
   */
  sockRecvfromInto(
    sock: Socket,
    buffer: Uint8Array,
    nbytes = 0,
  ): Operation<[nbytes: number, address: Address]> {
    return this.#sockets.recvfromInto(sock, buffer, nbytes);
  }

  /**
   * Sends all of `data`; waits while the socket takes no more.
   *
   * It is done when the system has the data, not when the peer has received it. `data` must not be touched until
   * then. If it is cancelled halfway, part of the data is sent, and it is not known how much; the next send works.
   *
   * Unlike asyncio, a second send on a socket that already has one waiting is refused. See
   * docs/differences.md#one-receiver.
   *
   * @param sock - a connected, non-blocking socket; it stays open and the caller's
   * @param data - what to send
   * @throws {TypeError} when `data` is not a `Uint8Array`
   * @throws {RuntimeError} when another send is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_sendall()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendall
   */
  sockSendall(sock: Socket, data: Uint8Array): Operation<void> {
    return this.#sockets.sendall(sock, data);
  }

  /**
   * Sends a file, by a system call where possible: its bytes do not pass through this process.
   *
   * When this ends, in whatever way, the file's position is behind the last byte that was sent. That
   * needs the posix driver; without it the position stays. Cancelling halfway leaves part of it sent.
   *
   * @param sock - a connected, non-blocking stream socket; it stays open and the caller's
   * @param file - a descriptor, or a `FileHandle` or other object with `fd`; stays open
   * @param offset - where to begin, in bytes from the start of the file
   * @param count - how many bytes; by default up to the end of the file
   * @param options - `fallback`: whether to read the file and send what was read if the system cannot do
   *   both; by default `true`
   * @returns a coroutine of the number of bytes sent
   * @throws {SendfileNotAvailableError} when the system cannot, and `fallback` is false
   * @throws {TypeError} when `file` has no descriptor
   * @throws {RangeError} when `sock` is not a stream socket, or `offset` or `count` not a whole number
   *   from 0 and from 1
   * @throws {RuntimeError} when another send is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_sendfile()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendfile
   */
  sockSendfile(
    sock: Socket,
    file: SentFile,
    offset = 0,
    count?: number,
    options: SendfileOptions = {},
  ): Coroutine<number> {
    checkOptions(options);
    return sockSendfile(this, sock, file, offset, count, options);
  }

  /**
   * Sends a datagram; waits while the socket takes none.
   *
   * @param sock - a non-blocking datagram socket; it stays open and the caller's
   * @param data - one datagram
   * @param address - the receiver's address
   * @returns the number of bytes sent: all
   * @throws {TypeError} when `data` is not a `Uint8Array`, or `address` does not have the family's shape
   * @throws {RuntimeError} when another send is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_sendto()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendto
   */
  sockSendto(sock: Socket, data: Uint8Array, address: AddressInput): Operation<number> {
    return this.#sockets.sendto(sock, data, address);
  }

  /**
   * Connects a socket. A host name is looked up first.
   *
   * @param sock - a non-blocking socket; it stays open and the caller's, connected or not
   * @param address - the address to connect to
   * @throws {TypeError} when `address` does not have the family's shape
   * @throws {RuntimeError} when another operation is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the connection fails: `[Errno 111] Connect call failed
   *   ('127.0.0.1', 1)`; a `gaierror` when the name is unknown
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_connect()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_connect
   */
  sockConnect(sock: Socket, address: AddressInput): Operation<void> {
    return this.#sockets.connect(sock, address);
  }

  // ── descriptors ────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `callback` once per turn while a descriptor can be read from.
   *
   * It replaces a callback that was added before, which is cancelled. Remove the callback before you close the
   * descriptor: until then the underlying file stays open. A `Socket` of this
   * library removes its callbacks when it is closed.
   *
   * @param fd - any descriptor that can be polled, or a socket of the posix driver
   * @param callback - called with `args`; what it throws goes to the loop's exception handler
   * @throws {TypeError} when `fd` is neither, or `callback` not a function
   * @throws {RangeError} when `fd` is not a descriptor's number
   * @throws {RuntimeError} when a transport has the descriptor, an operation is waiting on that
   *   side of it, or the loop is closed
   * @throws {OSError} EBADF; EPERM for a regular file, which is always ready; EOPNOTSUPP where the
   *   posix driver cannot be used, and for sockets of other drivers
   * @see asyncio's `loop.add_reader()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_reader
   */
  addReader<A extends unknown[]>(
    fd: FileDescriptorLike,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addReader');
    this.#checkClosed();
    this.#descriptors.add('reader', fd, callback as (...args: never[]) => unknown, args);
  }

  /**
   * Removes the callback for reading.
   *
   * @returns `false` when there was none
   * @throws {RuntimeError} when a transport has the descriptor
   */
  removeReader(fd: FileDescriptorLike): boolean {
    return this.#descriptors.remove('reader', fd);
  }

  /**
   * Calls `callback` once per turn while a descriptor can be written to; otherwise like {@link addReader}.
   *
   * @see asyncio's `loop.add_writer()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_writer
   */
  addWriter<A extends unknown[]>(
    fd: FileDescriptorLike,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addWriter');
    this.#checkClosed();
    this.#descriptors.add('writer', fd, callback as (...args: never[]) => unknown, args);
  }

  /**
   * Removes the callback for writing.
   *
   * @returns `false` when there was none
   * @throws {RuntimeError} when a transport has the descriptor
   */
  removeWriter(fd: FileDescriptorLike): boolean {
    return this.#descriptors.remove('writer', fd);
  }

  // ── transports ─────────────────────────────────────────────────────────────────────────────

  /**
   * Connects to a host, or takes a connected socket, and calls a protocol for what it receives.
   *
   * The addresses of the host are tried in order until one answers, or concurrently with `happyEyeballsDelay`.
   * When this is done, `connectionMade()` has run. Cancelling it leaves no socket
   * open.
   *
   * @param protocolFactory - called without arguments, once there is a connection
   * @param host - a name or a numeric address; `undefined`, with a port: this machine
   * @param port - a number, or a string of digits
   * @param options - `sock`: a connected stream socket, the transport's from then on, in place of
   *   host and port; `family`, `proto`, `flags`: for the look-up; `localAddr`: where to connect
   *   from; `happyEyeballsDelay`, in seconds, and `interleave`: in which order, and how soon, the
   *   addresses are tried; `allErrors`: how it fails; `ssl`: encrypts, `true` as is usual, else as
   *   {@link startTls} has it; `serverHostname`: the name that the certificate must be for, by default
   *   `host`; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by default 60 and 30
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when both a host or port and `sock` are given, or neither; when `sock` is
   *   no stream socket
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a protocol
   * @throws {RuntimeError} when another transport has `sock`, or an operation is waiting on it
   * @throws {OSError} when no address answers; of several different failures `Multiple
   *   exceptions: …`; a `gaierror` when the name is unknown
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_connection()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_connection
   */
  createConnection<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    host?: string,
    port?: number | string,
    options: ConnectionOptions = {},
  ): Coroutine<[transport: Transport, protocol: P]> {
    checkOptions(options);
    return createConnection(this, protocolFactory, host, port, options);
  }

  /**
   * Makes a transport from a connection that was accepted elsewhere.
   *
   * @param protocolFactory - called without arguments
   * @param sock - a connected stream socket; the transport's from then on
   * @param options - `ssl`, `sslHandshakeTimeout`, `sslShutdownTimeout`: as in {@link createServer}
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when `sock` is not a stream socket
   * @throws as the handshake of TLS; see {@link startTls}
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a protocol
   * @throws {RuntimeError} when another transport has `sock`, or an operation is waiting on it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.connect_accepted_socket()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_accepted_socket
   */
  connectAcceptedSocket<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    sock: Socket,
    options: TlsServerOptions = {},
  ): Coroutine<[transport: Transport, protocol: P]> {
    checkOptions(options);
    return connectAcceptedSocket(this, protocolFactory, sock, options);
  }

  /**
   * Listens on a port, and makes a protocol for each incoming connection.
   *
   * There is a socket for each address of each host; with port 0, each has its own port.
   * If one cannot be bound, none is left open.
   *
   * @param protocolFactory - called without arguments, once for each connection; what it throws is
   *   reported, and the connection closed
   * @param host - a name or a numeric address, or several; `undefined` or `''` for all interfaces
   * @param port - a number, or a string of digits; 0 for any free port
   * @param options - `sock`: a bound stream socket, the server's from then on, in place of host and
   *   port; `family`, `flags`: for the look-up; `backlog`, `reuseAddress`, `reusePort`, `keepAlive`:
   *   of the sockets; `startServing`; `maxConnections`; `ssl`: encrypts the connections, as
   *   {@link startTls} has it; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by default
   *   60 and 30. Failed handshakes are reported in debug mode only: they are the client's fault
   * @returns a coroutine of the server, which already accepts connections
   * @throws {RangeError} when both a host or port and `sock` are given, or neither; when `sock` is
   *   no stream socket, or a number out of range
   * @throws {TypeError} when `protocolFactory` is not a function, or `sock` is not a socket
   * @throws {RuntimeError} when an operation or a server is waiting on `sock`
   * @throws {OSError} when an address cannot be bound: `[Errno 98] error while attempting to bind on
   *   address ('127.0.0.1', 8888): address already in use`; a `gaierror` when a name is not known
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_server()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_server
   */
  createServer(
    protocolFactory: () => ProtocolCallbacks,
    host?: Hosts,
    port?: number | string,
    options: ServerOptions = {},
  ): Coroutine<Server> {
    checkOptions(options);
    return createServer(this, protocolFactory, host, port, options);
  }

  /**
   * Connects to a unix path, or takes a connected unix socket.
   *
   * @param protocolFactory - called without arguments, once there is a connection
   * @param path - the path of a listening socket: text, bytes in UTF-8, or a `file:` URL
   * @param options - `sock`: a connected stream socket, the transport's from then on; `ssl`, with
   *   `serverHostname`, `sslHandshakeTimeout`, `sslShutdownTimeout`: as in {@link createConnection}
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when a path and `sock` are given, or neither; when `sock` is another kind
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a protocol
   * @throws {OSError} when nothing listens there
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_unix_connection()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_connection
   */
  createUnixConnection<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    path?: UnixPath,
    options: UnixConnectionOptions = {},
  ): Coroutine<[transport: Transport, protocol: P]> {
    checkOptions(options);
    return createUnixConnection(this, protocolFactory, path, options);
  }

  /**
   * Listens on a unix path, and makes a protocol for each incoming connection.
   *
   * A stale socket at the path is removed first, and the server's own when it is
   * closed.
   *
   * @param protocolFactory - called without arguments, once for each connection
   * @param path - where to listen: text, bytes in UTF-8, or a `file:` URL
   * @param options - `sock`: a bound stream socket, the server's from then on, in place of a path;
   *   `backlog`; `startServing`; `maxConnections`; `cleanupSocket`; `ssl`, `sslHandshakeTimeout`,
   *   `sslShutdownTimeout`: as in {@link createServer}
   * @returns a coroutine of the server, which already accepts connections
   * @throws {RangeError} when a path and `sock` are given, or neither; when `sock` is another kind
   * @throws {TypeError} when `protocolFactory` is not a function, or `sock` is not a socket
   * @throws {OSError} when the path cannot be bound: `[Errno 98] Address '/tmp/x' is already in use`
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_unix_server()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_server
   */
  createUnixServer(
    protocolFactory: () => ProtocolCallbacks,
    path?: UnixPath,
    options: UnixServerOptions = {},
  ): Coroutine<Server> {
    checkOptions(options);
    return createUnixServer(this, protocolFactory, path, options);
  }

  /**
   * Sends a file on a connection, by a system call where possible: its bytes do not pass through this
   * process. With TLS they do, to be encrypted.
   *
   * Earlier writes go first. Until this is done nothing is received, and nothing can be
   * written. For the file's position see {@link sockSendfile}. Cancelling halfway leaves part of it sent.
   *
   * @param transport - a stream transport; stays open
   * @param file - a descriptor, or a `FileHandle` or other object with `fd`; stays open
   * @param offset - where to begin, in bytes from the start of the file
   * @param count - how many bytes; by default up to the end of the file
   * @param options - `fallback`: whether to read the file and write what was read if the system cannot do
   *   both; by default `true`
   * @returns a coroutine of the number of bytes that were sent, or that the transport will send
   * @throws {RuntimeError} when the transport is closing, or sends no files; when the system cannot,
   *   and there is to be no fallback; when a file is being sent
   * @throws {SendfileNotAvailableError} when the system cannot with this file or socket, and there
   *   is to be no fallback
   * @throws {TypeError} when `file` has no descriptor
   * @throws {RangeError} when `offset` or `count` is not a whole number from 0 and from 1
   * @throws {OSError} when the connection is lost, or the file cannot be read
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sendfile()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sendfile
   */
  sendfile(
    transport: Transport,
    file: SentFile,
    offset = 0,
    count?: number,
    options: SendfileOptions = {},
  ): Coroutine<number> {
    checkOptions(options);
    return sendfile(this, transport, file, offset, count, options);
  }

  /**
   * Encrypts an established connection from now on.
   *
   * The protocol's `connectionMade()` is not called again. It gets what is received through the new
   * transport; the old one must not be used any more. Earlier writes are sent in the
   * clear, ahead of the handshake.
   *
   * @param transport - a stream transport, also with TLS; closed when this fails
   * @param protocol - the connection's protocol
   * @param sslcontext - the result of `tls.createSecureContext()`, or its options together with
   *   `ALPNProtocols`, `requestCert`, `rejectUnauthorized`, `checkServerIdentity`, `SNICallback`
   * @param options - `serverSide`: is this the side that was connected to? `serverHostname`: whom
   *   the certificate must be for; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by
   *   default 60 and 30
   * @returns a coroutine of the transport to write to; done when the handshake is
   * @throws {TypeError} when `sslcontext` or `transport` is something else
   * @throws {RangeError} when a timeout is not positive, a server has no certificate, or a client
   *   nobody to check the certificate for
   * @throws {SSLError} when TLS fails; {@link SSLCertVerificationError} when the certificate is not
   *   to be trusted, or somebody else's
   * @throws {ConnectionResetError} when the peer goes away before the handshake is done
   * @throws {ConnectionAbortedError} when the handshake takes too long
   * @throws {CancelledError} when the waiting task is cancelled; the connection is closed
   * @see asyncio's `loop.start_tls()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.start_tls
   */
  startTls(
    transport: Transport,
    protocol: ProtocolCallbacks,
    sslcontext: TlsContext,
    options: StartTlsOptions = {},
  ): Coroutine<Transport> {
    checkOptions(options);
    return startTls(this, transport, protocol, sslcontext, options);
  }

  /**
   * Opens a datagram socket, and calls a protocol for what it receives.
   *
   * A stale socket at its local path is removed first.
   *
   * @param protocolFactory - called without arguments
   * @param options - `localAddr`: where it is; `remoteAddr`: whom it sends to and hears; `family`,
   *   `proto`, `flags`: for the look-up; `reusePort`, `allowBroadcast`; or `sock`: a datagram socket,
   *   the transport's from then on, in place of all that
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when neither address nor family is given, when there is no address for both
   *   sides, when `sock` is not a datagram socket or more than it is given
   * @throws {TypeError} when an address does not have the shape of its family
   * @throws {OSError} when an address cannot be bound or connected; a `gaierror` when a name is not
   *   known
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_datagram_endpoint()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_datagram_endpoint
   */
  createDatagramEndpoint<P extends DatagramCallbacks>(
    protocolFactory: () => P,
    options: DatagramEndpointOptions = {},
  ): Coroutine<[transport: DatagramTransport, protocol: P]> {
    checkOptions(options);
    return createDatagramEndpoint(this, protocolFactory, options);
  }

  // ── pipes and child processes ──────────────────────────────────────────────────────────────

  /**
   * Reads a pipe, and calls a protocol for what it receives.
   *
   * The pipe is the transport's from then on, and does not block. A standard descriptor (0, 1, 2) is
   * never closed. `process.stdin` means descriptor 0; nothing else may read it in the meantime.
   *
   * @param protocolFactory - called without arguments
   * @param pipe - a descriptor of a pipe, a socket or a terminal; what has one as `fd`, as a
   *   `FileHandle` or `process.stdin`; or a socket of ours
   * @param options - `driver`: how it is read; by default as sockets are
   * @returns a coroutine of the transport and the protocol
   * @throws {TypeError} when `pipe` has no descriptor, or what `protocolFactory` made cannot receive
   * @throws {RangeError} when it is a regular file, or something else that is not a pipe
   * @throws {RuntimeError} when a transport has the socket, or an operation is waiting on it
   * @throws {OSError} EBADF; EOPNOTSUPP where the driver cannot
   * @throws {CancelledError} when the waiting task is cancelled; the pipe is closed
   * @see asyncio's `loop.connect_read_pipe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_read_pipe
   */
  connectReadPipe<P extends ReadPipeCallbacks>(
    protocolFactory: () => P,
    pipe: PipeLike,
    options: PipeOptions = {},
  ): Coroutine<[transport: ReadTransport, protocol: P]> {
    checkOptions(options);
    return connectReadPipe(this, protocolFactory, pipe, options);
  }

  /**
   * Makes a transport that writes to a pipe.
   *
   * Otherwise like {@link connectReadPipe}. When the other end is closed, the transport is
   * closed.
   *
   * @see asyncio's `loop.connect_write_pipe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_write_pipe
   */
  connectWritePipe<P extends WritePipeCallbacks>(
    protocolFactory: () => P,
    pipe: PipeLike,
    options: PipeOptions = {},
  ): Coroutine<[transport: WriteTransport, protocol: P]> {
    checkOptions(options);
    return connectWritePipe(this, protocolFactory, pipe, options);
  }

  /**
   * Runs a program as a child process, and calls a protocol for it.
   *
   * The streams of the child that the options do not name are pipes. A child that still runs when its
   * loop is closed is killed.
   *
   * @param protocolFactory - called without arguments
   * @param program - a file, or a name that is looked for in PATH
   * @param rest - the arguments; last, maybe, the options: see {@link SubprocessOptions}
   * @returns a coroutine of the transport and the protocol
   * @throws {TypeError} when an argument is not a string, or an option is wrong or unknown
   * @throws {RangeError} when a string has a null character in it, or there is no such signal
   * @throws {OSError} when the child cannot be started: `[Errno 2] No such file or directory: 'x'`
   * @throws {CancelledError} when the waiting task is cancelled; the child is killed, and waited for
   * @see asyncio's `loop.subprocess_exec()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_exec
   */
  subprocessExec<P extends SubprocessCallbacks>(
    protocolFactory: () => P,
    program: string | URL,
    ...rest: ProgramArguments
  ): Coroutine<[transport: SubprocessTransport, protocol: P]> {
    return subprocessExec(this, protocolFactory, program, rest);
  }

  /**
   * Runs a shell command with `/bin/sh` as a child process; otherwise like {@link subprocessExec}.
   *
   * Quote everything in it that may come from somebody else.
   *
   * @param cmd - the command
   * @see asyncio's `loop.subprocess_shell()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.subprocess_shell
   */
  subprocessShell<P extends SubprocessCallbacks>(
    protocolFactory: () => P,
    cmd: string,
    options: SubprocessOptions = {},
  ): Coroutine<[transport: SubprocessTransport, protocol: P]> {
    checkOptions(options);
    return subprocessShell(this, protocolFactory, cmd, options);
  }

  // ── names ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Looks up the addresses of a host, off the main thread. Numeric addresses need no look-up.
   *
   * @param host - a name, a numeric address, or `undefined`: this machine, or with AI_PASSIVE any
   * @param port - a number, or a string of digits
   * @param options - `family`, `type`, `proto`: what is wanted, by default anything; `flags`
   * @returns one `[family, type, proto, canonname, sockaddr]` for each address and type
   * @throws {TypeError} when `host` is not a string, or `port` neither a number nor a string
   * @throws {RangeError} when `port` is not a whole number from 0 to 65535, or `host` has a null
   *   character in it
   * @throws {OSError} `gaierror` when the name, its zone or the service is not known, or there is no
   *   address of the family
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.getaddrinfo()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.getaddrinfo
   */
  getaddrinfo(
    host: string | undefined,
    port: number | string | undefined,
    options?: AddressInfoOptions,
  ): Operation<AddressInfo[]> {
    checkOptions(options);
    this.#checkClosed();
    return new GetAddrInfo(this, host, port, options);
  }

  /**
   * Looks up the names of a host and of a service, off the main thread.
   *
   * @param sockaddr - the address; its host must be numeric
   * @param flags - NI_NUMERICHOST, NI_NUMERICSERV: a number will do; NI_NAMEREQD: none will
   * @returns the names; numbers where there are none, of a link-local address with its zone
   * @throws {TypeError} when `sockaddr` is not an address
   * @throws {RangeError} when a number in it is out of range, or the host has a null character in it
   * @throws {OSError} `gaierror` when the host is not a numeric address, or has no name and must have one
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.getnameinfo()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.getnameinfo
   */
  getnameinfo(
    sockaddr: readonly [host: string, port: number, ...rest: unknown[]],
    flags = 0,
  ): Operation<[host: string, service: string]> {
    this.#checkClosed();
    return new GetNameInfo(this, sockaddr, flags);
  }

  // ── signals ────────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `callback` in the loop each time the process gets a signal, instead of the signal's
   * default action.
   *
   * @param sig - the signal's name, such as `'SIGTERM'`, or its number
   * @throws {TypeError} when `sig` is neither, or `callback` not a function
   * @throws {RangeError} when there is no such signal
   * @throws {RuntimeError} when it cannot be caught, the loop is closed, or this is a worker thread
   * @see asyncio's `loop.add_signal_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_signal_handler
   */
  addSignalHandler<A extends unknown[]>(
    sig: NodeJS.Signals | number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addSignalHandler');
    this.#checkClosed();
    this.#signals.add(sig, callback, args);
  }

  /**
   * Restores a signal's default action.
   *
   * @returns `false` when it had no handler
   * @throws {TypeError} when `sig` is neither a name nor a number
   * @throws {RangeError} when there is no such signal
   */
  removeSignalHandler(sig: NodeJS.Signals | number): boolean {
    return this.#signals.remove(sig);
  }

  /** `<Loop running=False closed=False debug=False>` */
  toString(): string {
    const parts = [
      `running=${repr(this.isRunning())}`,
      `closed=${repr(this.#closed)}`,
      `debug=${repr(this.#debug)}`,
    ];
    return `<${this.constructor.name} ${parts.join(' ')}>`;
  }

  // ── between our files ──────────────────────────────────────────────────────────────────────

  /** @internal */
  _callSoonIn<A extends unknown[]>(
    scope: Scope | undefined,
    callback: (...args: A) => unknown,
    ...args: A
  ): Handle {
    this.#checkClosed();
    const handle = new Handle(callback as (...args: never[]) => unknown, args, this, scope);
    this._turns.soon(handle);
    return handle;
  }

  /** @internal has the program its own handler for the signal? */
  _handlesSignal(name: NodeJS.Signals): boolean {
    return this.#signals.has(name);
  }

  /**
   * @internal runs until `stop()`, and lets signals be
   * @param ended - called when the run has ended, with the error that ended it, if one did
   */
  _start(ended: (interruption: Interruption | undefined) => void): void {
    setRunningLoop(this);
    this.#followDebug();
    const sendHeld = (): void => sendHeldOn(this);
    process.on('exit', sendHeld);
    this._turns.start(() => {
      setRunningLoop(undefined);
      process.off('exit', sendHeld);
      sendHeld();
      const interruption = this.#interruption;
      this.#interruption = undefined;
      ended(interruption);
    });
  }

  /** @internal it runs again at once in a gap of its program, and else when somebody runs it */
  _wake(): boolean {
    return !this.#closed && isBetweenRuns(this);
  }

  /** @internal it runs until it is stopped, whatever there is to do */
  _hasLessToDo(): void {}

  /** @internal makes room for another loop; `false`: it goes on */
  _standAside(): boolean {
    return false;
  }

  /** @internal */
  _interrupt(error: unknown): void {
    this.#interruption ??= { error };
    this._turns.halt();
  }

  /**
   * Begins or ends what is only done in debug mode. Awaits are followed from the first run to the
   * close: in a rest, tasks wait where they did.
   */
  #followDebug(): void {
    this._turns.watch = this.#debug ? this.#watchSlow : undefined;
    if (this.#debug && !this.#closed) this.#endTracking ??= trackPendingAwaits();
    else {
      this.#endTracking?.();
      this.#endTracking = undefined;
    }
  }

  #at<A extends unknown[]>(when: number, callback: (...args: A) => unknown, args: A): TimerHandle {
    this.#checkClosed();
    const call = callback as (...args: never[]) => unknown;
    const timer = new TimerHandle(when, call, args, this, scopeForLater());
    this._turns.at(timer);
    return timer;
  }

  #checkClosed(): void {
    if (!this.#closed) return;
    currentScope()?._needsLoop();
    throw new RuntimeError('Event loop is closed');
  }

  #checkResting(): void {
    if (this.isRunning()) throw new RuntimeError('This event loop is already running');
    const running = runningLoop() as Loop | undefined;
    if (running !== undefined && !running._standAside())
      throw new RuntimeError('Cannot run the event loop while another loop is running');
  }

  #reportPending(task: Task<unknown>): void {
    if (!task._logDestroyPending) return;
    const context: ExceptionContext = { message: 'Task was destroyed but it is pending!', task };
    if (task._sourceTraceback !== undefined) context.sourceTraceback = task._sourceTraceback;
    this.callExceptionHandler(context);
  }

  readonly #watchSlow = (subject: unknown, seconds: number): void => {
    if (seconds < this.#slowCallbackDuration) return;
    log(`Executing ${subject} took ${seconds.toFixed(3)} seconds`, 'warn');
  };
}

/** Ends `runUntilComplete()`; named as asyncio's, for it shows in printed forms. */
function runUntilCompleteCallback(future: Future<unknown>): void {
  // One that ends the loop has done so already.
  if (!future.cancelled() && endsTheLoop(future.exception())) return;
  (future.getLoop() as Loop).stop();
}
Object.defineProperty(runUntilCompleteCallback, 'name', { value: '_run_until_complete_cb' });
