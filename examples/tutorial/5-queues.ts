/** One producer, two workers, and a queue with room for three jobs. */
import * as asyncio from 'asyncio-ts';

async function produce(queue: asyncio.Queue<number>): Promise<void> {
  for (let job = 1; job <= 6; job += 1) {
    await queue.put(job);
    console.log(`put ${job}`);
  }
  queue.shutdown();
}

async function work(name: string, seconds: number, queue: asyncio.Queue<number>): Promise<void> {
  try {
    while (true) {
      const job = await queue.get();
      await asyncio.sleep(seconds);
      console.log(`${name} finished ${job}`);
    }
  } catch (error) {
    if (!(error instanceof asyncio.QueueShutDown)) throw error;
    console.log(`${name} stops`);
  }
}

async function main(): Promise<void> {
  const queue = new asyncio.Queue<number>(3);
  await asyncio.taskGroup(async (group) => {
    group.createTask(() => produce(queue));
    group.createTask(() => work('ann', 0.4, queue));
    group.createTask(() => work('bob', 1, queue));
  });
}

await asyncio.run(main);
