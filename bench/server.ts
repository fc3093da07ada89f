import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithUs, howItEnded } from './children.ts';
import { errorLine } from './error-line.ts';
import { pin } from './processors.ts';
import type { Command } from './subjects.ts';

/** Seconds that a server may take to print its address. */
const PATIENCE = 15;

/** How many characters of a server's error output are kept. */
const COMPLAINTS = 8192;

/** Seconds that a server may take to exit after it broke its connections. */
const AGONY = 0.5;

/** A server did not start; the message contains the reason. */
export class StartError extends Error {}

/** An echo server in a child process. */
export class Server {
  readonly port: number;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #complaints: () => string;

  private constructor(child: ChildProcess, port: number, complaints: () => string) {
    this.#process = child;
    this.pid = child.pid as number;
    this.port = port;
    this.#complaints = complaints;
  }

  /** @throws {StartError} with the last output, if it does not print its address */
  static async start({ command, environment }: Command): Promise<Server> {
    const [program = '', ...args] = [...pin('server'), ...command];
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    endWithUs(child);
    const complaints = lastOf(child.stderr as Readable);
    const lines = createInterface(child.stdout as Readable);
    const [line] = await within(PATIENCE, [
      once(lines, 'line'),
      once(child, 'close').then(() => []),
    ]).catch((error: Error) => {
      throw new StartError(error.message); // the program does not exist
    });
    // "… listening on ('127.0.0.1', 33090) …", as Python prints an address.
    const port = /listening on \('.*', (\d+)\)/.exec(String(line))?.[1];
    const server = new Server(child, Number(port), complaints);
    if (port !== undefined) return server;
    const said = await server.errorLine();
    await server.stop();
    throw new StartError(said ?? 'it did not say where it listens');
  }

  /** How it ended, and the last error that it printed, if any. */
  async errorLine(): Promise<string | undefined> {
    const child = this.#process;
    if (howItEnded(child) === undefined) await within(AGONY, [once(child, 'close')]);
    const [ending, said] = [howItEnded(child), errorLine(this.#complaints())];
    const words = [ending && `it ${ending}`, said && `it said: ${said}`].filter(Boolean);
    return words.length > 0 ? words.join('; ') : undefined;
  }

  async stop(): Promise<void> {
    if (howItEnded(this.#process) !== undefined) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** The first outcome; `undefined` after this many seconds. */
async function within(
  seconds: number,
  events: readonly Promise<unknown[]>[],
): Promise<readonly unknown[]> {
  const late = new AbortController();
  const nothing = sleep(seconds * 1000, [], { signal: late.signal }).catch(() => []);
  try {
    return await Promise.race([...events, nothing]);
  } finally {
    late.abort();
  }
}

/** Reads a stream to its end, and remembers its last part. */
function lastOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-COMPLAINTS);
  });
  return () => text;
}
