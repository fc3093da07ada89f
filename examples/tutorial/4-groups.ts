/** Tasks that belong together end together. */
import * as asyncio from 'asyncio-ts';

async function work(name: string, seconds: number): Promise<void> {
  try {
    await asyncio.sleep(seconds);
    console.log(`${name}: done`);
  } finally {
    console.log(`${name}: over`);
  }
}

async function fail(): Promise<void> {
  await asyncio.sleep(0.2);
  throw new Error('the disk is full');
}

async function main(): Promise<void> {
  await asyncio.taskGroup(async (group) => {
    group.createTask(() => work('a', 0.1));
    group.createTask(() => work('b', 0.2));
  });
  console.log('both have ended');

  try {
    await asyncio.taskGroup(async (group) => {
      group.createTask(() => work('c', 0.1));
      group.createTask(() => work('d', 60));
      group.createTask(fail);
    });
  } catch (error) {
    if (!(error instanceof asyncio.ExceptionGroup)) throw error;
    for (const each of error.exceptions) console.log(`failed: ${each}`);
  }
}

await asyncio.run(main);
