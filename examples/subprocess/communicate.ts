/** Runs `sort` on a few words, and a program that takes too long. */
import * as asyncio from 'asyncio-ts';

const { PIPE } = asyncio.subprocess;
const LIMIT = Number(process.env['LIMIT'] ?? 1);

/** Runs a program with `input`, and returns its output unless it takes too long. */
const output = asyncio.coroutine(async function output(
  program: string,
  args: readonly string[],
  input: string,
): Promise<string> {
  const streams = { stdin: PIPE, stdout: PIPE };
  const child = await asyncio.createSubprocessExec(program, ...args, streams);
  try {
    const [stdout] = await asyncio.waitFor(child.communicate(input), LIMIT);
    return String(stdout);
  } finally {
    if (child.returncode === undefined) {
      child.kill();
      await child.wait();
    }
  }
});

const main = asyncio.coroutine(async function main(): Promise<void> {
  console.log(await output('sort', [], 'pear\napple\nfig\n'));
  try {
    await output('sleep', ['3600'], '');
  } catch (error) {
    if (!(error instanceof asyncio.TimeoutError)) throw error;
    console.log('sleep took too long, and was killed');
  }
});

await asyncio.run(main());
