import { checkOptions } from '../base/check-options.ts';
import { SLOW_CALLBACK_DURATION } from '../base/constants.ts';
import { endsTheLoop, RuntimeError } from '../base/errors/errors.ts';
import { typeError } from '../base/errors/refusals.ts';
import { log } from '../base/log/log.ts';
import { showResourceWarnings } from '../base/log/warnings.ts';
import { checkFiniteSeconds, checkSeconds, checkTimeout } from '../base/numbers.ts';
import { printsAsText } from '../base/printing/inspect.ts';
import { brief, repr } from '../base/printing/repr.ts';
import type { Received } from '../base/values/bytes.ts';
import { seekAbandoned } from '../core/cancellation/abandoned.ts';
import { endsProgram } from '../core/cancellation/floating-cancels.ts';
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
import { isExplained, lookWhetherAsked } from '../core/reports/slow-endings.ts';
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
import {
  closeAllOn,
  sendHeldOn,
  sendsHeldAtExit,
  sendsHeldNow,
} from '../transports/open-transports.ts';
import {
  connectReadPipe,
  connectWritePipe,
  type PipeOptions,
} from '../transports/pipes/connect-pipe.ts';
import type { PipeLike } from '../transports/pipes/open-pipe.ts';
import {
  createServer,
  type Hosts,
  SERVER,
  type ServerOptions,
} from '../transports/server/create-server.ts';
import type { Server } from '../transports/server/server.ts';
import {
  createUnixConnection,
  createUnixServer,
  UNIX_SERVER,
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
import { TLS_SERVER, type TlsServerOptions } from '../transports/tls/options.ts';
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
import { type PeerInput, SockOperations } from './sockets/sock-operations.ts';
import { type SendfileOptions, type SentFile, sockSendfile } from './sockets/sock-sendfile.ts';
import { sendfile } from './sockets/transport-sendfile.ts';
import { noLongerUnclosed, warnIfUnclosed } from './unclosed-loops.ts';

/** Called for errors that cannot be thrown to any caller. */
export type ExceptionHandler = (loop: Loop, context: ExceptionContext) => unknown;

/**
 * Creates the tasks of a loop in place of the `Task` class.
 *
 * @typeParam O - additional options, passed on from `createTask<T, O>()`
 */
export type TaskFactory<O = unknown> = <T>(
  loop: Loop,
  body: TaskBody<T>,
  options: TaskOptions & O,
) => Future<T>;

/** Options for a new loop. */
interface LoopOptions {
  readonly debug?: boolean;
  /** @internal What it runs on, for tests. */
  readonly host?: Host;
}

/**
 * The event loop. Runs tasks and callbacks in turns, on Node's own loop.
 *
 * It has asyncio's loop methods. Only one loop runs at a time in a thread, and the process stays
 * alive while it runs.
 *
 * ```text
 *            runForever(), runUntilComplete()                   close()
 *   resting ─────────────────────────────────▶ running    resting ─────▶ closed
 *      ▲                                          │
 *      └──────────────────────────────────────────┘
 *           stop(), or the awaited future is done
 * ```
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
  /** @internal promises are followed while the loop is open */
  readonly _following: FollowingNeed = new FollowingNeed();
  #closed = false;
  #debug: boolean;
  #exceptionHandler: ExceptionHandler | undefined;
  #taskFactory: TaskFactory | undefined;
  /** Stops tracking the awaits of tasks; undefined if they are not tracked. */
  #endTracking: (() => void) | undefined;
  /** The KeyboardInterrupt or SystemExit that ended the run. */
  #interruption: Interruption | undefined;

  /** @param options - `debug`: by default whether the environment variable `ASYNCIO_DEBUG` is set */
  constructor(options: LoopOptions = {}) {
    checkOptions(options, 'debug host');
    startCollector();
    lookForAsyncContexts();
    this._turns = new Turns(options.host ?? nodeHost);
    this.#debug = false;
    this.#sockets = new SockOperations(this);
    this._asyncgens = new AsyncGenerators((generator) => {
      if (!this.#closed) this.createTask(() => generator.close());
    });
    lookWhetherAsked(this);
    this.setDebug(options.debug ?? Boolean(process.env['ASYNCIO_DEBUG']));
    makeVisible(this);
    warnIfUnclosed(this, this._following.end);
  }

  // ── running ────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs until {@link stop} is called. If it was called before, runs a single turn.
   *
   * @throws {RuntimeError} when this loop or another one is running, or this one is closed
   * @throws {KeyboardInterrupt} when the user presses Ctrl-C and nothing else handles it
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
   * @param future - a future, or anything that a task can be created from
   * @returns its result
   * @throws the error of the future
   * @throws {RuntimeError} when the loop is stopped first, cannot run, or is closed
   * @see asyncio's `loop.run_until_complete()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_until_complete
   */
  async runUntilComplete<T>(future: TaskBody<T> | PromiseLike<T>): Promise<T> {
    this.#checkClosed();
    this.#checkResting();
    const made = !(future instanceof Future);
    const awaited = ensureFuture(future, this._asOption);
    // The exception of a task that ends the program is not reported again.
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
    try {
      return awaited.result();
    } catch (error) {
      endsProgram(error);
      throw error;
    }
  }

  /**
   * Ends the run after the callbacks of this turn. Callbacks that they schedule wait for the next
   * run.
   */
  stop(): void {
    this._turns.stop();
  }

  /** Is the loop running? */
  isRunning(): boolean {
    return this._turns.running;
  }

  /** Is the loop closed? */
  isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Closes the loop, with its open transports and servers. Queued callbacks never run, and pending
   * tasks are reported. Closing it again has no effect.
   *
   * @throws {RuntimeError} when the loop is running
   * @see asyncio's `loop.close()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.close
   */
  close(): void {
    if (this.isRunning()) throw new RuntimeError('Cannot close a running event loop');
    if (this.#closed) return;
    // While the loop can still be asked for turns, although none will come.
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
      // If its code continues, it is cancelled. A task factory may return other futures.
      if (task instanceof Task) new LeftBehind(task._scope).seek();
    }
    seekAbandoned(this);
    this._following.end();
    closeAllOn(this);
  }

  // ── callbacks ──────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `callback` with `args` in the next turn, after everything scheduled earlier.
   *
   * It runs in a copy of the current context, without a current task. Its errors go to the
   * exception handler.
   *
   * @returns a handle; its `cancel()` drops the callback
   * @throws {TypeError} when `callback` is not a function, or is a coroutine
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.call_soon()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon
   */
  callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoon', this.#debug);
    return this._callSoonIn(scopeForLater(), callback, ...args);
  }

  /**
   * The same as {@link callSoon}, for ported programs. Node's threads do not share functions, so it
   * cannot be called from another thread.
   *
   * @see asyncio's `loop.call_soon_threadsafe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon_threadsafe
   */
  callSoonThreadsafe<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoonThreadsafe', this.#debug);
    return this._callSoonIn(scopeForLater(), callback, ...args);
  }

  /**
   * Calls `callback` once, in `delay` seconds.
   *
   * The delay is measured on the loop's clock, {@link time}. The call is never early, and late if
   * the loop is busy. Callbacks that are due at the same time are called in the order in which they
   * were scheduled, which asyncio does not guarantee.
   *
   * @param delay - in seconds, with fractions; 0 or less means the next turn
   * @param callback - called with `args`; its errors go to the exception handler
   * @returns a handle; its `cancel()` drops the callback
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
    if (delay === undefined || delay === null) throw typeError('delay must not be None');
    checkFiniteSeconds(delay, 'delay');
    checkCallback(callback, 'callLater', this.#debug);
    return this.#at(this.time() + delay, callback, args);
  }

  /**
   * Calls `callback` once, at a time on the loop's clock.
   *
   * @param when - the time, in seconds on the clock of {@link time}
   * @param callback - called with `args`; its errors go to the exception handler
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
    if (when === undefined || when === null) throw typeError('when cannot be None');
    checkFiniteSeconds(when, 'when');
    checkCallback(callback, 'callAt', this.#debug);
    return this.#at(when, callback, args);
  }

  /** The time on the loop's clock, in seconds. It is monotonic, and unrelated to the date. */
  time(): number {
    return this._turns.time();
  }

  // ── futures and tasks ──────────────────────────────────────────────────────────────────────

  /** Creates a future of this loop. */
  createFuture<T = unknown>(): Future<T> {
    return new Future<T>(this._asOption);
  }

  /**
   * Creates a task from a coroutine. It starts in the next turn.
   *
   * @typeParam O - additional options for the task factory
   * @param body - a coroutine, or a function without arguments that returns a promise
   * @param options - `name`, `context`, `eagerStart`; `signal`: cancels the task when aborted
   * @throws {TypeError} when `body` is anything else, such as a promise that is already running,
   *   when `signal` is not an `AbortSignal`, or when an option is unknown and there is no task
   *   factory
   * @throws {RuntimeError} when the loop is closed
   * @see asyncio's `loop.create_task()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_task
   */
  createTask<T, O = unknown>(body: TaskBody<T>, options?: NewTaskOptions & NoInfer<O>): Task<T> {
    checkOptions(options, this.#taskFactory ? undefined : 'name context eagerStart signal');
    this.#checkClosed();
    if (options === undefined || !('signal' in options)) return this.#makeTask(body, options);
    const { signal, ...rest } = options;
    checkSignal(signal);
    const task = this.#makeTask(body, rest);
    if (signal !== undefined) cancelOnAbort(task, signal);
    return task;
  }

  #makeTask<T>(body: TaskBody<T>, options?: TaskOptions): Task<T> {
    if (this.#taskFactory !== undefined)
      return this.#taskFactory(this, body, options ?? {}) as Task<T>;
    return new Task(body, options === undefined ? this._asOption : { ...options, loop: this });
  }

  /**
   * Sets the factory for new tasks; `undefined` restores the default.
   *
   * @throws {TypeError} when `factory` is not a function
   */
  setTaskFactory<O = unknown>(factory: TaskFactory<O> | undefined): void {
    if (factory !== undefined && typeof factory !== 'function')
      throw typeError(`task factory must be a callable or None, got ${brief(factory)}`);
    this.#taskFactory = factory as TaskFactory | undefined;
  }

  /** The task factory; `undefined` for the default. */
  getTaskFactory(): TaskFactory | undefined {
    return this.#taskFactory;
  }

  // ── generators ─────────────────────────────────────────────────────────────────────────────

  /**
   * Closes the `asyncgen()` generators that have started and not ended, so that their `finally`
   * blocks run. Their errors are reported. `run()` does this at its end.
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
   * Calls a function in a thread of the default executor, or in another executor.
   *
   * See `toThread()` for what can be sent to threads. Cancelling the future does not interrupt a
   * call that has started.
   *
   * @param executor - `undefined` for the default one, which is created when first needed
   * @param callback - a function that can be sent, or a {@link ModuleFunction}
   * @param args - its arguments
   * @returns a future of the result
   * @throws {TypeError} when `executor` is not an executor, or `callback` or an argument cannot be
   *   sent
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
   * Sets the default executor. It is shut down with the loop.
   *
   * @throws {TypeError} when `executor` is not a {@link ThreadPoolExecutor}
   * @see asyncio's `loop.set_default_executor()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_default_executor
   */
  setDefaultExecutor(executor: ThreadPoolExecutor): void {
    this.#executor.set(executor);
  }

  /**
   * Shuts down the default executor: waits for its running calls, and ends its threads. There is no
   * default executor afterwards. `run()` does this at its end.
   *
   * @param timeout - how long to wait, in seconds; after that, a warning names the calls that keep
   *   running; `undefined` for no limit
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
   * Sets the handler for errors that cannot be thrown to any caller; `undefined` restores the
   * default handler, which writes them to standard error.
   *
   * @param handler - called with the loop and a context; its own errors are reported, too
   * @throws {TypeError} when `handler` is not a function
   * @see asyncio's `loop.set_exception_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.set_exception_handler
   */
  setExceptionHandler(handler: ExceptionHandler | undefined): void {
    if (handler !== undefined && typeof handler !== 'function')
      throw typeError(`A callable object or None is expected, got ${brief(handler)}`);
    this.#exceptionHandler = handler;
  }

  /** The exception handler; `undefined` for the default. */
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
   * Reports an error that cannot be thrown to any caller. Never throws.
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

  /**
   * How many seconds a callback or a task's step may take before debug mode logs it as slow; by
   * default 0.1.
   */
  get slowCallbackDuration(): number {
    return this.#slowCallbackDuration;
  }

  /**
   * Sets how many seconds a callback or a task's step may take before debug mode logs it as slow.
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
   * Turns debug mode on or off.
   *
   * In debug mode, futures, tasks and handles remember where they were created, slow callbacks are
   * logged, and unclosed resources cause warnings.
   */
  setDebug(enabled: boolean): void {
    this.#debug = Boolean(enabled);
    if (this.#debug) showResourceWarnings(true);
    if (this.isRunning() || !this.#debug) this.#followDebug();
  }

  // ── sockets ────────────────────────────────────────────────────────────────────────────────

  /**
   * Accepts a connection; waits for one if there is none.
   *
   * If descriptors run out, this is reported, and accepting pauses for a second. Cancelling the
   * waiting task loses no connection.
   *
   * Unlike asyncio, a second accept on a socket that already has one waiting is refused. See
   * docs/differences.md#one-receiver.
   *
   * @param sock - a listening, non-blocking socket; the caller keeps it
   * @returns the connection, non-blocking and for the caller to close, and its peer's address
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
   * Receives available bytes; waits for the first one if there are none.
   *
   * Receiving fewer bytes than requested is normal. An empty array means that the peer has finished
   * sending; later calls return the same.
   *
   * Cancelling the waiting task loses no bytes: those that come later are left for the next call.
   *
   * Unlike asyncio, a second receive on a socket that already has one waiting is refused; in
   * asyncio it silently strands the first. See docs/differences.md#one-receiver.
   *
   * @param sock - a connected, non-blocking socket; the caller keeps it
   * @param nbytes - the most to receive, in bytes
   * @returns the bytes, in an array that nothing else writes to
   * @throws {RangeError} when `nbytes` is not an integer >= 0
   * @throws {RuntimeError} when another receive is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the system reports a failure: Python's subclass, with Node's `code`
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_recv()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recv
   */
  sockRecv(sock: Socket, nbytes: number): Operation<Received> {
    return this.#sockets.recv(sock, nbytes);
  }

  /**
   * Receives into an array, from its start; waits for the first byte if there is none.
   *
   * Otherwise like {@link sockRecv}. Do not use the array until this is done.
   *
   * @param sock - a connected, non-blocking socket; the caller keeps it
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
   * @param sock - a non-blocking datagram socket; the caller keeps it
   * @param bufsize - the most to receive, in bytes
   * @returns the bytes, and the sender's address
   * @throws {RangeError} when `bufsize` is not an integer >= 0
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
   * @param sock - a non-blocking datagram socket; the caller keeps it
   * @param buffer - filled from its start; what does not fit is lost
   * @param nbytes - the most to receive, in bytes; 0 for as many as fit
   * @returns how many bytes were received, and the sender's address
   * @throws {TypeError} when `buffer` is not a `Uint8Array`
   * @throws {RangeError} when `nbytes` is not an integer up to the length of `buffer`
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
   * Sends all of `data`; waits while the socket's buffer is full.
   *
   * It is done when the system has the data, not when the peer has received it. Do not change
   * `data` until then. If it is cancelled halfway, an unknown part of the data has been sent; the
   * socket can still be used.
   *
   * Unlike asyncio, a second send on a socket that already has one waiting is refused. See
   * docs/differences.md#one-receiver.
   *
   * @param sock - a connected, non-blocking socket; the caller keeps it
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
   * Sends a file, if possible by a system call, so that its bytes do not pass through this process.
   *
   * However this ends, the file's position is after the last byte sent. This needs the posix
   * driver; without it the position does not change. Cancelling halfway leaves part of the file
   * sent.
   *
   * @param sock - a connected, non-blocking stream socket; the caller keeps it
   * @param file - a descriptor, or an object with one as `fd`, such as a `FileHandle`; it stays
   *   open
   * @param offset - where to start, in bytes from the start of the file
   * @param count - how many bytes; by default up to the end of the file
   * @param options - `fallback`: read the file and send its bytes if the system cannot send it; by
   *   default `true`
   * @returns a coroutine of the number of bytes sent
   * @throws {SendfileNotAvailableError} when the system cannot send it, and `fallback` is false
   * @throws {TypeError} when `file` has no descriptor
   * @throws {RangeError} when `sock` is not a stream socket, `offset` is negative, `count` is less
   *   than 1, or one of them is not whole
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
    checkOptions(options, 'fallback');
    return sockSendfile(this, sock, file, offset, count, options);
  }

  /**
   * Sends a datagram; waits while the socket's buffer is full.
   *
   * @param sock - a non-blocking datagram socket; the caller keeps it
   * @param data - one datagram
   * @param address - the receiver's address
   * @returns the number of bytes sent, which is all
   * @throws {TypeError} when `data` is not a `Uint8Array`, or `address` does not have the family's
   *   shape
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
   * @param sock - a non-blocking socket; the caller keeps it, connected or not
   * @param address - the address to connect to; a port may be text, such as `'http'`
   * @throws {TypeError} when `address` does not have the family's shape
   * @throws {RuntimeError} when another operation is waiting on `sock`, or the loop is closed
   * @throws {OSError} when the connection fails: `[Errno 111] Connect call failed ('127.0.0.1',
   *   1)`; a `gaierror` when the name is unknown
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.sock_connect()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_connect
   */
  sockConnect(sock: Socket, address: PeerInput): Operation<void> {
    return this.#sockets.connect(sock, address);
  }

  // ── descriptors ────────────────────────────────────────────────────────────────────────────

  /**
   * Calls `callback` once per turn while a descriptor can be read from.
   *
   * It replaces and cancels an earlier callback. Remove the callback before you close the
   * descriptor: until then the underlying file stays open. This library's `Socket` removes its
   * callbacks when it is closed.
   *
   * @param fd - any descriptor that can be polled, or a socket of the posix driver
   * @param callback - called with `args`; its errors go to the exception handler
   * @throws {TypeError} when `fd` is neither, or `callback` not a function
   * @throws {RangeError} when `fd` is not a valid number
   * @throws {RuntimeError} when a transport uses the descriptor, an operation is waiting on that
   *   side of it, or the loop is closed
   * @throws {OSError} EBADF; EPERM for a regular file, which is always ready; EOPNOTSUPP if the
   *   posix driver is unavailable, and for sockets of other drivers
   * @see asyncio's `loop.add_reader()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_reader
   */
  addReader<A extends unknown[]>(
    fd: FileDescriptorLike,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addReader', this.#debug);
    this.#checkClosed();
    this.#descriptors.add('reader', fd, callback as (...args: never[]) => unknown, args);
  }

  /**
   * Removes the callback for reading.
   *
   * @returns `false` when there was none
   * @throws {RuntimeError} when a transport uses the descriptor
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
    checkCallback(callback, 'addWriter', this.#debug);
    this.#checkClosed();
    this.#descriptors.add('writer', fd, callback as (...args: never[]) => unknown, args);
  }

  /**
   * Removes the callback for writing.
   *
   * @returns `false` when there was none
   * @throws {RuntimeError} when a transport uses the descriptor
   */
  removeWriter(fd: FileDescriptorLike): boolean {
    return this.#descriptors.remove('writer', fd);
  }

  // ── transports ─────────────────────────────────────────────────────────────────────────────

  /**
   * Connects to a host, or uses a connected socket, and calls a protocol with what it receives.
   *
   * The addresses of the host are tried in order until one answers, or concurrently with
   * `happyEyeballsDelay`. When this is done, `connectionMade()` has been called. Cancelling it
   * leaves no socket open.
   *
   * @param protocolFactory - called without arguments, once there is a connection
   * @param host - a name or a numeric address; with a port, `undefined` means this machine
   * @param port - a number, or a string: digits or the name of a service
   * @param options - `sock`: a connected stream socket instead of host and port, which the
   *   transport owns; `family`, `proto`, `flags`: for the look-up; `localAddr`: the local address;
   *   `happyEyeballsDelay`, in seconds, and `interleave`: when, and in which order, the addresses
   *   are tried; `allErrors`: throws an `ExceptionGroup` of all errors; `ssl`: encrypts, `true` for
   *   the defaults, else as in {@link startTls}; `serverHostname`: the name that the certificate
   *   must be for, by default `host`; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by
   *   default 60 and 30
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when both host or port and `sock` are given, or neither; when `sock` is
   *   not a stream socket
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a
   *   protocol
   * @throws {RuntimeError} when another transport owns `sock`, or an operation is waiting on it
   * @throws {OSError} when no address answers; `Multiple exceptions: …` for several different
   *   failures; a `gaierror` when the name is unknown
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
    return createConnection(this, protocolFactory, host, port, options);
  }

  /**
   * Creates a transport for a connection that was accepted elsewhere.
   *
   * @param protocolFactory - called without arguments
   * @param sock - a connected stream socket, which the transport owns
   * @param options - `ssl`, `sslHandshakeTimeout`, `sslShutdownTimeout`: as in {@link createServer}
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when `sock` is not a stream socket
   * @throws the errors of a TLS handshake; see {@link startTls}
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a
   *   protocol
   * @throws {RuntimeError} when another transport owns `sock`, or an operation is waiting on it
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.connect_accepted_socket()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_accepted_socket
   */
  connectAcceptedSocket<P extends ProtocolCallbacks>(
    protocolFactory: () => P,
    sock: Socket,
    options: TlsServerOptions = {},
  ): Coroutine<[transport: Transport, protocol: P]> {
    checkOptions(options, TLS_SERVER);
    return connectAcceptedSocket(this, protocolFactory, sock, options);
  }

  /**
   * Listens on a port, and creates a protocol for each incoming connection.
   *
   * There is a socket for each address of each host; with port 0, each has its own port. If one
   * cannot be bound, none is left open.
   *
   * @param protocolFactory - called without arguments for each connection; if it throws, that is
   *   reported, and the connection closed
   * @param host - a name or a numeric address, or several; `undefined` or `''` for all interfaces
   * @param port - a number, or a string: digits or the name of a service; 0 for any free port
   * @param options - `sock`: a bound stream socket instead of host and port, which the server owns;
   *   `family`, `flags`: for the look-up; `backlog`, `reuseAddress`, `reusePort`, `keepAlive`: of
   *   the sockets; `startServing`; `maxConnections`; `ssl`: encrypts the connections, as in
   *   {@link startTls}; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by default 60 and 30.
   *   Failed handshakes are only reported in debug mode
   * @returns a coroutine of the server, which already accepts connections
   * @throws {RangeError} when both host or port and `sock` are given, or neither; when `sock` is
   *   not a stream socket, or a number is out of range
   * @throws {TypeError} when `protocolFactory` is not a function, or `sock` is not a socket
   * @throws {RuntimeError} when an operation or a server is waiting on `sock`
   * @throws {OSError} when an address cannot be bound: `[Errno 98] error while attempting to bind
   *   on address ('127.0.0.1', 8888): address already in use`; a `gaierror` when a name is unknown
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
    checkOptions(options, `${SERVER} startServing`);
    return createServer(this, protocolFactory, host, port, options);
  }

  /**
   * Connects to a unix path, or uses a connected unix socket.
   *
   * @param protocolFactory - called without arguments, once there is a connection
   * @param path - the path of a listening socket: a string, its bytes in UTF-8, or a `file:` URL
   * @param options - `sock`: a connected stream socket instead of a path, which the transport owns;
   *   `ssl`, with `serverHostname`, `sslHandshakeTimeout`, `sslShutdownTimeout`: as in
   *   {@link createConnection}
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when both a path and `sock` are given, or neither; when `sock` is of
   *   another kind
   * @throws {TypeError} when `sock` is not a socket, or `protocolFactory` does not return a
   *   protocol
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
    return createUnixConnection(this, protocolFactory, path, options);
  }

  /**
   * Listens on a unix path, and creates a protocol for each incoming connection.
   *
   * A stale socket at the path is removed first, and the server's own when it closes.
   *
   * @param protocolFactory - called without arguments for each connection
   * @param path - where to listen: a string, its bytes in UTF-8, or a `file:` URL
   * @param options - `sock`: a bound stream socket instead of a path, which the server owns;
   *   `backlog`; `startServing`; `maxConnections`; `cleanupSocket`; `ssl`, `sslHandshakeTimeout`,
   *   `sslShutdownTimeout`: as in {@link createServer}
   * @returns a coroutine of the server, which already accepts connections
   * @throws {RangeError} when both a path and `sock` are given, or neither; when `sock` is of
   *   another kind
   * @throws {TypeError} when `protocolFactory` is not a function, or `sock` is not a socket
   * @throws {OSError} when the path cannot be bound: `[Errno 98] Address '/tmp/x' is already in
   *   use`
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_unix_server()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_server
   */
  createUnixServer(
    protocolFactory: () => ProtocolCallbacks,
    path?: UnixPath,
    options: UnixServerOptions = {},
  ): Coroutine<Server> {
    checkOptions(options, `${UNIX_SERVER} startServing`);
    return createUnixServer(this, protocolFactory, path, options);
  }

  /**
   * Sends a file on a connection, if possible by a system call, so that its bytes do not pass
   * through this process. With TLS they do, to be encrypted.
   *
   * Earlier writes are sent first. Until this is done, the transport does not receive and cannot
   * write. For the file's position see {@link sockSendfile}. Cancelling halfway leaves part of the
   * file sent.
   *
   * @param transport - a stream transport; it stays open
   * @param file - a descriptor, or an object with one as `fd`, such as a `FileHandle`; it stays
   *   open
   * @param offset - where to start, in bytes from the start of the file
   * @param count - how many bytes; by default up to the end of the file
   * @param options - `fallback`: read the file and write its bytes if the system cannot send it; by
   *   default `true`
   * @returns a coroutine of the number of bytes sent, or passed to the transport
   * @throws {RuntimeError} when the transport is closing, or cannot send files; when the transport
   *   cannot use the system call and `fallback` is false; when a file is already being sent
   * @throws {SendfileNotAvailableError} when the system cannot send this file or on this socket,
   *   and `fallback` is false
   * @throws {TypeError} when `file` has no descriptor
   * @throws {RangeError} when `offset` is negative, `count` is less than 1, or one is not whole
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
    checkOptions(options, 'fallback');
    return sendfile(this, transport, file, offset, count, options);
  }

  /**
   * Encrypts an established connection from now on.
   *
   * The protocol's `connectionMade()` is not called again. From then on it receives through the new
   * transport; do not use the old one any more. Earlier writes are sent unencrypted, before the
   * handshake.
   *
   * @param transport - a stream transport, with or without TLS; closed if this fails
   * @param protocol - the connection's protocol
   * @param sslcontext - the result of `tls.createSecureContext()`, or its options and
   *   `ALPNProtocols`, `requestCert`, `rejectUnauthorized`, `checkServerIdentity`, `SNICallback`
   * @param options - `serverSide`: is this the server's side? `serverHostname`: the name that the
   *   certificate must be for; `sslHandshakeTimeout`, `sslShutdownTimeout`: in seconds, by default
   *   60 and 30
   * @returns a coroutine of the new transport, done when the handshake is
   * @throws {TypeError} when `sslcontext` or `transport` is of another type
   * @throws {RangeError} when a timeout is not positive, a server has no certificate, or a client
   *   has no name to check the certificate for
   * @throws {SSLError} when TLS fails; {@link SSLCertVerificationError} when the certificate is not
   *   trusted, or is for another host
   * @throws {ConnectionResetError} when the peer closes the connection during the handshake
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
    checkOptions(options, 'serverSide serverHostname sslHandshakeTimeout sslShutdownTimeout');
    return startTls(this, transport, protocol, sslcontext, options);
  }

  /**
   * Opens a datagram socket, and calls a protocol with what it receives.
   *
   * A stale socket at the local path is removed first.
   *
   * @param protocolFactory - called without arguments
   * @param options - `localAddr`: the local address; `remoteAddr`: the only peer; `family`,
   *   `proto`, `flags`: for the look-up; `reusePort`, `allowBroadcast`; or `sock`: a datagram
   *   socket instead of all that, which the transport owns
   * @returns a coroutine of the transport and the protocol
   * @throws {RangeError} when neither address nor family is given, no family has both addresses,
   *   `sock` is not a datagram socket, or `sock` is given with other options
   * @throws {TypeError} when an address does not have the shape of its family
   * @throws {OSError} when an address cannot be bound or connected; a `gaierror` when a name is
   *   unknown
   * @throws {CancelledError} when the waiting task is cancelled
   * @see asyncio's `loop.create_datagram_endpoint()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_datagram_endpoint
   */
  createDatagramEndpoint<P extends DatagramCallbacks>(
    protocolFactory: () => P,
    options: DatagramEndpointOptions = {},
  ): Coroutine<[transport: DatagramTransport, protocol: P]> {
    checkOptions(options, 'localAddr remoteAddr family proto flags reusePort allowBroadcast sock');
    return createDatagramEndpoint(this, protocolFactory, options);
  }

  // ── pipes and child processes ──────────────────────────────────────────────────────────────

  /**
   * Reads from a pipe, and calls a protocol with what it receives.
   *
   * The transport owns the pipe, and makes it non-blocking. A standard descriptor (0, 1, 2) is
   * never closed. `process.stdin` means descriptor 0; nothing else may read from it then.
   *
   * @param protocolFactory - called without arguments
   * @param pipe - a descriptor of a pipe, a socket or a terminal; an object with one as `fd`, such
   *   as a `FileHandle` or `process.stdin`; or a {@link Socket}
   * @param options - `driver`: what reads it; by default the driver of new sockets
   * @returns a coroutine of the transport and the protocol
   * @throws {TypeError} when `pipe` has no descriptor, or the protocol cannot receive
   * @throws {RangeError} when it is a regular file, or something else that is not a pipe
   * @throws {RuntimeError} when another transport owns the socket, or an operation is waiting on it
   * @throws {OSError} EBADF; EOPNOTSUPP when the driver does not support it
   * @throws {CancelledError} when the waiting task is cancelled; the pipe is closed
   * @see asyncio's `loop.connect_read_pipe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_read_pipe
   */
  connectReadPipe<P extends ReadPipeCallbacks>(
    protocolFactory: () => P,
    pipe: PipeLike,
    options: PipeOptions = {},
  ): Coroutine<[transport: ReadTransport, protocol: P]> {
    checkOptions(options, 'driver');
    return connectReadPipe(this, protocolFactory, pipe, options);
  }

  /**
   * Creates a transport that writes to a pipe.
   *
   * Otherwise like {@link connectReadPipe}. It closes when the other end is closed.
   *
   * @see asyncio's `loop.connect_write_pipe()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_write_pipe
   */
  connectWritePipe<P extends WritePipeCallbacks>(
    protocolFactory: () => P,
    pipe: PipeLike,
    options: PipeOptions = {},
  ): Coroutine<[transport: WriteTransport, protocol: P]> {
    checkOptions(options, 'driver');
    return connectWritePipe(this, protocolFactory, pipe, options);
  }

  /**
   * Runs a program as a child process, and calls a protocol with its output and exit.
   *
   * By default the child's standard streams are pipes. A child that is still running when its loop
   * is closed is killed.
   *
   * @param protocolFactory - called without arguments
   * @param program - a file, or a name to search for in PATH
   * @param rest - the arguments, and optionally {@link SubprocessOptions} at the end
   * @returns a coroutine of the transport and the protocol
   * @throws {TypeError} when an argument is not a string, or an option is wrong or unknown
   * @throws {RangeError} when a string contains a null character, or there is no such signal
   * @throws {OSError} when the child cannot be started: `[Errno 2] No such file or directory: 'x'`
   * @throws {CancelledError} when the waiting task is cancelled; the child is killed and awaited
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
   * Quote all parts of the command that come from outside the program.
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
   * @param host - a name, a numeric address, or `undefined` for this machine, or with AI_PASSIVE
   *   for any
   * @param port - a number, or a string: digits or the name of a service
   * @param options - `family`, `type`, `proto`: by default any; `flags`
   * @returns one `[family, type, proto, canonname, sockaddr]` for each address and type
   * @throws {TypeError} when `host` is not a string, or `port` neither a number nor a string
   * @throws {RangeError} when `port` is not an integer from 0 to 65535, or `host` contains a
   *   null character
   * @throws {OSError} `gaierror` when the name, its zone or the service is unknown, or there is no
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
    checkOptions(options, 'family type proto flags');
    this.#checkClosed();
    return new GetAddrInfo(this, host, port, options);
  }

  /**
   * Looks up the names of a host and of a service, off the main thread.
   *
   * @param sockaddr - the address; its host must be numeric
   * @param flags - NI_NUMERICHOST, NI_NUMERICSERV: return the number; NI_NAMEREQD: fail if there is
   *   no name
   * @returns the names; numbers if there are none, with the zone of a link-local address
   * @throws {TypeError} when `sockaddr` is not an address
   * @throws {RangeError} when a number in it is out of range, or the host contains a null character
   * @throws {OSError} `gaierror` when the host is not a numeric address, or has no name with
   *   NI_NAMEREQD
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
   * Calls `callback` in the loop each time the process receives a signal, instead of the signal's
   * default action.
   *
   * @param sig - the signal's name, such as `'SIGTERM'`, or its number
   * @throws {TypeError} when `sig` is neither, or `callback` not a function
   * @throws {RangeError} when there is no such signal
   * @throws {RuntimeError} when the signal cannot be caught, the loop is closed, or this is a
   *   worker thread
   * @see asyncio's `loop.add_signal_handler()`,
   *   https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_signal_handler
   */
  addSignalHandler<A extends unknown[]>(
    sig: NodeJS.Signals | number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addSignalHandler', this.#debug);
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

  // ── internal ───────────────────────────────────────────────────────────────────────────────

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

  /** @internal does the program handle the signal itself? */
  _handlesSignal(name: NodeJS.Signals): boolean {
    return this.#signals.has(name);
  }

  /**
   * @internal runs until `stop()`, without listening for signals
   * @param ended - called at the end of the run, with the error that ended it, if any
   */
  _start(ended: (interruption: Interruption | undefined) => void): void {
    setRunningLoop(this);
    this.#followDebug();
    sendsHeldAtExit(this);
    this._turns.start(() => {
      setRunningLoop(undefined);
      sendsHeldNow(this);
      const interruption = this.#interruption;
      this.#interruption = undefined;
      ended(interruption);
    });
  }

  /**
   * @internal starts running again, if it is between two runs of its program; returns whether it
   *   does
   */
  _wake(): boolean {
    return !this.#closed && isBetweenRuns(this);
  }

  /** @internal has no effect: it runs until it is stopped */
  _hasLessToDo(): void {}

  /** @internal makes room for another loop; `false` if it keeps running */
  _standAside(): boolean {
    return false;
  }

  /** @internal */
  _interrupt(error: unknown): void {
    this.#interruption ??= { error };
    this._turns.halt();
  }

  /**
   * Starts or stops timing the steps, in debug mode, and tracking awaits, in debug mode or with
   * `ASYNCIO_EXPLAIN`: from the first run to the close, because tasks stay suspended between runs.
   */
  #followDebug(): void {
    this._turns.setWatch(this.#watchSlow, this.#debug);
    if (isExplained(this) && !this.#closed) this.#endTracking ??= trackPendingAwaits();
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

/** Ends `runUntilComplete()`. Has asyncio's name, because printed forms show it. */
function runUntilCompleteCallback(future: Future<unknown>): void {
  // An error that ends the loop has already done so.
  if (!future.cancelled() && endsTheLoop(future.exception())) return;
  (future.getLoop() as Loop).stop();
}
Object.defineProperty(runUntilCompleteCallback, 'name', { value: '_run_until_complete_cb' });
