/** Runs the programs of a file, one a line, on real sockets; prints what came of each step. */
import { readFileSync } from 'node:fs';
import { redirectLog } from '../../src/base/log/log.ts';
import {
  BlockingIOError,
  BufferedProtocol,
  CancelledError,
  coroutine,
  createTask,
  DatagramProtocol,
  type DatagramTransport,
  getRunningLoop,
  IncompleteReadError,
  LimitOverrunError,
  openConnection,
  Protocol,
  run,
  type StreamReader,
  type StreamWriter,
  sleep,
  type Task,
  type Transport,
} from '../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../src/socket.ts';
import * as socket from '../../src/socket.ts';
import { print } from '../support/print.ts';

const TURNS = 60;
/** Turns of Node's loop among them: in these the system tells what has come. */
const OF_NODE = 6;

const [file = '', driver = 'posix'] = process.argv.slice(2) as [string?, DriverName?];

/** What a step says depends on what it does. */
interface Step {
  readonly do: string;
  readonly n?: number;
  readonly m?: number;
}

interface Program {
  readonly kind: 'transport' | 'datagrams' | 'streams';
  /** Which letter the bytes begin with. */
  readonly start: number;
  readonly size: number;
  readonly sndbuf: number;
  readonly limit: number;
  readonly stays: boolean;
  readonly buffered: boolean;
  readonly connected: boolean;
  readonly reactions: Record<string, Step[]>;
  readonly steps: readonly (readonly Step[])[];
}

redirectLog((text) => print('logged', text.trimEnd()));

class Failure extends Error {}

function name(error: unknown): string {
  if (error instanceof RangeError) return 'ValueError';
  return error === undefined ? 'None' : (error as Error).constructor.name;
}

function digest(data: Uint8Array): string {
  return `${data.length}:${data.reduce((sum, byte) => sum + byte, 0) % 9973}`;
}

/** Letters, with a newline or a semicolon here and there. */
const LETTERS = Buffer.alloc(65_521);
for (let n = 0, state = 1; n < LETTERS.length; n += 1) {
  state = (state * 16_807) % 2_147_483_647;
  const kind = state % 23;
  LETTERS[n] = kind === 0 ? 10 : kind === 1 ? 59 : 97 + kind;
}

/** The letters again and again, from one of them on. */
class Bytes {
  #at: number;

  constructor(start: number) {
    this.#at = start;
  }

  next(size = 0): Buffer {
    const data = Buffer.alloc(this.#at + size, LETTERS).subarray(this.#at);
    this.#at = (this.#at + size) % LETTERS.length;
    return data;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    await sleep(0);
    if (turn % (TURNS / OF_NODE) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function unixPair(sndbuf: number): [Socket, Socket] {
  const pair = socket.socketpair(undefined, undefined, 0, { driver });
  for (const sock of pair) sock.setblocking(false);
  if (sndbuf > 0) pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf);
  return pair;
}

function udp(): Socket {
  const type = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK;
  return socket.socket(socket.AF_INET, type, 0, { driver });
}

/** The other end: a plain socket. */
class Peer {
  isOpen = true;
  readonly #sock: Socket;
  readonly #data: Bytes;

  constructor(sock: Socket, data: Bytes) {
    this.#sock = sock;
    this.#data = data;
  }

  close(): void {
    this.isOpen = false;
    this.#sock.close();
  }

  do(what: string, size = 0): void {
    if (!this.isOpen) return;
    if (what === 'peer_send') print('peer sent', this.#sock.send(this.#data.next(size)));
    else if (what === 'peer_receive') this.#receive(size);
    else if (what === 'peer_shutdown') this.#sock.shutdown(socket.SHUT_WR);
    else this.close();
  }

  #receive(size: number): void {
    let got = 0;
    try {
      let ended = false;
      while (got < size && !ended) {
        const { length } = this.#sock.recv(size - got);
        ended = length === 0;
        got += length;
      }
      print('peer got', got, ...(ended ? ['and the end'] : []));
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
      print('peer got', got > 0 ? 'some' : 'nothing');
    }
  }
}

/** What the steps of a program act on. */
interface Stage {
  readonly peer: Peer;
  open(): Promise<void>;
  act(step: Step): void;
  state(): void;
  end(): void;
}

/** What a protocol is told; what it does of itself then is in the program. */
class Told {
  readonly #stage: TransportStage<Transport | DatagramTransport>;
  readonly #reactions: Record<string, Step[]>;
  #received = 0;

  constructor(stage: TransportStage<Transport | DatagramTransport>) {
    this.#stage = stage;
    this.#reactions = stage.program.reactions;
  }

  print(...words: unknown[]): void {
    if (this.#received > 0) print('received', this.#received);
    this.#received = 0;
    print(...words);
  }

  event(event: string, ...words: unknown[]): void {
    this.print(...words);
    this.#react(event);
  }

  received(nbytes: number): void {
    this.#received += nbytes;
    this.#react('data');
  }

  #react(event: string): void {
    const step = this.#reactions[event]?.shift();
    if (step === undefined) return;
    if (step.do === 'fail') throw new Failure();
    try {
      this.#stage.act(step);
    } catch (error) {
      this.print('raised', name(error));
    }
  }

  /** The methods that all protocols here have. */
  callbacks() {
    const stage = this.#stage;
    return {
      connectionMade: (transport: Transport & DatagramTransport) => {
        stage.transport = transport;
        this.event('made', 'made');
      },
      connectionLost: (error?: unknown) => {
        stage.lost = true;
        this.event('lost', 'lost', name(error));
      },
      pauseWriting: () => this.event('pause', 'pause'),
      resumeWriting: () => this.event('resume', 'resume'),
    };
  }
}

abstract class TransportStage<T extends Transport | DatagramTransport> implements Stage {
  readonly program: Program;
  readonly data: Bytes;
  peer!: Peer;
  transport!: T;
  told!: Told;
  lost = false;

  constructor(program: Program) {
    this.program = program;
    this.data = new Bytes(program.start);
  }

  abstract open(): Promise<void>;

  act(step: Step): void {
    const { transport } = this;
    if (step.do === 'close') transport.close();
    else if (step.do === 'abort') transport.abort();
    else if (step.do === 'limits') transport.setWriteBufferLimits(step.n);
  }

  abstract state(): void;

  end(): void {
    this.transport.abort();
  }
}

/** A transport on one end of a pair of unix sockets. */
class StreamTransportStage extends TransportStage<Transport> {
  async open(): Promise<void> {
    const [sock, other] = unixPair(this.program.sndbuf);
    this.peer = new Peer(other, this.data);
    const protocol = this.#protocol(this.program.buffered);
    await getRunningLoop().connectAcceptedSocket(() => protocol, sock);
  }

  #protocol(buffered: boolean): Protocol | BufferedProtocol {
    const told = new Told(this as TransportStage<Transport | DatagramTransport>);
    this.told = told;
    const callbacks = {
      ...told.callbacks(),
      eofReceived: () => {
        told.event('eof', 'eof');
        return this.program.stays;
      },
    };
    if (!buffered)
      return Object.assign(new Protocol(), callbacks, {
        dataReceived: (data: Uint8Array) => told.received(data.length),
      });
    const buffer = Buffer.alloc(this.program.size);
    return Object.assign(new BufferedProtocol(), callbacks, {
      getBuffer: () => buffer,
      bufferUpdated: (nbytes: number) => told.received(nbytes),
    });
  }

  override act(step: Step): void {
    const { transport, data } = this;
    if (step.do === 'write') transport.write(data.next(step.n));
    else if (step.do === 'writelines') transport.writelines([data.next(step.n), data.next(step.m)]);
    else if (step.do === 'write_eof') transport.writeEof();
    else if (step.do === 'pause') transport.pauseReading();
    else if (step.do === 'resume') transport.resumeReading();
    else if (step.do === 'swap') {
      this.told.print('swap');
      transport.setProtocol(this.#protocol(step.n === 1));
    } else super.act(step);
  }

  state(): void {
    const { transport } = this;
    const isWaiting = transport.getWriteBufferSize() > 0;
    const words = ['closing', transport.isClosing(), 'reading', transport.isReading()];
    this.told.print(...words, 'waiting', isWaiting, 'lost', this.lost);
  }
}

/** A transport of datagrams, with a peer of its own or without. */
class DatagramStage extends TransportStage<DatagramTransport> {
  #address: AddressInput | undefined;

  async open(): Promise<void> {
    const other = udp();
    other.bind(['127.0.0.1', 0]);
    const address = other.getsockname() as AddressInput;
    this.peer = new Peer(other, this.data);
    const told = new Told(this as TransportStage<Transport | DatagramTransport>);
    this.told = told;
    const protocol = Object.assign(new DatagramProtocol(), told.callbacks(), {
      errorReceived: (error: Error) => told.event('error', 'error', name(error)),
      datagramReceived: (data: Uint8Array) => told.event('data', 'datagram', data.length),
    });
    const sock = udp();
    if (this.program.connected) sock.connect(address);
    else {
      sock.bind(['127.0.0.1', 0]);
      this.#address = address;
    }
    other.connect(sock.getsockname() as AddressInput);
    await getRunningLoop().createDatagramEndpoint(() => protocol, { sock });
  }

  override act(step: Step): void {
    if (step.do === 'write') this.transport.sendto(this.data.next(step.n), this.#address);
    else super.act(step);
  }

  state(): void {
    print('closing', this.transport.isClosing(), 'lost', this.lost);
  }
}

/** A reader and a writer, and one task for each read, drain and wait for the end. */
class StreamStage implements Stage {
  peer!: Peer;
  #reader!: StreamReader;
  #writer!: StreamWriter;
  readonly #program: Program;
  readonly #data: Bytes;
  readonly #tasks = new Map<string, Task<void>>();
  #count = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#data = new Bytes(program.start);
  }

  async open(): Promise<void> {
    const [sock, other] = unixPair(this.#program.sndbuf);
    this.peer = new Peer(other, this.#data);
    const { limit } = this.#program;
    [this.#reader, this.#writer] = await openConnection(undefined, undefined, { sock, limit });
  }

  #start(side: string, what: string, begin: () => PromiseLike<unknown>): void {
    // Two reads at a time, or a cancel of one of two waits for the end, go otherwise on purpose.
    if (side !== 'drain' && this.#tasks.get(side)?.done() === false) {
      print('busy');
      return;
    }
    this.#count += 1;
    const label = `${what} ${this.#count}`;
    const task = createTask(() => this.#wait(label, begin));
    this.#tasks.set(side === 'drain' ? label : side, task);
  }

  async #wait(label: string, begin: () => PromiseLike<unknown>): Promise<void> {
    try {
      const result = await begin();
      print(label, 'gave', result instanceof Uint8Array ? digest(result) : result);
    } catch (error) {
      if (error instanceof CancelledError) {
        print(label, 'cancelled');
        throw error;
      }
      if (error instanceof IncompleteReadError)
        print(label, 'ended with', digest(error.partial), error.expected);
      else if (error instanceof LimitOverrunError) print(label, 'overran', error.consumed);
      else print(label, 'failed', name(error));
    }
  }

  #cancel(wanted: string): void {
    for (const [side, task] of this.#tasks)
      if (side.startsWith(wanted) && !task.done()) print('cancel', task.cancel());
  }

  act({ do: what, n = 0, m }: Step): void {
    const [reader, writer, data] = [this.#reader, this.#writer, this.#data];
    if (what === 'read') this.#start('read', what, () => reader.read(n));
    else if (what === 'readline') this.#start('read', what, () => reader.readline());
    else if (what === 'readexactly') this.#start('read', what, () => reader.readexactly(n));
    else if (what === 'readuntil') {
      const separator = Buffer.from([';', 'e;', 'abc'][n % 3] as string);
      this.#start('read', what, () => reader.readuntil(separator));
    } else if (what === 'iterate') this.#start('read', what, () => this.#iterate(n));
    else if (what === 'cancel_read') this.#cancel('read');
    else if (what === 'cancel_drain') this.#cancel('drain');
    else if (what === 'at_eof') print('at_eof', reader.atEof());
    else if (what === 'write') writer.write(data.next(n));
    else if (what === 'writelines') writer.writelines([data.next(n), data.next(m)]);
    else if (what === 'drain') this.#start('drain', what, () => writer.drain());
    else if (what === 'write_eof') writer.writeEof();
    else if (what === 'close') writer.close();
    else if (what === 'wait_closed') this.#start('end', what, () => writer.waitClosed());
    else if (what === 'limits') writer.transport.setWriteBufferLimits(n);
  }

  async #iterate(most: number): Promise<number> {
    let size = 0;
    for await (const line of this.#reader) {
      size += line.length;
      if (size > most) break;
    }
    return size;
  }

  state(): void {
    print('closing', this.#writer.isClosing());
  }

  end(): void {
    this.#writer.close();
    for (const task of this.#tasks.values()) task.cancel();
  }
}

const STAGES = {
  transport: StreamTransportStage,
  datagrams: DatagramStage,
  streams: StreamStage,
} as const;

async function main(program: Program): Promise<void> {
  getRunningLoop().setExceptionHandler((_loop, { exception }) => {
    print('reported', name(exception));
  });
  const stage: Stage = new STAGES[program.kind](program);
  await stage.open();
  await settle();
  for (const steps of program.steps) {
    for (const step of steps) {
      print('-', step.do, step.n ?? '');
      try {
        if (step.do.startsWith('peer')) stage.peer.do(step.do, step.n);
        else stage.act(step);
      } catch (error) {
        print('raised', name(error));
      }
    }
    await settle();
    stage.state();
  }
  stage.end();
  await settle();
  if (stage.peer.isOpen) stage.peer.close();
}

const programs = readFileSync(file, 'utf8').trimEnd().split('\n');
for (const [number, program] of programs.entries()) {
  print('program', number);
  await run(coroutine(() => main(JSON.parse(program) as Program))());
}
