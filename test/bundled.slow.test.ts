/** Programs that were bundled with the library print what they print without it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';
import { minify as terser } from 'terser';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { installed } from './support/packages.ts';
import { root } from './support/program.ts';

const PROGRAM = `
  import * as asyncio from 'asyncio-ts';
  import { AF_INET, SOCK_STREAM, socket } from 'asyncio-ts/socket';
  async function fails() {
    await asyncio.sleep(0);
    throw new RangeError('nobody awaits this');
  }
  async function inner() {
    await asyncio.timeout(0, () => asyncio.sleep(5));
  }
  async function outer() {
    await inner();
  }
  const isFast = new Function('each', 'return %HasFastProperties(each)');
  const print = (text) => console.log(text.replace(/\\(.*[\\\\/]/g, '('));
  asyncio.setLogger({ debug() {}, info() {}, warn: print, error: print });
  asyncio.run(async () => {
    // Classes that have lost their name, or that V8 keeps as dictionaries.
    for (const [name, each] of Object.entries(asyncio))
      if (/^class/.test(String(each)) && !(isFast(each) && asyncio[each.name] === each)) print(name);
    print(String(new asyncio.Queue()));
    await outer().catch((error) => print(error.stack));
    const { loops } = await asyncio.inspect.snapshot();
    print(\`\${loops.length} \${await asyncio.toThread((a, b) => a + b, 40, 2)}\`);
    socket(AF_INET, SOCK_STREAM, 0, { driver: 'posix' }).close();
    asyncio.createTask(fails, { name: 'lost' });
    await asyncio.sleep(0.01);
    globalThis.gc();
    await asyncio.sleep(0.1);
  });`;

/** Frames have the names that a minifier left. */
const EXPECTED = new RegExp(
  [
    '^<Queue maxsize=0>',
    'TimeoutError',
    '( {4}at async .*\\n){3}1 42',
    'Task exception was never retrieved',
    "future: <Task finished name='lost' coro=<[\\w$]+\\(\\) done> exception=RangeError\\('nobody awaits this'\\)>",
    'RangeError: nobody awaits this',
    ' {4}at [\\w$]+ \\(.*\\)\\n$',
  ].join('\\n'),
);

const FORMATS = ['esm', 'cjs'] as const;
type Format = (typeof FORMATS)[number];

/** Makes one file of a program and the library. */
type Bundler = (input: string, output: string, format: Format) => Promise<unknown>;

const esbuild: Bundler = (input, outfile, format) =>
  build({
    entryPoints: [input],
    bundle: true,
    platform: 'node',
    external: ['koffi'],
    logLevel: 'error',
    format,
    outfile,
  });

const withRollup: Bundler = async (input, file, format) => {
  const resolveId = (id: string): string | undefined =>
    id.startsWith('asyncio-ts') ? createRequire(input).resolve(id) : undefined;
  const external = [/^node:/, 'koffi'];
  const bundle = await rollup({ input, external, plugins: [{ name: 'resolve', resolveId }] });
  await bundle.write({ file, format, inlineDynamicImports: true });
};

/** @param settings - what a user may have set; by default, terser minifies */
function webpackIn(folder: string, settings: object = {}): Bundler {
  const webpack = createRequire(path.join(folder, 'package.json'))('webpack') as (
    config: object,
    done: (error: Error | null, stats?: { hasErrors(): boolean }) => void,
  ) => void;
  return (entry, file, format) =>
    new Promise<void>((resolve, reject) => {
      const config = {
        mode: 'production',
        entry,
        target: 'node20',
        externals: { koffi: format === 'esm' ? 'module koffi' : 'commonjs koffi' },
        experiments: { outputModule: format === 'esm' },
        output: {
          path: path.dirname(file),
          filename: path.basename(file),
          ...(format === 'esm' && { module: true, chunkFormat: 'module' }),
        },
        ...settings,
      };
      webpack(config, (error, stats) => {
        if (error || stats?.hasErrors()) reject(error ?? new Error(String(stats)));
        else resolve();
      });
    });
}

type Minifier = (code: string, format: Format) => Promise<string>;

const MINIFIERS: Record<string, Minifier> = {
  esbuild: async (code, format) => (await transform(code, { minify: true, format })).code,
  terser: async (code, format) => {
    const options = { module: format === 'esm', toplevel: true };
    return (await terser(code, options)).code as string;
  },
};

/** What a program prints that was bundled, and then minified. */
async function printed(
  program: string,
  format: Format,
  bundle: Bundler,
  minify?: Minifier,
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-'));
  const modules = path.join(folder, 'node_modules');
  try {
    mkdirSync(modules);
    symlinkSync(root, path.join(modules, 'asyncio-ts'));
    symlinkSync(path.join(root, 'node_modules', 'koffi'), path.join(modules, 'koffi'));
    const input = path.join(folder, 'input.mjs');
    writeFileSync(input, program);
    const output = path.join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs');
    await bundle(input, output, format);
    if (minify !== undefined)
      writeFileSync(output, await minify(readFileSync(output, 'utf8'), format));
    const flags = ['--expose-gc', '--allow-natives-syntax'];
    const env = { ...process.env, FORCE_COLOR: undefined };
    return String(execFileSync(process.execPath, [...flags, output], { cwd: folder, env }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LONG = { seconds: 30 };

behaviour('A program that was bundled', (it) => {
  for (const format of FORMATS)
    for (const [bundler, bundle] of Object.entries({ esbuild, rollup: withRollup }))
      for (const [minifier, minify] of [['', undefined] as const, ...Object.entries(MINIFIERS)]) {
        const kind = `${bundler}, ${format}${minifier && `, minified by ${minifier}`}`;

        it(
          `reports as others do: ${kind}`,
          async () => {
            assert.match(await printed(PROGRAM, format, bundle, minify), EXPECTED);
          },
          LONG,
        );
      }

  it(
    'keeps the names of its functions if the bundler is told so',
    async () => {
      const keep: Bundler = (input, outfile) =>
        build({
          entryPoints: [input],
          bundle: true,
          platform: 'node',
          format: 'esm',
          external: ['koffi'],
          minify: true,
          keepNames: true,
          outfile,
        });
      assert.match(await printed(PROGRAM, 'esm', keep), / coro=<fails\(\) done> /);
    },
    LONG,
  );

  const packages = installed('webpack', 'webpack@5');
  for (const format of FORMATS)
    for (const [kind, settings] of Object.entries({
      'minified by its terser': {},
      'not minified': { optimization: { minimize: false } },
      'for development': { mode: 'development' },
    })) {
      const sentence = `reports as others do: webpack, ${format}, ${kind}`;
      if (packages.missing !== undefined) it.skip(sentence, packages.missing);
      else
        it(
          sentence,
          async () => {
            const webpack = webpackIn(packages.folder, settings);
            assert.match(await printed(PROGRAM, format, webpack), EXPECTED);
          },
          LONG,
        );
    }
});
