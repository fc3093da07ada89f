/**
 * A program that counts the garbage collections that are asked for: one without a fault, with `lost`
 * one that loses a failure, and with `large` one that receives 40 MB in large pieces.
 */
import * as asyncio from '../../../src/index.ts';
import { socketpair } from '../../../src/socket.ts';

let collections = 0;
let forced = 0;
let young = 0;
(globalThis as { gc?: (options?: { type: string }) => void }).gc = (options) => {
  if (options?.type === 'minor') young += 1;
  else forced += 1;
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

async function receiveLarge(): Promise<void> {
  const loop = asyncio.getRunningLoop();
  const [one, other] = socketpair();
  for (const each of [one, other]) each.setblocking(false);
  const piece = new Uint8Array(100_000);
  const sending = asyncio.createTask(async () => {
    for (let n = 0; n < 400; n += 1) await loop.sockSendall(one, piece);
    one.close();
  });
  while ((await loop.sockRecv(other, 262_144)).length > 0);
  await sending;
  other.close();
  console.log(`young: ${young}`);
}

await asyncio.run(async () => {
  if (process.argv[2] === 'large') await receiveLarge();
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
