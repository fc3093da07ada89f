import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { Program, root } from '../support/program.ts';

const page = readFileSync(path.join(root, 'docs', 'seeing.md'), 'utf8');
const ASKED = { env: { ASYNCIO_EXPLAIN: '1' } };

/** Runs `text` as a program, in a folder of its own. */
async function withProgram<T>(text: string, use: (program: Program) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(root, 'test/inspect/children/tmp-'));
  const file = path.join(folder, 'worker.mjs');
  const library = path.relative(folder, path.join(root, 'dist', 'index.js'));
  writeFileSync(
    file,
    text.replace("'asyncio-ts'", `'${library}'`).replaceAll(': Promise<void>', ''),
  );
  try {
    await using program = Program.node(file, [], ASKED);
    return await use(program);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

behaviour('ASYNCIO_EXPLAIN', (it) => {
  it('explains what docs/seeing.md shows', async () => {
    const [, program = ''] = /```ts\n(import \{ EventEmitter[\s\S]*?)```/.exec(page) ?? [];
    const [, shown = ''] = /node worker\.ts\nready\n\^C\n([\s\S]*?)```/.exec(page) ?? [];
    await withProgram(program, async (child) => {
      await child.shows(/ready/);
      process.kill(child.pid, 'SIGINT');
      await child.shows(/worker.mjs:10/, { from: 'stderr' });
      const told = child.stderr.replace(/\(\S*worker\.mjs/, '(worker.ts');
      assert.is(told, shown);
      process.kill(child.pid, 'SIGINT');
      const { status } = await child.ends();
      assert.is(status, 130);
      assert.match(child.stderr, /Ctrl-C has interrupted run\(\)/);
    });
  });

  it('names the thread if it is not the main thread', async () => {
    await withProgram(
      `import { isMainThread, Worker } from 'node:worker_threads';
       import * as asyncio from 'asyncio-ts';
       if (isMainThread) new Worker(new URL(import.meta.url));
       else await asyncio.run(async () => {
         asyncio.createTask(async function flush() {
           try { await asyncio.sleep(100); } finally { await asyncio.sleep(100); }
         }, { name: 'flush' });
         await asyncio.sleep(0);
       });`,
      async (child) => {
        await child.shows(/worker.mjs:6/, { from: 'stderr' });
        const headline = `Thread ${child.pid}/1: run\\(\\) has been ending for 1\\.\\d s\\. It waits for:`;
        assert.match(child.stderr, new RegExp(`^${headline}\n {2}flush \\(flush, cancelled\\)`));
      },
    );
  });

  it('explains why the loop of enter() keeps running', async () => {
    await withProgram(
      `import * as asyncio from 'asyncio-ts';
       await asyncio.enter(async () => {
         await asyncio.startServer(() => {}, '127.0.0.1', 0);
         asyncio.createTask(async function left() { await asyncio.sleep(100); }, { name: 'left' });
       });`,
      async (child) => {
        await child.shows(/<Server /, { from: 'stderr' });
        assert.match(
          child.stderr,
          /^The last body of enter\(\) ended 1\.\d s ago\. Its loop is kept running by:\n {2}left \(left\) waits for sleep, 99\.\d s to go\n {6}at left \(\S*worker.mjs:4\)\n {2}<Server /,
        );
      },
    );
  });
});
