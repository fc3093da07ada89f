import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** How many clients are connected at a time. */
const AT_ONCE = 50;

const MESSAGE = Buffer.alloc(100_000);

/** What a client does between connecting and disconnecting. */
const WAYS: readonly ((socket: Socket) => Promise<unknown>)[] = [
  async function closesAfterItsMessage(socket) {
    socket.write(MESSAGE);
    await received(socket, MESSAGE.length);
    socket.destroy();
  },
  async function endsAndReadsTheRest(socket) {
    socket.end(MESSAGE);
    await received(socket, MESSAGE.length);
  },
  async function closesInTheMiddleOfItsMessage(socket) {
    socket.write(MESSAGE.subarray(0, 50_000));
    await received(socket, 1);
    socket.destroy();
  },
  async function resetsInTheMiddleOfItsMessage(socket) {
    socket.write(MESSAGE.subarray(0, 50_000));
    await received(socket, 1);
    socket.resetAndDestroy();
  },
  async function resetsWithoutReading(socket) {
    socket.write(MESSAGE);
    socket.resetAndDestroy();
  },
  async function closesAtOnce(socket) {
    socket.destroy();
  },
];

/**
 * Connects `count` clients, a few at a time, that disconnect in different ways.
 *
 * @throws {Error} if one cannot connect, or does not get its bytes back
 */
export async function leave(port: number, count: number): Promise<void> {
  let started = 0;
  const visitor = async (): Promise<void> => {
    while (started < count) {
      const way = WAYS[started % WAYS.length] as (typeof WAYS)[number];
      started += 1;
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      await way(socket);
      await closed;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
}

/** Waits for at least this many bytes. */
function received(socket: Socket, nbytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = nbytes;
    socket.on('data', (data) => {
      left -= data.length;
      if (left <= 0) resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
  });
}
