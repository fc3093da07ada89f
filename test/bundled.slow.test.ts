/** Programs that were bundled with the library print what they print without it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { root } from './support/program.ts';

const PROGRAM = `
  import * as asyncio from 'asyncio-ts';
  async function fails() {
    await asyncio.sleep(0);
    throw new RangeError('nobody awaits this');
  }
  const print = (message) => console.log(message.replace(/\\(.*[\\\\/]/g, '('));
  asyncio.setLogger({ debug() {}, info() {}, warn: print, error: print });
  asyncio.run(async () => {
    asyncio.createTask(fails, { name: 'lost' });
    console.log(String(new asyncio.Queue()));
    await asyncio.timeout(0, () => asyncio.sleep(5)).catch((error) => console.log(String(error)));
    const { loops } = await asyncio.inspect.snapshot();
    console.log(String(loops.length));
    await asyncio.sleep(0.01);
    globalThis.gc();
    await asyncio.sleep(0.1);
  });`;

/** Prints the public classes that have lost their name, or that V8 keeps as a dictionary. */
const CLASSES = `
  import * as asyncio from 'asyncio-ts';
  const isFast = new Function('each', 'return %HasFastProperties(each)');
  for (const [name, each] of Object.entries(asyncio))
    if (/^class/.test(String(each)) && !(isFast(each) && asyncio[each.name] === each)) console.log(name);
  console.log(asyncio.Task.name);`;

const FORMATS = { esm: 'mjs', cjs: 'cjs' } as const;

function printed(file: string): string {
  const flags = ['--expose-gc', '--allow-natives-syntax'];
  return String(execFileSync(process.execPath, [...flags, file], { cwd: tmpdir() }));
}

async function bundled(make: (folder: string) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
  try {
    return printed(await make(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const EXPECTED =
  /^<Queue maxsize=0>\nTimeoutError\n1\nTask exception was never retrieved\nfuture: <Task finished name='lost' coro=<\w+\(\) done.*> exception=RangeError\('nobody awaits this'\)>\nRangeError: nobody awaits this\n {4}at \w+ \(program\.\w+:\d+:\d+\)\n$/;

behaviour('A program that was bundled', (it) => {
  for (const [format, extension] of Object.entries(FORMATS) as ['esm' | 'cjs', string][]) {
    for (const minify of [false, true]) {
      const kind = `esbuild, ${format}${minify ? ', minified' : ''}`;
      const made = (contents: string) =>
        bundled(async (folder) => {
          const outfile = path.join(folder, `program.${extension}`);
          await build({
            stdin: { contents, resolveDir: root },
            bundle: true,
            platform: 'node',
            external: ['koffi'],
            logLevel: 'error',
            format,
            minify,
            outfile,
          });
          return outfile;
        });

      it(
        `reports as others do: ${kind}`,
        async () => {
          assert.match(await made(PROGRAM), EXPECTED);
        },
        { seconds: 20 },
      );

      it(
        `has classes with names and fast properties: ${kind}`,
        async () => {
          assert.is(await made(CLASSES), 'Task\n');
        },
        { seconds: 20 },
      );
    }

    it(
      `reports as others do: rollup, ${format}`,
      async () => {
        const output = await bundled(async (folder) => {
          const input = path.join(folder, 'input.js');
          writeFileSync(input, PROGRAM);
          const index = path.join(root, 'dist', 'index.js');
          const resolveId = (id: string) => (id === 'asyncio-ts' ? index : undefined);
          const bundle = await rollup({ input, plugins: [{ name: 'resolve', resolveId }] });
          const file = path.join(folder, `program.${extension}`);
          await bundle.write({ file, format, inlineDynamicImports: true });
          return file;
        });
        assert.match(output, EXPECTED);
      },
      { seconds: 20 },
    );
  }
});
