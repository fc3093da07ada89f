/**
 * So many tasks fail that nobody asks for, and so many that somebody does; with `kept`, all of them
 * are referenced to the end.
 */
import * as asyncio from 'asyncio-ts';

const [count, retrieved] = process.argv.slice(2, 4).map(Number) as [number, number];
const kept: asyncio.Task<never>[] | undefined = process.argv[4] === 'kept' ? [] : undefined;

const fails = asyncio.coroutine(async function fails(n: number): Promise<never> {
  await asyncio.sleep(0);
  throw new Error(`failure ${n}`);
});

let asked = 0;
const asks = asyncio.coroutine(async function asks(n: number): Promise<void> {
  const task = asyncio.createTask(fails(n), { name: `asked-${n}` });
  // Late, so that it has been watched for a while.
  await asyncio.sleep(0.05);
  if (task.exception() !== undefined) asked += 1;
});

await asyncio.run(async () => {
  for (let n = 0; n < count; n += 1) {
    const task = asyncio.createTask(fails(n), { name: `lost-${n}` });
    kept?.push(task);
    // In portions, as a server would: garbage collections come between.
    if (n % 500 === 499) await asyncio.sleep(0.005);
  }
  await Promise.all(Array.from({ length: retrieved }, (_, n) => asks(n)));
  await asyncio.sleep(0.5);
});
console.log(`${asked} failures were asked for`);
