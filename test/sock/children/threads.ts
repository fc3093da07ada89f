/**
 * Echo servers in threads of their own, each with its own loop; ends them in the way that its
 * argument says while their connections are open, and says what is left.
 */
import { readdirSync } from 'node:fs';
import { connect, type Socket as NetSocket } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

const THREADS = 3;
const CLIENTS = 5;

async function serve(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const listener = socket.socket();
  listener.setblocking(false);
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  parentPort?.on('message', (how) => {
    if (how === 'exit') process.exit(3);
    throw new Error('on purpose');
  });
  parentPort?.postMessage(listener.getsockname()[1]);
  for (;;) {
    const [connection] = await loop.sockAccept(listener);
    asyncio.createTask(async () => {
      for (;;) await loop.sockSendall(connection, await loop.sockRecv(connection, 100));
    });
  }
}

/** How many sockets this process has open; `undefined` where that cannot be seen. */
function openSockets(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

async function client(port: number): Promise<NetSocket> {
  const made = connect(port, '127.0.0.1').on('error', () => {});
  made.write('hello');
  await new Promise((resolve) => made.once('data', resolve));
  return made;
}

async function endOne(how: string): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  worker.on('error', () => {});
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => client(port)));
  const closed = clients.map((made) => new Promise((resolve) => made.once('close', resolve)));
  if (how === 'terminate') await worker.terminate();
  else worker.postMessage(how);
  await ended;
  await Promise.all(closed);
}

if (isMainThread) {
  const how = process.argv[2] ?? '';
  await endOne(how);
  const before = openSockets();
  await Promise.all(Array.from({ length: THREADS }, () => endOne(how)));
  console.log(`${how}: all closed, ${openSockets() === before ? 'nothing left' : 'some left'}`);
} else await asyncio.run(serve);
