/** Runs the programs of a file, one a line, with pipes and child processes; prints what came of each. */
import { closeSync, readFileSync, readSync, writeSync } from 'node:fs';
import { redirectLog } from '../../src/base/log/log.ts';
import {
  type Awaitable,
  CancelledError,
  createSubprocessExec,
  createSubprocessShell,
  ensureFuture,
  type Future,
  getRunningLoop,
  ProcessLookupError,
  type ReadTransport,
  run,
  type StreamReader,
  type StreamWriter,
  SubprocessProtocol,
  type SubprocessTransport,
  sleep,
  subprocess,
  TimeoutError,
  type WriteTransport,
  waitFor,
} from '../../src/index.ts';
import { borrowNonBlocking } from '../../src/sock/drivers/posix/ffi/libc.ts';
import type { DriverName } from '../../src/socket.ts';
import { print } from '../support/print.ts';
import { systemPipe } from '../support/processes.ts';

const { DEVNULL, PIPE, STDOUT } = subprocess;
const STREAMS = { PIPE, STDOUT, DEVNULL };
const TURNS = 60;
/** Turns of Node's loop among them: in these the system tells what has come. */
const OF_NODE = 6;

const [file = '', driver = 'posix'] = process.argv.slice(2) as [string?, DriverName?];

/** What a step says depends on what it does. */
interface Step {
  readonly do: string;
  readonly n?: number;
  readonly m?: number;
  readonly signal?: NodeJS.Signals;
}

interface Program {
  readonly kind: 'writer' | 'reader' | 'script' | 'talk';
  /** Which letter the bytes begin with. */
  readonly start: number;
  readonly reactions: Record<string, Step[]>;
  readonly steps: readonly unknown[];
  readonly how: 'communicate' | 'protocol' | 'shell';
  readonly stdin: keyof typeof STREAMS;
  readonly stdout: keyof typeof STREAMS;
  readonly stderr: keyof typeof STREAMS;
  readonly limit: number;
  readonly input: number;
  readonly orders: readonly Step[];
  readonly merged: boolean;
  readonly ending: Step;
}

/** What is logged, with Python's name of what failed. */
redirectLog((text) => {
  const [line = ''] = text.split('\n');
  const about = (line.split('<')[0]?.split('(')[0] ?? '').trim();
  const asPython = (method: string): string =>
    method.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  print('logged', about.replace(/\.[a-z]+[A-Z]\w*$/, asPython));
});

class Failure extends Error {}

function name(error: unknown): string {
  return error === undefined ? 'None' : (error as Error).constructor.name;
}

function digest(data: Uint8Array | undefined): string {
  if (data === undefined) return 'None';
  return `${data.length}:${data.reduce((sum, byte) => sum + byte, 0) % 9973}`;
}

const LETTERS = Buffer.alloc(65_521).map((_, n) => 97 + (n % 23));

/** Letters, from one of them on. */
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

/** What a protocol is told; what it does of itself then is in the program. */
class Told {
  readonly #stage: PipeStage;
  readonly #reactions: Record<string, Step[]>;
  #received = 0;

  constructor(stage: PipeStage, reactions: Record<string, Step[]>) {
    this.#stage = stage;
    this.#reactions = reactions;
  }

  show(...words: unknown[]): void {
    if (this.#received > 0) print('received', this.#received);
    this.#received = 0;
    print(...words);
  }

  #react(event: string): void {
    const step = this.#reactions[event]?.shift();
    if (step === undefined) return;
    if (step.do === 'fail') throw new Failure();
    this.#stage.act(step);
  }

  connectionMade(transport: ReadTransport | WriteTransport): void {
    this.#stage.transport = transport;
    this.show('made');
    this.#react('made');
  }

  connectionLost(error?: unknown): void {
    this.show('lost', name(error));
    this.#react('lost');
  }

  pauseWriting(): void {
    this.show('pause');
    this.#react('pause');
  }

  resumeWriting(): void {
    this.show('resume');
    this.#react('resume');
  }

  eofReceived(): void {
    this.show('eof');
    this.#react('eof');
  }

  dataReceived(data: Buffer): void {
    this.#received += data.length;
    this.#react('data');
  }
}

/** A transport on one end of a pipe; the other one is a plain descriptor. */
class PipeStage {
  transport: ReadTransport | WriteTransport | undefined;
  readonly #program: Program;
  readonly #data: Bytes;
  #peer = -1;
  #open = true;

  constructor(program: Program) {
    this.#program = program;
    this.#data = new Bytes(program.start);
  }

  async run(): Promise<void> {
    const { kind, reactions, steps } = this.#program;
    const loop = getRunningLoop();
    const [from, to] = systemPipe();
    const writes = kind === 'writer';
    const told = new Told(this, reactions);
    this.#peer = writes ? from : to;
    borrowNonBlocking(this.#peer);
    if (writes) await loop.connectWritePipe(() => told, to, { driver });
    else await loop.connectReadPipe(() => told, from, { driver });
    const transport = this.transport as ReadTransport & WriteTransport;
    for (const together of steps as Step[][]) {
      print('-', ...together.map((step) => step.do));
      for (const step of together) this.#do(step);
      await settle();
      told.show(transport.isClosing() ? 'closing' : 'open');
      if (writes) print(transport.getWriteBufferSize() > 0 ? 'waits' : 'empty');
      else print(transport.isReading() ? 'reading' : 'not reading');
    }
    if (this.#open) closeSync(this.#peer);
    await settle();
    transport.close();
    await settle();
    told.show('end');
  }

  #do(step: Step): void {
    const { do: what, n: size = 0 } = step;
    if (!what.startsWith('peer')) {
      this.act(step);
      return;
    }
    if (!this.#open) return;
    if (what === 'peer_close') {
      this.#open = false;
      closeSync(this.#peer);
    } else if (what === 'peer_receive') this.#receive(size);
    else if (size > 0) {
      try {
        print('peer sent', writeSync(this.#peer, this.#data.next(size)));
      } catch (error) {
        print('peer failed', CLASSES[(error as NodeJS.ErrnoException).code ?? '']);
      }
    }
  }

  #receive(size: number): void {
    const buffer = Buffer.alloc(Math.min(size, 1_048_576));
    let got = 0;
    try {
      while (got < size) {
        const nread = readSync(this.#peer, buffer, 0, Math.min(size - got, buffer.length), null);
        if (nread === 0) {
          print('peer got', got, 'and the end');
          return;
        }
        got += nread;
      }
      print('peer got', got);
    } catch {
      print('peer got', got > 0 ? 'some' : 'nothing');
    }
  }

  act({ do: what, n: size, m }: Step): void {
    const transport = this.transport as ReadTransport & WriteTransport;
    switch (what) {
      case 'write':
        transport.write(this.#data.next(size));
        break;
      case 'writelines':
        transport.writelines([this.#data.next(size), this.#data.next(m)]);
        break;
      case 'limits':
        transport.setWriteBufferLimits(size);
        break;
      case 'pause':
        transport.pauseReading();
        break;
      case 'resume':
        transport.resumeReading();
        break;
      case 'write_eof':
        transport.writeEof();
        break;
      case 'abort':
        if (!transport.isClosing() || transport.getWriteBufferSize() > 0) transport.abort();
        break;
      default:
        transport.close();
    }
  }
}

/** Python's names of what a write to a pipe can fail with. */
const CLASSES: Record<string, string> = { EPIPE: 'BrokenPipeError', EAGAIN: 'BlockingIOError' };

/** What a child does, in the language of the shell. */
function script(orders: readonly Step[]): string {
  const lines = ['trap "" PIPE'];
  for (const { do: what, n: size = 0, signal = 'SIGTERM' } of orders) {
    if (what === 'out') lines.push(size ? `(printf %0${size}d 0) 2> /dev/null` : ':');
    else if (what === 'err')
      lines.push(size ? `(exec >&2 2> /dev/null; printf %0${size}d 0)` : ':');
    else if (what === 'read') lines.push(`head -c ${size} > /dev/null 2> /dev/null`);
    else if (what === 'cat') lines.push('cat 2> /dev/null');
    else if (what === 'close_out') lines.push('exec >&-');
    else if (what === 'close_err') lines.push('exec 2>&-');
    else if (what === 'close_in') lines.push('exec <&-');
    else if (what === 'exit') lines.push(`exit ${size}`);
    else lines.push(`kill -${signal.slice('SIG'.length)} $$`);
  }
  return lines.join('\n');
}

class Child extends SubprocessProtocol {
  readonly #done: Future<void>;
  readonly data: Buffer[] = [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)];
  readonly #lost: number[] = [];
  #exited = false;

  constructor(done: Future<void>) {
    super();
    this.#done = done;
  }

  override connectionMade(_transport: SubprocessTransport): void {
    print('made');
  }

  override pipeDataReceived(fd: number, data: Buffer): void {
    this.data[fd] = Buffer.concat([this.data[fd] as Buffer, data]);
  }

  override pipeConnectionLost(fd: number): void {
    this.#lost.push(fd);
  }

  override processExited(): void {
    this.#exited = true;
  }

  override connectionLost(error?: unknown): void {
    print('lost', name(error), this.#exited ? 'exited' : 'runs', ...this.#lost.toSorted());
    this.#done.setResult();
  }
}

async function runScript(program: Program): Promise<void> {
  const data = new Bytes(program.start).next(program.input);
  const { stdin, stdout, stderr } = program;
  const streams = {
    stdin: STREAMS[stdin],
    stdout: STREAMS[stdout],
    stderr: STREAMS[stderr],
    driver,
  };
  const text = script(program.orders);
  if (program.how === 'protocol') {
    const loop = getRunningLoop();
    const done = loop.createFuture<void>();
    const factory = (): Child => new Child(done);
    const [transport, child] = await loop.subprocessExec(factory, 'sh', '-c', text, streams);
    const input = transport.getPipeTransport(0) as WriteTransport | undefined;
    input?.write(data);
    input?.writeEof();
    await done;
    print(digest(child.data[1]), digest(child.data[2]), transport.getReturncode());
    transport.close();
    return;
  }
  const options = { ...streams, limit: program.limit };
  const child =
    program.how === 'shell'
      ? await createSubprocessShell(text, options)
      : await createSubprocessExec('sh', '-c', text, options);
  const [out, err] = await child.communicate(child.stdin === undefined ? undefined : data);
  print(digest(out), digest(err), child.returncode, await child.wait());
}

// Obeys one line after another.
const TALKER = `
while read what n; do
  case $what in
    out) if [ $n != 0 ]; then printf %0\${n}d 0; fi;;
    err) if [ $n != 0 ]; then printf %0\${n}d 0 >&2; fi;;
    line) if [ $n != 0 ]; then printf %0\${n}d 0; fi; echo;;
    exit) exit $n;;
  esac
done
echo bye
`;

async function cancelled(awaitable: Awaitable<unknown>): Promise<unknown[]> {
  const task = ensureFuture(awaitable);
  await settle();
  task.cancel();
  try {
    return ['done', await task];
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    return ['cancelled'];
  }
}

async function runTalk(program: Program): Promise<void> {
  const { merged, limit, ending } = program;
  const child = await createSubprocessExec('sh', '-c', TALKER, {
    stdin: PIPE,
    stdout: PIPE,
    stderr: merged ? STDOUT : PIPE,
    limit,
    driver,
  });
  const stdin = child.stdin as StreamWriter;
  const stdout = child.stdout as StreamReader;
  const errors = (merged ? stdout : child.stderr) as StreamReader;
  for (const { do: what, n: size = 0 } of program.steps as Step[]) {
    if (what === 'out' || what === 'err' || what === 'line') {
      stdin.write(`${what} ${size}\n`);
      await stdin.drain();
    }
    if (what === 'out') print(what, digest(await stdout.readexactly(size)));
    else if (what === 'err') print(what, digest(await errors.readexactly(size)));
    else if (what === 'line') print(what, digest(await stdout.readline()));
    else if (what === 'cancel_read') print(what, ...(await cancelled(stdout.read(10))));
    else if (what === 'cancel_wait') print(what, ...(await cancelled(child.wait())));
    else if (what === 'wait_for') {
      try {
        await waitFor(child.wait(), 0.01);
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
        print(what, 'TimeoutError');
      }
    } else print(what, child.returncode);
  }
  const what = ending.do;
  if (what === 'exit') stdin.write(`exit ${ending.n}\n`);
  else if (what === 'send_signal') child.sendSignal(ending.signal as NodeJS.Signals);
  else if (what === 'close_stdin') {
    stdin.close();
    await stdin.waitClosed();
  } else if (what === 'communicate') {
    const [out, err] = await child.communicate(`out ${ending.n}\n`);
    print(digest(out), digest(err));
  } else if (what === 'kill') child.kill();
  else child.terminate();
  print(what, await child.wait(), child.returncode);
  if (what !== 'communicate') print(digest(await stdout.read()));
  await settle();
  try {
    child.kill();
    print('killed');
  } catch (error) {
    if (!(error instanceof ProcessLookupError)) throw error;
    print('gone');
  }
}

await run(async () => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  for (const [number, line] of lines.entries()) {
    const program = JSON.parse(line) as Program;
    print(`# ${number} ${program.kind}`);
    if (program.kind === 'script') await runScript(program);
    else if (program.kind === 'talk') await runTalk(program);
    else await new PipeStage(program).run();
  }
});
