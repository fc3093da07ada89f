import { printsAsText } from '../../base/printing/inspect.ts';
import type { Received } from '../../base/values/bytes.ts';
import { Operation } from '../../core/futures/operation.ts';
import { describeAs } from '../../core/futures/wait-description.ts';
import type { LoopCore } from '../../core/turns/loop-core.ts';
import type {
  ReadTransport,
  SubprocessCallbacks,
  SubprocessTransport,
  WriteTransport,
} from '../../transports/transport.ts';
import { WriteFlow } from '../drain.ts';
import { StreamReader } from '../stream-reader.ts';
import { StreamWriter, type WriterProtocol } from '../stream-writer.ts';

/**
 * The protocol of a child process with a writer and readers. Closes the transport once the child
 * has exited and all its output was received.
 *
 * @see asyncio's `SubprocessStreamProtocol`, `Lib/asyncio/subprocess.py`
 */
export class SubprocessStreamProtocol implements SubprocessCallbacks, WriterProtocol {
  static {
    printsAsText(this);
  }

  /** @internal whether `stdin` may write */
  readonly _flow: WriteFlow;
  /** Writes to the child's standard input; `undefined` if it is not a pipe. */
  stdin: StreamWriter | undefined;
  /** Reads the child's standard output; `undefined` if it is not a pipe. */
  stdout: StreamReader | undefined;
  /** Reads the child's standard error; `undefined` if it is not a pipe. */
  stderr: StreamReader | undefined;
  readonly #loop: LoopCore;
  readonly #limit: number | undefined;
  /** Removed when it is closed. */
  #transport: SubprocessTransport | undefined;
  #hasExited = false;
  /** The open pipes from the child. */
  readonly #open = new Set<number>();
  /** How `stdin` ended, if it has. */
  #ended: { readonly error: unknown } | undefined;
  /** Operations that wait for that. */
  #waiting: Operation<void>[] = [];

  /** @param limit - the readers', in bytes */
  constructor(limit: number | undefined, loop: LoopCore) {
    this.#limit = limit;
    this.#loop = loop;
    this._flow = new WriteFlow(loop);
  }

  connectionMade(transport: SubprocessTransport): void {
    this.#transport = transport;
    this.stdout = this.#readerOf(1);
    this.stderr = this.#readerOf(2);
    const stdin = transport.getPipeTransport(0);
    if (stdin !== undefined)
      this.stdin = new StreamWriter(stdin as WriteTransport, this, undefined, this.#loop);
  }

  #readerOf(fd: number): StreamReader | undefined {
    const transport = this.#transport?.getPipeTransport(fd);
    if (transport === undefined) return undefined;
    const reader = new StreamReader({ limit: this.#limit, loop: this.#loop });
    reader.setTransport(transport as ReadTransport);
    this.#open.add(fd);
    return reader;
  }

  #reader(fd: number): StreamReader | undefined {
    return fd === 1 ? this.stdout : this.stderr;
  }

  pipeDataReceived(fd: number, data: Received): void {
    this.#reader(fd)?.feedData(data);
  }

  pipeConnectionLost(fd: number, error?: unknown): void {
    if (fd === 0) {
      this.#stdinLost(error);
      return;
    }
    const reader = this.#reader(fd);
    if (error === undefined) reader?.feedEof();
    else reader?.setException(error);
    this.#open.delete(fd);
    this.#closeIfDone();
  }

  #stdinLost(error: unknown): void {
    this.stdin?.close();
    this._flow.connectionLost(error);
    this.#ended = { error };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) if (!waiter.done()) end(waiter, error);
  }

  processExited(): void {
    this.#hasExited = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#open.size > 0 || !this.#hasExited) return;
    this.#transport?.close();
    this.#transport = undefined;
  }

  pauseWriting(): void {
    this._flow.pause();
  }

  resumeWriting(): void {
    this._flow.resume();
  }

  connectionLost(error?: unknown): void {
    this._flow.connectionLost(error);
  }

  /** @internal */
  get _hasHandler(): boolean {
    return false;
  }

  /** @internal done when `stdin` is closed; fails if it ended with an error */
  _whenClosed(): Operation<void> {
    const waiter = describeAs(new Operation<void>(this.#loop._asOption), 'StreamWriter.waitClosed');
    if (this.#ended === undefined) this.#waiting.push(waiter);
    else end(waiter, this.#ended.error);
    return waiter;
  }

  /** `<SubprocessStreamProtocol stdin=<StreamWriter …> stdout=<StreamReader …>>` */
  toString(): string {
    const parts = [this.constructor.name];
    for (const name of ['stdin', 'stdout', 'stderr'] as const)
      if (this[name] !== undefined) parts.push(`${name}=${this[name]}`);
    return `<${parts.join(' ')}>`;
  }
}

function end(waiter: Operation<void>, error: unknown): void {
  if (error === undefined) waiter._finish();
  else waiter._fail(error);
}
