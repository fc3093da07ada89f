/** A task that is cancelled cleans up, and then ends. */
import * as asyncio from 'asyncio-ts';

async function count(): Promise<void> {
  try {
    for (let n = 1; ; n += 1) {
      console.log(n);
      await asyncio.sleep(1);
    }
  } finally {
    console.log('cleaning up');
  }
}

async function main(): Promise<void> {
  const task = asyncio.createTask(count);
  await asyncio.sleep(2.5);

  task.cancel();
  try {
    await task;
  } catch (error) {
    if (!(error instanceof asyncio.CancelledError)) throw error;
    console.log('cancelled');
  }
}

await asyncio.run(main);
