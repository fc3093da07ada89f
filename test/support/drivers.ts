/**
 * The drivers of sockets, what each supports, and what every test of sockets does: connect a pair, wait
 * for a slot, send and receive everything.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { BlockingIOError } from '../../src/base/errors/os-errors.ts';
import { createTask, type Loop, sleep, type Task } from '../../src/index.ts';
import type { Address, DriverName, Socket } from '../../src/socket.ts';
import * as socket from '../../src/socket.ts';

/** One driver, for the shared tests. */
export interface DriverCase {
  readonly name: DriverName;
  /** The value of `socket.driver`, if it is not the name. */
  readonly shown?: DriverName;
  /** Does it use the kernel, so that limits and descriptors are real? */
  readonly real: boolean;
  /** Why it has no AF_UNIX datagrams; `undefined` if it has. */
  readonly withoutUnixDatagrams?: string;
}

export const DRIVERS: readonly DriverCase[] = [
  { name: 'node', real: true, withoutUnixDatagrams: 'Node has no AF_UNIX datagrams' },
  { name: 'posix', real: true },
  // As on macOS, but on Linux: a name that users do not see.
  { name: 'posix, uv_poll' as DriverName, shown: 'posix', real: true },
  { name: 'memory', real: false },
];

/** The families of stream sockets, with their names. */
export const FAMILIES: readonly (readonly [name: string, family: number])[] = [
  ['AF_INET', socket.AF_INET],
  ['AF_INET6', socket.AF_INET6],
  ['AF_UNIX', socket.AF_UNIX],
];

let directory: string | undefined;

/** An unused path, which is removed when the process ends. */
export function freshPath(): string {
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'asyncio-ts-'));
    directory = made;
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return join(directory, randomUUID().slice(0, 8));
}

/** An unused address of the family: the loopback with any port, or a new path. */
export function freshAddress(family: number): Address | readonly [string, number] {
  if (family === socket.AF_UNIX) return freshPath();
  return [family === socket.AF_INET6 ? '::1' : '127.0.0.1', 0];
}

/** A stream socket of a driver, non-blocking. */
export function stream(driver: DriverName, family: number = socket.AF_INET): Socket {
  return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, { driver });
}

/** A datagram socket of a driver, non-blocking. */
export function datagram(driver: DriverName, family: number = socket.AF_INET): Socket {
  return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0, { driver });
}

/** A socket that listens. */
export function listening(driver: DriverName, family: number = socket.AF_INET): Socket {
  const listener = stream(driver, family);
  listener.bind(freshAddress(family));
  listener.listen();
  return listener;
}

/** Two ends of a connection, and its listener. */
export interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly listener: Socket;
  /** Closes all three. */
  close(): void;
}

/** Connects two sockets. */
export async function connectedPair(
  driver: DriverName,
  family: number = socket.AF_INET,
): Promise<Pair> {
  const listener = listening(driver, family);
  const client = stream(driver, family);
  const [[server]] = await Promise.all([
    accepted(listener),
    connected(client, listener.getsockname()),
  ]);
  const close = (): void => {
    for (const end of [client, server, listener]) end.close();
  };
  return { client, server, listener, close };
}

// A waiter may be called where no microtask follows, so it requests an immediate.

/** Fulfilled when the socket's reader is notified. */
export function readable({ _endpoint: endpoint }: Socket): Promise<void> {
  return new Promise((resolve) => {
    endpoint.reader = { ready: () => void setImmediate(resolve) };
  });
}

/** Fulfilled when the socket's writer is notified. */
export function writable({ _endpoint: endpoint }: Socket): Promise<void> {
  return new Promise((resolve) => {
    endpoint.writer = { ready: () => void setImmediate(resolve) };
  });
}

/** Waits for a connection, and accepts it. */
export function accepted(listener: Socket): Promise<[Socket, Address]> {
  return whenReadable(listener, () => listener.accept());
}

/** Connects, and waits for the outcome. */
export async function connected(client: Socket, address: socket.AddressInput): Promise<void> {
  try {
    client.connect(address);
  } catch (error) {
    if (!(error instanceof BlockingIOError)) throw error;
    await writable(client);
    const failure = client._endpoint.connectError();
    if (failure !== undefined) throw failure;
  }
}

/** Waits for bytes or the end, and receives once. */
export function received(sock: Socket, nbytes = 65_536): Promise<Uint8Array> {
  return whenReadable(sock, () => sock.recv(nbytes));
}

/** Receives one datagram. */
export function receivedFrom(sock: Socket, nbytes = 65_536): Promise<[Uint8Array, Address]> {
  return whenReadable(sock, () => sock.recvfrom(nbytes));
}

/** Receives one message with its ancillary data. */
export function receivedMessage(
  sock: Socket,
  ...args: Parameters<Socket['recvmsg']>
): Promise<ReturnType<Socket['recvmsg']>> {
  return whenReadable(sock, () => sock.recvmsg(...args));
}

/** Receives until there are `nbytes` bytes, or the peer has ended. */
export async function receivedAll(sock: Socket, nbytes = Infinity): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < nbytes) {
    const chunk = await received(sock, Math.min(nbytes - size, 65_536));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Sends everything, waiting until the socket is writable. */
export async function sentAll(sock: Socket, data: Uint8Array): Promise<void> {
  let from = 0;
  while (from < data.length) {
    const nbytes = sock._endpoint.trySend(data, from);
    if (nbytes < 0) await writable(sock);
    else from += nbytes;
  }
}

/** Sends until the socket accepts no more. Returns how many bytes it has accepted. */
export function filled(sock: Socket, chunk: Uint8Array = Buffer.alloc(65_536, 'x')): number {
  for (let total = 0; ; ) {
    const nbytes = sock._endpoint.trySend(chunk, 0);
    if (nbytes < 0) return total;
    total += nbytes;
  }
}

/**
 * A task that waits for room to send, and what it sends. A full socket may have room again at any time,
 * because the kernel moves bytes to the peer.
 */
export async function sendingWithoutRoom<Data extends Uint8Array>(
  loop: Loop,
  sock: Socket,
  make: () => Data,
  fill = (): void => void filled(sock),
): Promise<[sending: Task<void>, data: Data]> {
  for (;;) {
    fill();
    const data = make();
    const sending = createTask(async () => await loop.sockSendall(sock, data));
    await sleep(0);
    if (!sending.done()) return [sending, data];
  }
}

/** A socket as a Node stream, which needs no loop. */
export function streamOn(sock: Socket): Duplex {
  return new Duplex({
    read() {
      received(sock).then(
        (data) => this.push(data.length === 0 ? null : data),
        () => this.push(null),
      );
    },
    write(data, _encoding, done) {
      sentAll(sock, data).then(() => done(), done);
    },
  });
}

/** Turns a call into a promise, for `rejects`. */
export async function attempt<Result>(call: () => Result): Promise<Result> {
  return call();
}

/** Calls again until the call does not block. */
export async function whenReadable<Result>(sock: Socket, call: () => Result): Promise<Result> {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
      await readable(sock);
    }
  }
}
