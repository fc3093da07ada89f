/** Prints by how many bytes the heap grows for each task that sleeps. */
import * as asyncio from '../../../src/index.ts';

const TASKS = 20_000;

const nap = asyncio.coroutine(async function nap(): Promise<void> {
  await asyncio.sleep(3600);
});

async function heapWithMore(tasks: asyncio.Task<void>[], count: number): Promise<number> {
  for (let n = 0; n < count; n += 1) tasks.push(asyncio.createTask(nap()));
  await asyncio.sleep(0);
  await asyncio.sleep(0);
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

await asyncio.run(async () => {
  const tasks: asyncio.Task<void>[] = [];
  const before = await heapWithMore(tasks, 1000);
  const after = await heapWithMore(tasks, TASKS);
  console.log(String((after - before) / TASKS)); // as text: a number would be coloured
  // Nobody needs to see them end.
  process.exit(0);
});
