/** A program without a fault, which counts the garbage collections that are asked for. */
import * as asyncio from '../../../src/index.ts';

let collections = 0;
(globalThis as { gc?: () => void }).gc = () => {
  collections += 1;
};

const echo = asyncio.coroutine(async function echo(n: number) {
  await asyncio.sleep(0);
  if (n % 10 === 0) throw new RangeError(`${n}`);
  return n;
});

await asyncio.run(async () => {
  for (let n = 0; n < 200; n += 1) {
    const task = asyncio.createTask(echo(n));
    await asyncio.sleep(0);
    await asyncio.sleep(0);
    await task.catch(() => {});
  }
  // Past the time at which a collection would come.
  await asyncio.sleep(0.2);
});
console.log(`collections: ${collections}`);
