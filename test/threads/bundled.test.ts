/** Threads of programs that were bundled with their libraries: no file of ours lies beside them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { behaviour } from '../support/behaviour.ts';
import { root } from '../support/program.ts';

const PROGRAM = `
  import * as asyncio from 'asyncio-ts';
  function fails(text) { throw new RangeError(text); }
  asyncio.run(async () => {
    console.log(String(await asyncio.toThread((a, b) => a + b, 40, 2)));
    try {
      await asyncio.toThread(fails, 'there');
    } catch (error) {
      console.log(error.name, error.message, String(error.stack.includes('thread:')));
    }
  });`;

/** What a program prints that esbuild has made one file of. */
async function printed(options: { format: 'esm' | 'cjs'; minify: boolean }): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
  try {
    const outfile = path.join(folder, options.format === 'esm' ? 'program.mjs' : 'program.cjs');
    await build({
      ...options,
      stdin: { contents: PROGRAM, resolveDir: root },
      bundle: true,
      platform: 'node',
      external: ['koffi'],
      outfile,
      // To CommonJS, it says that import.meta is empty there.
      logLevel: 'error',
    });
    return String(execFileSync(process.execPath, [outfile], { cwd: folder }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

behaviour('toThread in a bundled program', (it) => {
  for (const format of ['esm', 'cjs'] as const)
    for (const minify of [false, true])
      it(
        `works as ${format}${minify ? ', minified' : ''}`,
        async () => {
          assert.is(await printed({ format, minify }), '42\nRangeError there true\n');
        },
        { seconds: 20 },
      );
});
