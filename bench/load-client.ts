/**
 * The load: so many connections, each with one message under way; a new one goes out when the one
 * before has come back. Every byte is counted, and the first message of each connection compared.
 *
 * Spends as little as it can: one read buffer for all connections, no streams on the way in.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTime } from './cpu-time.ts';
import type { LoadAnswer, LoadOrder, LoadResult } from './load.ts';

/** Filled by the kernel and looked at before anything else can be read. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** Seconds that the last messages have to come back. */
const PATIENCE = 10;

class Connection {
  /** Messages that came back. */
  messages = 0;
  /** Resolves when the last message has come back, after {@link finish}. */
  readonly finished: Promise<void>;
  readonly #socket: Socket;
  readonly #message: Buffer;
  /** Bytes of the message under way that have yet to come back. */
  #left: number;
  #finishing = false;
  #finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(port: number, message: Buffer) {
    this.#message = message;
    this.#left = message.length;
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: readBuffer, callback: (nread) => this.#received(nread) },
    });
    this.#socket.on('connect', () => this.#socket.write(message));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed a connection')));
  }

  /** Lets the message under way come back, and sends no other. */
  finish(): void {
    this.#finishing = true;
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(nread: number): boolean {
    const left = this.#left - nread;
    if (this.messages === 0) this.#compare(nread);
    if (left > 0) {
      this.#left = left;
    } else if (left < 0) {
      this.#fail(new Error(`${-left} bytes came back that were never sent`));
    } else {
      this.messages += 1;
      this.#left = this.#message.length;
      if (this.#finishing) this.#finish();
      else this.#socket.write(this.#message);
    }
    return true;
  }

  #compare(nread: number): void {
    const from = this.#message.length - this.#left;
    const expected = this.#message.subarray(from, from + nread);
    if (!expected.equals(readBuffer.subarray(0, nread)))
      this.#fail(new Error('other bytes came back than were sent'));
  }
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const message = Buffer.from(Uint8Array.from({ length: order.size }, (_, index) => index % 251));
  const connections = Array.from(
    { length: order.connections },
    () => new Connection(order.port, message),
  );
  try {
    const finished = Promise.all(connections.map((connection) => connection.finished));
    const result = await Promise.race([measure(order, connections), finished]);
    if (!('messages' in result)) throw new Error('a connection finished before its time');
    for (const connection of connections) connection.finish();
    await within(PATIENCE, finished);
    return result;
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function measure(order: LoadOrder, connections: readonly Connection[]): Promise<LoadResult> {
  await sleep(order.warmUp * 1000);
  const before = takeStock(order.pid, connections);
  await sleep(order.seconds * 1000);
  const after = takeStock(order.pid, connections);
  return {
    messages: after.messages - before.messages,
    seconds: after.seconds - before.seconds,
    serverCpu: after.serverCpu - before.serverCpu,
    clientCpu: after.clientCpu - before.clientCpu,
  };
}

function takeStock(pid: number, connections: readonly Connection[]): LoadResult {
  const { user, system } = process.cpuUsage();
  return {
    messages: connections.reduce((sum, { messages }) => sum + messages, 0),
    seconds: performance.now() / 1000,
    serverCpu: cpuTime(pid),
    clientCpu: (user + system) / 1e6,
  };
}

async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
        throw new Error(`messages have not come back in ${seconds} s`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

const answer = (what: LoadAnswer): void => void process.send?.(what);

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: String(error) }),
  );
});
