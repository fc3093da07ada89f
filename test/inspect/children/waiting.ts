// Tasks that wait, for test/inspect/look.test.ts: says so when they do.
import * as asyncio from '../../../src/index.ts';

const queue = new asyncio.Queue<string>();
const first = new asyncio.Lock();
const second = new asyncio.Lock();

async function nextJob(): Promise<string> {
  return await queue.get();
}

async function work(): Promise<void> {
  await nextJob();
}

async function lock(one: asyncio.Lock, other: asyncio.Lock): Promise<void> {
  await one.acquire();
  await asyncio.sleep(0);
  await other.acquire();
}

async function twice(): Promise<void> {
  const own = new asyncio.Lock();
  await own.acquire();
  await own.acquire();
}

async function both(): Promise<void> {
  await Promise.all([asyncio.sleep(1000), nextJob()]);
}

async function main(): Promise<void> {
  await asyncio.taskGroup(async (group) => {
    group.createTask(work, { name: 'worker' });
    group.createTask(() => lock(first, second), { name: 'one' });
    group.createTask(() => lock(second, first), { name: 'other' });
    group.createTask(twice, { name: 'twice' });
    group.createTask(both, { name: 'branches' });
    await asyncio.sleep(0.01);
    console.log('waiting');
  });
}

await asyncio.run(main);
