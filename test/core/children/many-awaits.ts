/**
 * Awaits ten million times, and prints by how many bytes the heap has grown since the first million,
 * garbage collected. Needs --expose-gc.
 */
import * as asyncio from '../../../src/index.ts';

const ROUNDS = 10;
const AWAITS_A_ROUND = 1_000_000;

const nothing = asyncio.coroutine(async function nothing(): Promise<void> {});

/** A million awaits, of all kinds. */
async function round(done: asyncio.Future<number>): Promise<void> {
  const lock = new asyncio.Lock();
  const queue = new asyncio.Queue<number>();
  for (let n = 0; n < AWAITS_A_ROUND / 10; n += 1) {
    await asyncio.sleep(0);
    await done;
    await done;
    await nothing();
    await asyncio.createTask(nothing());
    await lock.acquire();
    lock.release();
    await queue.put(n);
    await queue.get();
    await asyncio.timeout(60, nothing);
    await asyncio.shield(done);
  }
}

async function live(): Promise<number> {
  for (let n = 0; n < 3; n += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed;
}

await asyncio.run(async () => {
  const done = asyncio.getRunningLoop().createFuture<number>();
  done.setResult(1);
  await round(done);
  const before = await live();
  for (let n = 1; n < ROUNDS; n += 1) await round(done);
  console.log(String((await live()) - before)); // as text: a number would be coloured
});
