/** Runs the programs of a file, one a line, or the first of them: each of a server and its clients; prints what each of them was told. */
import {
  BufferedProtocol,
  Protocol,
  type ProtocolCallbacks,
  type Server,
  type Transport,
} from '../../src/index.ts';
import { print } from '../support/print.ts';
import {
  CLIENT,
  type End,
  type MakeOptions,
  name,
  type Place,
  type Program,
  playAll,
  SERVER,
  type ServeOptions,
  Stage,
  type Step,
} from './support/stage.ts';

interface ServerProgram extends Program {
  readonly stays: boolean;
  readonly buffered: boolean;
}

/** One end of a connection: what it is told, in order, until it is printed. */
class Told implements End {
  transport: Transport | undefined;
  trusting = true;
  lost = false;
  encrypted = false;
  /** Has it written its end? */
  ended = false;
  /** At which steps it wrote, paused and resumed last. */
  wrote = 0;
  paused = 0;
  resumed = 0;
  readonly #stage: ServerStage;
  readonly #label: string;
  #received = 0;
  #news: string[] = [];

  constructor(stage: ServerStage, label: string) {
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
        if (this.#stage.isServed(this)) this.#stage.wasMade();
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

/** A server of protocols. */
class ServerStage extends Stage<ServerProgram, Told> {
  protected newClient(label: string): Told {
    return new Told(this, label);
  }

  protected serve({ path, host, port }: Place, options: ServeOptions): PromiseLike<Server> {
    const accept = (): ProtocolCallbacks => this.#accept();
    return this.program.family === 'unix'
      ? this.loop.createUnixServer(accept, path, options)
      : this.loop.createServer(accept, host, port, options);
  }

  isServed(told: Told): boolean {
    return this.served.includes(told);
  }

  #accept(): ProtocolCallbacks {
    const told = new Told(this, `served ${this.served.length}`);
    this.served.push(told);
    return told.protocol(this.program.buffered);
  }

  protected connectEnd(told: Told, options: MakeOptions): PromiseLike<unknown> {
    const factory = (): ProtocolCallbacks => told.protocol(this.program.buffered);
    return this.program.family === 'unix'
      ? this.loop.createUnixConnection(factory, undefined, options)
      : this.loop.createConnection(factory, undefined, undefined, options);
  }

  async #encrypt(told: Told, isServer: boolean): Promise<void> {
    const transport = told.transport as Transport;
    const protocol = transport.getProtocol() as ProtocolCallbacks;
    const side = isServer ? { serverSide: true } : { serverHostname: 'localhost' };
    const ssl = isServer ? SERVER : CLIENT;
    told.transport = await this.loop.startTls(transport, protocol, ssl, side);
  }

  protected actOnEnd(step: Step): void {
    if (step.do === 'upgrade') {
      this.#upgrade(step.n ?? 0);
      return;
    }
    const chosen = this.chosen(step);
    if (chosen !== undefined && this.#isPromised(chosen.end, chosen.transport, step.do))
      chosen.end.act(chosen.transport, step);
  }

  /** Is it promised what comes of a step? See the generator. */
  #isPromised(told: Told, transport: Transport, what: string): boolean {
    if (what.startsWith('write')) {
      const peer = this.peer(told)?.usable();
      return peer !== undefined && !peer.isClosing() && !transport.isClosing();
    }
    if (what === 'abort' && this.program.tls !== 'never')
      return !transport.isClosing() && told.wrote < this.steps;
    if (what === 'close' && this.program.tls !== 'never') return this.#closes(told, transport);
    return true;
  }

  /** With TLS, nothing that came may be unread: docs/differences.md#data-after-the-end-of-tls. */
  #closes(told: Told, transport: Transport): boolean {
    const peer = this.peer(told);
    if (peer?.usable() === undefined) return false;
    if (!transport.isReading()) return peer.wrote < told.paused && told.resumed < told.paused;
    return told.resumed < this.steps || !this.program.buffered;
  }

  #upgrade(at: number): void {
    const client = this.clients[at % this.clients.length];
    const served = client && this.peer(client);
    if (client === undefined || served === undefined) return;
    for (const told of [client, served]) {
      const transport = told.usable();
      if (transport === undefined || told.ended || told.encrypted) return;
      if (transport.isClosing() || !transport.isReading()) return;
    }
    client.encrypted = true;
    served.encrypted = true;
    print('upgrading');
    this.start('client', () => this.#encrypt(client, false));
    this.start('server', () => this.#encrypt(served, true));
  }
}

await playAll(ServerStage, process.argv.slice(2));
