/**
 * Starts children while fewer and fewer descriptors are left, with the driver that the argument names;
 * says which attempts failed otherwise than for that, and how many descriptors are open after all.
 */
import { closeSync, openSync, readdirSync } from 'node:fs';
import * as asyncio from '../../../../src/index.ts';

const [driver] = process.argv.slice(2) as ['node' | 'posix'];
const { PIPE } = asyncio.subprocess;

const open = (): number => readdirSync('/proc/self/fd').length;

async function start(): Promise<void> {
  const pipes = { stdin: PIPE, stdout: PIPE, stderr: PIPE, driver };
  const child = await asyncio.createSubprocessExec('/bin/true', pipes);
  await child.communicate();
}

function fill(left: number): () => void {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // None is left.
  }
  for (const fd of held.splice(0, left)) closeSync(fd);
  return () => {
    for (const fd of held) closeSync(fd);
  };
}

await asyncio.run(async () => {
  await start();
  const before = open();
  let failed = 0;
  for (let left = 12; left >= 0; left -= 1) {
    const free = fill(left);
    try {
      await start();
    } catch (error) {
      failed += 1;
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EMFILE') console.log(`${left} left: ${error}`);
    } finally {
      free();
    }
  }
  await asyncio.sleep(0.01);
  console.log(`${failed > 0 ? 'some' : 'none'} failed, ${open() - before} more are open`);
});
