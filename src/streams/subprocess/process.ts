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

/** The transport of a {@link Process}. */
export interface WaitedTransport extends SubprocessTransport {
  /** @internal */
  _wait(): Operation<number>;
}

/**
 * A child process, with streams.
 *
 * A pipe holds a limited amount: if nothing reads the child's output, the child waits forever, and
 * so does code that waits for it. {@link communicate} reads everything.
 *
 * @see asyncio's `Process`,
 *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process
 */
export class Process {
  static {
    printsAsText(this);
  }

  /** Writes to the child's standard input; `undefined` unless `stdin` is `PIPE`. */
  readonly stdin: StreamWriter | undefined;
  /** Reads the child's standard output; `undefined` unless `stdout` is `PIPE`. */
  readonly stdout: StreamReader | undefined;
  /** Reads the child's standard error; `undefined` unless `stderr` is `PIPE`. */
  readonly stderr: StreamReader | undefined;
  /** The process id; with a shell, the shell's. */
  readonly pid: number;
  readonly #transport: WaitedTransport;

  /** Created by {@link createSubprocessExec} and {@link createSubprocessShell}. */
  constructor(transport: WaitedTransport, protocol: SubprocessStreamProtocol) {
    this.#transport = transport;
    this.stdin = protocol.stdin;
    this.stdout = protocol.stdout;
    this.stderr = protocol.stderr;
    this.pid = transport.getPid();
  }

  /**
   * The return code: the exit code, or minus the number of the signal that ended the child;
   * `undefined` while it runs.
   */
  get returncode(): number | undefined {
    return this.#transport.getReturncode();
  }

  /**
   * Waits until the child has exited and its pipes are closed, which its own children may keep open.
   * If it has already exited, returns immediately. Several tasks may wait.
   *
   * A child that writes more than its pipes hold does not exit until its output is read.
   *
   * @returns {@link returncode}
   * @throws {CancelledError} when the waiting task is cancelled; the child keeps running
   * @see asyncio's `Process.wait()`,
   *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.wait
   */
  wait(): Operation<number> {
    return this.#transport._wait();
  }

  /**
   * Writes `input` to the child and closes its `stdin`, reads all its output, and waits for it to
   * exit.
   *
   * All output is kept in memory; the readers' limit does not apply. It is not an error if the
   * child does not read all of `input`.
   *
   * @param input - for `stdin`; a string is sent as UTF-8. By default nothing is written
   * @returns a coroutine of the bytes from `stdout` and `stderr`; `undefined` for one that is not a
   *   `PIPE`
   * @throws {TypeError} when `input` is neither a `Uint8Array` nor a string
   * @throws {RuntimeError} when another task is reading one of the streams
   * @throws {CancelledError} when the waiting task is cancelled; the child keeps running until you
   *   `kill()` it
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
   * Sends a signal to the child. Has no effect if it has just exited.
   *
   * A child started with `startNewSession` leads a process group: `process.kill(-child.pid,
   * 'SIGTERM')` signals the whole group.
   *
   * @param signal - the signal's name, such as `'SIGTERM'`, or its number
   * @throws {TypeError} when it is neither
   * @throws {RangeError} when there is no such signal
   * @throws {ProcessLookupError} when the child has exited, and its pipes are closed
   * @throws {PermissionError} when the child runs as another user
   * @see asyncio's `Process.send_signal()`,
   *   https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.send_signal
   */
  sendSignal(signal: NodeJS.Signals | number): void {
    this.#transport.sendSignal(signal);
  }

  /**
   * Asks the child to end: sends SIGTERM.
   * @throws like {@link sendSignal}
   */
  terminate(): void {
    this.#transport.terminate();
  }

  /**
   * Kills the child: sends SIGKILL.
   * @throws like {@link sendSignal}
   */
  kill(): void {
    this.#transport.kill();
  }

  /** `<Process 1234>` */
  toString(): string {
    return `<${this.constructor.name} ${this.pid}>`;
  }
}

/** Writes everything, and ends the input; the child may have stopped reading. */
async function feed(stdin: StreamWriter, input: Uint8Array | undefined): Promise<void> {
  try {
    if (input !== undefined) stdin.write(input);
    await stdin.drain();
  } catch (error) {
    if (!(error instanceof BrokenPipeError || error instanceof ConnectionResetError)) throw error;
  }
  stdin.close();
}
