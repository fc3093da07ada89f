/** Two downloads, one after the other and then at the same time. */
import * as asyncio from 'asyncio-ts';

async function download(name: string, seconds: number): Promise<string> {
  console.log(`${name}: started`);
  await asyncio.sleep(seconds);
  console.log(`${name}: done`);
  return name.toUpperCase();
}

async function main(): Promise<void> {
  console.log('One after the other');
  await download('a', 0.2);
  await download('b', 0.1);

  console.log('At the same time');
  const a = asyncio.createTask(() => download('a', 0.2));
  const b = asyncio.createTask(() => download('b', 0.1));
  console.log(await a, await b);
}

await asyncio.run(main);
