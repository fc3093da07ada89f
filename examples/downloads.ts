/**
 * Downloads the URLs in its arguments: three at a time, each in at most two seconds. Ctrl-C or SIGTERM
 * aborts the requests that are running, and starts no more.
 */
import * as asyncio from 'asyncio-ts';

async function download(url: string): Promise<number> {
  return await asyncio.timeout(2, async (limit) => {
    const response = await fetch(url, { signal: limit.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.text()).length;
  });
}

async function report(url: string): Promise<void> {
  try {
    console.log(`${url}: ${await download(url)} characters`);
  } catch (error) {
    // A cancel is not a failure: it stops the task.
    if (!asyncio.isException(error)) throw error;
    console.log(`${url}: ${error}`);
  }
}

async function main(): Promise<void> {
  try {
    await asyncio.taskGroup(
      async (group) => {
        for (const url of process.argv.slice(2)) group.createTask(() => report(url));
      },
      { limit: 3 },
    );
  } finally {
    console.log('nothing is running any more');
  }
}

await asyncio.run(main, { signals: ['SIGTERM'] });
