/** Runs the programs of a file, one a line, or the first of them: each of a server of streams and its clients; prints what came of them. */
import {
  BrokenPipeError,
  CancelledError,
  coroutine,
  currentTask,
  Future,
  IncompleteReadError,
  LimitOverrunError,
  openConnection,
  openUnixConnection,
  type Server,
  type StreamReader,
  type StreamWriter,
  startServer,
  startUnixServer,
  type Task,
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

interface StreamProgram extends Program {
  readonly limit: number;
  readonly handler: 'waits' | 'plain' | 'echoes' | 'lines';
}

const SEPARATORS = [
  Buffer.from('\n'),
  Buffer.from([0xfa, 0]),
  [Buffer.from('\n'), Buffer.from('def')],
];
/** What is written goes through all bytes but the last few, so that each tells where it was. */
const CYCLE = Buffer.from(Array.from({ length: 251 * 200 }, (_, n) => n % 251));
const MUCH = Buffer.alloc(6_000_000, 'x');

function told(data: Buffer): string {
  return `${data.length} ${data.subarray(0, 1).toString('hex')}-${data.subarray(-1).toString('hex')}`;
}

class Failure extends Error {}

/** One end of a connection: its reader, its writer, and what becomes of them. */
class StreamEnd implements End {
  readonly label: string;
  reader!: StreamReader;
  writer: StreamWriter | undefined;
  /** The task of its handler, and what that waits for. */
  handler: Task<unknown> | undefined;
  finish!: Future<void>;
  /** What reads, or did. */
  reading: Task<void> | undefined;
  trusting = true;
  /** Is the connection gone? */
  lost = false;
  encrypted = false;
  encrypting = false;
  /** Has it written its end? */
  ended = false;
  /** Has it written more than the system keeps? */
  much = false;
  /** At which step it wrote last. */
  wrote = 0;
  readonly #stage: StreamStage;
  /** How many bytes it has written. */
  #at = 0;
  /** How many bytes its last `read()` is to take. */
  #takes: number | undefined;
  #news: string[] = [];

  constructor(stage: StreamStage, label: string) {
    this.#stage = stage;
    this.label = label;
  }

  made(reader: StreamReader, writer: StreamWriter): void {
    this.reader = reader;
    this.writer = writer;
    this.#stage.changes += 1;
    this.#news.push('made');
    this.finish = new Future();
    writer.waitClosed().addDoneCallback((closed) => {
      this.lost = true;
      this.#news.push(`lost ${this.#stage.name(closed.exception())}`);
      this.#stage.changes += 1;
    });
  }

  usable(): Transport | undefined {
    return this.lost || this.encrypting ? undefined : this.writer?.transport;
  }

  #data(size: number): Buffer {
    const begin = this.#at % 251;
    this.#at += size;
    return size > 100_000 ? MUCH : CYCLE.subarray(begin, begin + size);
  }

  /** Begins to read, where none does. Of one that waits, it may be that nobody takes what comes. */
  #read(what: string, size: number): void {
    if (this.isReading()) return;
    const { reader } = this;
    const begin = (): PromiseLike<Buffer> => {
      if (what === 'read') return reader.read(size);
      if (what === 'readline') return reader.readline();
      if (what === 'readuntil') return reader.readuntil(SEPARATORS[size]);
      return reader.readexactly(size);
    };
    this.#takes = what === 'read' ? size : undefined;
    this.reading = this.#stage.begin(what, async () => {
      try {
        const data = await begin();
        return what === 'read' && this.isVague() ? 'some' : told(data);
      } catch (error) {
        if (error instanceof IncompleteReadError)
          return `incomplete ${told(error.partial)} of ${error.expected ?? 'None'}`;
        if (error instanceof LimitOverrunError) return `overrun ${error.consumed}`;
        throw error;
      }
    });
  }

  isReading(): boolean {
    return this.reading !== undefined && !this.reading.done();
  }

  /** Does it wait for bytes, however many? */
  takesSome(): boolean {
    return this.isReading() && this.#takes !== undefined && this.#takes > 1;
  }

  /** Does so much come that it is not promised how much at a time? */
  isVague(): boolean {
    const peer = this.#stage.peer(this);
    return peer !== undefined && (peer.much || this.much);
  }

  act(writer: StreamWriter, { do: what, n = 0 }: Step): void {
    const stage = this.#stage;
    if (what.startsWith('write')) {
      this.wrote = stage.steps;
      this.ended ||= what === 'write_eof';
      this.much ||= n > 100_000;
    }
    if (what === 'write') writer.write(this.#data(n));
    else if (what === 'writelines') writer.writelines([this.#data(n), this.#data(1)]);
    else if (what === 'write_line')
      writer.write(Buffer.concat([this.#data(n).subarray(0, -1), Buffer.from('\n')]));
    else if (what === 'write_eof') {
      if (writer.canWriteEof()) writer.writeEof();
    } else if (what === 'drain') stage.begin(what, () => writer.drain());
    else if (what === 'close') writer.close();
    else if (what === 'gone') stage.begin(what, () => writer.waitClosed());
    else if (what === 'abort') writer.transport.abort();
    else if (what === 'limits') writer.transport.setWriteBufferLimits(n);
    else if (what === 'cancel_read') {
      // docs/differences.md#reads-begin-with-the-call: a read of all loses nothing.
      if (this.#takes !== -1) this.reading?.cancel();
    } else if (what === 'finish') {
      if (!this.finish.done()) this.finish.setResult();
    } else if (what === 'fail') {
      if (!this.finish.done()) this.finish.setException(new Failure());
    } else if (what === 'cancel_handler') this.handler?.cancel();
    else if (this.isReadByOthers()) this.#read(what, n);
  }

  /** Is it read by nobody but the program's steps? */
  isReadByOthers(): boolean {
    return this.handler === undefined || this.#stage.program.handler === 'waits';
  }

  print(): void {
    const transport = this.usable();
    const isVague = this.isVague();
    if (transport !== undefined) {
      this.#news.push(`closing ${transport.isClosing() ? 'True' : 'False'}`);
      if (!transport.isClosing() && !isVague)
        this.#news.push(`reading ${transport.isReading() ? 'True' : 'False'}`);
    }
    if (this.writer !== undefined) {
      if (!isVague) this.#news.push(`at eof ${this.reader.atEof() ? 'True' : 'False'}`);
      if (this.reader.exception() !== undefined)
        this.#news.push(this.#stage.name(this.reader.exception()));
    }
    print(' ', this.label, '|', this.#news.join(', '));
    this.#news = [];
  }
}

/** A server of streams. */
class StreamStage extends Stage<StreamProgram, StreamEnd> {
  /** Begins something whose outcome is printed. */
  begin(what: string, body: () => PromiseLike<unknown>): Task<void> {
    return this.start(what, body);
  }

  protected newClient(label: string): StreamEnd {
    return new StreamEnd(this, label);
  }

  /** Nobody is told of those that do not shake hands. */
  protected override arrives(end: StreamEnd | undefined): void {
    if (this.program.tls !== 'always' || end?.trusting) super.arrives(end);
  }

  /** Of two that shake hands, either may be first. */
  protected override isOneAtATime(): boolean {
    return super.isOneAtATime() || this.program.tls === 'always';
  }

  protected serve({ path, host, port }: Place, options: ServeOptions): PromiseLike<Server> {
    const { family, handler, limit } = this.program;
    const connected =
      handler === 'plain'
        ? (reader: StreamReader, writer: StreamWriter) => void this.#accept(reader, writer)
        : coroutine((reader: StreamReader, writer: StreamWriter) => this.#handle(reader, writer));
    return family === 'unix'
      ? startUnixServer(connected, path, { limit, ...options })
      : startServer(connected, host, port, { limit, ...options });
  }

  #accept(reader: StreamReader, writer: StreamWriter): StreamEnd {
    const end = new StreamEnd(this, `served ${this.served.length}`);
    this.served.push(end);
    end.made(reader, writer);
    this.wasMade();
    return end;
  }

  async #handle(reader: StreamReader, writer: StreamWriter): Promise<void> {
    const end = this.#accept(reader, writer);
    const { handler } = this.program;
    end.handler = currentTask();
    let outcome = 'returned';
    try {
      if (handler === 'waits') await end.finish;
      else if (handler === 'echoes') await this.#echo(reader, writer);
      else await this.#echoLines(reader, writer);
    } catch (error) {
      outcome = error instanceof CancelledError ? 'cancelled' : `failed ${this.name(error)}`;
      throw error;
    } finally {
      this.changes += 1;
      this.tell(`${end.label} handler ${outcome}`);
    }
  }

  async #echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
    for (;;) {
      const data = await reader.read(1000);
      if (data.length === 0) return;
      writer.write(data);
      await writer.drain();
    }
  }

  async #echoLines(reader: StreamReader, writer: StreamWriter): Promise<void> {
    for await (const line of reader) {
      writer.write(line);
      await writer.drain();
    }
  }

  protected async connectEnd(end: StreamEnd, options: MakeOptions): Promise<void> {
    const all = { limit: this.program.limit, ...options };
    const [reader, writer] =
      this.program.family === 'unix'
        ? await openUnixConnection(undefined, all)
        : await openConnection(undefined, undefined, all);
    end.made(reader, writer);
  }

  override name(error: unknown): string {
    // Which of the two it is depends on what is tried first, of sending and receiving.
    const isEither =
      this.program.tls === 'later' || [...this.clients, ...this.served].some((end) => end.much);
    return isEither && error instanceof BrokenPipeError ? 'ConnectionResetError' : name(error);
  }

  protected override progress(): string {
    const sizes = [...this.clients, ...this.served].map((end) =>
      end.usable()?.getWriteBufferSize(),
    );
    return `${super.progress()} ${sizes}`;
  }

  override act(step: Step): void {
    // docs/differences.md#interrupted-handshakes
    const isEnd = step.do === 'abort_clients' || step.do === 'close_clients';
    if (!isEnd || !this.served.some((end) => end.encrypting)) super.act(step);
  }

  protected actOnEnd(step: Step): void {
    if (step.do === 'upgrade') {
      this.#upgrade(step.n ?? 0);
      return;
    }
    const { end } = this.chosen(step) ?? {};
    if (end?.writer === undefined || !this.#isPromised(end, end.writer, step)) return;
    if (step.do === 'start_tls') this.#startTls(end, end.writer);
    else end.act(end.writer, step);
  }

  /** Is it promised what comes of a step? See the generator. */
  #isPromised(end: StreamEnd, writer: StreamWriter, { do: what, n = 0 }: Step): boolean {
    const peer = this.peer(end);
    const both =
      peer?.writer !== undefined && !peer.lost && !peer.writer.isClosing() && !writer.isClosing();
    const { tls, handler, limit } = this.program;
    const waits = handler === 'waits' || handler === 'plain';
    if (what.startsWith('write')) {
      if (n > 100_000) return both && !end.isReading() && !peer.isReading();
      // Nor is it promised which bytes of a turn are there first.
      return both && !(peer.takesSome() && end.wrote === this.steps);
    }
    if (what === 'abort' && tls !== 'never') return !writer.isClosing() && end.wrote < this.steps;
    // What a handler writes in one turn may be one send or several: so is what is read of it.
    if ((what === 'abort' || what === 'close') && !waits)
      return end.wrote < this.steps && limit === 65_536;
    if (what.startsWith('read') && peer !== undefined) {
      // A ClientHello is never twice the same; and a line of so much may have lost its beginning.
      if (peer.encrypted && !end.encrypted) return false;
      if (end.isVague() && (what === 'readline' || what === 'readuntil')) return false;
      // Nor is it promised how much TLS gives at a time.
      return what !== 'read' || n < 2 || (waits && !end.encrypted && tls !== 'always');
    }
    if (what !== 'start_tls') return true;
    if (tls !== 'later' || !both || !waits || end.encrypted) return false;
    return ![end, peer].some((each) => each.ended || each.isReading());
  }

  /** Both ends at once. */
  #upgrade(at: number): void {
    const client = this.clients[at % this.clients.length];
    const served = client && this.peer(client);
    const ends = [client, served].filter((end) => end?.usable() !== undefined) as StreamEnd[];
    if (ends.length < 2) return;
    if (ends.every((end) => this.#isPromised(end, end.writer as StreamWriter, { do: 'start_tls' })))
      for (const end of ends) this.#startTls(end, end.writer as StreamWriter);
  }

  #startTls(end: StreamEnd, writer: StreamWriter): void {
    end.encrypted = true;
    end.encrypting = true;
    const isServer = this.served.includes(end);
    print('encrypting', end.label);
    this.start(`${isServer ? 'server' : 'client'} start_tls`, async () => {
      try {
        if (isServer) await writer.startTls(SERVER);
        else await writer.startTls(CLIENT, { serverHostname: 'localhost' });
      } finally {
        end.encrypting = false;
      }
    });
  }
}

await playAll(StreamStage, process.argv.slice(2));
