import { BrokenPipeError, ConnectionResetError } from '../../base/errors/os-errors.ts';
import { printsAsText } from '../../base/printing/inspect.ts';
import type { Received } from '../../base/values/bytes.ts';
import { Coroutine } from '../../core/coroutines/coroutine.ts';
import type { Operation } from '../../core/futures/operation.ts';
import { gather } from '../../tasks/groups/gather.ts';
import type { SubprocessTransport } from '../../transports/transport.ts';
import { toBytes } from '../../transports/write-buffer/to-bytes.ts';
import type { StreamReader } from '../stream-reader.ts';
import type { StreamWriter } from '../stream-writer.ts';
import type { SubprocessStreamProtocol } from './subprocess-protocol.ts';

/** The transport that a {@link Process} is made on. */
export interface WaitedTransport extends SubprocessTransport {
  /** @internal */
  _wait(): Operation<number>;
}

/**
 * A child process, with streams.
 *
 * A pipe takes only so much: a child whose output nobody reads waits for ever, and so does whoever
 * waits for it. {@link communicate} reads everything.
 *
 * @see asyncio's `Process`,
 *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process
 */
export class Process {
  static {
    printsAsText(this);
  }

  /** Writes to what the child reads; `undefined` where `stdin` is no `PIPE`. */
  readonly stdin: StreamWriter | undefined;
  /** Reads what the child writes; `undefined` where `stdout` is no `PIPE`. */
  readonly stdout: StreamReader | undefined;
  /** Reads the errors that the child writes; `undefined` where `stderr` is no `PIPE`. */
  readonly stderr: StreamReader | undefined;
  /** The number of the process; with the shell, that of the shell. */
  readonly pid: number;
  readonly #transport: WaitedTransport;

  /** Made by {@link createSubprocessExec} and {@link createSubprocessShell}. */
  constructor(transport: WaitedTransport, protocol: SubprocessStreamProtocol) {
    this.#transport = transport;
    this.stdin = protocol.stdin;
    this.stdout = protocol.stdout;
    this.stderr = protocol.stderr;
    this.pid = transport.getPid();
  }

  /**
   * How the child ended: its exit code, or minus the number of the signal that killed it; `undefined`
   * while it runs.
   */
  get returncode(): number | undefined {
    return this.#transport.getReturncode();
  }

  /**
   * Waits until the child has exited, and until its pipes are closed: its own child may have
   * them, too. Several tasks may wait.
   *
   * A child that writes more than its pipes take does not exit before that is read.
   *
   * @returns {@link returncode}
   * @throws {CancelledError} when the waiting task is cancelled; the child goes on
   * @see asyncio's `Process.wait()`,
   *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.wait
   */
  wait(): Operation<number> {
    return this.#transport._wait();
  }

  /**
   * Writes `input` to the child and ends that, reads all that the child writes, and waits for it to
   * exit.
   *
   * All of the output is kept in memory; the limit of the readers does not count. A child that does
   * not read all of `input` is not an error.
   *
   * @param input - for `stdin`; a string as UTF-8. Without it nothing is written
   * @returns a coroutine that gives what came from `stdout` and `stderr`; `undefined` for what is no
   *   `PIPE`
   * @throws {TypeError} when `input` is neither a `Uint8Array` nor a string
   * @throws {RuntimeError} when another task reads one of the streams
   * @throws {CancelledError} when the waiting task is cancelled; the child goes on, and `kill()` ends
   *   it
   * @see asyncio's `Process.communicate()`,
   *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.communicate
   */
  communicate(
    input?: Uint8Array | string,
  ): Coroutine<[stdout: Received | undefined, stderr: Received | undefined]> {
    const bytes = input === undefined ? undefined : toBytes(input);
    const { stdin, stdout, stderr } = this;
    const communicate = async (): Promise<[Received | undefined, Received | undefined]> => {
      const [, out, err] = await gather(
        async () => (stdin === undefined ? undefined : await feed(stdin, bytes)),
        async () => (stdout === undefined ? undefined : await this.#readAll(stdout, 1)),
        async () => (stderr === undefined ? undefined : await this.#readAll(stderr, 2)),
      );
      await this.wait();
      return [out, err];
    };
    return new Coroutine(communicate, 'Process.communicate', undefined);
  }

  async #readAll(reader: StreamReader, fd: number): Promise<Received> {
    const output = await reader.read();
    this.#transport.getPipeTransport(fd)?.close();
    return output;
  }

  /**
   * Sends a signal to the child. One that has exited does not mind.
   *
   * A child that was started with `startNewSession` leads a group: `process.kill(-child.pid, 'SIGTERM')`
   * sends the signal to all of that.
   *
   * @param signal - the signal's name, as `'SIGTERM'`, or its number
   * @throws {TypeError} when it is neither
   * @throws {RangeError} when there is no such signal
   * @throws {ProcessLookupError} when the child has exited, and its pipes are closed
   * @throws {PermissionError} when the child belongs to somebody else
   * @see asyncio's `Process.send_signal()`,
   *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.send_signal
   */
  sendSignal(signal: NodeJS.Signals | number): void {
    this.#transport.sendSignal(signal);
  }

  /** Asks the child to end: sends SIGTERM. @throws as {@link sendSignal} */
  terminate(): void {
    this.#transport.terminate();
  }

  /** Ends the child: sends SIGKILL. @throws as {@link sendSignal} */
  kill(): void {
    this.#transport.kill();
  }

  /** `<Process 1234>` */
  toString(): string {
    return `<${this.constructor.name} ${this.pid}>`;
  }
}

/** Writes all, and ends that; whoever reads may have gone before. */
async function feed(stdin: StreamWriter, input: Uint8Array | undefined): Promise<void> {
  try {
    if (input !== undefined) stdin.write(input);
    await stdin.drain();
  } catch (error) {
    if (!(error instanceof BrokenPipeError || error instanceof ConnectionResetError)) throw error;
  }
  stdin.close();
}
