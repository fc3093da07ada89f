/**
 * Closes sockets of the node driver while libuv holds their last bytes, lets the time pass after which it looks
 * whether the peer takes any, and says what the peer got.
 */
import { existsSync, readlinkSync } from 'node:fs';
import type { Socket } from '../../../src/socket.ts';

const later = globalThis.setTimeout;
/** The looks that are due after 30 s. */
const looks: (() => void)[] = [];
globalThis.setTimeout = ((call: () => void, ms: number) => {
  if (ms < 30_000) return later(call, ms);
  looks.push(call);
  return { unref: () => undefined };
}) as typeof setTimeout;

const socket = await import('../../../src/socket.ts');
const { connectedPair, filled, received } = await import('../../support/drivers.ts');
const alive = setInterval(() => {}, 1000);

/** The next look; none if `isOver`. On a busy machine, each takes a while to come. */
async function nextLook(isOver: () => boolean): Promise<(() => void) | undefined> {
  while (looks.length === 0 && !isOver()) await new Promise((resolve) => void later(resolve, 1));
  return looks.shift();
}

/** Says when libuv closes the descriptor of a TCP socket. Nothing looks after others: says so after 200 calls. */
function overFor(sock: Socket, family: number): () => boolean {
  let calls = 0;
  if (family === socket.AF_UNIX) return () => ++calls > 200;
  const path = `/proc/self/fd/${sock.fileno()}`;
  const open = readlinkSync(path);
  return () => !existsSync(path) || readlinkSync(path) !== open;
}

/** @param pieces - before each look but the first the peer takes one of so many bytes */
async function play(title: string, family: number, pieces: readonly number[]): Promise<void> {
  const { client, server, close } = await connectedPair('node', family);
  const total = filled(client);
  client.shutdown(socket.SHUT_WR);
  const isOver = overFor(client, family);
  client.close();

  let got = 0;
  let end = 'the end';
  looks.shift()?.();
  for (const nbytes of pieces) {
    for (let rest = nbytes; rest > 0; ) {
      const { length } = await received(server, rest);
      rest -= length;
      got += length;
    }
    (await nextLook(isOver))?.();
  }
  // Bytes on their way still count. A connection that is given up is looked at no more.
  if (pieces.length === 0)
    for (let look = await nextLook(isOver); look !== undefined; look = await nextLook(isOver))
      look();
  try {
    for (let data = await received(server); data.length > 0; data = await received(server))
      got += data.length;
  } catch (error) {
    end = String((error as NodeJS.ErrnoException).code);
  }
  console.log(`${title}: ${got === total ? 'all' : 'a part'}, then ${end}`);
  looks.length = 0;
  close();
}

await play('TCP, takes something', socket.AF_INET, [1_000_000]);
await play('TCP, takes nothing', socket.AF_INET, []);
await play('a path, takes nothing', socket.AF_UNIX, []);
clearInterval(alive);
