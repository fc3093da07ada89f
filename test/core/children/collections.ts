/**
 * A program that counts the garbage collections that are asked for: one without a fault, or with
 * `lost` one that loses a failure.
 */
import * as asyncio from '../../../src/index.ts';

let collections = 0;
let forced = 0;
(globalThis as { gc?: () => void }).gc = () => {
  forced += 1;
};
globalThis.ArrayBuffer = new Proxy(ArrayBuffer, {
  construct(target, args: [number], newTarget) {
    // So large is only what has V8 begin a collection.
    if (args[0] > 64 * 1024 * 1024) collections += 1;
    return Reflect.construct(target, args, newTarget) as ArrayBuffer;
  },
});

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
  if (process.argv[2] === 'lost') asyncio.createTask(echo(0));
  // Past the time at which a collection would come.
  await asyncio.sleep(0.2);
});
console.log(`collections: ${collections}, forced: ${forced}`);
