/**
 * Programs in child processes, to test output, exit status and signals. Each is ended with its test, even
 * if the test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { plain } from '../../scripts/plain.mjs';

/** The directory of the project, where programs are started. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** Node's arguments to run a program in TypeScript, from the root of the project. */
export function typescript(file: string): string[] {
  return ['--enable-source-maps', plain(file)];
}

/** How a program ended. */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How long to wait for output or for the end, in seconds. */
const PATIENCE = 20;

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** The maximum number of its descriptors. */
  readonly descriptors?: number;
  /** Is its standard input a pipe, for {@link Program.type}? By default, there is no input. */
  readonly hasInput?: boolean;
  /** Its working directory, by default the root of the project. */
  readonly cwd?: string;
}

/** Programs that have not ended. A test that runs out of time cannot end its own. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  /** Its output. */
  stdout = '';
  stderr = '';
  /** Fulfilled when it has ended and all its output has been read. */
  readonly ended: Promise<Ending>;
  #hasEnded = false;
  /** Called whenever there is more output, and at the end. */
  #tell: (() => void) | undefined;

  private constructor(command: string, args: readonly string[], options: ProgramOptions) {
    const { env, descriptors, hasInput = false, cwd = root } = options;
    const line =
      descriptors === undefined
        ? { command, args }
        : {
            command: 'sh',
            args: ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, command, ...args],
          };
    this.#name = [path.basename(command), ...args].join(' ');
    this.#child = spawn(line.command, line.args, {
      cwd,
      // uvu sets FORCE_COLOR if its own output is coloured.
      env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', ...env },
      stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    this.#child.once('exit', () => running.delete(this.#child));
    for (const stream of ['stdout', 'stderr'] as const)
      this.#child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text;
        this.#tell?.();
      });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status, signal) => {
        this.#hasEnded = true;
        this.#tell?.();
        resolve({ status, signal });
      });
    });
  }

  /** The command asyncio-ts, as users get it. */
  static command(args: readonly string[], options: ProgramOptions = {}): Program {
    return new Program(process.execPath, ['dist/cli.js', ...args], options);
  }

  /** `npm start`, as npm runs it: as a child process of npm. */
  static start(args: readonly string[]): Program {
    const env = { npm_lifecycle_event: 'start' };
    return new Program(process.execPath, ['scripts/start.mjs', ...args], { env });
  }

  /** A program in TypeScript. */
  static typescript(
    file: string,
    args: readonly string[] = [],
    options: ProgramOptions = {},
  ): Program {
    return new Program(process.execPath, [...typescript(file), ...args], options);
  }

  /** A program in plain JavaScript. */
  static node(file: string, args: readonly string[] = [], options: ProgramOptions = {}): Program {
    return new Program(process.execPath, [file, ...args], options);
  }

  /** A shell command, in which `"$0"` is Node. */
  static shell(line: string): Program {
    return new Program('sh', ['-c', line, process.execPath], {});
  }

  /** A program in Python. */
  static python(file: string, options: ProgramOptions = {}): Program {
    return new Program(python(), ['-u', file], options);
  }

  /** Lets this process end, and ends with it: for a program that several tests use. */
  unref(): this {
    this.#child.unref();
    for (const output of [this.#child.stdout, this.#child.stderr]) (output as Socket).unref();
    return this;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /**
   * Waits until its output matches.
   *
   * @throws {Error} with all of its output, if it ends first, or after `seconds`
   */
  async shows(
    pattern: RegExp,
    { from = 'stdout', seconds = PATIENCE }: { from?: 'stdout' | 'stderr'; seconds?: number } = {},
  ): Promise<RegExpExecArray> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#tell?.();
    }, seconds * 1000);
    try {
      while (true) {
        const match = pattern.exec(this[from]);
        if (match !== null) return match;
        if (late) throw this.#disappoints(`did not show ${pattern} on ${from} in ${seconds} s`);
        if (this.#hasEnded) throw this.#disappoints(`ended and did not show ${pattern} on ${from}`);
        await new Promise<void>((resolve) => {
          this.#tell = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
      this.#tell = undefined;
    }
  }

  /** Waits until it ends by itself or because of a signal. */
  async ends(seconds = PATIENCE): Promise<Ending> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(this.#disappoints(`did not end in ${seconds} s`)),
        seconds * 1000,
      );
    });
    try {
      return await Promise.race([this.ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes to its standard input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Reads none of its output until the returned function is called. */
  ignore(): () => void {
    const streams = [this.#child.stdout, this.#child.stderr];
    for (const stream of streams) stream?.pause();
    return () => {
      for (const stream of streams) stream?.resume();
    };
  }

  /** Closes the reading end of its output. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Has it ended, even if not all of its output has been read? */
  hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** How many descriptors it has open. Linux only. */
  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** What each descriptor refers to; for sockets, as the kernel shows them. Linux only. */
  describeDescriptors(): string[] {
    const at = `/proc/${this.pid}`;
    const tables = ['tcp', 'tcp6', 'udp', 'unix'].flatMap((name) =>
      readFileSync(`${at}/net/${name}`, 'utf8').split('\n'),
    );
    return readdirSync(`${at}/fd`).flatMap((fd) => {
      try {
        const link = readlinkSync(`${at}/fd/${fd}`);
        const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
        const line = tables.find(
          (line) => inode !== undefined && line.split(/\s+/).includes(inode),
        );
        return `${fd} ${link} ${line?.trim() ?? ''}`.trim();
      } catch {
        // It has been closed.
        return [];
      }
    });
  }

  /** Has it accepted the client with this port, and read all that the client sent? Linux only. */
  hasReadFrom(port: number): boolean {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const address = '[\\dA-F]{8}';
    // Of the client's socket, nothing is on its way; of the server's, nothing waits to be read.
    const sent = new RegExp(`^ *\\d+: ${address}:${hex} ${address}:[\\dA-F]{4} 01 0{8}:`, 'm');
    const read = new RegExp(` ${address}:${hex} 01 [\\dA-F]{8}:0{8} `);
    return (
      sent.test(readFileSync(`/proc/${this.pid}/net/tcp`, 'utf8')) &&
      this.describeDescriptors().some((line) => read.test(line))
    );
  }

  /** The memory that it uses, in bytes. Linux only. */
  memory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    await this.ended;
  }

  #disappoints(what: string): Error {
    const output = `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
    return new Error(`${this.#name} ${what}\n${output}`);
  }
}

/** An unused port of the loopback. */
export async function freePort(): Promise<number> {
  for (;;) {
    // Below the ports that the system assigns, because it may assign one of those to another test.
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

function python(): string {
  return process.env['PYTHON'] ?? 'python3';
}
