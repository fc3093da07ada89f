// A program in a busy loop until a file is there: `stuck.ts FILE [PATH]`; it listens at the path. Without a file, its
// worker threads are busy and blocked for ever.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import * as asyncio from '../../../src/index.ts';

const [file, where] = process.argv.slice(2);

function spin(path: string): void {
  while (!existsSync(path));
}

async function work(): Promise<void> {
  await asyncio.sleep(0);
  console.log('stuck');
  if (file !== undefined) spin(file);
  console.log('free');
  await asyncio.sleep(3600);
}

async function startWorker(body: string): Promise<Worker> {
  const code = `require('node:worker_threads').parentPort.postMessage(1); ${body}`;
  const worker = new Worker(code, { eval: true });
  await new Promise((resolve) => worker.once('message', resolve));
  return worker;
}

await asyncio.run(async function main() {
  if (file === undefined) {
    await startWorker('for (;;);');
    await startWorker('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
  }
  if (where !== undefined) await asyncio.inspect.listen(where);
  await asyncio.createTask(work, { name: 'worker' });
});
