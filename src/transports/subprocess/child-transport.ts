import type { ChildProcess } from 'node:child_process';
import { fromNodeError, OSError, osError, PermissionError } from '../../base/errors/os-errors.ts';
import { log } from '../../base/log/log.ts';
import { warnResource } from '../../base/log/warnings.ts';
import { calledAs, printsAsText } from '../../base/printing/inspect.ts';
import { signalNumber, signalToSend } from '../../base/signal-names.ts';
import type { Received } from '../../base/values/bytes.ts';
import { asyncContextHere } from '../../core/context/async-context.ts';
import { copyValues, scopeIn } from '../../core/context/context.ts';
import { onAbort } from '../../core/coroutines/abort-signals.ts';
import type { Future } from '../../core/futures/future.ts';
import { Operation } from '../../core/futures/operation.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import { noteLost, noteMade } from '../../core/reports/diagnostics.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import { noLongerOpenOn, type OpenResource, openOn } from '../open-transports.ts';
import { ReadPipeTransport } from '../pipes/read-pipe-transport.ts';
import { WritePipeTransport } from '../pipes/write-pipe-transport.ts';
import {
  type ReadTransport,
  type SubprocessCallbacks,
  SubprocessTransport,
  type WriteTransport,
} from '../transport.ts';
import type { SubprocessOptions } from './options.ts';
import { type PipeOwner, PipeProtocol } from './pipe-protocols.ts';
import type { Spawned } from './spawn.ts';

type Pipe = PipeProtocol<ReadTransport> | PipeProtocol<WriteTransport>;

/**
 * The transport of a child process, with another transport for each pipe to it.
 *
 *             made: connectionMade()            processExited()
 *   starting ───────────────────────▶ running ─────────────────▶ exited
 *                                        │                          │ every pipe is closed:
 *                                        │ close(): killed          ▼ connectionLost()
 *                                        └────────────────────▶  finished: wait() ends
 *
 * A child that has exited is not finished while a pipe is open, because its own child may still
 * write. Events before `connectionMade()` are delivered after it.
 *
 * @see asyncio's `BaseSubprocessTransport`, `Lib/asyncio/base_subprocess.py`
 */
export class ChildTransport extends SubprocessTransport implements PipeOwner, OpenResource {
  static {
    printsAsText(this);
  }

  readonly #loop: LoopCore;
  readonly #child: ChildProcess;
  readonly #pid: number;
  readonly #pipes = new Map<number, Pipe>();
  /** Removed when it is finished. */
  #protocol: SubprocessCallbacks | undefined;
  /** Events before `connectionMade()`; undefined after it. */
  #pending: (() => void)[] | undefined = [];
  /** Waiters for the end. */
  #waiting: Operation<number>[] = [];
  #returncode: number | undefined;
  #closed = false;
  #finished = false;
  readonly #forgetSignal: (() => void) | undefined;
  /** The async context for callbacks that the protocol did not cause itself. */
  readonly #asyncContext = asyncContextHere();

  /**
   * @param made - finished after `connectionMade()`, unless it was cancelled
   * @throws {RuntimeError} when the loop is closed
   */
  constructor(
    loop: LoopCore,
    protocol: SubprocessCallbacks,
    { child, pipes }: Spawned,
    { signal, killSignal = 'SIGTERM' }: SubprocessOptions,
    made: Future<void>,
  ) {
    super({ subprocess: child });
    this.#loop = loop;
    this.#protocol = protocol;
    this.#child = child;
    this.#pid = child.pid as number;
    child.once('exit', (code, sig) => this.#exited(code ?? -signalNumber(sig as NodeJS.Signals)));
    for (const [fd, open] of pipes) {
      if (fd === 0) {
        const pipe = new PipeProtocol<WriteTransport>(this, fd);
        pipe.pipe = new WritePipeTransport(loop, open, pipe, open);
        this.#pipes.set(fd, pipe);
      } else {
        const pipe = new PipeProtocol<ReadTransport>(this, fd);
        pipe.pipe = new ReadPipeTransport(loop, open, pipe, open);
        this.#pipes.set(fd, pipe);
      }
    }
    // After the callbacks of the pipes, which are open by then.
    this.#soon('_connect_pipes', () => this.#connected(made));
    if (signal !== undefined)
      this.#forgetSignal = onAbort(signal, () => {
        if (this.#runs) this.sendSignal(killSignal);
      });
    openOn(loop, this);
  }

  #connected(made: Future<void>): void {
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    this.#tell('connectionMade', (protocol) => protocol.connectionMade(this));
    noteMade(this, this.#protocol);
    for (const tell of pending) tell();
    this.#soon('_connect_pipes', () => {
      if (!made.done()) made._finish();
    });
  }

  /** Calls the protocol in a turn of its own, after `connectionMade()`. */
  #call(method: keyof SubprocessCallbacks, call: (protocol: SubprocessCallbacks) => void): void {
    if (this.#pending === undefined) this.#tell(method, call);
    else this.#pending.push(() => this.#tell(method, call));
  }

  #tell(method: keyof SubprocessCallbacks, call: (protocol: SubprocessCallbacks) => void): void {
    const protocol = this.#protocol;
    if (protocol === undefined) return;
    this.#later(calledAs(`${protocol.constructor?.name}.${method}`, () => call(protocol)));
  }

  #soon(name: string, call: () => void): void {
    this.#later(calledAs(`_UnixSubprocessTransport.${name}`, call));
  }

  #later(call: () => void): void {
    this.#loop._callSoonIn(scopeIn(copyValues(), this.#asyncContext), call);
  }

  // ── the child and its pipes ────────────────────────────────────────────────────────────────

  /** The child has exited, and Node has released its pid. */
  #exited(returncode: number): void {
    this.#forgetSignal?.();
    if (this.#loop.isClosed()) this.#returncode = returncode;
    else this.#soon('_process_exited', () => this.#processExited(returncode));
  }

  #processExited(returncode: number): void {
    this.#returncode = returncode;
    this.#call('processExited', (protocol) => protocol.processExited());
    this.#tryFinish();
  }

  /** @internal */
  _pipeDataReceived(fd: number, data: Received): void {
    this.#call('pipeDataReceived', (protocol) => protocol.pipeDataReceived(fd, data));
  }

  /** @internal */
  _pipeConnectionLost(fd: number, error: unknown): void {
    this.#call('pipeConnectionLost', (protocol) => protocol.pipeConnectionLost(fd, error));
    this.#tryFinish();
  }

  /** @internal */
  _tellWriting(method: 'pauseWriting' | 'resumeWriting'): void {
    this.#protocol?.[method]();
  }

  #tryFinish(): void {
    if (this.#finished || this.#returncode === undefined) return;
    for (const pipe of this.#pipes.values()) if (!pipe.disconnected) return;
    this.#finished = true;
    const finish = (): void => this.#soon('_call_connection_lost', () => this.#finish());
    if (this.#pending === undefined) finish();
    else this.#pending.push(finish);
  }

  #finish(): void {
    const protocol = this.#protocol;
    try {
      protocol?.connectionLost(undefined);
    } finally {
      noteLost(this, protocol, undefined);
      this.#protocol = undefined;
      noLongerOpenOn(this.#loop, this);
      for (const waiter of this.#waiting)
        if (!waiter.done()) waiter._finish(this.#returncode as number);
      this.#waiting = [];
    }
  }

  /**
   * @internal done when the child has exited and its pipes are closed, or at once if it has already
   *   exited; the result is the return code
   */
  _wait(): Operation<number> {
    const waiter = describeAs(new Operation<number>(this.#loop._asOption), 'Process.wait', this);
    if (this.#returncode !== undefined) waiter._finish(this.#returncode);
    else this.#waiting.push(waiter);
    return waiter;
  }

  // ── public methods ─────────────────────────────────────────────────────────────────────────

  setProtocol(protocol: SubprocessCallbacks): void {
    this.#protocol = protocol;
  }

  getProtocol(): SubprocessCallbacks | undefined {
    return this.#protocol;
  }

  getPid(): number {
    return this.#pid;
  }

  getReturncode(): number | undefined {
    return this.#returncode;
  }

  getPipeTransport(fd: number): ReadTransport | WriteTransport | undefined {
    return this.#pipes.get(fd)?.pipe;
  }

  /** Does the child still have its pid? Until Node reports its exit. */
  get #runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  sendSignal(signal: NodeJS.Signals | number): void {
    const number = signalToSend(signal);
    if (this.#protocol === undefined) throw osError('ESRCH', 'kill');
    // Another process may have the pid by now.
    if (!this.#runs) return;
    try {
      process.kill(this.#pid, number);
    } catch (error) {
      const failure = fromNodeError(error);
      if (!(failure instanceof OSError) || failure.code !== 'ESRCH') throw failure;
    }
  }

  terminate(): void {
    this.sendSignal('SIGTERM');
  }

  kill(): void {
    this.sendSignal('SIGKILL');
  }

  isClosing(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { pipe } of this.#pipes.values()) pipe?.close();
    this.#killIfRunning();
  }

  #killIfRunning(): void {
    if (this.#returncode !== undefined || !this.#runs) return;
    if (this.#loop.getDebug()) log(`Close running child process: kill ${this}`, 'warn');
    try {
      this.kill();
    } catch (error) {
      // It runs as another user.
      if (!(error instanceof PermissionError)) throw error;
    }
  }

  /** @internal */
  _loopClosed(): void {
    if (this.#closed) return;
    warnResource(`unclosed transport ${this}`);
    this.#closed = true;
    // The pipes are closed separately.
    this.#killIfRunning();
  }

  /**
   * `<_UnixSubprocessTransport pid=12 running stdout=<_UnixReadPipeTransport …>>`, like CPython.
   */
  override toString(): string {
    const parts = ['_UnixSubprocessTransport'];
    if (this.#closed) parts.push('closed');
    parts.push(`pid=${this.#pid}`);
    parts.push(this.#returncode === undefined ? 'running' : `returncode=${this.#returncode}`);
    for (const [fd, name] of NAMES.entries()) {
      const pipe = this.#pipes.get(fd)?.pipe;
      if (pipe !== undefined) parts.push(`${name}=${pipe}`);
    }
    return `<${parts.join(' ')}>`;
  }
}

const NAMES: readonly string[] = ['stdin', 'stdout', 'stderr'];
