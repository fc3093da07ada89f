/**
 * Threads that send and receive, and begin and end to watch descriptors all the time, and are terminated
 * meanwhile, as many as the argument says.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

const THREADS = Number(process.argv[2]);
const MOST_MS = 20;

async function watch(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const pair = (): [socket.Socket, socket.Socket] =>
    socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, { driver: 'posix' });
  const fd = pair()[0].detach();
  const [one, other] = pair();
  parentPort?.postMessage('watches');
  for (;;) {
    for (let n = 0; n < 100; n += 1) {
      loop.addReader(fd, () => {});
      loop.removeReader(fd);
    }
    const received = loop.sockRecv(other, 1);
    await asyncio.sleep(0);
    await loop.sockSendall(one, Uint8Array.of(1));
    await received;
  }
}

async function endOne(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_MS));
  await worker.terminate();
}

if (isMainThread) {
  for (let n = 0; n < THREADS; n += 2) await Promise.all([endOne(), endOne()]);
  console.log(`${THREADS} have ended`);
} else await asyncio.run(watch);
