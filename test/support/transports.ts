/** For tests of transports: a protocol that records its calls, and a peer with plain sockets. */
import { type Future, type Loop, Protocol, type Transport } from '../../src/index.ts';
import type { AddressInput, DriverName, Socket } from '../../src/socket.ts';
import * as socket from '../../src/socket.ts';
import { listening, stream } from './drivers.ts';
import { settle } from './loop-behaviour.ts';

/** Records its calls, in order. */
export class Recorder extends Protocol {
  readonly calls: string[] = [];
  readonly received: Uint8Array[] = [];
  transport: Transport | undefined;
  /** Fulfilled with the argument of connectionLost(). */
  readonly lost: Future<unknown>;

  constructor(loop: Loop) {
    super();
    this.lost = loop.createFuture();
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.calls.push('connectionMade');
  }

  override dataReceived(data: Uint8Array): void {
    this.received.push(data);
    const much = data.length > 1000;
    this.calls.push(`dataReceived ${much ? `${data.length} bytes` : data}`);
  }

  override eofReceived(): boolean | undefined {
    this.calls.push('eofReceived');
    return undefined;
  }

  override connectionLost(error?: unknown): void {
    this.calls.push('connectionLost');
    this.lost.setResult(error);
  }

  override pauseWriting(): void {
    this.calls.push('pauseWriting');
  }

  override resumeWriting(): void {
    this.calls.push('resumeWriting');
  }
}

/** Two connected sockets, in the order client, server. */
export async function socketsOn(
  loop: Loop,
  driver: DriverName,
  family: number = socket.AF_INET,
): Promise<[Socket, Socket]> {
  const listener = listening(driver, family);
  const client = stream(driver, family);
  const accepting = loop.sockAccept(listener);
  await loop.sockConnect(client, listener.getsockname() as AddressInput);
  const [server] = await accepting;
  listener.close();
  return [client, server];
}

/** A transport, its protocol, and the socket of the other side. */
export interface Stage<P> {
  readonly transport: Transport;
  readonly protocol: P;
  readonly peer: Socket;
}

/** Connects a protocol with a plain socket, and closes everything at the end. */
export async function onStage<P extends Recorder>(
  loop: Loop,
  driver: DriverName,
  protocol: P,
  use: (stage: Stage<P>) => Promise<unknown>,
): Promise<void> {
  const [sock, peer] = await socketsOn(loop, driver);
  const [transport] = await loop.createConnection(() => protocol, undefined, undefined, { sock });
  try {
    await use({ transport, protocol, peer });
  } finally {
    transport.abort();
    peer.close();
    await settle(loop);
  }
}

/** Waits for turns until a condition is true, at most until the deadline of the test. */
export async function until(loop: Loop, isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle(loop, 1);
}

/** Receives until the peer has sent `nbytes` bytes, or ended. */
export async function receiveAll(loop: Loop, sock: Socket, nbytes = Infinity): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < nbytes; ) {
    const piece = await loop.sockRecv(sock, Math.min(65_536, nbytes - size));
    if (piece.length === 0) break;
    pieces.push(piece);
    size += piece.length;
  }
  return Buffer.concat(pieces);
}

/** Writes until some of it has to wait. Returns everything that was written. */
export function writeUntilFull(transport: Transport): Buffer {
  const pieces: Buffer[] = [];
  while (transport.getWriteBufferSize() === 0) {
    const piece = Buffer.alloc(10_000, `piece ${pieces.length} `);
    pieces.push(piece);
    transport.write(piece);
  }
  return Buffer.concat(pieces);
}

/** Resets a connection. */
export function reset(sock: Socket): void {
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1);
  sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger);
  sock.close();
}
