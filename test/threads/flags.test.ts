/** Threads in processes that were started with flags of Node, which threads inherit. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { plain } from '../../scripts/plain.mjs';
import { behaviour } from '../support/behaviour.ts';
import { root } from '../support/program.ts';

const run = promisify(execFile);
const door = plain('src/index.ts');
const program = `
  const asyncio = await import(${JSON.stringify(door)});
  await asyncio.run(async () => {
    const loop = asyncio.getRunningLoop();
    const there = await asyncio.toThread((a, b) => a + b, 40, 2);
    console.log(there, await loop.runInExecutor(undefined, (a) => a, 'executor'));
  });`;

async function printed(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run(process.execPath, args, {
    cwd: root,
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      FORCE_COLOR: undefined,
      NO_COLOR: '1',
      ...env,
    },
  });
  return stdout;
}

behaviour('toThread and loop.runInExecutor', (it) => {
  it(
    'work in a process started with flags that threads do not accept',
    async () => {
      const ofV8 = ['--max-old-space-size=512', '--expose-gc', '--stack-size=900', '--no-opt'];
      const ofTheProcess = ['--title=threads', '--zero-fill-buffers', '--inspect=127.0.0.1:0'];
      const asText = ['--input-type=module', '--eval', program];

      assert.is(await printed([...ofV8, ...ofTheProcess, ...asText]), '42 executor\n');
    },
    { seconds: 20 },
  );

  it(
    'work if NODE_OPTIONS contains the flags',
    async () => {
      const env = { NODE_OPTIONS: '--input-type=module --max-old-space-size=512 --title=threads' };

      assert.is(await printed(['--eval', program], env), '42 executor\n');
    },
    { seconds: 20 },
  );

  it(
    'work in a program run from a file, and in one run by node --test',
    async () => {
      const file = plain('test/threads/children/calls.ts');

      assert.is(await printed(['--expose-gc', file]), '42\n');
      assert.match(await printed(['--test', file]), /^(# )?42$/m);
    },
    { seconds: 20 },
  );

  it(
    'have threads that inherit what the process preloads',
    async () => {
      const file = plain('test/threads/children/preloaded.ts');

      assert.is(
        await printed(['--import', `data:text/javascript,globalThis.there = 'preloaded'`, file]),
        'preloaded\n',
      );
    },
    { seconds: 20 },
  );

  it(
    'call functions if Node may not compile strings',
    async () => {
      const calls = `
        const asyncio = await import(${JSON.stringify(door)});
        await asyncio.run(async () => {
          const eol = async () => (await import('node:os')).EOL.length;
          console.log(await asyncio.toThread(eol), await asyncio.toThread(eol));
          const wrong = () => { throw new RangeError(missing); };
          const error = await asyncio.toThread(wrong).catch((error) => error);
          console.log(error.name, /without the variables around it/.test(error.message));
          console.log(error.stack.match(/thread:\\w+:\\d+/)?.[0]);
        });`;
      const flag = '--disallow-code-generation-from-strings';

      assert.is(
        await printed([flag, '--input-type=module', '--eval', calls]),
        '1 1\nReferenceError true\nthread:wrong:1\n',
      );
    },
    { seconds: 20 },
  );
});
