/** The package that users install. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { pack } from '../scripts/packed.mjs';
import { linksOf } from '../scripts/pages.mjs';
import * as asyncio from '../src/index.ts';
import * as socket from '../src/socket.ts';
import * as testing from '../src/testing.ts';
import { behaviour } from './support/behaviour.ts';
import { Program, root } from './support/program.ts';

/** What was given another name on purpose, or has none. */
const OTHERS = ['error', 'timeout', 'SocketType', 'eagerTaskFactory', 'EventLoop'];

behaviour('The package', (it) => {
  it(
    'is below 200 kB, and below 40 files',
    () => {
      const { size, entryCount, files } = pack();
      assert.ok(size < 200_000, `${size} bytes`);
      assert.ok(entryCount < 40, `${entryCount} files`);
      const names = files.map((file) => file.path);
      assert.not.ok(names.some((name) => /internals|\.map$|\/\./.test(name)));
    },
    { seconds: 20 },
  );

  it(
    'has a README without links to files that are not in it',
    () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-packed-'));
      try {
        const { filename, files } = pack(folder);
        const args = ['-xzOf', path.join(folder, filename), 'package/README.md'];
        const readme = String(execFileSync('tar', args));
        const packed = files.map((file) => file.path);
        assert.match(readme, /Tutorial \(`docs\/tutorial\/README\.md`\), for people/);
        assert.equal(
          linksOf(readme).filter((link) => !link.startsWith('https:') && !packed.includes(link)),
          [],
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { seconds: 20 },
  );

  it(
    "loads none of Node's larger modules when it is imported",
    async () => {
      const text = `await import('asyncio-ts'); console.log(JSON.stringify(process.moduleLoadList))`;
      await using program = Program.node('--input-type=module', ['--eval', text]);

      await program.ended;

      const loaded: string[] = JSON.parse(program.stdout);
      const larger = ['child_process', 'dgram', 'dns', 'net', 'stream', 'tls', 'worker_threads'];
      const found = larger.filter((name) => loaded.includes(`NativeModule ${name}`));
      assert.equal(found, []);
    },
    { seconds: 20 },
  );

  it('looks into a process without loading the library', () => {
    const textOf = (name: string): string =>
      readFileSync(path.join(root, 'dist', `${name}.js`), 'utf8');
    const [, look] = /\{ *look\b.*?import\("\.\/([\w-]+)\.js"\)/.exec(textOf('cli')) ?? [];
    const loaded = new Set([look as string]);
    for (const name of loaded)
      for (const [, imported] of textOf(name).matchAll(/\bfrom ?"\.\/([\w-]+)\.js"/g))
        loaded.add(imported as string);

    const bytes = [...loaded].reduce((sum, name) => sum + textOf(name).length, 0);
    assert.ok(bytes > 30_000 && bytes < 80_000, `${bytes} bytes in ${[...loaded]}`);
  });

  it(
    'shows none of its code when an error of its own ends a program',
    async () => {
      const text = `import { sleep } from 'asyncio-ts'; sleep('1')`;
      await using program = Program.node('--input-type=module', ['--eval', text]);

      await program.ended;

      const { stderr } = program;
      // Node may first show the line of its own that ended the program.
      const message = "TypeError: delay must be a number of seconds, got '1'\n";
      assert.ok(stderr.replace(/^node:.*\n.*\n *\^\n+/, '').startsWith(message), stderr);
      assert.ok(stderr.length < 2000, `${stderr.length} characters`);
    },
    { seconds: 20 },
  );

  it('has source maps, as tests run it, that lead to the statements of its sources', async () => {
    const call = Promise.resolve('1').then(asyncio.sleep as (delay: unknown) => unknown);
    // It has no frame of the user's, so it keeps ours.
    const { stack } = await new Promise<Error>((resolve) => {
      call.catch((error) => resolve(error));
    });

    const frames = [...(stack ?? '').matchAll(/ at (.*) \(.*?\/(src\/.*\.ts):(\d+):\d+\)$/gm)];
    const shown = frames.map(([, name, file, line]) => {
      const source = readFileSync(path.join(root, file as string), 'utf8').split('\n');
      return [name, source[Number(line) - 1]?.match(/\w+(?=\()/g)?.at(-1)];
    });
    // Above are helpers, which have no names in the package.
    assert.equal(shown.slice(-2), [
      ['checkSeconds', 'refusal'],
      ['sleep', 'checkSeconds'],
    ]);
  });

  it(
    'can be loaded by require()',
    async () => {
      const text = `const { run, sleep } = require('asyncio-ts');
        const { AF_INET } = require('asyncio-ts/socket');
        run(async () => await sleep(0, AF_INET)).then(console.log);`;
      await using program = Program.node('--input-type=commonjs', ['--eval', text]);

      await program.ended;

      assert.is(program.stdout, '2\n');
    },
    { seconds: 20 },
  );

  it('gives functions and classes the names by which they are imported', () => {
    for (const door of [asyncio, socket, testing])
      for (const [name, value] of Object.entries(door))
        if (typeof value === 'function' && !OTHERS.includes(name)) assert.is(value.name, name);
  });
});
