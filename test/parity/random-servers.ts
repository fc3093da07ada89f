/** Runs the programs of a file, one a line, or the first of them: each of a server and its clients; prints what each of them was told. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BlockingIOError,
  BufferedProtocol,
  CancelledError,
  coroutine,
  createTask,
  getRunningLoop,
  Protocol,
  type ProtocolCallbacks,
  run,
  type Server,
  sleep,
  type Task,
  type TlsOptions,
  type Transport,
  waitFor,
} from '../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../src/socket.ts';
import * as socket from '../../src/socket.ts';
import { print } from '../support/print.ts';

const [file = '', driver = 'posix', most] = process.argv.slice(2) as [
  string?,
  DriverName?,
  string?,
];

const PEM = readFileSync('test/parity/fixtures/self-signed.pem', 'utf8');
const SERVER: TlsOptions = { key: PEM, cert: PEM };
const CLIENT: TlsOptions = { ca: PEM };
/** Trusts the public authorities only. */
const STRANGER: TlsOptions = {};
const FAMILIES = { ipv4: socket.AF_INET, ipv6: socket.AF_INET6, unix: socket.AF_UNIX } as const;
/** After this many turns without news, nothing more comes. */
const QUIET = 25;

interface Step {
  readonly do: string;
  readonly n?: number;
  readonly side?: 'client' | 'server';
  readonly at?: number;
}

interface Program {
  readonly family: keyof typeof FAMILIES;
  readonly tls: 'never' | 'always' | 'later';
  readonly serving: boolean;
  readonly stays: boolean;
  readonly buffered: boolean;
  readonly steps: readonly (readonly Step[])[];
}

function name(error: unknown): string {
  if (error instanceof RangeError) return 'ValueError';
  return error === undefined ? 'None' : (error as Error).constructor.name;
}

/** One end of a connection: what it is told, in order, until it is printed. */
class Told {
  transport: Transport | undefined;
  lost = false;
  encrypted = false;
  /** Has it written its end? */
  ended = false;
  /** At which steps it wrote, paused and resumed last. */
  wrote = 0;
  paused = 0;
  resumed = 0;
  readonly #stage: Stage;
  readonly #label: string;
  #received = 0;
  #news: string[] = [];

  constructor(stage: Stage, label: string) {
    this.#stage = stage;
    this.#label = label;
  }

  tell(text: string): void {
    this.#stage.changes += 1;
    if (this.#received > 0) this.#news.push(`received ${this.#received}`);
    this.#received = 0;
    this.#news.push(text);
  }

  count(nbytes: number): void {
    this.#stage.changes += 1;
    this.#received += nbytes;
  }

  /** Its transport, unless it is gone. */
  usable(): Transport | undefined {
    return this.lost ? undefined : this.transport;
  }

  protocol(buffered: boolean): Protocol | BufferedProtocol {
    const callbacks = {
      connectionMade: (transport: Transport) => {
        this.transport = transport;
        this.tell('made');
      },
      connectionLost: (error?: unknown) => {
        this.lost = true;
        this.tell(`lost ${name(error)}`);
      },
      eofReceived: () => {
        this.tell('eof');
        return this.#stage.program.stays;
      },
    };
    if (!buffered)
      return Object.assign(new Protocol(), callbacks, {
        dataReceived: (data: Uint8Array) => this.count(data.length),
      });
    const buffer = Buffer.alloc(5_000);
    return Object.assign(new BufferedProtocol(), callbacks, {
      getBuffer: () => buffer,
      bufferUpdated: (nbytes: number) => this.count(nbytes),
    });
  }

  act(transport: Transport, { do: what, n = 0 }: Step): void {
    if (what.startsWith('write')) {
      this.wrote = this.#stage.steps;
      this.ended ||= what === 'write_eof';
    }
    if (what === 'write') transport.write(Buffer.alloc(n, 'x'));
    else if (what === 'writelines')
      transport.writelines([Buffer.alloc(n, 'x'), Buffer.alloc(n, 'y')]);
    else if (what === 'write_eof') {
      if (transport.canWriteEof()) transport.writeEof();
    } else if (what === 'close') transport.close();
    else if (what === 'abort') transport.abort();
    else if (what === 'pause') {
      if (transport.isReading()) this.paused = this.#stage.steps;
      transport.pauseReading();
    } else if (what === 'resume') {
      this.resumed = this.#stage.steps;
      transport.resumeReading();
    } else if (what === 'limits') transport.setWriteBufferLimits(n);
    else if (what === 'swap') transport.setProtocol(this.protocol(n === 1));
  }

  print(): void {
    if (this.#received > 0) this.tell('and waits');
    const transport = this.usable();
    if (transport !== undefined) {
      this.#news.push(`closing ${transport.isClosing() ? 'True' : 'False'}`);
      if (!transport.isClosing())
        this.#news.push(`reading ${transport.isReading() ? 'True' : 'False'}`);
    }
    print(' ', this.#label, '|', this.#news.join(', '));
    this.#news = [];
  }
}

/** A server, and the clients that came. */
class Stage {
  readonly program: Program;
  /** Grows with everything that happens. */
  changes = 0;
  /** How many groups of steps have begun. */
  steps = 0;
  readonly #loop = getRunningLoop();
  readonly #clients: Told[] = [];
  readonly #served: Told[] = [];
  /** The clients in the order in which the server gets them; nothing stands for a stranger. */
  readonly #arrived: (Told | undefined)[] = [];
  readonly #strangers: Socket[] = [];
  readonly #tasks: Task<void>[] = [];
  readonly #waits: Task<void>[] = [];
  #outcomes: string[] = [];
  #address!: AddressInput;
  #server!: Server;

  constructor(program: Program) {
    this.program = program;
  }

  #socket(): Socket {
    const type = socket.SOCK_STREAM | socket.SOCK_NONBLOCK;
    // Only where the protocol is said, asyncio switches Nagle's delays off.
    const { family } = this.program;
    const protocol = family === 'unix' ? 0 : socket.IPPROTO_TCP;
    return socket.socket(FAMILIES[family], type, protocol, { driver });
  }

  async open(folder: string): Promise<void> {
    const { family, serving, tls } = this.program;
    const sock = this.#socket();
    if (family === 'unix') sock.bind(join(folder, 'socket'));
    else sock.bind([family === 'ipv6' ? '::1' : '127.0.0.1', 0]);
    this.#address = sock.getsockname() as AddressInput;
    const options = { sock, startServing: serving, ssl: tls === 'always' ? SERVER : undefined };
    const accept = (): ProtocolCallbacks => this.#accept();
    this.#server =
      family === 'unix'
        ? await this.#loop.createUnixServer(accept, undefined, options)
        : await this.#loop.createServer(accept, undefined, undefined, options);
  }

  #accept(): ProtocolCallbacks {
    const told = new Told(this, `served ${this.#served.length}`);
    this.#served.push(told);
    return told.protocol(this.program.buffered);
  }

  #start(what: string, begin: () => PromiseLike<unknown>): Task<void> {
    const label = `${what} ${this.#tasks.length}`;
    const task = createTask(() => this.#wait(label, begin));
    this.#tasks.push(task);
    return task;
  }

  async #wait(label: string, begin: () => PromiseLike<unknown>): Promise<void> {
    try {
      await begin();
      this.#outcomes.push(`${label} done`);
    } catch (error) {
      const isCancel = error instanceof CancelledError;
      this.#outcomes.push(`${label} ${isCancel ? 'cancelled' : `failed ${name(error)}`}`);
    }
    this.changes += 1;
  }

  async #connect(told: Told, trusting: boolean): Promise<void> {
    const sock = this.#socket();
    try {
      await this.#loop.sockConnect(sock, this.#address);
      this.#arrived.push(told);
    } catch (error) {
      sock.close();
      throw error;
    }
    const { family, tls, buffered } = this.program;
    const secure = { ssl: trusting ? CLIENT : STRANGER, serverHostname: 'localhost' };
    const options = { sock, ...(tls === 'always' && secure) };
    const factory = (): ProtocolCallbacks => told.protocol(buffered);
    if (family === 'unix') await this.#loop.createUnixConnection(factory, undefined, options);
    else await this.#loop.createConnection(factory, undefined, undefined, options);
  }

  async #encrypt(told: Told, isServer: boolean): Promise<void> {
    const transport = told.transport as Transport;
    const protocol = transport.getProtocol() as ProtocolCallbacks;
    const side = isServer ? { serverSide: true } : { serverHostname: 'localhost' };
    const ssl = isServer ? SERVER : CLIENT;
    told.transport = await this.#loop.startTls(transport, protocol, ssl, side);
  }

  #visit(): void {
    const sock = this.#socket();
    this.#arrived.push(undefined);
    this.#strangers.push(sock);
    try {
      sock.connect(this.#address);
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
    }
  }

  act(step: Step): void {
    const { do: what, n = 0 } = step;
    if (what === 'connect') {
      const told = new Told(this, `client ${this.#clients.length}`);
      this.#clients.push(told);
      this.#start(what, () => this.#connect(told, n === 0));
    } else if (what === 'stranger') {
      // Where none serves, some drivers refuse at once, and some later.
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
      // Without TLS alone: docs/differences.md#closing-the-clients-of-tls.
      if (this.program.tls === 'never') this.#server.closeClients();
    } else if (what === 'abort_clients') this.#server.abortClients();
    else if (what === 'start_serving') {
      // CPython says that a closed server serves, after a TypeError.
      if (this.#server.sockets.length > 0) this.#start(what, () => this.#server.startServing());
    } else if (what === 'wait_closed')
      this.#waits.push(this.#start(what, () => this.#server.waitClosed()));
    else if (what === 'cancel_wait') this.#waits.pop()?.cancel();
    else if (what === 'upgrade') this.#upgrade(n);
    else {
      const ends = step.side === 'client' ? this.#clients : this.#served;
      const told = ends[(step.at ?? 0) % ends.length];
      const transport = told?.usable();
      if (told !== undefined && transport !== undefined && this.#isPromised(told, transport, what))
        told.act(transport, step);
    }
  }

  /** Is it promised what comes of a step? See the generator. */
  #isPromised(told: Told, transport: Transport, what: string): boolean {
    if (what.startsWith('write')) {
      const peer = this.#peer(told)?.usable();
      return peer !== undefined && !peer.isClosing() && !transport.isClosing();
    }
    if (what === 'abort' && this.program.tls !== 'never')
      return !transport.isClosing() && told.wrote < this.steps;
    if (what === 'close' && this.program.tls !== 'never') return this.#closes(told, transport);
    return true;
  }

  /** With TLS, nothing that came may be unread: docs/differences.md#words-after-the-end-of-tls. */
  #closes(told: Told, transport: Transport): boolean {
    const peer = this.#peer(told);
    if (peer?.usable() === undefined) return false;
    if (!transport.isReading()) return peer.wrote < told.paused;
    return told.resumed < this.steps || !this.program.buffered;
  }

  #peer(told: Told): Told | undefined {
    const at = this.#served.indexOf(told);
    return at >= 0 ? this.#arrived[at] : this.#served[this.#arrived.indexOf(told)];
  }

  #upgrade(at: number): void {
    const client = this.#clients[at % this.#clients.length];
    const served = client && this.#peer(client);
    if (client === undefined || served === undefined) return;
    for (const told of [client, served]) {
      const transport = told.usable();
      if (transport === undefined || told.ended || told.encrypted) return;
      if (transport.isClosing() || !transport.isReading()) return;
    }
    client.encrypted = true;
    served.encrypted = true;
    print('upgrading');
    this.#start('client', () => this.#encrypt(client, false));
    this.#start('server', () => this.#encrypt(served, true));
  }

  async settle(): Promise<void> {
    this.#outcomes = [];
    let seen = this.changes;
    for (let quiet = 0; quiet < QUIET; ) {
      // The kernel, too, takes its time on a busy machine.
      await sleep(quiet === 20 ? 0.001 : 0);
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.changes === seen ? quiet + 1 : 0;
      seen = this.changes;
    }
  }

  print(): void {
    print('  serving', this.#server.isServing(), 'sockets', this.#server.sockets.length);
    for (const outcome of this.#outcomes.toSorted()) print(' ', outcome);
    for (const told of [...this.#clients, ...this.#served]) told.print();
  }

  async end(): Promise<void> {
    this.#server.close();
    for (const told of [...this.#clients, ...this.#served]) told.usable()?.abort();
    for (const task of this.#tasks) task.cancel();
    for (const sock of this.#strangers) sock.close();
    await this.settle();
    await waitFor(this.#server.waitClosed(), 5);
    print('  ended');
  }
}

async function main(program: Program, folder: string): Promise<void> {
  getRunningLoop().setExceptionHandler(() => {});
  const stage = new Stage(program);
  await stage.open(folder);
  await stage.settle();
  for (const steps of program.steps) {
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

const programs = readFileSync(file, 'utf8').trimEnd().split('\n');
const folder = mkdtempSync(join(tmpdir(), 'asyncio-'));
for (const [number, program] of programs.slice(0, Number(most ?? Infinity)).entries()) {
  print('program', number);
  await run(coroutine(() => main(JSON.parse(program) as Program, folder))());
  rmSync(join(folder, 'socket'), { force: true });
}
rmSync(folder, { recursive: true });
