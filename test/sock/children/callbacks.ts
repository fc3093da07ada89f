/**
 * Threads that make a socket and end, in each of the ways that the arguments say; says how many of koffi's
 * callbacks are in use after.
 */
import { createRequire } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';
import * as asyncio from '../../../src/index.ts';
import * as socket from '../../../src/socket.ts';

const THREADS = 3;
const koffi = createRequire(import.meta.url)('koffi') as { stats(): { callbacks: number } };
const [how, ...others] = process.argv.slice(2) as [string, ...string[]];

async function end(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [one, other] = socket.socketpair();
  one.setblocking(false);
  const waits = asyncio.createTask(loop.sockRecv(one, 1));
  await asyncio.sleep(0);
  if (how === 'exit') process.exit(3);
  if (how === 'throw') throw new Error('on purpose');
  if (how === 'exit while others listen')
    process.on('exit', () => {
      other.close();
      const [late] = socket.socketpair();
      loop.addReader(late, () => {});
    });
  waits.cancel();
}

if (isMainThread) {
  socket.socket().close();
  for (const each of [how, ...others]) {
    const before = koffi.stats().callbacks;
    for (let n = 0; n < THREADS; n += 1) {
      const worker = new Worker(new URL(import.meta.url), { argv: [each] });
      worker.on('error', () => {});
      await new Promise((resolve) => worker.once('exit', resolve));
    }
    console.log(`${each}: ${koffi.stats().callbacks - before} callbacks more`);
  }
} else await asyncio.run(end);
