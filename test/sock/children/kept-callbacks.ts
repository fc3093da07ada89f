/**
 * Threads that are terminated while they wait on a socket and watch a descriptor; says how many of koffi's
 * callbacks are in use after that.
 */
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

const THREADS = 5;

async function wait(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [one, other] = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0, {
    driver: 'posix',
  });
  loop.addReader(other.detach(), () => {});
  parentPort?.postMessage('waits');
  await loop.sockRecv(one, 1);
}

if (isMainThread) {
  for (let n = 0; n < THREADS; n += 1) {
    const worker = new Worker(new URL(import.meta.url));
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
  }
  const koffi = createRequire(import.meta.url)('koffi') as { stats(): { callbacks: number } };
  console.log(koffi.stats().callbacks);
} else await asyncio.run(wait);
