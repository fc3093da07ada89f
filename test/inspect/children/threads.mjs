// Two threads, each with a loop and a task that waits; the other one ends when something is typed.
import { isMainThread, Worker } from 'node:worker_threads';
import * as asyncio from '../../../dist/index.js';

async function wait() {
  await asyncio.sleep(1000);
}

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  process.stdin.once('data', async () => {
    await worker.terminate();
    console.log('ended');
  });
  await asyncio.run(async () => {
    await asyncio.fromEvent(worker, 'message');
    console.log('waiting');
    await wait();
  });
} else {
  const { parentPort } = await import('node:worker_threads');
  parentPort.postMessage('ready');
  await asyncio.run(wait);
}
