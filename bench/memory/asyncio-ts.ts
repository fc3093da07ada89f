/** Prints how many bytes a sleeping task takes: python.py in TypeScript. */
import { readFileSync } from 'node:fs';
import * as asyncio from 'asyncio-ts';

const TASKS = Number(process.argv[2]);

/** How many bytes of this process are in RAM. */
function resident(): number {
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
  const [, kilobytes] = /^Rss: +(\d+) kB$/m.exec(rollup) ?? [];
  return Number(kilobytes) * 1024;
}

const nap = asyncio.coroutine(async function nap(): Promise<void> {
  await asyncio.sleep(3600);
});

await asyncio.run(async () => {
  await asyncio.sleep(0);
  globalThis.gc?.();
  const before = resident();
  const tasks = Array.from({ length: TASKS }, () => asyncio.createTask(nap()));
  await asyncio.sleep(0);
  await asyncio.sleep(0);
  const grown = resident() - before;
  globalThis.gc?.();
  const collected = resident() - before;
  console.log(JSON.stringify({ resident: grown / TASKS, collected: collected / TASKS }));
  // There is no need to wait for them.
  process.exit(tasks.length === TASKS ? 0 : 1);
});
