/** The library under the tools that its users bring: flags of Node, test runners, fake timers, single executables. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { behaviour } from './support/behaviour.ts';
import { installed } from './support/packages.ts';
import { freePort, Program, root } from './support/program.ts';

/** Prints a line for each thing that works. */
const BODY = `async () => {
    const print = (text) => process.stdout.write(text + '\\n');
    try {
      await asyncio.timeout(0.01, () => asyncio.sleep(3600));
    } catch (error) {
      print(error.name);
    }
    print(String(await asyncio.toThread((a, b) => a + b, 40, 2).catch((error) => error.code)));
    const answer = async (reader, writer) => {
      writer.write(await reader.readline());
      writer.close();
    };
    const server = await asyncio.startServer(answer, '127.0.0.1', 0);
    const [reader, writer] = await asyncio.openConnection(...server.sockets[0].getsockname());
    writer.write('over a socket\\n');
    print(String(await reader.read()).trim());
    writer.close();
    server.close();
    await server.waitClosed();
  }`;
const PROGRAM = `import * as asyncio from 'asyncio-ts';\nasyncio.run(${BODY});`;
const EXPECTED = 'TimeoutError\n42\nover a socket\n';

/** A folder with programs; in it are the library, and what has been installed. */
interface Folder extends Disposable {
  readonly path: string;
  write(name: string, text: string): string;
}

/** @param modules - each module beside the library, and where it is installed */
function folder(modules: Readonly<Record<string, string>> = {}): Folder {
  const made = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-tools-'));
  const links = path.join(made, 'node_modules');
  mkdirSync(links);
  symlinkSync(root, path.join(links, 'asyncio-ts'));
  for (const [name, at] of Object.entries({ koffi: root, ...modules }))
    symlinkSync(path.join(at, 'node_modules', name), path.join(links, name));
  const write = (name: string, text: string): string => {
    writeFileSync(path.join(made, name), text);
    return path.join(made, name);
  };
  write('package.json', JSON.stringify({ name: 'users-program', type: 'module' }));
  return { path: made, write, [Symbol.dispose]: () => rmSync(made, { recursive: true }) };
}

/** What a program prints; fails if it fails. */
async function output(cwd: string, file: string, args: readonly string[]): Promise<string> {
  await using program = Program.node(file, args, { cwd, env: { NODE_TEST_CONTEXT: undefined } });
  const { status } = await program.ends(100);
  assert.is(status, 0, `${program.stdout}${program.stderr}`);
  return program.stdout;
}

const LONG = { seconds: 110 };
const version = Number(process.versions.node.split('.')[0]);

behaviour('Under a flag of Node, a program', (it) => {
  const permission =
    version < 22
      ? ['--experimental-permission', '--allow-fs-read=*']
      : ['--permission', '--allow-fs-read=*', ...(version < 25 ? [] : ['--allow-net'])];
  const flags: [string[], string][] = [
    [['--jitless'], EXPECTED],
    [permission, EXPECTED.replace('42', 'ERR_ACCESS_DENIED')],
    [[...permission, '--allow-worker'], EXPECTED],
    [['--frozen-intrinsics'], EXPECTED],
    [['--disable-proto=throw'], EXPECTED],
    [['--disallow-code-generation-from-strings'], EXPECTED],
    [['--unhandled-rejections=strict'], EXPECTED],
    [['--stack-trace-limit=0'], EXPECTED],
  ];
  for (const [each, expected] of flags)
    it(
      `works: ${each.join(' ')}`,
      async () => {
        using users = folder();
        const file = users.write('program.js', PROGRAM);
        const printed = await output(users.path, each[0] as string, [...each.slice(1), file]);
        assert.is(printed.replace(/^Warning: .*\n/, ''), expected);
      },
      LONG,
    );

  it(
    'is restarted by --watch, after its finally blocks have run',
    async () => {
      using users = folder();
      const port = await freePort();
      users.write('value.js', 'export default 1;');
      const file = users.write(
        'program.js',
        `import * as asyncio from 'asyncio-ts';
        import value from './value.js';
        const main = async () => {
          const server = await asyncio.startServer(() => {}, '127.0.0.1', ${port});
          console.log('listens', value);
          try {
            await server.serveForever();
          } finally {
            console.log('cleans up');
          }
        };
        asyncio.run(main, { signals: ['SIGTERM'] });`,
      );
      await using watch = Program.node('--watch', [file], { cwd: users.path });
      await watch.shows(/listens 1\n/);
      users.write('value.js', 'export default 2;');
      await watch.shows(/listens 1\n[\s\S]*cleans up\n[\s\S]*listens 2\n/);
      assert.not.match(watch.stderr, /EADDRINUSE/);
      watch.signal('SIGTERM');
      await watch.ends();
    },
    LONG,
  );
});

behaviour('Under a test runner, a program', (it) => {
  it(
    'works: node --test',
    async () => {
      using users = folder();
      const file = users.write(
        'users.test.js',
        `import { test } from 'node:test';
        import * as asyncio from 'asyncio-ts';
        const main = ${BODY};
        test('runs', () => asyncio.run(main));
        test('enters', (t) => asyncio.enter(main, { signal: t.signal }));`,
      );
      const printed = await output(users.path, '--test', ['--test-reporter=tap', file]);
      assert.match(printed, /# pass [12]\n/);
    },
    LONG,
  );

  it(
    'works: vitest, with fake timers',
    async () => {
      using users = folder({ vitest: root });
      users.write('vitest.config.js', 'export default {};');
      users.write(
        'users.test.js',
        `import { expect, test, vi } from 'vitest';
        import * as asyncio from 'asyncio-ts';
        test('works', async () => {
          vi.useFakeTimers();
          await asyncio.run(${BODY});
          await expect(asyncio.run(() => asyncio.timeout(0, () => asyncio.sleep(1)))).rejects.toThrow(asyncio.TimeoutError);
          vi.useRealTimers();
        });`,
      );
      const vitest = path.join(users.path, 'node_modules', 'vitest', 'vitest.mjs');
      const printed = await output(users.path, vitest, ['run', '--root', users.path]);
      assert.match(printed, /Tests +1 passed/);
    },
    LONG,
  );

  const jest = ['jest@30', '@swc/core@1', '@swc/jest@0.2'];
  const packages = installed('tools', ...jest, 'sinon@21', 'postject@1.0.0-alpha.6');
  const needs = (
    names: string[],
    sentence: string,
    scenario: (users: Folder) => Promise<void>,
  ): void => {
    const { missing, folder: at } = packages;
    if (missing !== undefined) it.skip(sentence, missing);
    else
      it(
        sentence,
        async () => {
          using users = folder(Object.fromEntries(names.map((name) => [name, at])));
          await scenario(users);
        },
        LONG,
      );
  };

  needs(['jest'], 'works: jest with ES modules, with fake timers', async (users) => {
    users.write('jest.config.js', 'export default { transform: {} };');
    users.write(
      'users.test.js',
      `import { jest, test, expect } from '@jest/globals';
      import * as asyncio from 'asyncio-ts';
      async function fails() {
        await asyncio.sleep(0.001);
        throw new RangeError('on purpose');
      }
      test('works', async () => {
        jest.useFakeTimers();
        await asyncio.enter(${BODY});
        jest.useRealTimers();
      });
      test('throws what Jest knows', async () => {
        await expect(asyncio.run(() => asyncio.gather(fails(), asyncio.sleep(1)))).rejects.toThrow(RangeError);
        const late = asyncio.run(() => asyncio.timeout(0, () => asyncio.sleep(1)));
        await expect(late).rejects.toBeInstanceOf(asyncio.TimeoutError);
      });`,
    );
    const file = path.join(users.path, 'node_modules', 'jest', 'bin', 'jest.js');
    await output(users.path, '--experimental-vm-modules', [file, '--rootDir', users.path]);
  });

  needs(['jest', '@swc'], 'works: jest with TypeScript, as the guide says', async (users) => {
    const guide = readFileSync(path.join(root, 'docs', 'guides', 'testing.md'), 'utf8');
    const [, config = ''] = /```js\n(\/\/ jest\.config\.js\n[\s\S]*?)```/.exec(guide) ?? [];
    users.write('jest.config.js', config);
    users.write(
      'retry.ts',
      `import * as asyncio from 'asyncio-ts';
      export async function retry<T>(call: () => Promise<T>): Promise<T> {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await asyncio.timeout(10, call);
          } catch (error) {
            if (!asyncio.isException(error) || attempt === 3) throw error;
            await asyncio.sleep(2 ** attempt);
          }
        }
      }`,
    );
    users.write(
      'retry.test.ts',
      `import { expect, test } from '@jest/globals';
      import * as asyncio from 'asyncio-ts';
      import { runVirtual } from 'asyncio-ts/testing';
      import { retry } from './retry.ts';
      test('tries again', async () => {
        let calls = 0;
        const call = async (): Promise<string> => {
          calls += 1;
          if (calls < 3) throw new Error('on purpose');
          return 'done';
        };
        await expect(runVirtual(() => retry(call))).resolves.toBe('done');
      });
      test('gives up', async () => {
        await expect(runVirtual(() => retry(() => asyncio.sleep(60)))).rejects.toThrow(asyncio.TimeoutError);
      });`,
    );
    const file = path.join(users.path, 'node_modules', 'jest', 'bin', 'jest.js');
    await output(users.path, '--experimental-vm-modules', [file, '--rootDir', users.path]);
  });

  needs(['sinon'], 'works: with the fake timers of sinon', async (users) => {
    const file = users.write(
      'program.js',
      `import sinon from 'sinon';
      import * as asyncio from 'asyncio-ts';
      const clock = sinon.useFakeTimers();
      await asyncio.run(${BODY});
      clock.restore();`,
    );
    assert.is(await output(users.path, file, []), EXPECTED);
  });

  needs(['postject'], 'works: a single executable, made by postject', async (users) => {
    const entry = users.write('program.js', PROGRAM);
    await build({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      external: ['koffi'],
      format: 'cjs',
      logLevel: 'error',
      outfile: path.join(users.path, 'program.cjs'),
    });
    const config = { main: 'program.cjs', output: 'blob', disableExperimentalSEAWarning: true };
    const file = users.write('sea.json', JSON.stringify(config));
    await output(users.path, '--experimental-sea-config', [file]);
    const executable = path.join(users.path, 'program');
    copyFileSync(process.execPath, executable);
    const postject = path.join(users.path, 'node_modules', 'postject', 'dist', 'cli.js');
    const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
    const args = [executable, 'NODE_SEA_BLOB', 'blob', '--sentinel-fuse', fuse];
    await output(users.path, postject, args);
    assert.is(String(execFileSync(executable, { cwd: tmpdir() })), EXPECTED);
  });
});
