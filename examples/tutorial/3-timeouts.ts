/** Time limits: one throws an error, one does not, and one limits a promise created elsewhere. */
import { setTimeout as delay } from 'node:timers/promises';
import * as asyncio from 'asyncio-ts';

async function slow(): Promise<string> {
  try {
    await asyncio.sleep(60);
    return 'late';
  } finally {
    console.log('slow: interrupted');
  }
}

async function main(): Promise<void> {
  try {
    await asyncio.timeout(0.1, slow);
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
    console.log('too late');
  }

  const { expired } = await asyncio.moveOnAfter(0.1, slow);
  console.log(`cut off: ${expired}`);

  try {
    await asyncio.timeout(0.1, (limit) => delay(60_000, 'late', { signal: limit.signal }));
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
    console.log('too late for a promise, too');
  }
}

await asyncio.run(main);
