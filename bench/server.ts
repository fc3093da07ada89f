import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endWithUs } from './children.ts';
import type { Subject } from './subjects.ts';

/** An echo server that runs, in a process of its own. */
export class Server {
  readonly port: number;
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.pid = child.pid as number;
    this.port = port;
  }

  /** @throws {Error} when it does not say where it listens */
  static async start({ name, command }: Subject): Promise<Server> {
    const [program, ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    endWithUs(child);
    const lines = createInterface(child.stdout as Readable);
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])]);
    // "… listening on ('127.0.0.1', 33090) …", as Python prints an address.
    const port = /listening on \('.*', (\d+)\)/.exec(line)?.[1];
    if (port === undefined) throw new Error(`${name} did not start: ${command.join(' ')}`);
    return new Server(child, Number(port));
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
