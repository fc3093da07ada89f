/** What a protocol is told, in which order, and in which turn. */

import { redirectLog } from '../../src/base/log/log.ts';
import {
  createTask,
  type Future,
  getRunningLoop,
  Protocol,
  RuntimeError,
  run,
  sleep,
  type Transport,
} from '../../src/index.ts';
import * as socket from '../../src/socket.ts';
import { print } from '../support/print.ts';

class Teller extends Protocol {
  readonly lost: Future<void> = getRunningLoop().createFuture<void>();
  readonly #name: string;
  readonly #keepOpen: boolean;

  constructor(name: string, keepOpen = false) {
    super();
    this.#name = name;
    this.#keepOpen = keepOpen;
  }

  tell(...words: unknown[]): void {
    print(this.#name, ...words);
  }

  override connectionMade(): void {
    this.tell('made');
  }

  override dataReceived(data: Uint8Array): void {
    this.tell('data', data);
  }

  override eofReceived(): boolean {
    this.tell('eof');
    return this.#keepOpen;
  }

  override connectionLost(error?: unknown): void {
    this.tell('lost', (error as Error | undefined)?.message);
    this.lost.setResult();
  }

  override pauseWriting(): void {
    this.tell('pause');
  }

  override resumeWriting(): void {
    this.tell('resume');
  }
}

async function connect(protocol: Teller): Promise<[Transport, socket.Socket]> {
  const [one, other] = socket.socketpair();
  one.setblocking(false);
  other.setblocking(false);
  const loop = getRunningLoop();
  const [transport] = await loop.createConnection(() => protocol, undefined, undefined, {
    sock: one,
  });
  return [transport, other];
}

async function tick(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await sleep(0);
    print('turn', turn);
  }
}

async function dataThatWasThere(): Promise<void> {
  const [one, other] = socket.socketpair();
  other.send(Buffer.from('early'));
  other.close();
  const protocol = new Teller('a');
  const ticking = createTask(() => tick(6));
  await getRunningLoop().createConnection(() => protocol, undefined, undefined, { sock: one });
  print('connected');
  await protocol.lost;
  await ticking;
}

async function halfClosed(): Promise<void> {
  const protocol = new Teller('b', true);
  const [transport, peer] = await connect(protocol);
  peer.send(Buffer.from('question'));
  peer.shutdown(socket.SHUT_WR);
  while (String(transport).includes('read=polling')) await sleep(0);
  print(transport.isClosing(), transport.isReading());
  transport.write(Buffer.from('answer'));
  transport.writeEof();
  transport.writeEof();
  try {
    transport.write(Buffer.from('more'));
  } catch (error) {
    if (error instanceof RuntimeError) print('no more');
  }
  print(await getRunningLoop().sockRecv(peer, 100));
  print((await getRunningLoop().sockRecv(peer, 100)).length);
  transport.close();
  await protocol.lost;
  peer.close();
}

async function closedInATurn(): Promise<void> {
  const protocol = new Teller('c');
  const [transport, peer] = await connect(protocol);
  const loop = getRunningLoop();
  loop.callSoon(print, 'before');
  transport.close();
  loop.callSoon(print, 'after');
  print(transport.isClosing(), transport.isReading());
  transport.abort();
  transport.pauseReading();
  transport.resumeReading();
  for (let time = 0; time < 3; time += 1) transport.write(Buffer.from('x'));
  await tick(2);
  print(transport.getProtocol());
  for (let time = 0; time < 3; time += 1) transport.write(Buffer.from('x'));
  peer.close();
}

async function flow(): Promise<void> {
  const protocol = new Teller('d');
  const [transport, peer] = await connect(protocol);
  const loop = getRunningLoop();
  let written = 0;
  while (transport.getWriteBufferSize() === 0) {
    transport.write(Buffer.alloc(10_000));
    written += 10_000;
  }
  print('full', tuple(transport.getWriteBufferLimits()));
  transport.setWriteBufferLimits(100);
  print(tuple(transport.getWriteBufferLimits()));
  transport.write(Buffer.alloc(10));
  written += 10;
  transport.close();
  print(transport.isClosing());
  let received = 0;
  while (received < written) received += (await loop.sockRecv(peer, 65_536)).length;
  await protocol.lost;
  peer.close();
}

function tuple(items: readonly number[]): string {
  return `(${items.join(', ')})`;
}

async function aborted(): Promise<void> {
  const protocol = new Teller('e');
  const [transport, peer] = await connect(protocol);
  while (transport.getWriteBufferSize() === 0) transport.write(Buffer.alloc(10_000));
  transport.close();
  await tick(2);
  transport.abort();
  print(transport.getWriteBufferSize());
  await tick(2);
  peer.close();
}

async function oddProtocol(): Promise<void> {
  class Odd extends Teller {
    override dataReceived(): void {
      throw new RangeError('odd');
    }
  }
  getRunningLoop().setExceptionHandler((_loop, context) => {
    // Ours tell who the peer was, too: docs/differences.md#reports-of-transports.
    const keys = Object.keys(context)
      .sort()
      .filter((key) => key !== 'peername');
    print('report', `[${keys.map((key) => `'${key}'`).join(', ')}]`, 'odd');
  });
  const protocol = new Odd('f');
  const [, peer] = await connect(protocol);
  peer.send(Buffer.from('x'));
  await protocol.lost;
  peer.close();
}

async function main(): Promise<void> {
  // In debug mode, slow callbacks are logged, and on a busy machine any may be slow.
  getRunningLoop().slowCallbackDuration = 100;
  for (const program of [dataThatWasThere, halfClosed, closedInATurn, flow, aborted, oddProtocol]) {
    print(
      '--',
      program.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    );
    await program();
  }
}

const restoreLog = redirectLog((text) => print(`log: ${text.trimEnd()}`));
await run(main);
restoreLog();
