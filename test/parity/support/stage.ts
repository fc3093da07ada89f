/** What random programs of servers have in common: a server, its clients, and events. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redirectLog } from '../../../src/base/log/log.ts';
import {
  BlockingIOError,
  CancelledError,
  coroutine,
  createTask,
  getRunningLoop,
  type Loop,
  run,
  type Server,
  sleep,
  type Task,
  type TlsOptions,
  type Transport,
  waitFor,
} from '../../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../../src/socket.ts';
import * as socket from '../../../src/socket.ts';
import { print } from '../../support/print.ts';

const PEM = readFileSync('test/parity/fixtures/self-signed.pem', 'utf8');
export const SERVER: TlsOptions = { key: PEM, cert: PEM };
export const CLIENT: TlsOptions = { ca: PEM };
/** Trusts the public authorities only. */
const STRANGER: TlsOptions = {};
const FAMILIES = { ipv4: socket.AF_INET, ipv6: socket.AF_INET6, unix: socket.AF_UNIX } as const;

redirectLog(() => {});
/** After this many turns without news, nothing more comes. */
const QUIET = 25;

export interface Step {
  readonly do: string;
  readonly n?: number;
  readonly side?: 'client' | 'server';
  readonly at?: number;
  readonly what?: string;
}

export interface Program {
  readonly family: keyof typeof FAMILIES;
  readonly tls: 'never' | 'always' | 'later';
  readonly serving: boolean;
  /** Is the server given a socket, or does it create one, which others may share? */
  readonly place: 'given' | 'made' | 'shared';
  readonly backlog: number;
  readonly steps: readonly (readonly Step[])[];
}

/** One end of a connection. */
export interface End {
  /** Does it trust the server's certificate? */
  trusting: boolean;
  /** Its transport, unless it is gone. */
  usable(): Transport | undefined;
  /** Prints its state. */
  print(): void;
}

/** What creates a server or a client, besides their own options. */
export interface MakeOptions {
  readonly sock?: Socket;
  readonly ssl?: TlsOptions | undefined;
  readonly serverHostname?: string;
}

/** What creates a server. */
export interface ServeOptions extends MakeOptions {
  readonly startServing: boolean;
  readonly backlog: number;
  readonly reusePort?: boolean;
}

/** Where a server listens, unless it is given a socket. */
export interface Place {
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
}

/** Python's name of an error. */
export function name(error: unknown): string {
  if (error instanceof RangeError) return 'ValueError';
  return error === undefined ? 'None' : (error as Error).constructor.name;
}

/** A server, and its clients. */
export abstract class Stage<P extends Program, E extends End> {
  readonly program: P;
  /** Increases with every event. */
  changes = 0;
  /** How many groups of steps have started. */
  steps = 0;
  protected readonly loop: Loop = getRunningLoop();
  protected readonly clients: E[] = [];
  protected readonly served: E[] = [];
  readonly #driver: DriverName;
  /** The clients in the order in which the server accepts them; `undefined` for a stranger. */
  readonly #arrived: (E | undefined)[] = [];
  readonly #strangers: Socket[] = [];
  readonly #tasks: Task<void>[] = [];
  readonly #waits: Task<void>[] = [];
  #forever: Task<void> | undefined;
  /** What to do when the next connection is established. */
  #next: string | undefined;
  /** At which step the last client connected. */
  #came = 0;
  #outcomes: string[] = [];
  #address!: AddressInput;
  #server!: Server;

  constructor(program: P, driver: DriverName) {
    this.program = program;
    this.#driver = driver;
  }

  protected abstract serve(place: Place, options: ServeOptions): PromiseLike<Server>;
  protected abstract newClient(label: string): E;
  protected abstract connectEnd(end: E, options: MakeOptions): PromiseLike<unknown>;
  protected abstract actOnEnd(step: Step): void;

  #socket(): Socket {
    const type = socket.SOCK_STREAM | socket.SOCK_NONBLOCK;
    // asyncio disables Nagle's algorithm only if the protocol number is given.
    const { family } = this.program;
    const protocol = family === 'unix' ? 0 : socket.IPPROTO_TCP;
    return socket.socket(FAMILIES[family], type, protocol, { driver: this.#driver });
  }

  async open(folder: string): Promise<void> {
    const { family, serving, tls, place, backlog } = this.program;
    const path = join(folder, 'socket');
    const host = family === 'ipv6' ? '::1' : '127.0.0.1';
    const ssl = tls === 'always' ? SERVER : undefined;
    const options = { startServing: serving, backlog, ssl };
    if (place === 'given') {
      const sock = this.#socket();
      sock.bind(family === 'unix' ? path : [host, 0]);
      this.#server = await this.serve({}, { ...options, sock });
    } else if (family === 'unix') this.#server = await this.serve({ path }, options);
    else {
      const reusePort = place === 'shared';
      this.#server = await this.serve({ host, port: 0 }, { ...options, reusePort });
    }
    this.#address = this.#server.sockets[0]?.getsockname() as AddressInput;
  }

  /** Starts something in a task, and prints its outcome: the result, if it is a string. */
  protected start(what: string, begin: () => PromiseLike<unknown>): Task<void> {
    const label = `${what} ${this.#tasks.length}`;
    const task = createTask(() => this.#wait(label, begin));
    this.#tasks.push(task);
    return task;
  }

  async #wait(label: string, begin: () => PromiseLike<unknown>): Promise<void> {
    try {
      const outcome = await begin();
      this.tell(`${label} done${typeof outcome === 'string' ? ` ${outcome}` : ''}`);
    } catch (error) {
      const isCancel = error instanceof CancelledError;
      this.tell(`${label} ${isCancel ? 'cancelled' : `failed ${this.name(error)}`}`);
    }
    this.changes += 1;
  }

  /** Prints a line when everything has settled. */
  protected tell(outcome: string): void {
    this.#outcomes.push(outcome);
  }

  async #connect(end: E): Promise<void> {
    const sock = this.#socket();
    try {
      await this.loop.sockConnect(sock, this.#address);
      this.arrives(end);
    } catch (error) {
      sock.close();
      throw error;
    }
    const secure = { ssl: end.trusting ? CLIENT : STRANGER, serverHostname: 'localhost' };
    await this.connectEnd(end, { sock, ...(this.program.tls === 'always' && secure) });
  }

  /** The next client that the server accepts; `undefined` for a stranger. */
  protected arrives(end: E | undefined): void {
    this.#arrived.push(end);
  }

  #visit(): void {
    const sock = this.#socket();
    this.arrives(undefined);
    this.#strangers.push(sock);
    try {
      sock.connect(this.#address);
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
    }
  }

  /** Performs a step of the server or of strangers. */
  act(step: Step): void {
    const { do: what, n = 0 } = step;
    if (what === 'connect') {
      if (this.#came === this.steps && this.isOneAtATime()) return;
      this.#came = this.steps;
      const end = this.newClient(`client ${this.clients.length}`);
      this.clients.push(end);
      end.trusting = n === 0;
      this.start(what, () => this.#connect(end));
    } else if (what === 'stranger') {
      // Without a server, some drivers refuse immediately, and some later.
      if (this.#server.isServing()) this.#visit();
    } else if (what === 'stranger_sends') {
      for (const sock of this.#strangers)
        try {
          sock.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
        } catch (error) {
          print('stranger', name(error));
        }
    } else if (what === 'strangers_leave') {
      for (const sock of this.#strangers.splice(0)) sock.close();
    } else if (what === 'server_close') this.#server.close();
    else if (what === 'close_clients') {
      // Only without TLS: docs/differences.md#closing-the-clients-of-tls.
      if (this.program.tls === 'never') this.#server.closeClients();
    } else if (what === 'abort_clients') this.#server.abortClients();
    else if (what === 'start_serving') {
      // In CPython, a closed server counts as serving after a TypeError.
      if (this.#server.sockets.length > 0) this.start(what, () => this.#server.startServing());
    } else if (what === 'wait_closed')
      this.#waits.push(this.start(what, () => this.#server.waitClosed()));
    else if (what === 'cancel_wait') this.#waits.pop()?.cancel();
    else if (what === 'serve_forever') {
      if (this.#forever?.done() ?? true)
        this.#forever = this.start(what, () => this.#server.serveForever());
    } else if (what === 'cancel_forever') {
      // With TLS: docs/differences.md#closing-the-clients-of-tls.
      if (this.program.tls === 'never') this.#forever?.cancel();
    } else if (what === 'at_next') this.#next = step.what;
    else this.actOnEnd(step);
  }

  /** May only one client connect at a time? docs/differences.md#connections-that-were-just-accepted */
  protected isOneAtATime(): boolean {
    return this.#next !== undefined;
  }

  /** A connection of the server is established: does what is to be done then. */
  wasMade(): void {
    const what = this.#next;
    this.#next = undefined;
    if (what !== undefined) this.act({ do: what });
  }

  /** The end that a step refers to, if it exists. */
  protected chosen({ side, at = 0 }: Step): { end: E; transport: Transport } | undefined {
    const ends = side === 'client' ? this.clients : this.served;
    const end = ends[at % ends.length];
    const transport = end?.usable();
    return end && transport && { end, transport };
  }

  /** The peer, if it exists. */
  peer(end: E): E | undefined {
    const at = this.served.indexOf(end);
    return at >= 0 ? this.#arrived[at] : this.served[this.#arrived.indexOf(end)];
  }

  /** How an error is printed. */
  name(error: unknown): string {
    return name(error);
  }

  /** Changes as long as something happens. */
  protected progress(): string {
    return String(this.changes);
  }

  async settle(): Promise<void> {
    this.#outcomes = [];
    let seen = this.progress();
    for (let quiet = 0; quiet < QUIET; ) {
      // The kernel also takes its time on a busy machine.
      await sleep(quiet === 20 ? 0.001 : 0);
      await new Promise((resolve) => setImmediate(resolve));
      const now = this.progress();
      quiet = now === seen ? quiet + 1 : 0;
      seen = now;
    }
  }

  print(): void {
    print('  serving', this.#server.isServing(), 'sockets', this.#server.sockets.length);
    for (const outcome of this.#outcomes.toSorted()) print(' ', outcome);
    for (const end of [...this.clients, ...this.served]) end.print();
  }

  async end(): Promise<void> {
    this.#server.close();
    for (const end of [...this.clients, ...this.served]) end.usable()?.abort();
    for (const task of this.#tasks) task.cancel();
    for (const sock of this.#strangers) sock.close();
    await this.settle();
    await waitFor(this.#server.waitClosed(), 5);
    print('  ended');
  }
}

async function play(stage: Stage<Program, End>, folder: string): Promise<void> {
  getRunningLoop().setExceptionHandler(() => {});
  await stage.open(folder);
  await stage.settle();
  for (const steps of stage.program.steps) {
    print('-', steps.map((step) => step.do).join(' '));
    stage.steps += 1;
    for (const step of steps)
      try {
        stage.act(step);
      } catch (error) {
        print('raised', name(error));
      }
    await stage.settle();
    stage.print();
  }
  await stage.end();
}

/** Runs the programs of a file, one per line, or the first of them. */
export async function playAll<P extends Program>(
  stage: new (program: P, driver: DriverName) => Stage<P, End>,
  [file = '', driver = 'posix', most]: readonly string[],
): Promise<void> {
  const programs = readFileSync(file, 'utf8').trimEnd().split('\n');
  const folder = mkdtempSync(join(tmpdir(), 'asyncio-'));
  // For the sockets that servers create.
  process.env['ASYNCIO_SOCKETS'] = driver;
  for (const [number, program] of programs.slice(0, Number(most ?? Infinity)).entries()) {
    print('program', number);
    const main = coroutine(async () => {
      await play(new stage(JSON.parse(program) as P, driver as DriverName), folder);
    });
    await run(main());
    rmSync(join(folder, 'socket'), { force: true });
  }
  rmSync(folder, { recursive: true });
}
