/**
 * What a newcomer does: an empty folder, the packed package from a registry's point of view, and programs copied
 * from the pages.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { pack } from '../scripts/packed.mjs';
import { behaviour, type Options } from './support/behaviour.ts';
import { Client } from './support/client.ts';
import { seeDownloads } from './support/downloads.ts';
import { npm } from './support/packages.ts';
import { freePort, Program, root } from './support/program.ts';

/** An install from a registry. */
const INSTALL: Options = { seconds: 300 };

interface Folder extends Disposable {
  readonly path: string;
  /** Writes a program, and starts it as the tutorial says. */
  start(name: string, text: string, port?: number, args?: readonly string[]): Program;
}

/** An empty folder, with packages in it. */
function folderWith(...packages: string[]): Folder {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncio-ts-path-'));
  const { filename } = pack(folder);
  npm(folder, 'init', '-y');
  npm(folder, 'pkg', 'set', 'type=module');
  npm(folder, 'install', '--no-audit', '--no-fund', `./${filename}`, 'tsx', ...packages);
  return {
    path: folder,
    start(name, text, port = 0, args = []) {
      writeFileSync(path.join(folder, name), text);
      const env = { PORT: String(port) };
      return Program.node('--import', ['tsx', name, ...args], { env, cwd: folder });
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The programs on a page, by their names, and what they print. */
function onPage(page: string): Map<string, string> {
  const text = readFileSync(path.join(root, page), 'utf8');
  const shown = text.matchAll(/^<!-- \S*?([^/\s]+) -->\n```\w+\n([\s\S]*?)^```$/gm);
  return new Map([...shown].map(([, name = '', body = '']) => [name, body]));
}

behaviour('From an empty folder', (it) => {
  it(
    'the tutorial does what its pages show',
    async () => {
      using folder = folderWith();
      for (const step of ['1-tasks', '2-cancel', '3-timeouts', '4-groups', '5-queues']) {
        const page = onPage(`docs/tutorial/${step}.md`);
        await using program = folder.start(`${step}.ts`, page.get(`${step}.ts`) as string);
        assert.equal(await program.ends(), { status: 0, signal: null }, program.stderr);
        assert.is(program.stdout, page.get(`${step}.txt`));
      }
      const page = onPage('docs/tutorial/8-tests.md');
      writeFileSync(path.join(folder.path, '8-retry.ts'), page.get('8-retry.ts') as string);
      await using tests = folder.start('8-retry.test.ts', page.get('8-retry.test.ts') as string);
      assert.equal(await tests.ends(), { status: 0, signal: null }, tests.stdout);
      assert.match(tests.stdout, /pass 3\n/);
    },
    INSTALL,
  );

  it(
    "one who knows Python's asyncio has the echo server of the README",
    async () => {
      using folder = folderWith();
      const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
      const [, shown = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
      const port = await freePort();
      await using server = folder.start('echo.ts', shown.replace('8000', String(port)));
      using one = await Client.to(port);
      using two = await Client.to(port);
      assert.is(await one.converse('hello'), 'hello');
      assert.is(await two.converse('hello'), 'hello');
      server.signal('SIGINT');
      assert.equal(await server.ends(), { status: 130, signal: null });
      assert.match(server.stdout, /^(Got a connection from \('127\.0\.0\.1', \d+\)\n){2}$/);
      assert.is(server.stderr, 'KeyboardInterrupt\n');
    },
    INSTALL,
  );

  it(
    'one who knows promises has limits, aborted requests and a clean stop',
    async () => {
      using folder = folderWith();
      const page = onPage('docs/guides/from-promises.md');
      const text = page.get('downloads.ts') as string;
      await seeDownloads((urls) => folder.start('downloads.ts', text, 0, urls));
    },
    INSTALL,
  );

  it(
    'a Fastify service limits its requests, and stops cleanly',
    async () => {
      using folder = folderWith('fastify@5');
      const port = await freePort();
      const text = onPage('docs/guides/web-frameworks.md').get('service.ts') as string;
      await using server = folder.start('service.ts', text, port);
      await server.shows(/listening/);
      const url = `http://127.0.0.1:${port}/report?seconds=`;
      assert.is((await fetch(`${url}60`)).status, 504);
      const begun = fetch(`${url}1`).then((response) => response.text());
      await (await fetch(`${url}0`)).text();
      server.signal('SIGTERM');
      assert.is(await begun, 'done\n');
      assert.equal(await server.ends(), { status: 0, signal: null });
      assert.is(server.stderr, '');
    },
    INSTALL,
  );
});
